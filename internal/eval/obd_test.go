package eval_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karlquant/quasar/internal/eval"
)

// obd is a directory with a log.
func obd(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Four rows by hand: two of three items, the weights of a uniform policy are 1/3 over
// the propensities, so 2/3, 4/3, 2/3 and 10/3. The third item is known of by its
// affinities, or by the row alone that shows it.
func TestUniformByHand(t *testing.T) {
	const rows = "0,1,0.5\n1,0,0.25\n0,0,0.5\n1,1,0.1\n"
	for name, tt := range map[string]struct {
		log  string
		want [3]float64 // items, IPS, SNIPS
	}{
		"items by their affinities": {
			"item_id,click,propensity_score,user-item_affinity_0,user-item_affinity_1,user-item_affinity_2\n" + strings.ReplaceAll(rows, "\n", ",.1,.2,.3\n"),
			[3]float64{3, 1, 4. / 6},
		},
		"items that were shown":    {"item_id,click,propensity_score\n" + rows, [3]float64{2, 1.5, 4. / 6}},
		"columns in another order": {"propensity_score,position,item_id,x,click\n.5,1,0,?,1\n.25,2,1,?,0\n.5,3,0,?,0\n.1,1,1,?,1\n", [3]float64{2, 1.5, 4. / 6}},
	} {
		o, err := eval.ReadOBD(obd(t, map[string]string{"men.csv": tt.log, "item_context.csv": "not read", "notes.txt": "nor this"}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, err := o.Uniform()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := e.Estimate(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if near := [3]float64{float64(o.Items), got.IPS.Mean, got.SNIPS.Mean}; math.Abs(near[0]-tt.want[0]) > 0 || math.Abs(near[1]-tt.want[1]) > 1e-12 || math.Abs(near[2]-tt.want[2]) > 1e-12 {
			t.Errorf("%s: got items, IPS, SNIPS %v, want %v", name, near, tt.want)
		}
		if o.Campaign != "men" {
			t.Errorf("%s: got campaign %q, want men", name, o.Campaign)
		}
	}
}

func TestLogsThatAreNoneAreRefused(t *testing.T) {
	const head = "item_id,click,propensity_score,position\n"
	for want, files := range map[string]map[string]string{
		"got 0 files <campaign>.csv (), want one":                                         {"item_context.csv": ""},
		"got 2 files <campaign>.csv (men.csv, women.csv), want one":                       {"men.csv": head, "women.csv": head},
		"got an empty file, want a table":                                                 {"a.csv": ""},
		"got no rows, want at least one":                                                  {"a.csv": head},
		"got no column click, propensity_score, want item_id, click and propensity_score": {"a.csv": "item_id,clicks\n1,2\n"},
		`line 2: propensity_score: got "0", want a number above 0 and at most 1`:          {"a.csv": head + "1,1,0,1\n"},
		`line 3: propensity_score: got "1.5", want`:                                       {"a.csv": head + "1,1,1,1\n1,1,1.5,1\n"},
		`line 2: propensity_score: got "NaN", want`:                                       {"a.csv": head + "1,1,NaN,1\n"},
		`line 2: item_id: got "-1", want a number from 0`:                                 {"a.csv": head + "-1,1,.5,1\n"},
		`line 2: item_id: got "99999999999999999999", want`:                               {"a.csv": head + "99999999999999999999,1,.5,1\n"},
		`line 2: click: got "yes", want a number`:                                         {"a.csv": head + "1,yes,.5,1\n"},
		`line 2: click: got "Inf", want a number`:                                         {"a.csv": head + "1,Inf,.5,1\n"},
		`line 2: position: got "1e9", want a number from 0 to 99`:                         {"a.csv": head + "1,1,.5,1e9\n"},
		"line 2: item_id: got 1, want 0 to 0: there are 1 columns user-item_affinity_*":   {"a.csv": "item_id,click,propensity_score,user-item_affinity_0\n1,1,.5,0\n"},
		"wrong number of fields":                                                          {"a.csv": head + "1,1\n"},
	} {
		_, err := eval.ReadOBD(obd(t, files))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant an error with %s", err, want)
		}
	}
	if _, err := eval.ReadOBD(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("got no error for a directory that is not there")
	}
}

// The small sample of the Open Bandit Dataset, from where QUASAR_OBD says (bts/men):
// what zr-obp prints for its uniform policy.
func TestTheOpenBanditSample(t *testing.T) {
	dir := os.Getenv("QUASAR_OBD")
	if dir == "" {
		return // there is nothing to read; TestUniformByHand needs no data
	}
	o, err := eval.ReadOBD(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := o.Uniform()
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Estimate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string][3]float64{ // got, want, by how much it may differ
		"ips":    {got.IPS.Mean, 0.0030086263272564823, 1e-9},
		"snips":  {got.SNIPS.Mean, 0.003189423162277403, 1e-9},
		"se":     {got.IPS.SE, 0.00077390, 5e-9},
		"ess":    {got.ESS, 655.71, .005},
		"max":    {got.MaxWeight, 178.25, .005},
		"logged": {got.Logged.Mean, .0069, 1e-12},
	} {
		t.Logf("%s: %.19g", name, tt[0])
		if math.Abs(tt[0]-tt[1]) > tt[2] {
			t.Errorf("%s: got %v, want %v", name, tt[0], tt[1])
		}
	}
}

func FuzzReadOBD(f *testing.F) {
	f.Add("item_id,click,propensity_score,position,user-item_affinity_0\n0,1,0.5,1,2\n")
	f.Add("propensity_score,item_id,click\n1,0,\"1\"\n.1,7,0\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := eval.ReadOBD(obd(t, map[string]string{"x.csv": text}))
		if err != nil || o.Items > 1000 {
			return
		}
		e, err := o.Uniform()
		if err != nil {
			t.Fatalf("%q: what was read cannot be judged: %v", text, err)
		}
		if e.N() < 1 {
			t.Fatalf("%q: got no rows and no error", text)
		}
	})
}

package app

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// decisionLog writes a log of n decisions among three arms, of which the one with the
// highest mean is worth edge more than the others.
func decisionLog(t *testing.T, n int, edge float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "decisions.log")
	l, err := bandit.OpenLog(path, &bandit.LogOptions{NoSync: true, MaxBytes: 200 << 10, Files: 50})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for id := range int64(n) {
		best, at := random.IntN(3), time.Date(2026, 7, 1, 0, 0, int(id), 0, time.UTC)
		d := &bandit.DecisionRecord{ID: id, At: at, Policy: "ucb", Chosen: best, Gate: &bandit.GateRecord{Open: id > 100, N: id, Mean: .25}}
		if random.Float64() < .3 {
			d.Chosen = random.IntN(3)
		}
		d.Explored = d.Chosen != best
		for i := range 3 {
			a := bandit.ArmRecord{Name: fmt.Sprint("V", i), P: .1, Belief: &bandit.BeliefRecord{SD: .1}, Key: new(float64(i)), X: bandit.Row{0}}
			if i == best {
				a.P, a.Belief.Mean, a.X[0] = .8, edge, 1
			}
			d.Arms = append(d.Arms, a)
		}
		if err := l.Decision(d); err != nil {
			t.Fatal(err)
		}
		for _, a := range d.Arms {
			y := a.Belief.Mean + random.NormFloat64()
			o := &bandit.OutcomeRecord{
				Decision: id, Arm: a.Name, At: at.Add(time.Second), Reward: new(y), Weight: 1,
				Outcome: bandit.Outcome{Direction: 1, Move: y / 100, Volatility: .01},
			}
			if err := l.Outcome(o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// object is what --json prints.
func object(t *testing.T, r result) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || r.code != 0 {
		t.Fatalf("code %d: %v of %s %s", r.code, err, r.stdout, r.stderr)
	}
	return out
}

func TestEvalOPEOfALog(t *testing.T) {
	path := decisionLog(t, 2000, 1)
	for target, tt := range map[string]struct {
		worth  float64
		better any
	}{"random": {1. / 3, false}, "greedy": {1, true}, "formula": {1. / 3, false}, "logged": {.8, nil}, "linucb": {1, true}} {
		got := object(t, quasarCommand(t, "", "eval", "ope", "--log", path, "--target", target, "--json"))
		dr := got["dr"].(map[string]any)
		ci := dr["ci95"].([]any)
		if got["better"] != tt.better || ci[0].(float64) > tt.worth || ci[1].(float64) < tt.worth-.03 { // a policy has to learn first
			t.Errorf("%s: got better %v, dr %v, %v; want %v and %.2f inside", target, got["better"], dr, got["verdict"], tt.better, tt.worth)
		}
	}
	people := quasarCommand(t, "", "eval", "ope", "--log", path)
	for _, want := range []string{"2000 decisions, 2000 with an outcome, among 3.0 arms on average; target: random", "DR - recorded", "prices: target", "effective sample size", "random brings less than what was recorded: "} {
		if !strings.Contains(people.stdout, want) {
			t.Errorf("got\n%s\nwant %q in it", people.stdout, want)
		}
	}
	binary := object(t, quasarCommand(t, "", "eval", "ope", "--log", path, "--reward", "binary", "--json"))
	if mean := binary["logged"].(map[string]any)["mean"].(float64); mean < .5 || mean > .9 {
		t.Errorf("of binary rewards: got a mean of %v, want a share of wins", mean)
	}
}

func TestEvalOPERefusesAVerdict(t *testing.T) {
	got := object(t, quasarCommand(t, "", "eval", "ope", "--log", decisionLog(t, 60, 1), "--json"))
	if verdict := got["verdict"].(string); !strings.HasPrefix(verdict, "no verdict: 60 decisions are worth no more than ") || got["better"] != nil {
		t.Errorf("got %q, %v, want no verdict", verdict, got["better"])
	}
}

func TestEvalOPEOfAnOpenBanditLog(t *testing.T) {
	dir := t.TempDir()
	rows := "item_id,position,click,propensity_score\n"
	for i := range 400 {
		rows += fmt.Sprintf("%d,%d,%d,%v\n", i%2, i%3, i%4/3, []float64{.75, .25}[i%2])
	}
	if err := os.WriteFile(filepath.Join(dir, "all.csv"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	got := object(t, quasarCommand(t, "", "eval", "ope", "--obd", dir, "--target", "uniform", "--json"))
	// Of four rows one is clicked, of item 1: its weight is 2, the other's 2/3.
	if ips := got["ips"].(map[string]any)["mean"].(float64); math.Abs(ips-.5) > 1e-12 || got["source"] != "all" || got["arms"] != 2. {
		t.Errorf("got %v of %v with %v items, want 0.5 of all with 2", ips, got["source"], got["arms"])
	}
	if verdict := got["verdict"].(string); !strings.Contains(verdict, "the mean weight is 1.333 ± 0.033, want 1") {
		t.Errorf("got %q, want that the probabilities are wrong: each item was shown as often", verdict)
	}
}

func TestEvalReplay(t *testing.T) {
	path := decisionLog(t, 2000, 1)
	got := object(t, quasarCommand(t, "", "eval", "replay", "--journal", path, "--json"))
	if said := got["sentence"].(string); !strings.HasPrefix(said, "evidence of an edge: mean ") {
		t.Errorf("got %q, want evidence of an edge", said)
	}
	if n := len(got["calibration"].([]any)); n != 10 || got["decisions"] != 2000. || got["known"] != 2000. {
		t.Errorf("got %d deciles, %v decisions, %v known, want 10 and 2000", n, got["decisions"], got["known"])
	}
	nothing := quasarCommand(t, "", "eval", "replay", "--journal", decisionLog(t, 500, 0))
	for _, want := range []string{"500 decisions (ucb) from 2026-07-01T00:00:00Z", "outcomes: 1500 known, 0 never came\n", "any arm alike", "gate opened 2026-07-01T00:01:41Z after 101 outcomes", "\nno evidence of an edge: mean "} {
		if !strings.Contains(nothing.stdout, want) {
			t.Errorf("got\n%s%s\nwant %q in it", nothing.stdout, nothing.stderr, want)
		}
	}
}

// A torn or damaged log is judged all the same, and people are told.
func TestEvalSaysWhatIsMissingFromALog(t *testing.T) {
	path := decisionLog(t, 300, 1)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ope", "--log", path}, {"replay", "--journal", path}} {
		r := quasarCommand(t, "", append([]string{"eval"}, args...)...)
		if r.code != 0 || !strings.Contains(r.stderr, "note: files whose last record is unfinished and left out: 1") {
			t.Errorf("%v: got %d, %s", args, r.code, r.stderr)
		}
	}
}

func TestEvalOfWrongLogsAndFlags(t *testing.T) {
	notes := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(notes, []byte("buy milk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, tt := range map[string]struct {
		args []string
		code int
	}{
		"want one of --log FILE and --obd DIR":           {[]string{"ope"}, exitUsage},
		`--target: got "greedy", want uniform`:           {[]string{"ope", "--obd", "x", "--target", "greedy"}, exitUsage},
		`--target: got target "magic", want one of`:      {[]string{"ope", "--log", notes, "--target", "magic"}, exitUsage},
		`--outcome: got "dreamt", want shadow or traded`: {[]string{"ope", "--log", notes, "--outcome", "dreamt"}, exitUsage},
		"--timeout: got 0s, want more than 0":            {[]string{"ope", "--log", notes, "--timeout", "0"}, exitUsage},
		`--reward: bandit: got reward "profit"`:          {[]string{"ope", "--log", notes, "--reward", "profit"}, exitUsage},
		"not a decision log":                             {[]string{"ope", "--log", notes}, exitFailure},
		"no such file or directory":                      {[]string{"ope", "--obd", filepath.Join(notes, "..", "nowhere")}, exitFailure},
		"want --journal FILE":                            {[]string{"replay"}, exitUsage},
		"decision log":                                   {[]string{"replay", "--journal", notes}, exitFailure},
	} {
		r := quasarCommand(t, "", append([]string{"eval"}, tt.args...)...)
		if r.code != tt.code || !strings.Contains(r.stderr, want) || r.stdout != "" {
			t.Errorf("%v: got %d, %s%s\nwant %d and %s", tt.args, r.code, r.stdout, r.stderr, tt.code, want)
		}
	}
}

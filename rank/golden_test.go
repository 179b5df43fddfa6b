package rank_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

var update = flag.Bool("update", false, "rewrite what the golden files want")

// goldenStep is something that happens beside what it makes of the features. Times
// are in seconds behind noon.
type goldenStep struct {
	Name string  `json:"name"`
	At   float64 `json:"at"`
	// Asset is whose snapshot comes, with what is here of it; Stamp is when the hub
	// got it, if not at the time At.
	Asset    string           `json:"asset,omitempty"`
	Stamp    *float64         `json:"stamp,omitempty"`
	Training *quasar.Training `json:"training,omitempty"`
	Voting   *quasar.Voting   `json:"voting,omitempty"`
	// Decide makes a decision of which all assets are part.
	Decide bool       `json:"decide,omitempty"`
	Want   goldenWant `json:"want"`
}

// goldenWant has the rows of whom the step touched: all for a decision, and then as
// scaled, too.
type goldenWant struct {
	Rows     map[string]goldenRow `json:"rows,omitempty"`
	Scaled   map[string]goldenRow `json:"scaled,omitempty"`
	Outcomes []goldenOutcome      `json:"outcomes,omitempty"`
}

type goldenOutcome struct {
	Asset   string       `json:"asset"`
	Label   float64      `json:"label"`
	Move    float64      `json:"move"`
	Hit     int          `json:"hit"`
	Fresh   float64      `json:"fresh"`
	Dropped *rank.Reason `json:"dropped"`
}

// goldenRow is a row by names.
type goldenRow map[string]float64

// MarshalJSON writes the features in their order, and no more digits than every
// machine agrees on.
func (r goldenRow) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range rank.Table() {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, f.Name)
		out = append(out, ':')
		out = strconv.AppendFloat(out, r[f.Name], 'g', 9, 64)
	}
	return append(out, '}'), nil
}

func newGoldenRow(x []float64) goldenRow {
	r := make(goldenRow, len(x))
	for i, f := range rank.Table() {
		r[f.Name] = x[i]
	}
	return r
}

// session plays steps.
type session struct {
	t         *testing.T
	features  *rank.Features
	norm      *rank.Normaliser
	snapshots map[string]*quasar.Snapshot
	told      []goldenOutcome
}

func newSession(t *testing.T) *session {
	s := &session{t: t, norm: rank.NewNormaliser(0), snapshots: make(map[string]*quasar.Snapshot)}
	s.features = newFeatures(t, &rank.Options{Horizon: 8 * time.Second, Tolerance: 2 * time.Second, Cost: 0.03, Settled: func(o *rank.Outcome) {
		told := goldenOutcome{Asset: s.features.Name(o.Asset), Label: o.Label, Move: o.Move, Hit: o.Hit, Fresh: o.Fresh}
		if o.Dropped != "" {
			told.Dropped = new(o.Dropped)
		}
		s.told = append(s.told, told)
	}})
	return s
}

func (s *session) play(step *goldenStep) goldenWant {
	want := goldenWant{Rows: make(map[string]goldenRow)}
	now := after(step.At)
	s.told = nil
	if step.Decide {
		want.Scaled = make(map[string]goldenRow)
		s.decide(now, &want)
	} else {
		asset, ok := s.features.Update(s.snapshot(step), now)
		if !ok {
			s.t.Fatalf("%s: no room", step.Name)
		}
		want.Rows[step.Asset] = newGoldenRow(s.row(asset, now))
	}
	want.Outcomes = s.told
	return want
}

func (s *session) row(asset int, now time.Time) []float64 {
	x := make([]float64, rank.Width)
	s.features.Row(asset, now, x)
	return x
}

func (s *session) decide(now time.Time, want *goldenWant) {
	s.features.Expire(now)
	var assets []int
	for i := range s.features.Len() {
		assets = append(assets, i)
	}
	s.features.CrossSection(assets)
	for _, asset := range assets {
		s.norm.Observe(s.row(asset, now))
	}
	s.norm.Freeze()
	for _, asset := range assets {
		x := s.row(asset, now)
		s.features.Open(asset, 1, now, x)
		want.Rows[s.features.Name(asset)] = newGoldenRow(x)
		s.norm.Apply(x, x)
		want.Scaled[s.features.Name(asset)] = newGoldenRow(x)
	}
}

// snapshot is what a hub makes of the step.
func (s *session) snapshot(step *goldenStep) *quasar.Snapshot {
	snapshot := s.snapshots[step.Asset]
	if snapshot == nil {
		snapshot = &quasar.Snapshot{SpaceName: step.Asset}
		s.snapshots[step.Asset] = snapshot
	}
	at := after(step.At)
	if step.Stamp != nil {
		at = after(*step.Stamp)
	}
	if step.Training != nil {
		snapshot.Training, snapshot.TrainingAt = *step.Training, at
	}
	if step.Voting != nil {
		snapshot.Voting, snapshot.VotingAt = *step.Voting, at
	}
	snapshot.Seq++
	snapshot.UpdatedAt = at
	return snapshot
}

// A scripted session pins every feature after each step.
func TestGoldenSession(t *testing.T) {
	path := filepath.Join("testdata", "golden", "session.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var steps []goldenStep
	if err := json.Unmarshal(data, &steps); err != nil {
		t.Fatal(err)
	}
	s := newSession(t)
	for i := range steps {
		got := s.play(&steps[i])
		if *update {
			steps[i].Want = got
			continue
		}
		if diff := cmp.Diff(steps[i].Want, got, cmpopts.EquateApprox(1e-8, 1e-8), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", steps[i].Name, diff)
		}
	}
	if *update {
		writeGolden(t, path, steps)
	}
}

func writeGolden(t *testing.T, path string, steps []goldenStep) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(steps); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

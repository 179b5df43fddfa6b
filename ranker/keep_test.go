package ranker

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/axrvi"
)

// saved is what a learner keeps, as bytes.
func saved(t *testing.T, l *learner, at time.Time) []byte {
	t.Helper()
	c, err := l.checkpoint(at)
	if err != nil {
		t.Fatal(err)
	}
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A learner that goes on from its file knows what the one knew that wrote it, to the
// bit; and both go on alike from the same frames.
func TestALearnerGoesOnFromItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v75.quasar")
	first := newTestLearner(t, &Options{Seed: 3})
	m := newMarket(3, &listed{name: "A", skill: 0.7, accuracy: 0.9}, &listed{name: "B", skill: 0.4, accuracy: 0.6})
	for range 60 * hold {
		m.step(first.take)
	}
	at := m.now
	c, err := first.checkpoint(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	home, err := axrvi.Open(path, &axrvi.HomeOptions{Sizes: network, FeatureHash: first.features.Hash()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = home.Close() })
	second := newTestLearner(t, &Options{Seed: 4}) // the state of chance is in the file
	if err := second.restore(home); err != nil {
		t.Fatal(err)
	}
	if !second.orders() || second.round != first.round {
		t.Errorf("after the restart: orders %t, decision %d, want true and %d", second.orders(), second.round, first.round)
	}
	second.opts.Seed = first.opts.Seed // it is told in the file
	if !bytes.Equal(saved(t, first, at), saved(t, second, at)) {
		t.Error("what was read and is written again is not the same")
	}
	if diff := cmp.Diff(first.gate.State(), second.gate.State()); diff != "" {
		t.Errorf("gate (-first +second):\n%s", diff)
	}
	x := make([]float64, network[0])
	for asset := range first.assets {
		if a, b := beliefIn(first, asset, x), beliefIn(second, asset, x); a != b {
			t.Errorf("asset %d: got the belief %v, want %v", asset, b, a)
		}
	}
}

func beliefIn(l *learner, asset int, x []float64) [2]float64 {
	mean, sd := l.model.Score(asset, x)
	return [2]float64{mean, sd}
}

// A file that was made for other features is not gone on from: that would be wrong
// without anybody seeing it.
func TestAFileOfOtherFeaturesIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v75.quasar")
	l := newTestLearner(t, nil)
	c, err := l.checkpoint(time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	r, err := New(&Options{HubURL: "ws://127.0.0.1:1", Model: path, Horizon: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err == nil || !errors.Is(err, axrvi.ErrIncompatible) {
		t.Errorf("got %v, want ErrIncompatible: another horizon", err)
	}
}

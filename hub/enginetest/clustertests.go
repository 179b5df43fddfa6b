package enginetest

import (
	"fmt"
	"slices"
	"time"

	"testing"

	"github.com/google/go-cmp/cmp"
)

func reachesAll(t *testing.T, w *world) {
	w.start("a", "b.c", "d")
	w.claim("a", "V75", true)
	w.update("a", "V75")
	w.update("a", "V75")
	w.update("b.c", "V100_1s")
	w.claim("b.c", "V100_1s", true)
	w.claim("b.c", "V100_1s", false)
	w.update("d", "V75")
	w.agree()
	if n := len(w.hubs["d"].records); n != 2 {
		t.Errorf("got %d records, want 2", n)
	}
}

func joinsLate(t *testing.T, w *world) {
	w.start("a", "b")
	for i := range 300 {
		w.update([]string{"a", "b"}[i%2], fmt.Sprintf("S%d", i))
	}
	w.claim("a", "S0", true)
	w.agree()
	w.start("late")
	late := w.hubs["late"]
	late.mu.Lock()
	n := len(late.records)
	late.mu.Unlock()
	if n != 300 {
		t.Errorf("got %d records in a hub that says it is ready, want 300", n)
	}
	w.agree()
}

func newestArrives(t *testing.T, w *world) {
	w.start("a", "b")
	for i := range 6_000 {
		w.update("a", []string{"V75", "V100", "R_10"}[i%3])
	}
	w.agree()
	if n := len(w.hubs["b"].records); n != 3 {
		t.Errorf("got %d records, want 3", n)
	}
}

func endsAndComesBack(t *testing.T, w *world) {
	w.start("a", "b", "c")
	w.claim("a", "V75", true)
	w.update("a", "V75")
	w.agree()
	w.stop("a")
	w.soon("a is lost", func() string {
		b := w.hubs["b"]
		b.mu.Lock()
		defer b.mu.Unlock()
		if !slices.Contains(b.lost, "a") || len(b.claims["a"]) > 0 {
			return fmt.Sprintf("got %v lost and the claims %v", b.lost, b.claims)
		}
		return ""
	})
	w.start("a")
	w.claim("a", "V50", true)
	w.agree()
	if diff := cmp.Diff(1, len(w.hubs["c"].claims["a"])); diff != "" {
		t.Errorf("claims of a, of its present life alone (-want +got):\n%s", diff)
	}
}

// chatter lets hubs take updates and publishers come and go, for a while.
func (w *world) chatter(ids []string, n int) {
	for range n {
		id := ids[w.net.intN(len(ids))]
		space := fmt.Sprintf("S%d", w.net.intN(12))
		switch w.net.intN(6) {
		case 0:
			w.claim(id, space, w.net.intN(2) == 0)
		default:
			w.update(id, space)
		}
		time.Sleep(time.Duration(w.net.intN(40)) * time.Millisecond)
	}
}

func (n *Net) intN(below int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rng.IntN(below)
}

func agreesInTheEnd(t *testing.T, w *world) {
	ids := []string{"a", "b", "c"}
	w.start(ids...)
	for _, faults := range []struct {
		loss, twin float64
		late       time.Duration
	}{{0.1, 0, 0}, {0, 0.5, 0}, {0, 0, 300 * time.Millisecond}, {0.3, 0.3, 300 * time.Millisecond}, {0.8, 0.2, time.Second}} {
		w.net.set(faults.loss, faults.twin, faults.late, nil)
		w.chatter(ids, 150)
		w.net.set(0, 0, 0, nil)
		began := time.Now()
		w.agree()
		if took := time.Since(began); took > 15*time.Second { // of fake time
			t.Errorf("loss %v, twice %v, late %v: agreed after %v, want it within patience beats and a pull", faults.loss, faults.twin, faults.late, took)
		}
	}
}

func healsAfterACut(t *testing.T, w *world) {
	ids := []string{"a", "b", "c"}
	w.start(ids...)
	w.claim("a", "V75", true)
	w.agree()
	w.net.set(0, 0, 0, func(from, to string) bool { return (from == "a") != (to == "a") })
	w.chatter(ids, 250)
	w.soon("the one alone is not ready", func() string {
		if s := w.hubs["a"].engine.Status(); s.Ready || !w.hubs["b"].engine.Status().Ready {
			return fmt.Sprintf("got %+v", s)
		}
		return ""
	})
	w.net.set(0, 0, 0, nil)
	began := time.Now()
	w.agree()
	if took := time.Since(began); took > 3*time.Second { // of fake time
		t.Errorf("agreed after %v, want 3 s", took)
	}
	w.net.set(0, 0, 0, func(from, to string) bool { return from != "b" && to != "b" && from != to }) // a and c do not hear each other
	w.chatter(ids, 150)
	w.agree()
}

package natsengine

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/hub/enginetest"
)

// A hub of the next version and one of this one work side by side in the format that
// both read; two of the next version speak their own.
func TestARollingUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wires{net: enginetest.NewNet(1), ends: make(map[*wire]bool)}
		var mu sync.Mutex
		formats := make(map[string]map[byte]int) // of the deltas, by hub
		w.spy = func(from string, message []byte) {
			mu.Lock()
			defer mu.Unlock()
			if formats[from] == nil {
				formats[from] = make(map[byte]int)
			}
			if kind(message[1]) == kindDelta {
				formats[from][message[0]]++
			}
		}
		open := func(id string, newest byte) *Engine {
			e := must(newEngine(id, &Options{}))
			e.bus, e.newest = &wire{wires: w, hub: id}, newest
			return e
		}
		old, next, other := open("old", 1), open("next", 2), open("other", 2)
		stopOld := enginetest.StartUntil(t, old)
		got := enginetest.Start(t, next)
		enginetest.Start(t, other)
		for _, e := range []*Engine{old, next, other} {
			enginetest.Ready(t, e)
		}
		old.Offer(recordWith("OLD", 1))
		next.Offer(recordWith("NEXT", 2))
		time.Sleep(3 * time.Second)
		for _, e := range []*Engine{old, next, other} {
			e.mu.Lock()
			n := len(e.replica.records)
			e.mu.Unlock()
			if n != 2 {
				t.Errorf("%s: got %d records, want 2", e.hub, n)
			}
		}
		mu.Lock()
		if n := formats["next"]; n[1] != 1 || n[2] != 0 {
			t.Errorf("beside an old hub: got deltas of formats %v, want one of format 1", n)
		}
		mu.Unlock()

		// What an old hub cannot read it counts, and gets in the way that it can.
		before := old.Status().Counts["unknown"]
		old.take(appendHeader(nil, &header{format: 2, kind: kindDelta, hub: "next", instance: next.instance}))
		if got := old.Status().Counts["unknown"]; got != before+1 {
			t.Errorf("got %d unknown messages, want %d", got, before+1)
		}

		stopOld()
		time.Sleep(5 * time.Second)
		other.Offer(recordWith("OTHER", 3))
		time.Sleep(2 * time.Second)
		if got.Record("OTHER").Snapshot.Seq != 3 {
			t.Error("next did not get what other sent in their own format")
		}
		mu.Lock()
		defer mu.Unlock()
		if n := formats["other"]; n[2] != 1 {
			t.Errorf("among themselves: got deltas of formats %v, want one of format 2", n)
		}
	})
}

// Package enginetest holds what every hub.Engine promises. A test of an engine
// calls Run.
package enginetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

// Open makes the engine of the hub with that id, which no Run has been called on.
// What it needs lives as long as the test.
type Open func(t *testing.T, hubID string) hub.Engine

// self is the hub whose engine is tested.
const self = "h1"

// patience is how long what must happen soon may take.
const patience = 30 * time.Second

// Run tests the promises that an engine keeps alone.
func Run(t *testing.T, open func(t *testing.T, hubID string) hub.Engine) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"Run blocks until its context ends and returns nil", runBlocks},
		{"Run returns at once where its context has ended", runEnds},
		{"Offer and Announce never block, before Run, during it and after it", neverBlocks},
		{"Offer and Announce may be called by a receiver", mayBeCalledWithin},
		{"what a hub offers never comes back to it", nothingComesBack},
		{"Status makes sense at any time", statusMakesSense},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// receiver gathers what an engine brings.
type receiver struct {
	mu      sync.Mutex // guards what follows
	records []hub.Record
	claims  []hub.Claim
}

func (r *receiver) MergeRecord(record hub.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record)
}

func (r *receiver) MergeClaim(c hub.Claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims = append(r.claims, c)
}

func (r *receiver) HubLost(string) {}

// running is an engine whose Run has been called.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, e hub.Engine, from hub.Receiver) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{cancel, make(chan error, 1)}
	go func() { r.ended <- e.Run(ctx, from) }()
	t.Cleanup(cancel)
	return r
}

// stop ends Run and holds it to its promise.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("Run: got %v, want nil when its context ends", err)
		}
	case <-time.After(patience):
		t.Fatal("Run goes on though its context has ended")
	}
}

func runBlocks(t *testing.T, open Open) {
	r := start(t, open(t, self), &receiver{})
	select {
	case err := <-r.ended:
		t.Fatalf("Run: got %v while its context lives, want it to block", err)
	case <-time.After(50 * time.Millisecond):
	}
	r.stop(t)
}

func runEnds(t *testing.T, open Open) {
	r := start(t, open(t, self), &receiver{})
	r.stop(t)
}

// within fails the test if f takes longer than what never blocks can.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: blocked", what)
	}
}

// talk offers and announces from many goroutines at once.
func talk(e hub.Engine) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range int64(500) {
				space := fmt.Sprintf("S%d", i)
				e.Offer(recordOf(space, n+1))
				e.Announce(hub.Claim{Space: space, Hub: self, Seq: n + 1, Epoch: n + 1, Live: n%2 == 0})
			}
		})
	}
	all.Wait()
}

// recordOf is the record of an update that our hub accepted.
func recordOf(space string, seq int64) hub.Record {
	at := time.UnixMicro(seq)
	var r hub.Record
	r.Snapshot = quasar.Snapshot{SpaceName: space, Seq: seq, UpdatedAt: at, TrainingAt: at, Training: quasar.Training{TrainingSteps: &seq}}
	r.Stamps[quasar.TrainingSteps] = hub.Stamp{Seq: seq, Hub: self}
	return r
}

func neverBlocks(t *testing.T, open Open) {
	e := open(t, self)
	within(t, "before Run", func() { talk(e) })
	r := start(t, e, &receiver{})
	within(t, "during Run", func() { talk(e) })
	r.stop(t)
	within(t, "after Run", func() { talk(e) })
}

// mayBeCalledWithin holds that an engine brings nothing under a lock that Offer
// needs: the hub offers what a merge made, while it merges.
func mayBeCalledWithin(t *testing.T, open Open) {
	e := open(t, self)
	r := start(t, e, offering{e})
	within(t, "while it receives", func() { talk(e) })
	r.stop(t)
}

// offering is a receiver that answers whatever it gets.
type offering struct{ engine hub.Engine }

func (o offering) MergeRecord(hub.Record) { o.engine.Offer(recordOf("ANSWER", 1)) }
func (o offering) MergeClaim(hub.Claim) {
	o.engine.Announce(hub.Claim{Space: "ANSWER", Hub: self, Seq: 1})
}
func (o offering) HubLost(string) { o.engine.Status() }

func nothingComesBack(t *testing.T, open Open) {
	e, got := open(t, self), &receiver{}
	e.Offer(recordOf("BEFORE", 1))
	r := start(t, e, got)
	within(t, "during Run", func() { talk(e) })
	time.Sleep(100 * time.Millisecond) // for what might come
	r.stop(t)
	got.mu.Lock()
	defer got.mu.Unlock()
	for _, record := range got.records {
		t.Errorf("got the record of %s back", record.Snapshot.SpaceName)
	}
	for _, c := range got.claims {
		t.Errorf("got the claim %+v back", c)
	}
}

func statusMakesSense(t *testing.T, open Open) {
	e := open(t, self)
	check := func(when string) {
		t.Helper()
		switch s := e.Status(); {
		case s.Name == "":
			t.Errorf("%s: got no name in %+v", when, s)
		case !s.Ready && s.Problem == "":
			t.Errorf("%s: got no problem of an engine that is not ready: %+v", when, s)
		}
	}
	check("before Run")
	r := start(t, e, &receiver{})
	end := time.Now().Add(patience)
	for s := e.Status(); !s.Ready || s.Problem != "" || len(s.Members) != 1 || s.Members[0] != self; s = e.Status() {
		if time.Now().After(end) {
			t.Fatalf("during Run: got %+v, want it ready, without a problem, alone", s)
		}
		check("during Run")
		time.Sleep(time.Millisecond)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { check("while it works") })
	}
	within(t, "while it is asked", func() { talk(e); all.Wait() })
	r.stop(t)
	check("after Run")
}

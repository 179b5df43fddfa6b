package hub_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// watcher is a subscriber that a test can stall.
type watcher struct {
	*peer
	only []string // nil is all
	// gate has room for one; while the test is in it the watcher reads nothing.
	gate  chan struct{}
	ended chan struct{}
	// stalls is how often it was stalled.
	stalls  int
	stalled bool
}

// told is one update: the step that a space is at.
type told struct {
	space string
	step  int64
}

func watch(t *testing.T, s *hubtest.Server, only []string, headers string) *watcher {
	query := ""
	for i, name := range only {
		query += map[bool]string{true: "?", false: "&"}[i == 0] + "assets=" + name
	}
	w := &watcher{peer: dialWith(t, s, "/ws/subscribe"+query, headers), only: only, gate: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			w.gate <- struct{}{}
			<-w.gate
			f, err := w.read()
			if err != nil {
				return
			}
			w.mu.Lock()
			w.got = append(w.got, f)
			w.mu.Unlock()
		}
	}()
	synctest.Wait()
	return w
}

func (w *watcher) stall() {
	if !w.stalled {
		w.gate <- struct{}{}
		w.stalled = true
		w.stalls++
	}
}

func (w *watcher) resume() {
	if w.stalled {
		<-w.gate
		w.stalled = false
	}
	synctest.Wait()
}

func (w *watcher) wants(space string) bool { return w.only == nil || slices.Contains(w.only, space) }

// check holds what came against section 5 of the contract: first the state at some
// moment of the history, then each update from there on if the watcher kept up,
// else some of them in order, with the newest of every space.
func (w *watcher) check(t *rapid.T, history []told) {
	w.resume()
	frames := w.updates()
	if len(frames) == 0 || frames[0].Type != wire.InitialState {
		t.Fatalf("got %d frames, want an initial state first", len(frames))
	}
	history = slices.DeleteFunc(slices.Clone(history), func(u told) bool { return !w.wants(u.space) })
	due := history[w.cut(t, frames[0], history):]
	var got []told
	var snapshots []quasar.Snapshot
	for _, f := range frames[1:] {
		got = append(got, told{f.Snapshots[0].SpaceName, *f.Snapshots[0].Training.TrainingSteps})
		snapshots = append(snapshots, f.Snapshots[0])
	}
	checkSeqs(t, snapshots)
	if w.stalls == 0 && !slices.Equal(due, got) {
		t.Fatalf("one that keeps up: got %d updates, want %d, each in its place", len(got), len(due))
	}
	if !subsequence(due, got) {
		t.Fatalf("got updates that are out of order, or were never due")
	}
	if want, got := newestOf(due), newestOf(got); !slices.Equal(want, got) {
		t.Fatalf("the newest of each space, in their order: got %v, want %v", got, want)
	}
}

// cut finds the moment of the history that a state is of.
func (w *watcher) cut(t *rapid.T, state wire.HubFrame, history []told) int {
	moment := 0
	want, got := make(map[string]int64), make(map[string]int64)
	for _, s := range state.Snapshots {
		got[s.SpaceName] = *s.Training.TrainingSteps
		moment = max(moment, 1+slices.Index(history, told{s.SpaceName, *s.Training.TrainingSteps}))
	}
	for _, u := range history[:moment] {
		want[u.space] = u.step
	}
	if !maps.Equal(want, got) {
		t.Fatalf("got the state %v, want that of one moment: %v", got, want)
	}
	return moment
}

func checkSeqs(t *rapid.T, snapshots []quasar.Snapshot) {
	last := make(map[string]int64)
	for _, s := range snapshots {
		if s.Seq <= last[s.SpaceName] {
			t.Fatalf("%s: got seq %d behind %d", s.SpaceName, s.Seq, last[s.SpaceName])
		}
		last[s.SpaceName] = s.Seq
	}
}

// newestOf keeps the newest of each space, in the order of those.
func newestOf(all []told) []told {
	last := make(map[string]int64)
	for _, u := range all {
		last[u.space] = u.step
	}
	return slices.DeleteFunc(slices.Clone(all), func(u told) bool { return last[u.space] != u.step })
}

func subsequence(all, some []told) bool {
	for _, u := range some {
		i := slices.Index(all, u)
		if i < 0 {
			return false
		}
		all = all[i+1:]
	}
	return true
}

// Whatever the interleaving of publishing, joining, stalling, resuming and
// leaving, each subscriber, compressed to or not, gets a sequence that section 5 of
// the contract allows.
func TestSubscribersInAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, &hub.Options{Compression: true})
			pubs := make(map[string]*peer)
			step := make(map[string]int64)
			var history []told
			var watchers []*watcher
			spaces := []string{"A", "B", "C", "D"}
			for _, name := range spaces {
				pubs[name] = publisher(t, s, name)
			}
			synctest.Wait()
			publish := func(space string) {
				step[space]++
				history = append(history, told{space, step[space]})
				pubs[space].text(fmt.Sprintf(`{"type":"metrics","training":{"training_steps":%d},"voting":{"signal_source":"%064d"}}`, step[space], 0))
			}
			actions := 40
			if rapid.IntRange(0, 9).Draw(rt, "loud") == 9 {
				actions++ // a few runs will do, for they take long
			}
			for range rapid.IntRange(1, 40).Draw(rt, "steps") {
				action := rapid.IntRange(0, actions-1).Draw(rt, "action")
				switch {
				case action < 20:
					publish(rapid.SampledFrom(spaces).Draw(rt, "space"))
					synctest.Wait() // two publishers race; the test wants to know their order
				case action < 26:
					var only []string
					if rapid.Bool().Draw(rt, "filtered") {
						only = rapid.SliceOfNDistinct(rapid.SampledFrom(spaces), 1, 3, rapid.ID).Draw(rt, "only")
					}
					headers := rapid.SampledFrom([]string{"", offersDeflate}).Draw(rt, "headers")
					watchers = append(watchers, watch(t, s, only, headers))
				case action == 40: // more than anybody is let behind
					space := rapid.SampledFrom(spaces).Draw(rt, "space")
					for range 2500 {
						publish(space)
					}
					synctest.Wait()
				case len(watchers) == 0:
				default:
					i := rapid.IntRange(0, len(watchers)-1).Draw(rt, "watcher")
					switch w := watchers[i]; {
					case action < 32:
						w.stall()
					case action < 36:
						w.resume()
					default:
						w.check(rt, history)
						w.conn.Close()
						<-w.ended
						watchers = slices.Delete(watchers, i, i+1)
					}
				}
			}
			for _, w := range watchers {
				w.check(rt, history)
			}
		})
	})
}

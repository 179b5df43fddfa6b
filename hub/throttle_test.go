package hub_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// What comes faster than it may be handed on is stored, and the newest of it is
// handed on at the rate.
func TestUpdatesAreHandedOnAtTheRate(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   int
		frames int // one behind the other, with no pause
		pause  time.Duration
		want   []int64 // the steps that a subscriber gets
		wait   time.Duration
	}{
		{"as many as the burst has room for", 3, 6, 0, []int64{1, 2, 3, 4, 5, 6}, 0},
		{"of more the newest goes out later", 3, 50, 0, []int64{1, 2, 3, 4, 5, 6, 50}, time.Second},
		{"not before its time", 3, 50, 0, []int64{1, 2, 3, 4, 5, 6}, 333 * time.Millisecond},
		{"a stream that is too fast is thinned", 2, 40, 100 * time.Millisecond, []int64{1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 35, 40}, time.Second},
		{"a stream at the rate is not", 10, 40, 100 * time.Millisecond, upTo(40), 0},
		{"without a rate nothing is held back", 0, 1000, 0, upTo(1000), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hubtest.New(t, &hub.Options{PublisherRate: c.rate})
				p, sub := publisher(t, s, "V75"), subscriber(t, s, "")
				synctest.Wait()
				for i := range c.frames {
					if i > 0 {
						time.Sleep(c.pause)
					}
					p.text(steps(i + 1))
					synctest.Wait()
				}
				if status, body := get(t, s, "/metrics/V75"); status != http.StatusOK || !strings.Contains(body, fmt.Sprintf(`"training_steps":%d`, c.frames)) {
					t.Errorf("at once: got %d %s, want the newest", status, body)
				}
				time.Sleep(c.wait)
				synctest.Wait()
				got := stepsOf(t, sub.updates()[1:])
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("handed on (-want +got):\n%s", diff)
				}
				r, books := row(t, s, "V75"), stateOf(t, s.Hub).Stats
				if r.Accepted != int64(c.frames) || books.Broadcasts != int64(len(got)) || books.Throttled != r.Throttled {
					t.Errorf("got %+v and %+v, want %d accepted and %d handed on", r, books, c.frames, len(got))
				}
				if held := r.Accepted - r.Throttled - books.Broadcasts; held != 0 && held != 1 {
					t.Errorf("got %d accepted, %d throttled and %d handed on: they do not add up", r.Accepted, r.Throttled, books.Broadcasts)
				}
			})
		})
	}
}

// upTo returns 1 to n.
func upTo(n int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i) + 1
	}
	return all
}

// Whatever publishers send and when, a subscriber's seq rises, what it gets is
// never more than the rate allows, and the newest of all is never left out.
func TestNothingIsLostOrOutOfOrderUnderAThrottle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.IntRange(1, 50).Draw(rt, "rate")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 200), 1, 100).Draw(rt, "pauses in ms")
		closes := rapid.SliceOfN(rapid.Bool(), len(pauses), len(pauses)).Draw(rt, "who closes and comes back")
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, &hub.Options{PublisherRate: rate})
			sub := subscriber(t, s, "")
			p := publisher(t, s, "V75")
			start := time.Now()
			for i, ms := range pauses {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				if closes[i] {
					p.close(1000)
					<-p.done
					p = publisher(t, s, "V75")
				}
				p.text(steps(i + 1))
				synctest.Wait()
			}
			took := time.Since(start)
			p.close(1000)
			<-p.done
			time.Sleep(time.Second)
			synctest.Wait()

			var seqs []int64
			for _, u := range sub.updates()[1:] {
				seqs = append(seqs, u.Snapshots[0].Seq)
			}
			if !slices.IsSortedFunc(seqs, func(a, b int64) int { return int(a - b) }) || len(slices.Compact(slices.Clone(seqs))) != len(seqs) {
				rt.Errorf("got the seqs %v, want them to rise", seqs)
			}
			got := stepsOf(t, sub.updates()[1:])
			if last := got[len(got)-1]; last != int64(len(pauses)) {
				rt.Errorf("got step %d last, want %d", last, len(pauses))
			}
			if most := float64(2*rate+1) + took.Seconds()*float64(rate); float64(len(got)) > most {
				rt.Errorf("got %d in %v at a rate of %d, want %v at most", len(got), took, rate, most)
			}
			if r := row(t, s, "V75"); r.Accepted-r.Throttled != int64(len(got)) {
				rt.Errorf("got %d accepted, %d throttled and %d handed on: they do not add up", r.Accepted, r.Throttled, len(got))
			}
		})
	})
}

// A person who wonders why a chart has fewer points than the log of the trainer
// finds the reason on the page.
func TestThePageSaysThatAPublisherIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{PublisherRate: 1})
		p := publisher(t, s, "V75")
		for i := range 50 {
			p.text(steps(i))
		}
		synctest.Wait()
		want := "V75 throttled: more than 1 updates a second: of those that come faster only the newest is handed on"
		var texts []string
		for _, e := range stateOf(t, s.Hub).Events {
			if e.Kind == "throttled" {
				texts = append(texts, *e.SpaceName+" "+e.Kind+": "+e.Text)
			}
		}
		if diff := cmp.Diff([]string{want}, texts); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// What another hub sends goes out at once, with what is held here; that goes to
// the others then, and out once.
func TestWhatIsHeldGoesOutWithWhatAnotherHubSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &end{id: "h0"}
		s := hubtest.New(t, &hub.Options{ID: "h0", Engine: engine, PublisherRate: 1})
		sub, p := subscriber(t, s, ""), publisher(t, s, "V75")
		for i := range 10 {
			p.text(steps(i + 1))
		}
		synctest.Wait()
		if n := len(engine.records); n != 2 {
			t.Fatalf("got %d records offered, want the 2 that were handed on", n)
		}
		other := engine.records[1]
		other.Snapshot.Voting.BuyCount = new(int64(7))
		other.Snapshot.Seq += 1000
		for f := range other.Stamps {
			if other.Stamps[f].Seq == 0 {
				other.Stamps[f] = hub.Stamp{Seq: other.Snapshot.Seq, Hub: "h1"}
			}
		}
		s.Hub.MergeRecord(other)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]int64{1, 2, 10}, stepsOf(t, sub.updates()[1:])); diff != "" {
			t.Errorf("handed on (-want +got):\n%s", diff)
		}
		newest := engine.records[len(engine.records)-1].Snapshot
		if *newest.Training.TrainingSteps != 10 || *newest.Voting.BuyCount != 7 {
			t.Errorf("offered %+v, want what both hubs have", newest)
		}
	})
}

// A flood costs a decoding for each frame, whatever becomes of it: one that lasts is
// closed. Its owner may come back at once, and has no more of the rate for it.
func TestAFloodIsClosedAndMayComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{PublisherRate: 1})
		sub := subscriber(t, s, "")
		for range 2 {
			p := publisher(t, s, "V75")
			for i := range 500 { // 50 times the rate, for ten seconds
				p.text(steps(i + 1))
			}
			synctest.Wait()
			if len(p.frames()) > 0 {
				t.Fatalf("got %s already", p.last().closing())
			}
			p.send(fin|opPing, "any frame counts")
			synctest.Wait()
			if len(p.frames()) == 0 {
				t.Fatal("got no end")
			}
			if got := p.last().closing(); got != "1008 more than 50 frames a second" {
				t.Errorf("got the end %q", got)
			}
		}
		patient := publisher(t, s, "V75")
		for i := range 400 { // the same frames, at a rate that is no flood
			patient.text(steps(1000 + i))
			time.Sleep(21 * time.Millisecond)
		}
		if len(patient.frames()) > 0 {
			t.Errorf("got %s, want the connection open", patient.last().closing())
		}
		if r := row(t, s, "V75"); r.Rejected != 2 || r.Accepted != 1400 {
			t.Errorf("got %+v, want both floods in the books", r)
		}
		if n := len(sub.updates()) - 1; n > 2+1+9+1 { // the burst, and one for each second
			t.Errorf("got %d updates", n)
		}
	})
}

// One publisher sends as fast as the network takes it. Every frame of the others
// arrives, each in its time, and of the flood the newest.
func TestAFloodOverARealSocketHoldsUpNobody(t *testing.T) {
	h, addr := serveTCP(t, &hub.Options{PublisherRate: 20})
	quick := dialTCP(t, addr, "/ws/subscribe?assets=QUIET", 0)
	quick.nextUpdate()
	everything := dialTCP(t, addr, "/ws/subscribe", 0).listen()
	quiet := dialTCP(t, addr, "/ws/publish/QUIET", 0).listen()

	ctx, cancel := context.WithCancel(t.Context())
	flooding := make(chan int)
	go func() {
		floods := 0
		for ctx.Err() == nil { // it comes back whenever it is closed
			p := dialTCP(t, addr, "/ws/publish/FLOOD", 0).listen()
			batch := []byte(strings.Repeat(string(masked(fin|opText, []byte(steps(floods)))), 100))
			for ctx.Err() == nil && p.write(batch) == nil {
			}
			floods++
			_ = p.conn.Close()
			<-p.done
		}
		flooding <- floods
	}()
	start := time.Now()
	for floods := int64(0); floods < 3 && time.Since(start) < patience; floods = stateOf(t, h).Publishers["FLOOD"].Connects {
		for range 10 { // one within what QUIET may send
			step := stateOf(t, h).Publishers["QUIET"].Accepted + 1
			quiet.text(steps(int(step)))
			if got := stepsOf(t, []wire.HubFrame{quick.nextUpdate()}); got[0] != step {
				t.Fatalf("got step %d, want %d", got[0], step)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	cancel()
	floods := <-flooding
	r := stateOf(t, h)
	if r.Publishers["FLOOD"].Rejected < 2 || floods < 3 {
		t.Errorf("got %+v, want floods that were closed", r.Publishers["FLOOD"])
	}
	if r.Publishers["QUIET"].Throttled != 0 || len(everything.frames()) > int(r.Stats.Broadcasts)+100 {
		t.Errorf("got %+v", r)
	}
}

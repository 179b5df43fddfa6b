package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// wires joins hubs of one process: what one says is kept until the test hands it
// on, in whatever order and as often as it likes.
type wires struct{ ends []*end }

// end is the engine of one hub.
type end struct {
	id      string
	records []hub.Record
	claims  []hub.Claim
}

func (e *end) Run(ctx context.Context, _ hub.Receiver) error { <-ctx.Done(); return nil }
func (e *end) Offer(r hub.Record)                            { e.records = append(e.records, r) }
func (e *end) Announce(c hub.Claim)                          { e.claims = append(e.claims, c) }
func (e *end) Status() hub.EngineStatus {
	return hub.EngineStatus{Name: "wires", Ready: true, Members: []string{e.id}}
}

// join makes hubs that nothing but the test connects.
func join(t *testing.T, n int) (*wires, []*hubtest.Server) {
	var w wires
	var servers []*hubtest.Server
	for i := range n {
		e := &end{id: fmt.Sprintf("h%d", i)}
		w.ends = append(w.ends, e)
		servers = append(servers, hubtest.New(t, &hub.Options{ID: e.id, Engine: e}))
	}
	return &w, servers
}

// flush hands on everything that was said, until nothing is.
func (w *wires) flush(servers []*hubtest.Server) {
	for said := true; said; {
		said = false
		synctest.Wait()
		for i, e := range w.ends {
			records, claims := e.records, e.claims
			e.records, e.claims = nil, nil
			said = said || len(records)+len(claims) > 0
			for j, other := range servers {
				if j == i {
					continue
				}
				for _, r := range records {
					other.Hub.MergeRecord(r)
				}
				for _, c := range claims {
					other.Hub.MergeClaim(c)
				}
			}
		}
	}
}

func TestHubsOfAClusterShowTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := join(t, 2)
		here, there := subscriber(t, s[0], ""), subscriber(t, s[1], "")
		synctest.Wait()
		p := publisher(t, s[0], "V75")
		p.text(steps(1))
		w.flush(s)
		time.Sleep(time.Second)
		p.text(votes(7, 3))
		w.flush(s)
		if diff := cmp.Diff(here.updates()[1:], there.updates()[1:]); diff != "" {
			t.Errorf("updates (-here +there):\n%s", diff)
		}
		a, b := stateOf(t, s[0].Hub), stateOf(t, s[1].Hub)
		if diff := cmp.Diff(a.Rankings, b.Rankings); diff != "" {
			t.Errorf("rankings (-here +there):\n%s", diff)
		}
		if !b.Rankings[0].Connected || b.Stats.Publishers != 0 || len(b.Publishers) != 0 {
			t.Errorf("there: got %+v, want V75 connected, though not there", b)
		}
		p.close(1000)
		<-p.done
		w.flush(s)
		if stateOf(t, s[1].Hub).Rankings[0].Connected {
			t.Error("there: got V75 connected after it closed")
		}
	})
}

// The newest connection owns its space wherever it is, and the hub of an older
// one says so.
func TestOwnershipAcrossHubs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := join(t, 2)
		old := publisher(t, s[0], "V75")
		old.text(steps(1))
		w.flush(s)
		time.Sleep(time.Second)
		newer := publisher(t, s[1], "V75")
		w.flush(s)
		old.text(steps(99))
		newer.text(steps(2))
		w.flush(s)
		r := row(t, s[0], "V75")
		if r.Superseded != 1 || r.Note == nil || *r.Note != "superseded by a newer connection at another hub" {
			t.Errorf("here: got %+v, note %v", r, r.Note)
		}
		checkSteps(t, s, 2)

		newer.close(1000)
		<-newer.done
		w.flush(s)
		old.text(steps(3))
		w.flush(s)
		checkSteps(t, s, 3)
		if r := row(t, s[0], "V75"); r.Note == nil || *r.Note != "an older connection goes on: a newer one closed" {
			t.Errorf("here: got the note %v", r.Note)
		}
		events := stateOf(t, s[0].Hub).Events
		if !strings.Contains(events[0].Text, "has the space again") || !strings.Contains(events[1].Text, "at another hub") {
			t.Errorf("got the events %+v", events)
		}
	})
}

// A hub that is lost takes its claims with it.
func TestTheSurvivorOfALostHubGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := join(t, 2)
		old := publisher(t, s[0], "V75")
		w.flush(s)
		time.Sleep(time.Second)
		publisher(t, s[1], "V75")
		publisher(t, s[1], "OTHER")
		w.flush(s)
		old.text(steps(1))
		synctest.Wait()
		if r := row(t, s[0], "V75"); r.Accepted != 0 || r.Superseded != 1 {
			t.Errorf("got %+v, want the frame dropped", r)
		}
		s[0].Hub.HubLost("h1")
		s[0].Hub.HubLost("nobody")
		old.text(steps(2))
		synctest.Wait()
		if r := row(t, s[0], "V75"); r.Accepted != 1 || !r.Connected {
			t.Errorf("got %+v, want the frame taken", r)
		}
		if len(stateOf(t, s[0].Hub).Publishers) != 1 {
			t.Error("a space of the lost hub alone has a row here")
		}
	})
}

func checkSteps(t *testing.T, servers []*hubtest.Server, want int64) {
	t.Helper()
	for i, s := range servers {
		if got := stateOf(t, s.Hub).Snapshots["V75"].Training.TrainingSteps; got == nil || *got != want {
			t.Errorf("h%d: got step %v, want %d", i, got, want)
		}
	}
}

// Claims may come late and in any order: the claim of a connection that has closed
// must not silence a space for good.
func TestALateClaimOfADeadConnectionOwnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "here"})
		p := publisher(t, s, "V75")
		synctest.Wait()
		now := time.Now().UnixMicro()
		s.Hub.MergeClaim(hub.Claim{Space: "V75", Hub: "there", Seq: now + 1001})
		s.Hub.MergeClaim(hub.Claim{Space: "V75", Hub: "there", Seq: now + 1000, Epoch: now + 1000, Live: true})
		p.text(steps(1))
		synctest.Wait()
		if r := row(t, s, "V75"); r.Accepted != 1 || r.Superseded != 0 {
			t.Errorf("got %+v, want the frame taken", r)
		}
	})
}

// The claim of a hub is of its newest connection: that one's end is not the end
// of the others there.
func TestAnOlderConnectionOfAnotherHubIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := join(t, 2)
		open := func(i int) *peer {
			time.Sleep(time.Second)
			p := publisher(t, s[i], "V75")
			w.flush(s)
			return p
		}
		oldest, middle, newer, newest := open(1), open(0), open(0), open(1)
		end := func(p *peer) {
			p.close(1000)
			<-p.done
			w.flush(s)
		}
		end(newer)
		end(newest)
		middle.text(steps(1)) // the newest that is left, though h0 said of a newer one that it closed
		oldest.text(steps(9))
		w.flush(s)
		checkSteps(t, s, 1)
		end(middle)
		oldest.text(steps(2))
		w.flush(s)
		checkSteps(t, s, 2)
	})
}

// Two hubs that took updates in each other's absence: what is merged has a seq
// above both, so that no subscriber takes it for what it has.
func TestSeqRisesAlsoWhereAnOlderRecordBringsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := join(t, 3)
		sub := subscriber(t, s[0], "")
		synctest.Wait()
		late := publisher(t, s[1], "V75")
		late.text(votes(7, 3))
		synctest.Wait()
		time.Sleep(time.Second)
		publisher(t, s[0], "V75").text(steps(1))
		synctest.Wait()
		w.flush(s)
		updates := sub.updates()[1:]
		if len(updates) != 2 {
			t.Fatalf("got %d updates, want 2", len(updates))
		}
		before, after := updates[0].Snapshots[0], updates[1].Snapshots[0]
		if after.Seq <= before.Seq || after.Voting.BuyCount == nil || after.Training.TrainingSteps == nil {
			t.Errorf("got %+v behind %+v, want both groups and a higher seq", after, before)
		}
		want := stateOf(t, s[0].Hub).Snapshots
		for i := 1; i < 3; i++ {
			if diff := cmp.Diff(want, stateOf(t, s[i].Hub).Snapshots); diff != "" {
				t.Errorf("h%d (-h0 +h%d):\n%s", i, i, diff)
			}
		}
	})
}

// Publishers come, go and publish at three hubs; what the hubs say to each other
// is late, reordered and doubled. Subscribers see seq rise all the time, and when
// everything has arrived the hubs show the same, and each space has one owner, if
// any of its publishers is left.
func TestHubsConvergeWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			w, s := join(t, 3)
			var subs, pubs []*peer
			for _, server := range s {
				subs = append(subs, subscriber(t, server, ""))
			}
			synctest.Wait()
			var late []func()
			step := 0
			for range rapid.IntRange(1, 40).Draw(rt, "steps") {
				switch rapid.IntRange(0, 4).Draw(rt, "what") {
				case 0:
					pubs = append(pubs, publisher(t, s[rapid.IntRange(0, 2).Draw(rt, "hub")], "V75"))
				case 1, 2:
					if len(pubs) > 0 {
						step++
						frame := steps(step)
						if rapid.Bool().Draw(rt, "votes") {
							frame = votes(step, step+1)
						}
						pubs[rapid.IntRange(0, len(pubs)-1).Draw(rt, "publisher")].text(frame)
					}
				case 3:
					if len(pubs) > 0 {
						i := rapid.IntRange(0, len(pubs)-1).Draw(rt, "publisher")
						pubs[i].close(1000)
						<-pubs[i].done
						pubs = append(pubs[:i], pubs[i+1:]...)
					}
				case 4:
					time.Sleep(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "pause")) * time.Microsecond)
				}
				synctest.Wait()
				late = append(late, w.collect(s)...)
				for range rapid.IntRange(0, len(late)).Draw(rt, "arrive") {
					i := rapid.IntRange(0, len(late)-1).Draw(rt, "which")
					late[i]()
					if !rapid.Bool().Draw(rt, "again") {
						late = append(late[:i], late[i+1:]...)
					}
				}
			}
			for len(late) > 0 {
				for _, arrive := range late {
					arrive()
				}
				synctest.Wait()
				late = w.collect(s)
			}
			for i, sub := range subs {
				checkRising(rt, i, sub.updates())
			}
			want := stateOf(t, s[0].Hub).Snapshots
			for i := 1; i < 3; i++ {
				if diff := cmp.Diff(want, stateOf(t, s[i].Hub).Snapshots); diff != "" {
					rt.Errorf("h%d shows something else (-h0 +h%d):\n%s", i, i, diff)
				}
			}
			before := accepted(t, s)
			for _, p := range pubs {
				p.text(steps(1000))
			}
			synctest.Wait()
			if got, want := accepted(t, s)-before, int64(min(1, len(pubs))); got != want {
				rt.Errorf("%d of %d publishers own the space, want %d", got, len(pubs), want)
			}
		})
	})
}

// collect takes what the hubs said, as deliveries to each of the others.
func (w *wires) collect(servers []*hubtest.Server) []func() {
	var out []func()
	for i, e := range w.ends {
		for j, other := range servers {
			if j == i {
				continue
			}
			for _, r := range e.records {
				out = append(out, func() { other.Hub.MergeRecord(r) })
			}
			for _, c := range e.claims {
				out = append(out, func() { other.Hub.MergeClaim(c) })
			}
		}
		e.records, e.claims = nil, nil
	}
	return out
}

func checkRising(t *rapid.T, hub int, updates []wire.HubFrame) {
	var last int64
	for _, u := range updates {
		for _, s := range u.Snapshots {
			if s.Seq <= last {
				text, _ := json.Marshal(s)
				t.Errorf("h%d: got seq %d behind %d: %s", hub, s.Seq, last, text)
			}
			last = s.Seq
		}
	}
}

func accepted(t *testing.T, servers []*hubtest.Server) (n int64) {
	for _, s := range servers {
		n += stateOf(t, s.Hub).Stats.Accepted
	}
	return n
}

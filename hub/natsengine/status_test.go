package natsengine

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
	"github.com/karlquant/quasar/internal/logtest"
)

func TestTheMinorityIsLessThanHalf(t *testing.T) {
	for _, test := range []struct {
		alive, lost, left int // of the others
		minority          bool
	}{
		{0, 0, 0, false},
		{1, 0, 0, false},
		{0, 1, 0, false}, // half of two
		{1, 1, 0, false},
		{0, 2, 0, true},
		{1, 2, 0, false},
		{1, 3, 0, true},
		{0, 0, 5, false}, // who says goodbye is not missed
		{0, 1, 5, false},
	} {
		e := must(newEngine("a", &Options{}))
		now := time.Now()
		e.started, e.joined, e.echo = now, true, now
		for i := range test.alive + test.lost + test.left {
			id := fmt.Sprint("h", i)
			e.members[id] = &member{hub: id, alive: i < test.alive, left: i >= test.alive+test.lost, seen: now}
		}
		if got := strings.Contains(e.problem("", now), "minority"); got != test.minority {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

// A hub that is alone says so for ten minutes. Then the others are forgotten, and it is
// for who sees all hubs to tell.
func TestTheLostAreForgottenAfterTenMinutes(t *testing.T) {
	now := time.Now()
	e := must(newEngine("a", &Options{}))
	e.started, e.joined = now, true
	for _, id := range []string{"b", "c"} {
		e.members[id] = &member{hub: id, alive: true, seen: now}
	}
	for _, test := range []struct {
		after    time.Duration
		minority bool
	}{{3 * time.Second, false}, {4 * time.Second, true}, {10*time.Minute - time.Second, true}, {10 * time.Minute, false}} {
		then := now.Add(test.after)
		e.members.expire(then)
		e.echo = then
		if got := e.problem("", then); strings.Contains(got, "minority") != test.minority {
			t.Errorf("after %v: got %q, want the minority told: %v", test.after, got, test.minority)
		}
	}
}

// over opens an engine on wires, in a bubble.
func over(w *wires, id string) *Engine {
	e := must(newEngine(id, &Options{}))
	e.bus = &wire{wires: w, hub: id}
	return e
}

func TestTwoHubsOfOneIDSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wires{net: enginetest.NewNet(1), ends: make(map[*wire]bool)}
		one := over(w, "twin")
		enginetest.Start(t, one)
		time.Sleep(time.Second)
		two := over(w, "twin")
		stop := enginetest.StartUntil(t, two)
		time.Sleep(2 * time.Second)
		for _, e := range []*Engine{one, two} {
			if s := e.Status(); s.Ready || !strings.Contains(s.Problem, "another hub has the id twin") {
				t.Errorf("got %+v, want a word of the other", s)
			}
		}
		stop()
		time.Sleep(5 * time.Second)
		if s := one.Status(); !s.Ready {
			t.Errorf("after the other ended: got %+v, want it ready", s)
		}
	})
}

// A hub that was stopped hears old beats first, or none yet: it must not take the
// others for lost because of that.
func TestWhoWasHeldUpLosesNobody(t *testing.T) {
	now := time.Now()
	e := must(newEngine("a", &Options{}))
	lost := &losses{}
	e.bus, e.from = &wire{wires: &wires{}}, lost
	e.started, e.lastTick = now, now
	e.members["b"] = &member{hub: "b", alive: true, seen: now, direct: now}
	e.tick(now.Add(8 * time.Second))
	if len(lost.ids) != 0 {
		t.Errorf("after 8 s of nothing at all: got %v lost, want nobody", lost.ids)
	}
	for after := 8 * time.Second; after <= 13*time.Second; after += tickEvery {
		e.tick(now.Add(after))
	}
	if len(lost.ids) != 1 {
		t.Errorf("after 5 s of silence: got %v lost, want b", lost.ids)
	}
}

type losses struct {
	nobody
	ids []string
}

func (l *losses) HubLost(id string) { l.ids = append(l.ids, id) }

var _ hub.Receiver = (*losses)(nil)

// Claims that others still tell of a hub that we lost do not bring it back.
func TestNobodyIsBackByHearsay(t *testing.T) {
	now := time.Now()
	e := must(newEngine("a", &Options{}))
	e.bus, e.from = &wire{wires: &wires{}}, nobody{}
	e.started, e.lastTick = now, now
	c := claim{hub.Claim{Space: "V75", Hub: "gone", Seq: 5, Epoch: 5, Live: true}, 7}
	e.merge(&items{claims: []claim{c}})
	if len(e.replica.claims) != 1 {
		t.Fatal("a claim of a hub that nobody spoke of yet was not taken")
	}
	for after := tickEvery; after <= 5*time.Second; after += tickEvery {
		e.tick(now.Add(after))
	}
	c.Seq++
	e.merge(&items{claims: []claim{c}})
	if len(e.replica.claims) != 0 || e.members.alive("gone") {
		t.Error("a lost hub is back because another told an old claim of it")
	}
}

// slow is a bus that takes its time to open, as a server does that says nothing.
type slow struct{ *wire }

func (s slow) open(ctx context.Context, take func([]byte), changed func()) error {
	time.Sleep(3 * time.Second)
	return s.wire.open(ctx, take, changed)
}

func TestASlowStartIsNotBeingHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Log
		e := over(&wires{net: enginetest.NewNet(1), ends: make(map[*wire]bool)}, "a")
		e.log, e.bus = slog.New(slog.NewTextHandler(&log, nil)), slow{e.bus.(*wire)}
		enginetest.Start(t, e)
		time.Sleep(5 * time.Second)
		if strings.Contains(log.String(), "held up") {
			t.Errorf("got the log\n%s", &log)
		}
	})
}

package deriv_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

// next is NextConnection with what can be compared of it.
func next(t *testing.T, c *deriv.Client, last deriv.Connection) (deriv.Connection, string) {
	t.Helper()
	now, err := c.NextConnection(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	if now.Up {
		return now, "up " + itoa(int64(now.Generation))
	}
	if !errors.Is(now.Err, deriv.ErrDropped) {
		t.Errorf("got %v, want the reason of the drop", now.Err)
	}
	return now, "down " + itoa(int64(now.Generation))
}

func TestEachConnectionIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		c := start(t, v, nil)
		var at deriv.Connection
		var told []string
		note := func() {
			var text string
			at, text = next(t, c, at)
			told = append(told, text)
		}
		note()
		v.net.Down.Store(true)
		v.last().drop()
		note()
		v.net.Down.Store(false)
		note()
		for range 3 { // nobody listens meanwhile
			v.last().drop()
			time.Sleep(2 * time.Minute)
		}
		note()
		if diff := cmp.Diff(told, []string{"up 1", "down 1", "up 2", "up 5"}); diff != "" {
			t.Errorf("got (-) want (+):\n%s", diff)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if now, err := c.NextConnection(ctx, at); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v, want nothing new in an hour", now, err)
		}
	})
}

func TestWhoWaitsForAConnectionIsToldTheEndOfRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.refuse = 401
		a := must(deriv.NewAccount(v.options()))
		done := make(chan error, 1)
		go func() { done <- a.Run(t.Context()) }()
		if _, err := a.NextConnection(t.Context(), deriv.Connection{}); !deriv.IsClass(err, deriv.ClassAuth) {
			t.Errorf("got %v, want the refused token", err)
		}
		<-done
		if _, err := a.Sell(t.Context(), 77, 0); !deriv.IsClass(err, deriv.ClassAuth) || deriv.OutcomeOf(err) != deriv.NotMade {
			t.Errorf("a sell: got %v, want it not made, for the same reason", err)
		}
	})
}

// The states that a trader must not trade in: what happened without a connection is
// not known yet, a stream is not there, or its ticks are old.
func TestTheStateSaysWhatIsNotYetKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		l := &ledger{v: v}
		m := newMarket(v)
		held := make(chan struct{})
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "statement" {
				p.tasks.Go(func() {
					<-held
					l.answer(p, call, request)
				})
				return true
			}
			return l.answer(p, call, request) || m.answer(p, call, request)
		}
		a := startAccount(t, v, nil)
		transactions := must(a.Transactions(t.Context()))
		defer transactions.Close()
		ticks := must(a.Ticks(t.Context(), "R_75"))
		defer ticks.Close()
		wantState(t, a, deriv.Ready)
		v.last().drop()
		time.Sleep(5 * time.Second)
		wantState(t, a, deriv.Reconciling)
		close(held)
		time.Sleep(5 * time.Second)
		wantState(t, a, deriv.Ready)
	})
}

func TestTicksThatComeLateAreAState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(t)
		v.answer = func(p *peer, call string, request map[string]any) bool {
			if call == "ticks" {
				p.reply(request, "tick", tick("R_75", deriv.EpochOf(time.Now())-120))
			}
			return call == "ticks"
		}
		a := startAccount(t, v, nil)
		ticks := must(a.Ticks(t.Context(), "R_75"))
		defer ticks.Close()
		wantState(t, a, deriv.Degraded)
	})
}

func wantState(t *testing.T, a *deriv.Account, want deriv.State) {
	t.Helper()
	if h := a.Health(); h.State != want || !h.State.Connected() {
		t.Errorf("got %+v, want it %v", h, want)
	}
}

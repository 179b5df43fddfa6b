package trade_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
)

// at are good facts of another time.
func (b *book) at(now time.Time) *trade.Facts {
	f := good(b)
	f.Now, f.Tick.At, f.Quote.At = now, now, now
	return f
}

// halt is what the gate does about a reason, and resume what a person does.
func (b *book) halt(r trade.Reason) {
	b.enter(&trade.Entry{Halted: &trade.Halted{Reason: r, By: "gate"}})
}
func (b *book) resume() { b.enter(&trade.Entry{Resumed: &trade.Resumed{By: "test"}}) }

func TestAPersonWhoResumesAcceptsWhatTheHaltWasFor(t *testing.T) {
	for _, c := range []struct {
		halt     trade.Reason
		accepted bool
	}{
		{trade.ReasonDailyLoss, true}, {trade.ReasonRollingLoss, true}, {trade.ReasonDrawdown, true}, {trade.ReasonCoolDowns, true},
		{trade.ReasonErrors, false}, {trade.ReasonPerson, false}, {trade.ReasonLedger, false}, {trade.ReasonOrphan, false},
	} {
		b, l := newBook(t), trade.DefaultLimits()
		l.DailyLoss, l.RollingLoss, l.LossStreak = 2*trade.Unit, 2*trade.Unit, 2
		b.lose("1", trade.Unit)
		b.lose("2", trade.Unit)
		if v := l.Check(good(b)); v.Halt != trade.ReasonDailyLoss {
			t.Fatalf("got the halt %q, want %s", v.Halt, trade.ReasonDailyLoss)
		}
		b.halt(c.halt)
		b.resume()
		v := l.Check(good(b))
		if c.accepted && len(v.Reasons) > 0 {
			t.Errorf("after a halt for %s: got %q, want nothing against it", c.halt, v.Details)
		}
		want := []trade.Reason{trade.ReasonDailyLoss, trade.ReasonRollingLoss, trade.ReasonCoolDown}
		if !c.accepted && !slices.Equal(v.Reasons, want) {
			t.Errorf("after a halt for %s: got %q, want %q: nobody accepted the loss", c.halt, v.Reasons, want)
		}
	}
}

func TestAPersonWhoResumesAfterErrorsForgivesThemAndNoLoss(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.MaxErrors = 1
	for i := range 2 {
		id := fmt.Sprint(i)
		b.plan(id, "V10", trade.Buy, trade.Unit)
		b.enter(&trade.Entry{Sent: &trade.Sent{Intent: id}})
		b.enter(&trade.Entry{Unknown: &trade.Unknown{Intent: id}})
		b.enter(&trade.Entry{Abandoned: &trade.Abandoned{Intent: id}})
	}
	b.halt(trade.ReasonPerson)
	b.resume()
	if v := l.Check(good(b)); v.Halt != trade.ReasonErrors {
		t.Errorf("after lunch: got the halt %q, want %q", v.Halt, trade.ReasonErrors)
	}
	b.halt(trade.ReasonErrors)
	b.resume()
	if v := l.Check(good(b)); len(v.Reasons) > 0 {
		t.Errorf("forgiven: got %q, want nothing against it", v.Details)
	}
}

// A clock that goes back forgets no loss and no order, and one of midnight no pause.
func TestAClockThatGoesBackForgetsNothing(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.DailyLoss, l.PerMinute, l.LossStreak = trade.Unit, 1, 1
	b.lose("l", trade.Unit)
	for _, now := range []time.Time{noon.Add(-48 * time.Hour), noon.Add(-time.Hour), noon} {
		v := l.Check(b.at(now))
		for _, want := range []trade.Reason{trade.ReasonDailyLoss, trade.ReasonMinuteRate, trade.ReasonCoolDown} {
			if !slices.Contains(v.Reasons, want) {
				t.Errorf("at %s: got %q, want %q among them", now, v.Reasons, want)
			}
		}
	}
	l.CoolDown = 24 * time.Hour
	if v := l.Check(b.at(noon.Add(12*time.Hour + time.Minute))); !slices.Contains(v.Reasons, trade.ReasonCoolDown) || slices.Contains(v.Reasons, trade.ReasonDailyLoss) {
		t.Errorf("the next day: got %q, want a cool-down and no daily loss", v.Reasons)
	}
}

// A clock that was ahead for a while and got into the journal has made no new day, and
// ended no pause: when it is right again, all is as before. It counts until a person has
// seen it.
func TestAClockThatWasAheadEndsNothing(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.DailyLoss, l.RollingLoss, l.PerMinute, l.LossStreak, l.CoolDown, l.Session = trade.Unit, trade.Unit, 1, 1, time.Hour, -1
	b.lose("l", trade.Unit)
	b.now = noon.Add(26 * time.Hour)
	b.enter(&trade.Entry{Refused: &trade.Refused{}})
	b.now = noon
	want := []trade.Reason{trade.ReasonClock, trade.ReasonMinuteRate, trade.ReasonDailyLoss, trade.ReasonRollingLoss, trade.ReasonCoolDown}
	if v := l.Check(good(b)); !slices.Equal(v.Reasons, want) {
		t.Errorf("right again: got %q, want %q", v.Reasons, want)
	}
	b.halt(trade.ReasonPerson)
	b.resume()
	if v := l.Check(good(b)); !slices.Equal(v.Reasons, want[1:]) {
		t.Errorf("after a person has seen it: got %q, want %q", v.Reasons, want[1:])
	}
}

// What was entered while a clock was ahead happened at the latest when a person resumed.
func TestWhatAClockThatWasAheadSaidEndsWithAPerson(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.PerMinute, l.LossStreak, l.CoolDown, l.Session = 1, 1, time.Hour, -1
	b.now = noon.Add(26 * time.Hour)
	b.lose("l", trade.Unit)
	b.now = noon
	b.halt(trade.ReasonPerson)
	b.resume()
	for _, c := range []struct {
		after time.Duration
		want  []trade.Reason
	}{
		{0, []trade.Reason{trade.ReasonMinuteRate, trade.ReasonCoolDown}},
		{2 * time.Minute, []trade.Reason{trade.ReasonCoolDown}},
		{61 * time.Minute, nil},
	} {
		if v := l.Check(b.at(noon.Add(c.after))); !slices.Equal(v.Reasons, c.want) {
			t.Errorf("%v later: got %q, want %q", c.after, v.Reasons, c.want)
		}
	}
}

func TestStanding(t *testing.T) {
	b, l := newBook(t), trade.DefaultLimits()
	l.DailyLoss, l.PerMinute = 2*trade.Unit, 2
	stands := func(want trade.Standing, why ...trade.Reason) {
		t.Helper()
		if got, v := l.Standing(b.Ledger, noon, trade.Health{}); got != want || !slices.Equal(v.Reasons, why) {
			t.Errorf("got %s because of %q, want %s because of %q", got, v.Reasons, want, why)
		}
	}
	stands(trade.Active)
	b.lose("1", trade.Unit)
	b.order("2", "V10", trade.Buy, trade.Unit)
	stands(trade.Reducing, trade.ReasonMinuteRate)
	b.enter(&trade.Entry{Settled: &trade.Settled{Intent: "2", Contract: b.Order("2").Contract(), Settlement: trade.Settlement{Result: trade.Lost}}})
	stands(trade.HaltedNow, trade.ReasonMinuteRate, trade.ReasonDailyLoss)
	b.halt(trade.ReasonDailyLoss)
	stands(trade.HaltedNow, trade.ReasonDailyLoss)
}

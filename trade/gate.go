package trade

import (
	"cmp"
	"fmt"
	"time"
)

// Check judges whether what the facts describe may be bought, and says all that speaks
// against it. It is pure, and no is its answer to whatever it does not know. The limits
// are those of Filled: a limit of 0 lets nothing through.
func (l *Limits) Check(f *Facts) Verdict {
	var v Verdict
	if f == nil || f.Ledger == nil || f.Signal == nil {
		v.no(ReasonNumber, "got no signal or no ledger to judge by")
		return v
	}
	if f.Ledger.Seq == 0 {
		v.no(ReasonUnreconciled, "nothing is known of the account yet")
		return v
	}
	l.checkState(&v, f)
	l.checkSignal(&v, f)
	l.checkVenue(&v, f)
	l.checkOpen(&v, f)
	l.checkRates(&v, f)
	l.checkLosses(&v, f)
	l.checkQuote(&v, f)
	return v
}

// checkState wants a trader that knows where it stands, and what time it is.
func (l *Limits) checkState(v *Verdict, f *Facts) {
	if h := f.Ledger.Halt; h != nil {
		v.no(ReasonHalted, fmt.Sprintf("halted by %s (%s), want a person to resume", h.By, h.Reason))
	}
	if o := f.Ledger.Unresolved(); o != nil {
		v.no(ReasonUnresolved, fmt.Sprintf("%s is %s, want to know whether it was bought", o.ID(), o.State))
	}
	if !f.Reconciled {
		v.no(ReasonUnreconciled, "want journal and venue to agree first")
	}
	if f.JournalErr != nil {
		v.no(ReasonJournal, "the journal cannot be written: "+f.JournalErr.Error())
	}
	l.checkTime(v, f)
}

func (l *Limits) checkTime(v *Verdict, f *Facts) {
	latest := f.Ledger.past.latest
	switch behind := latest.Sub(f.Now); {
	case f.Now.IsZero():
		v.no(ReasonClock, "got no time, want the broker's")
	case exceeds(behind, l.scaled(l.MaxOffset, f)):
		v.no(ReasonClock, fmt.Sprintf("the clock was at %s before and is at %s, want it to go on (to halt and to resume is to accept it)", stamp(latest), stamp(f.Now)))
	}
	// A session does not begin anew where a clock goes back.
	start := f.Ledger.Started
	if old := later(latest, f.Now).Sub(start); !start.IsZero() && exceeds(old, l.Session) {
		v.no(ReasonSession, fmt.Sprintf("the session is %v old, want at most %v", old.Round(time.Second), l.Session))
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) }

// checkRates counts the orders of the past and this one.
func (l *Limits) checkRates(v *Verdict, f *Facts) {
	h := &f.Ledger.past
	counts(v, ReasonMinuteRate, "orders in a minute", 1+after(h.planned, f.Now.Add(-time.Minute)), l.PerMinute)
	counts(v, ReasonHourRate, "orders in an hour", 1+after(h.planned, f.Now.Add(-time.Hour)), l.PerHour)
	counts(v, ReasonDayRate, "orders in 24 hours", 1+after(h.planned, f.Now.Add(-day)), l.PerDay)
	if n := h.errors(f.Now.Add(-time.Hour)); exceeds(n, l.MaxErrors) {
		v.halt(ReasonErrors, fmt.Sprintf("%d buys in an hour were rejected or had no answer, want at most %d", n, l.MaxErrors))
	}
}

// scaled is a limit of how quickly this machine hears, in a world that lives faster.
func (l *Limits) scaled(d time.Duration, f *Facts) time.Duration {
	speed := f.Health.speed()
	if d < 0 || speed == 1 {
		return d
	}
	return max(d, time.Duration(speed*float64(leastWait)))
}

// exceeds tells whether a value is above a limit that is not switched off. What is no
// number exceeds everything, and everything exceeds a limit that is none.
func exceeds[T cmp.Ordered](value, limit T) bool {
	var zero T
	return !(limit < zero) && !(value <= limit)
}

func counts(v *Verdict, r Reason, what string, n, most int) {
	if exceeds(n, most) {
		v.no(r, fmt.Sprintf("%d %s, want at most %d", n, what, most))
	}
}

func tooOld(v *Verdict, r Reason, what string, age, most time.Duration) {
	if most >= 0 && (age < 0 || age > most) {
		v.no(r, fmt.Sprintf("%s is %v old, want at most %v", what, age.Round(time.Millisecond), most))
	}
}

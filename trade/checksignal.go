package trade

import (
	"fmt"
	"math"
	"time"
)

// checkSignal wants a signal that is new, fresh and proven, as far as that is asked.
func (l *Limits) checkSignal(v *Verdict, f *Facts) {
	s := f.Signal
	switch {
	case s.Decision == "":
		v.no(ReasonNumber, "the decision has no name, want one that was never used")
	case f.Ledger.Decided(s.Decision):
		v.no(ReasonDecided, "an order of decision "+s.Decision+" was made before")
	}
	if s.Side != Buy && s.Side != Sell {
		v.no(ReasonNumber, fmt.Sprintf("the side is %d, want BUY (1) or SELL (-1)", int(s.Side)))
	}
	for _, o := range f.Ledger.active {
		if o.Intent != nil && o.Intent.Signal.Same(s) {
			v.no(ReasonSame, "the same votes are behind "+o.ID()+", whose contract lives")
			break
		}
	}
	l.checkAges(v, f)
	if l.needsEvidence(f.Ledger.Account.Mode) && !s.proven() {
		v.no(ReasonEvidence, "no edge is proven: "+lowerBound(s.Edge))
	}
	l.checkPrice(v, f)
}

// checkAges counts from when the signal was decided, in our own time: the hub's.
func (l *Limits) checkAges(v *Verdict, f *Facts) {
	s, since := f.Signal, time.Duration(0)
	if !s.At.IsZero() {
		since = time.Duration(float64(max(0, f.Now.Sub(s.At))) / f.Health.speed())
	}
	tooOld(v, ReasonSnapshotAge, "the snapshot", aged(s.SnapshotAge, since), l.MaxSnapshotAge)
	tooOld(v, ReasonVotesAge, "the votes", aged(s.VotesAge, since), l.MaxVotesAge)
	switch {
	case l.MaxFrozen < 0:
	case s.TrainingAge == nil:
		v.no(ReasonFrozen, "the training steps were not seen to grow")
	default:
		tooOld(v, ReasonFrozen, "the newest training step", aged(*s.TrainingAge, since), l.MaxFrozen)
	}
}

// aged is an age some time later. One below 0, of a clock that is wrong, stays so.
func aged(age, since time.Duration) time.Duration {
	if age < 0 || age > math.MaxInt64-since {
		return age
	}
	return age + since
}

// needsEvidence tells whether an edge has to be proven: of all money but that of paper
// and demo accounts.
func (l *Limits) needsEvidence(m Mode) bool { return l.NeedEvidence || m != Paper && m != Demo }

// proven tells whether there is evidence, and a number to show for it.
func (s *Signal) proven() bool { return s.Proven && s.Edge != nil && *s.Edge > 0 }

func lowerBound(edge *float64) string {
	if edge == nil {
		return "there are no outcomes yet"
	}
	return fmt.Sprintf("the lower bound of the mean reward is %.4g, want above 0", *edge)
}

// checkPrice compares the space's price with the venue's.
func (l *Limits) checkPrice(v *Verdict, f *Facts) {
	if f.Signal.Price == nil {
		v.no(ReasonNoPrice, "the space told no price")
		return
	}
	if f.Tick == nil {
		return // checkVenue says so
	}
	gap := math.Abs(*f.Signal.Price/f.Tick.Price - 1)
	if exceeds(gap, l.MaxPriceGap) {
		v.no(ReasonPriceGap, fmt.Sprintf("the space's price %v is %.3g %% from the venue's %v, want at most %.3g %%", *f.Signal.Price, 100*gap, f.Tick.Price, 100*l.MaxPriceGap))
	}
}

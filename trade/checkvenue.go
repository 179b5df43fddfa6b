package trade

import (
	"fmt"
	"math"
)

// checkVenue wants a venue that is there, that is heard in time, and whose clock can be
// believed.
func (l *Limits) checkVenue(v *Verdict, f *Facts) {
	if !f.Health.Connected {
		v.no(ReasonConnection, "the venue is not connected")
	}
	if f.Instrument == nil || !f.Instrument.Open {
		v.no(ReasonMarket, "the market is closed")
	}
	late := f.Health.Lag
	if f.Tick != nil {
		late = max(late, f.Tick.Late)
	}
	if most := l.scaled(l.MaxLag, f); exceeds(late, most) {
		v.no(ReasonLag, fmt.Sprintf("ticks are %v late, want at most %v", late, most))
	}
	most := l.scaled(l.MaxOffset, f)
	if exceeds(f.Health.Offset.Abs(), most) {
		v.no(ReasonClock, fmt.Sprintf("the venue's clock may be off by %v, want at most %v", f.Health.Offset, most))
	}
	if f.Tick == nil {
		v.no(ReasonNoTick, "no tick of the index has come yet")
		return
	}
	tooOld(v, ReasonTickAge, "the newest tick", max(0, f.Now.Sub(f.Tick.At)), l.scaled(l.MaxTickAge, f))
	if early := f.Tick.At.Sub(f.Now); exceeds(early, most) {
		v.no(ReasonClock, fmt.Sprintf("the newest tick is %v ahead of the clock, want at most %v", early, most))
	}
}

// checkQuote wants a quote of what was asked for, at a price that is allowed.
func (l *Limits) checkQuote(v *Verdict, f *Facts) {
	q := f.Quote
	if q == nil {
		return
	}
	tooOld(v, ReasonQuoteAge, "the quote", max(0, f.Now.Sub(q.At)), l.scaled(l.MaxQuoteAge, f))
	if early := q.At.Sub(f.Now); exceeds(early, l.scaled(l.MaxOffset, f)) {
		v.no(ReasonClock, fmt.Sprintf("the quote is %v ahead of the clock, want at most %v", early, l.MaxOffset))
	}
	if q.Ask <= 0 || q.Payout < 0 || q.Commission < 0 || !finite(q.Spot) || !finite(q.Multiplier) {
		v.no(ReasonNumber, fmt.Sprintf("the quote asks %s, pays %s, takes %s at the price %v, want amounts above 0", q.Ask, q.Payout, q.Commission, q.Spot))
		return
	}
	checkTerms(v, f)
	l.checkStake(v, f)
	l.checkOdds(v, q)
}

// finite tells whether a number is one, and not below 0.
func finite(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

// checkTerms wants that what would be bought is what the signal says.
func checkTerms(v *Verdict, f *Facts) {
	q := f.Quote
	switch {
	case !q.Kind.known():
		v.no(ReasonTerms, fmt.Sprintf("the quote is of the kind %.20q, want %s, %s, %s or %s", q.Kind, Rise, Fall, MultiUp, MultiDown))
	case q.Kind.Side() != f.Signal.Side:
		v.no(ReasonTerms, fmt.Sprintf("the quote is of %s, which is a %s, the signal says %s", q.Kind, q.Kind.Side(), f.Signal.Side))
	}
	if f.Instrument != nil && q.Symbol != f.Instrument.Symbol {
		v.no(ReasonTerms, fmt.Sprintf("the quote is of %.40q, want %s", q.Symbol, f.Instrument.Symbol))
	}
}

func (l *Limits) checkStake(v *Verdict, f *Facts) {
	q := f.Quote
	if most := min(l.MaxStake, q.Stake); q.Ask > most {
		v.no(ReasonStake, fmt.Sprintf("the stake is %s, want at most %s, and no more than was asked for, %s", q.Ask, l.MaxStake, q.Stake))
	}
	if most := f.Ledger.Balance().Share(l.MaxStakeShare); q.Ask > most {
		v.no(ReasonShare, fmt.Sprintf("the stake is %s, want at most %s, which is %.3g %% of the balance", q.Ask, most, 100*l.MaxStakeShare))
	}
	if f.Instrument != nil && q.Ask < f.Instrument.MinStake {
		v.no(ReasonMinStake, fmt.Sprintf("the stake is %s, want at least %s", q.Ask, f.Instrument.MinStake))
	}
	if lost := f.Ledger.past.lost; lost > 0 && q.Ask > lost && !l.AllowIncrease {
		v.no(ReasonIncrease, fmt.Sprintf("the stake is %s after a loss of %s, want no more", q.Ask, lost))
	}
}

// checkOdds wants that the house takes no more than it usually does.
func (l *Limits) checkOdds(v *Verdict, q *Quote) {
	cost := q.Commission.Float() / q.Ask.Float()
	if q.Kind.Multiplies() {
		if q.StopLoss <= 0 || q.TakeProfit <= 0 {
			v.no(ReasonStops, "a contract that multiplies has no stop loss or no take profit at the venue, want both")
		}
		if q.Commission == 0 {
			v.no(ReasonCost, "the commission is not known")
		}
	} else {
		pays := q.Payout.Float() / q.Ask.Float()
		if !(pays >= l.MinPayout) {
			v.no(ReasonPayout, fmt.Sprintf("a stake of 1 would pay %.4g, want at least %.4g", pays, l.MinPayout))
		}
		cost = 1 - pays/2
	}
	if exceeds(cost, l.MaxCost) {
		v.no(ReasonCost, fmt.Sprintf("it costs %.3g %% of the stake on average, want at most %.3g %%", 100*cost, 100*l.MaxCost))
	}
}

package trade

import (
	"fmt"
	"math"
	"time"
)

// Check judges whether what the facts describe may be bought, and says all that speaks
// against it. It is pure, and no is its answer to whatever it does not know.
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
	h := f.Ledger.history(f.Now)
	l.checkState(&v, f)
	l.checkSignal(&v, f)
	l.checkVenue(&v, f)
	l.checkOpen(&v, f)
	l.checkRates(&v, h)
	l.checkLosses(&v, f, h)
	l.checkQuote(&v, f, h)
	return v
}

// checkState wants a trader that knows where it stands.
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
	if start := f.Ledger.Started; l.Session > 0 && !start.IsZero() && f.Now.Sub(start) > l.Session {
		v.no(ReasonSession, fmt.Sprintf("the session is %v old, want at most %v", f.Now.Sub(start).Round(time.Second), l.Session))
	}
}

func (l *Limits) checkSignal(v *Verdict, f *Facts) {
	s := f.Signal
	if f.Ledger.Decided(s.Decision) {
		v.no(ReasonDecided, "an order of decision "+s.Decision+" was made before")
	}
	for _, o := range f.Ledger.active {
		if o.Intent != nil && o.Intent.Signal.Same(s) {
			v.no(ReasonSame, "the same votes are behind "+o.ID()+", whose contract lives")
			break
		}
	}
	tooOld(v, ReasonSnapshotAge, "the snapshot", s.SnapshotAge, l.MaxSnapshotAge)
	tooOld(v, ReasonVotesAge, "the votes", s.VotesAge, l.MaxVotesAge)
	switch {
	case l.MaxFrozen < 0:
	case s.TrainingAge == nil:
		v.no(ReasonFrozen, "the training steps were not seen to grow")
	default:
		tooOld(v, ReasonFrozen, "the newest training step", *s.TrainingAge, l.MaxFrozen)
	}
	if (l.NeedEvidence || f.Ledger.Account.Mode == Live) && !s.Proven {
		v.no(ReasonEvidence, "no edge is proven: "+lowerBound(s.Edge))
	}
	l.checkPrice(v, f)
}

func lowerBound(edge *float64) string {
	if edge == nil {
		return "there are no outcomes yet"
	}
	return fmt.Sprintf("the lower bound of the mean reward is %.4g, want above 0", *edge)
}

func tooOld(v *Verdict, r Reason, what string, age, most time.Duration) {
	if most >= 0 && (age < 0 || age > most) {
		v.no(r, fmt.Sprintf("%s is %v old, want at most %v", what, age.Round(time.Millisecond), most))
	}
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

func (l *Limits) checkVenue(v *Verdict, f *Facts) {
	if !f.Health.Connected {
		v.no(ReasonConnection, "the venue is not connected")
	}
	if f.Instrument == nil || !f.Instrument.Open {
		v.no(ReasonMarket, "the market is closed")
	}
	if exceeds(f.Health.Lag, l.MaxLag) {
		v.no(ReasonLag, fmt.Sprintf("ticks are %v late, want at most %v", f.Health.Lag, l.MaxLag))
	}
	if exceeds(f.Health.Offset.Abs(), l.scaled(l.MaxOffset, f)) {
		v.no(ReasonClock, fmt.Sprintf("the venue's clock may be off by %v, want at most %v", f.Health.Offset, l.MaxOffset))
	}
	if f.Tick == nil {
		v.no(ReasonNoTick, "no tick of the index has come yet")
		return
	}
	// A stamp of the future is a clock that is wrong.
	tooOld(v, ReasonTickAge, "the newest tick", max(0, f.Now.Sub(f.Tick.At)), l.scaled(l.MaxTickAge, f))
	if early := f.Tick.At.Sub(f.Now); exceeds(early, l.scaled(l.MaxOffset, f)) {
		v.no(ReasonClock, fmt.Sprintf("the newest tick is %v ahead of the clock, want at most %v", early, l.MaxOffset))
	}
}

// scaled is a limit of how quickly this machine hears, in a world that lives faster.
func (l *Limits) scaled(d time.Duration, f *Facts) time.Duration {
	if d < 0 || !(f.Health.Speed > 1) {
		return d
	}
	return max(d, time.Duration(f.Health.Speed*float64(leastWait)))
}

// checkOpen counts what is open, as if this were bought too.
func (l *Limits) checkOpen(v *Verdict, f *Facts) {
	open, asset, side, payout := 1+len(f.Ledger.Foreign), 1, 1, Money(0)
	for i := range f.Ledger.Foreign {
		payout += worth(f.Ledger.Foreign[i].Payout, f.Ledger.Foreign[i].Price)
	}
	for _, o := range f.Ledger.active {
		open++
		payout += worth(o.Payout(), o.Price())
		if o.Asset() == f.Signal.Asset {
			asset++
		}
		if o.Kind().Side() == f.Signal.Side {
			side++
		}
	}
	counts(v, ReasonOpen, "contracts would be open", open, l.MaxOpen)
	counts(v, ReasonOpenAsset, "contracts of the asset would be open", asset, l.MaxOpenAsset)
	counts(v, ReasonOpenSide, "contracts of the side would be open", side, l.MaxOpenSide)
	if f.Quote != nil {
		payout += worth(f.Quote.Payout, f.Quote.Ask)
	}
	if payout > l.MaxOpenPayout {
		v.no(ReasonOpenPayout, fmt.Sprintf("what is open would pay %s, want at most %s", payout, l.MaxOpenPayout))
	}
}

// worth is what a contract may pay; of one that multiplies, for want of a bound, twice
// its price.
func worth(payout, price Money) Money {
	if payout > 0 {
		return payout
	}
	return 2 * price
}

func counts(v *Verdict, r Reason, what string, n, most int) {
	if exceeds(n, most) {
		v.no(r, fmt.Sprintf("%d %s, want at most %d", n, what, most))
	}
}

func (l *Limits) checkRates(v *Verdict, h *history) {
	counts(v, ReasonMinuteRate, "orders in a minute", 1+h.within(time.Minute), l.PerMinute)
	counts(v, ReasonHourRate, "orders in an hour", 1+h.within(time.Hour), l.PerHour)
	counts(v, ReasonDayRate, "orders in a day", 1+h.within(day), l.PerDay)
	if n := h.errors(time.Hour); exceeds(n, l.MaxErrors) {
		v.halt(ReasonErrors, fmt.Sprintf("%d buys in an hour were rejected or had no answer, want at most %d", n, l.MaxErrors))
	}
}

// checkLosses wants that even if all that is open is lost, and this too, no limit is
// exceeded. It halts where one is reached by what was lost already.
func (l *Limits) checkLosses(v *Verdict, f *Facts, h *history) {
	risked := Money(0)
	for _, o := range f.Ledger.active {
		risked += o.Price()
	}
	if f.Quote != nil {
		risked += f.Quote.Ask
	}
	bounded(v, ReasonDailyLoss, "the day's loss", -h.profitSince(midnight(h.now)), risked, l.DailyLoss)
	bounded(v, ReasonRollingLoss, "the loss of 24 hours", -h.profitSince(h.now.Add(-day)), risked, l.RollingLoss)
	fall, highest := f.Ledger.drawdown()
	bounded(v, ReasonDrawdown, "the drawdown", fall, risked, highest.Share(l.MaxDrawdown))
	l.checkStreak(v, h)
}

func bounded(v *Verdict, r Reason, what string, lost, risked, most Money) {
	switch {
	case lost >= most:
		v.halt(r, fmt.Sprintf("%s is %s, want less than %s", what, lost, most))
	case lost+risked > most:
		v.no(r, fmt.Sprintf("%s is %s, and with what is at stake it may be %s, want at most %s", what, max(0, lost), lost+risked, most))
	}
}

func (l *Limits) checkStreak(v *Verdict, h *history) {
	if l.LossStreak <= 0 {
		return
	}
	until, cooled := h.coolDowns(l.LossStreak, l.CoolDown)
	if h.now.Before(until) {
		v.no(ReasonCoolDown, fmt.Sprintf("%d losses in a row: nothing is bought until %s", l.LossStreak, until.UTC().Format(time.DateTime)))
	}
	if l.MaxCoolDowns >= 0 && cooled > l.MaxCoolDowns {
		v.halt(ReasonCoolDowns, fmt.Sprintf("%d cool-downs in 24 hours, want at most %d", cooled, l.MaxCoolDowns))
	}
}

func (l *Limits) checkQuote(v *Verdict, f *Facts, h *history) {
	q := f.Quote
	if q == nil {
		return
	}
	tooOld(v, ReasonQuoteAge, "the quote", max(0, f.Now.Sub(q.At)), l.scaled(l.MaxQuoteAge, f))
	if q.Ask <= 0 || q.Payout < 0 || q.Commission < 0 || math.IsNaN(q.Spot) {
		v.no(ReasonNumber, fmt.Sprintf("the quote asks %s and pays %s, want amounts above 0", q.Ask, q.Payout))
		return
	}
	if q.Ask > l.MaxStake {
		v.no(ReasonStake, fmt.Sprintf("the stake is %s, want at most %s", q.Ask, l.MaxStake))
	}
	if most := f.Ledger.Balance().Share(l.MaxStakeShare); q.Ask > most {
		v.no(ReasonShare, fmt.Sprintf("the stake is %s, want at most %s, which is %.3g %% of the balance", q.Ask, most, 100*l.MaxStakeShare))
	}
	if f.Instrument != nil && q.Ask < f.Instrument.MinStake {
		v.no(ReasonMinStake, fmt.Sprintf("the stake is %s, want at least %s", q.Ask, f.Instrument.MinStake))
	}
	if last := h.lastLoss(); last > 0 && q.Ask > last && !l.AllowIncrease {
		v.no(ReasonIncrease, fmt.Sprintf("the stake is %s after a loss of %s, want no more", q.Ask, last))
	}
	l.checkOdds(v, q)
}

// checkOdds wants that the house takes no more than it usually does.
func (l *Limits) checkOdds(v *Verdict, q *Quote) {
	cost := q.Commission.Float() / q.Ask.Float()
	if q.Kind.Multiplies() {
		if q.StopLoss <= 0 || q.TakeProfit <= 0 {
			v.no(ReasonStops, "a contract that multiplies has no stop loss or no take profit at the venue, want both")
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

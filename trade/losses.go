package trade

import "fmt"

// checkLosses wants that even if all that is open is lost, and this too, no limit is
// exceeded.
func (l *Limits) checkLosses(v *Verdict, f *Facts) {
	h, stake := &f.Ledger.past, Money(0)
	if f.Quote != nil {
		stake = f.Quote.Ask
	}
	bounded := func(r Reason, what string, lost, most Money) {
		bound(v, r, what, lost, f.Ledger.atStake(), stake, most)
	}
	bounded(ReasonDailyLoss, "the day's loss", -h.profitSince(midnight(f.Now)), l.DailyLoss)
	bounded(ReasonRollingLoss, "the loss of 24 hours", -h.profitSince(f.Now.Add(-day)), l.RollingLoss)
	if fall, highest := f.Ledger.drawdown(); highest > 0 {
		bounded(ReasonDrawdown, "the drawdown", fall, highest.Share(l.MaxDrawdown))
	} else {
		v.no(ReasonDrawdown, "the account is worth nothing")
	}
	l.checkStreak(v, f)
}

// atStake is what all that is open has cost, or may have.
func (l *Ledger) atStake() (sum Money) {
	for _, o := range l.active {
		sum = plus(sum, o.Price())
	}
	return sum
}

// bound says no where a loss may exceed its limit if what is open and the stake are
// lost too. It halts where the limit is as good as reached: nothing is left, or less
// than a tenth and that is less than the stake.
func bound(v *Verdict, r Reason, what string, lost, open, stake, most Money) {
	left, may := most-lost, plus(lost, plus(open, stake))
	switch {
	case left <= 0, left < most/10 && left < stake:
		v.halt(r, fmt.Sprintf("%s is %s, and the stake %s, want at most %s", what, lost, stake, most))
	case may > most:
		v.no(r, fmt.Sprintf("%s is %s, and with what is at stake it may be %s, want at most %s", what, max(0, lost), may, most))
	}
}

func (l *Limits) checkStreak(v *Verdict, f *Facts) {
	if l.LossStreak <= 0 {
		return
	}
	until, cooled := f.Ledger.past.coolDowns(l.LossStreak, l.CoolDown, f.Now.Add(-day))
	if f.Now.Before(until) {
		v.no(ReasonCoolDown, fmt.Sprintf("%d losses in a row: nothing is bought until %s", l.LossStreak, stamp(until)))
	}
	if exceeds(cooled, l.MaxCoolDowns) {
		v.halt(ReasonCoolDowns, fmt.Sprintf("%d cool-downs in 24 hours, want at most %d", cooled, l.MaxCoolDowns))
	}
}

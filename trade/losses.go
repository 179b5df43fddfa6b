package trade

import "fmt"

// checkLosses wants that even if all that is open is lost, and this too, no limit is
// exceeded. It halts where one is reached by what was lost already.
func (l *Limits) checkLosses(v *Verdict, f *Facts) {
	h, risked := &f.Ledger.past, Money(0)
	for _, o := range f.Ledger.active {
		risked = plus(risked, o.Price())
	}
	if f.Quote != nil {
		risked = plus(risked, f.Quote.Ask)
	}
	bounded(v, ReasonDailyLoss, "the day's loss", -h.profitSince(midnight(f.Now)), risked, l.DailyLoss)
	bounded(v, ReasonRollingLoss, "the loss of 24 hours", -h.profitSince(f.Now.Add(-day)), risked, l.RollingLoss)
	if fall, highest := f.Ledger.drawdown(); highest > 0 {
		bounded(v, ReasonDrawdown, "the drawdown", fall, risked, highest.Share(l.MaxDrawdown))
	} else {
		v.no(ReasonDrawdown, "the account is worth nothing")
	}
	l.checkStreak(v, f)
}

func bounded(v *Verdict, r Reason, what string, lost, risked, most Money) {
	switch {
	case lost >= most:
		v.halt(r, fmt.Sprintf("%s is %s, want less than %s", what, lost, most))
	case plus(lost, risked) > most:
		v.no(r, fmt.Sprintf("%s is %s, and with what is at stake it may be %s, want at most %s", what, max(0, lost), plus(lost, risked), most))
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

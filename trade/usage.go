package trade

import "time"

// Usage is how much of what can be limited is used.
type Usage struct {
	// Open are our contracts and orders that nobody knows of, Foreign those of others,
	// OpenPayout what all of them may pay.
	Open, Foreign int
	OpenPayout    Money
	// Minute, Hour and Day are the orders of such a time.
	Minute, Hour, Day int
	// DailyLoss and RollingLoss are what was lost in the day, in UTC, and in 24 hours:
	// below 0 for a gain.
	DailyLoss, RollingLoss Money
	// Drawdown is the fall from the highest as a share of it, 0 to 1.
	Drawdown float64
}

// Usage counts from a time of the broker's clock.
func (l *Ledger) Usage(now time.Time) Usage {
	h := l.history(now)
	u := Usage{
		Open: len(l.active), Foreign: len(l.Foreign), Minute: h.within(time.Minute), Hour: h.within(time.Hour), Day: h.within(day),
		DailyLoss: -h.profitSince(midnight(h.now)), RollingLoss: -h.profitSince(h.now.Add(-day)),
	}
	for i := range l.Foreign {
		u.OpenPayout += worth(l.Foreign[i].Payout, l.Foreign[i].Price)
	}
	for _, o := range l.active {
		u.OpenPayout += worth(o.Payout(), o.Price())
	}
	if fall, highest := l.drawdown(); highest > 0 {
		u.Drawdown = fall.Float() / highest.Float()
	}
	return u
}

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
	// LossesInARow counts from the newest gain on, as the limit of them does.
	LossesInARow int
}

// Usage counts from a time of the broker's clock.
func (l *Ledger) Usage(now time.Time) Usage {
	h := &l.past
	u := Usage{
		Open: len(l.active), Foreign: len(l.Foreign), OpenPayout: exposed(&Facts{Ledger: l, Signal: new(Signal)}).payout,
		Minute: after(h.planned, now.Add(-time.Minute)), Hour: after(h.planned, now.Add(-time.Hour)), Day: after(h.planned, now.Add(-day)),
		DailyLoss: -h.profitSince(midnight(now)), RollingLoss: -h.profitSince(now.Add(-day)),
		LossesInARow: h.row,
	}
	if fall, highest := l.drawdown(); highest > 0 {
		u.Drawdown = fall.Float() / highest.Float()
	}
	return u
}

package trade

import "time"

const day = 24 * time.Hour

// history is what happened until a moment, as the gate looks at it. Its time never goes
// back, whatever the broker's clock does: a loss is not forgotten by setting it.
type history struct {
	now    time.Time
	ledger *Ledger
}

// end is the end of an order, by a time that never goes back.
type end struct {
	at     time.Time
	profit Money
	price  Money
}

// history looks back from a time of the broker's clock, or from the latest that was
// ever seen.
func (l *Ledger) history(now time.Time) *history {
	if l.latest.After(now) {
		now = l.latest
	}
	return &history{now, l}
}

// saw takes note of the latest time that an entry had.
func (l *Ledger) saw(at time.Time) time.Time {
	if at.After(l.latest) {
		l.latest = at
	}
	return l.latest
}

// within counts the intents of the time before now.
func (h *history) within(d time.Duration) (n int) {
	from := h.now.Add(-d)
	for i := len(h.ledger.orders) - 1; i >= 0 && h.ledger.orders[i].first.After(from); i-- {
		if h.ledger.orders[i].Intent != nil {
			n++
		}
	}
	return n
}

// errors counts the intents of the time before now that were rejected or had no answer,
// since a person last resumed.
func (h *history) errors(d time.Duration) (n int) {
	from := later(h.now.Add(-d), h.ledger.resumed)
	for i := len(h.ledger.orders) - 1; i >= 0 && h.ledger.orders[i].first.After(from); i-- {
		if h.ledger.orders[i].failed {
			n++
		}
	}
	return n
}

// profitSince adds up what ended since a moment, or since a person last resumed: who
// resumes after a loss has accepted it.
func (h *history) profitSince(from time.Time) (sum Money) {
	from = later(from, h.ledger.resumed)
	for i := len(h.ledger.ends) - 1; i >= 0 && !h.ledger.ends[i].at.Before(from); i-- {
		sum += h.ledger.ends[i].profit
	}
	return sum
}

// coolDowns goes through the ends of the last day: after so many losses in a row nothing
// is bought for a while, and then the row begins anew. It returns until when the last
// one lasts, and how many there were.
func (h *history) coolDowns(streak int, long time.Duration) (until time.Time, n int) {
	ends, from := h.ledger.ends, later(h.now.Add(-day), h.ledger.resumed)
	first := len(ends)
	for first > 0 && !ends[first-1].at.Before(from) {
		first--
	}
	row := 0
	for _, e := range ends[first:] {
		if e.profit >= 0 {
			row = 0
		} else if row++; row == streak {
			until, row, n = e.at.Add(long), 0, n+1
		}
	}
	return until, n
}

// lastLoss is what the order that ended last cost, if it was lost; else 0.
func (h *history) lastLoss() Money {
	ends := h.ledger.ends
	if len(ends) == 0 || ends[len(ends)-1].profit >= 0 {
		return 0
	}
	return ends[len(ends)-1].price
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// midnight is when the day of a moment began, in UTC.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

// ended takes note of the end of an order.
func (l *Ledger) ended(o *Order, at time.Time) {
	l.ends = append(l.ends, end{at, o.Profit(), o.Price()})
	l.profit += o.Profit()
	l.highest = max(l.highest, l.profit)
}

// drawdown is how far what was earned has fallen from its highest since a person last
// resumed, and what the account was worth then.
func (l *Ledger) drawdown() (fall, highest Money) {
	return l.highest - l.profit, l.Opening + l.Adjusted + l.highest
}

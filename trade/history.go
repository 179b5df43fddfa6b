package trade

import (
	"sort"
	"time"
)

const day = 24 * time.Hour

// history is what the gate looks back at. Every list ascends and is searched by halves,
// so that a decision costs as much after a year as on the first day.
//
// A clock may be wrong, and nothing is to be forgotten because of it: what happens is
// entered no earlier than what happened before, and looked back at from the time that
// the clock shows now. So one that goes back makes each window longer, and what it said
// while it was ahead of the time counts until the time is there.
type history struct {
	latest  time.Time   // that an entry had since a person last resumed
	planned []time.Time // of each intent
	failed  []time.Time // when an intent was rejected, or nobody knew
	ends    []end
	profit  Money
	// highest is that of profit since losses were last accepted, accepted how many
	// ends there were then, forgiven how many failures when those were.
	highest            Money
	accepted, forgiven int
	// row is how many losses there were in a row, rows when one became 1, 2 … long,
	// since losses were accepted. lost is the price of the newest loss that no gain
	// came after.
	row  int
	rows [][]time.Time
	lost Money
	// assets is how the Rises and Falls of each asset ended.
	assets map[string]*tally
}

// end is the end of an order, and the profit of all up to it.
type end struct {
	at     time.Time
	profit Money
}

// tally counts contracts that were won or lost, and what they cost and would have paid.
type tally struct {
	n, won        int
	price, payout Money
}

// saw takes note of the time of an entry, and returns the latest of all.
func (h *history) saw(at time.Time) time.Time {
	h.latest = later(h.latest, at)
	return h.latest
}

// ended takes note of the end of an order.
func (h *history) ended(o *Order, at time.Time) {
	at = h.saw(at)
	h.profit += o.Profit()
	h.ends = append(h.ends, end{at, h.profit})
	h.highest = max(h.highest, h.profit)
	switch {
	case o.Profit() > 0:
		h.row, h.lost = 0, 0
	case o.Profit() < 0: // what was given back neither begins a row nor ends one
		if h.row++; h.row > len(h.rows) {
			h.rows = append(h.rows, nil)
		}
		h.rows[h.row-1] = append(h.rows[h.row-1], at)
		h.lost = o.Price()
	}
	h.count(o)
}

// count takes note of how a Rise or Fall ended.
func (h *history) count(o *Order) {
	result := o.Settlement.Result
	if o.Intent == nil || o.Kind().Multiplies() || result != Won && result != Lost {
		return
	}
	if h.assets == nil {
		h.assets = make(map[string]*tally)
	}
	t := h.assets[o.Asset()]
	if t == nil {
		t = new(tally)
		h.assets[o.Asset()] = t
	}
	t.n++
	if result == Won {
		t.won++
	}
	t.price, t.payout = t.price+o.Price(), t.payout+o.Payout()
}

// resumed takes note of a person who resumed after a halt. Who does so after a limit of
// losses was reached has accepted them, and they count no more; who does so after
// anything else has not. The person has seen the clock, too: what it said while it was
// ahead was said now.
func (h *history) resumed(after Reason, at time.Time) {
	switch after {
	case ReasonDailyLoss, ReasonRollingLoss, ReasonDrawdown, ReasonCoolDowns:
		h.accepted, h.highest, h.row, h.rows = len(h.ends), h.profit, 0, nil
	case ReasonErrors:
		h.forgiven = len(h.failed)
	}
	h.latest = at
	capped(h.planned, at)
	capped(h.failed, at)
	for _, times := range h.rows {
		capped(times, at)
	}
	for i := len(h.ends) - 1; i >= 0 && h.ends[i].at.After(at); i-- {
		h.ends[i].at = at
	}
}

// capped makes times that ascend none later than a moment.
func capped(times []time.Time, at time.Time) {
	for i := len(times) - 1; i >= 0 && times[i].After(at); i-- {
		times[i] = at
	}
}

// after counts those of times that ascend that are after a moment.
func after(times []time.Time, from time.Time) int {
	return len(times) - sort.Search(len(times), func(i int) bool { return times[i].After(from) })
}

// profitSince adds up what ended since a moment.
func (h *history) profitSince(from time.Time) Money {
	ends := h.ends[h.accepted:]
	first := h.accepted + sort.Search(len(ends), func(i int) bool { return !ends[i].at.Before(from) })
	if first == 0 {
		return h.profit
	}
	return h.profit - h.ends[first-1].profit
}

// errors counts the intents since a moment that were rejected or had no answer.
func (h *history) errors(from time.Time) int { return after(h.failed[h.forgiven:], from) }

// coolDowns returns until when nothing is bought after the newest row of so many
// losses, and how many such rows there were since a moment. A row that goes on counts
// anew each time it has so many more.
func (h *history) coolDowns(streak int, long time.Duration, from time.Time) (until time.Time, n int) {
	for length := streak; length <= len(h.rows); length += streak {
		times := h.rows[length-1]
		until = later(until, times[len(times)-1].Add(long))
		n += after(times, from)
	}
	return until, n
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// midnight is when the day of a moment began, in UTC.
func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

// drawdown is how far what was earned has fallen from its highest, and what the account
// was worth then.
func (l *Ledger) drawdown() (fall, highest Money) {
	h := &l.past
	return h.highest - h.profit, l.Opening + l.Adjusted + h.highest
}

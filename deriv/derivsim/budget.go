package derivsim

import "github.com/karlquant/quasar/deriv"

// window allows so many calls in any span of so many nanoseconds. It remembers
// when its last calls were.
type window struct {
	most int
	span int64
}

// budget is windows over one row of calls.
type budget struct {
	windows []window
	calls   []int64 // a ring of the moments of the last calls, grown as needed
	next    int
	longest int
}

func newBudget(windows ...window) *budget {
	b := &budget{windows: windows}
	for _, w := range windows {
		b.longest = max(b.longest, w.most)
	}
	return b
}

// back returns the moment of the n-th last call.
func (b *budget) back(n int) (int64, bool) {
	if n > len(b.calls) {
		return 0, false
	}
	return b.calls[(b.next-n+len(b.calls))%len(b.calls)], true
}

// take counts a call if it is allowed. One that is refused does not count.
func (b *budget) take(now int64) bool {
	for _, w := range b.windows {
		if at, ok := b.back(w.most); ok && now-at < w.span {
			return false
		}
	}
	if len(b.calls) < b.longest {
		b.calls = append(b.calls, now)
		b.next = 0
		return true
	}
	b.calls[b.next] = now
	b.next = (b.next + 1) % len(b.calls)
	return true
}

const (
	minute = 60 * second
	hour   = 60 * minute
)

func perMinuteAndHour(b deriv.Budget, minutely, hourly int) []window {
	if b.PerMinute > 0 {
		minutely = b.PerMinute
	}
	if b.PerHour > 0 {
		hourly = b.PerHour
	}
	return []window{{minutely, minute}, {hourly, hour}}
}

func restBudget(b *deriv.Budgets) (minuteAndHour window, hourly window) {
	w := perMinuteAndHour(b.REST, 60, 3000)
	return w[0], w[1]
}

// ledgerBudget is the rows that an account, or a public connection, shares.
type ledgerBudget struct{ trading, money, tables, other *budget }

func newLedgerBudget(b *deriv.Budgets) *ledgerBudget {
	return &ledgerBudget{
		trading: newBudget(perMinuteAndHour(b.Trading, 360, 14_400)...),
		money:   newBudget(perMinuteAndHour(b.Money, 100, 2_000)...),
		tables:  newBudget(perMinuteAndHour(b.Tables, 30, 1_500)...),
		other:   newBudget(perMinuteAndHour(b.Other, 220, 14_400)...),
	}
}

func (l *ledgerBudget) row(call string) *budget {
	switch call {
	case "proposal", "proposal_open_contract", "buy", "sell":
		return l.trading
	case "balance", "statement":
		return l.money
	case "portfolio", "profit_table":
		return l.tables
	}
	return l.other
}

package deriv

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Budget is how many calls of a row the venue allows; 0 is its default. What is
// sent never exceeds it in any minute or hour, wherever these begin.
type Budget struct {
	PerMinute, PerHour int
}

// Budgets are those of the venue's rows. What an account may do counts over all
// its connections: two clients of one account share it.
type Budgets struct {
	// Trading is shared by proposal, proposal_open_contract, buy and sell:
	// 360 a minute, 14,400 an hour. A fifth of it is kept from quotes and reads,
	// for buys, sells and reads by WithPriority.
	Trading Budget
	// Money is shared by balance and statement: 100 and 2,000.
	Money Budget
	// Tables is shared by portfolio and profit_table: 30 and 1,500.
	Tables Budget
	// Other is shared by all other calls: 220 and 14,400.
	Other Budget
	// REST is for accounts and one-time URLs: 60 a minute, 3,000 an hour.
	REST Budget
}

type row int

const (
	rowTrading row = iota
	rowMoney
	rowTables
	rowOther
	rowREST
	rows
)

var rowNames = [rows]string{"trading", "balance and statement", "portfolio and profit table", "other calls", "REST"}

// rowOf returns the row of a call. Pings have a limit of their own, ten a
// second, that one in 25 s does not come near.
func rowOf(call string) row {
	switch call {
	case "proposal", "proposal_open_contract", "buy", "sell":
		return rowTrading
	case "balance", "statement":
		return rowMoney
	case "portfolio", "profit_table":
		return rowTables
	}
	return rowOther
}

func (b *Budgets) withDefaults() [rows]Budget {
	list := [rows]Budget{b.Trading, b.Money, b.Tables, b.Other, b.REST}
	for i, d := range [rows]Budget{{360, 14400}, {100, 2000}, {30, 1500}, {220, 14400}, {60, 3000}} {
		if list[i].PerMinute == 0 {
			list[i].PerMinute = d.PerMinute
		}
		if list[i].PerHour == 0 {
			list[i].PerHour = d.PerHour
		}
	}
	return list
}

func (b *Budgets) check() error {
	for i, budget := range [rows]Budget{b.Trading, b.Money, b.Tables, b.Other, b.REST} {
		if budget.PerMinute < 0 || budget.PerHour < 0 {
			return fmt.Errorf("budget of %s: got %d a minute and %d an hour, want none below 0", rowNames[i], budget.PerMinute, budget.PerHour)
		}
	}
	return nil
}

// limiter keeps the rows' budgets. Time in it passes as fast as the venue's.
type limiter struct {
	speed func() float64

	mu      sync.Mutex // guards buckets
	buckets [rows]bucket
}

// bucket is a token bucket. It holds a quarter of the minute's budget, and fills
// so slowly that what it holds and what it gains stay within the minute's and
// the hour's, wherever one begins.
type bucket struct {
	capacity, rate float64 // tokens, tokens a second
	tokens         float64
	factor         float64 // of the rate, below 1 after the venue said to send less
	at             time.Time
}

func newLimiter(b *Budgets, speed func() float64) *limiter {
	l := &limiter{speed: speed}
	now := time.Now()
	for i, budget := range b.withDefaults() {
		minute, hour := float64(budget.PerMinute), float64(budget.PerHour)
		capacity := max(1, min(minute, hour)/4)
		l.buckets[i] = bucket{
			capacity: capacity, tokens: capacity, factor: 1, at: now,
			rate: max(min((minute-capacity)/60, (hour-capacity)/3600), 1.0/3600),
		}
	}
	return l
}

// priority is who may take how much of a row.
type priority int

const (
	ordinary priority = iota
	reading           // a read that the state of trades hangs on
	trading           // a buy or a sell
)

// reserve is the part of a full trading row that is left to those before one.
func (p priority) reserve(r row) float64 {
	if r != rowTrading {
		return 0
	}
	return [...]float64{0.2, 0.05, 0}[p]
}

// wait takes a token as soon as there is one. It fails without waiting if ctx
// ends before that.
func (l *limiter) wait(ctx context.Context, r row, p priority) error {
	for {
		d := l.take(r, p)
		if d == 0 {
			return ctx.Err()
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
			return fmt.Errorf("%w: %s", ErrBudget, rowNames[r])
		}
		if !sleep(ctx, d) {
			return cause(ctx)
		}
	}
}

// take takes a token, or says how long to wait before the next attempt.
func (l *limiter) take(r row, p priority) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, speed := &l.buckets[r], l.speed()
	b.fill(time.Now(), speed)
	want := 1 + p.reserve(r)*b.capacity
	if b.tokens >= want {
		b.tokens--
		return 0
	}
	d := (want - b.tokens) / (b.rate * b.factor * speed)
	return max(time.Duration(d*float64(time.Second)), time.Microsecond)
}

func (b *bucket) fill(now time.Time, speed float64) {
	seconds := now.Sub(b.at).Seconds() * speed
	b.at = now
	b.tokens = min(b.capacity, b.tokens+seconds*b.rate*b.factor)
	b.factor = min(1, b.factor+seconds/recovery)
}

// recovery is how many seconds of the venue's it takes until a row that was
// shut down is back at its full rate.
const recovery = 600

// shrink is for a row of which the venue said that it was too much.
func (l *limiter) shrink(r row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.buckets[r]
	b.fill(time.Now(), l.speed())
	b.tokens = 0
	b.factor = max(b.factor/2, 0.1)
}

// sleep waits, and says whether it did to the end: not if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type priorityKey struct{}

// WithPriority marks reads on which the state of trades hangs, such as those of
// a reconciliation: they may use most of what is kept for buys and sells.
func WithPriority(ctx context.Context) context.Context {
	return context.WithValue(ctx, priorityKey{}, reading)
}

func priorityOf(ctx context.Context, call string) priority {
	if call == "buy" || call == "sell" {
		return trading
	}
	p, _ := ctx.Value(priorityKey{}).(priority)
	return p
}

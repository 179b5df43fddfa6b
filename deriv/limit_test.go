package deriv

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// sends counts how many calls a caller that never rests gets through, by the
// second.
func sends(t *testing.T, l *limiter, r row, p priority, seconds int) []int {
	t.Helper()
	counts := make([]int, seconds)
	begun := time.Now()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		err := l.wait(ctx, r, p)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		second := int(time.Since(begun) / time.Second)
		if second >= seconds {
			return counts
		}
		counts[second]++
	}
}

func most(counts []int, window int) int {
	sum, largest := 0, 0
	for i, n := range counts {
		sum += n
		if i >= window {
			sum -= counts[i-window]
		}
		largest = max(largest, sum)
	}
	return largest
}

// Whether the venue counts fixed or sliding minutes and hours is not known, so
// no window of either may have more.
func TestNoMinuteAndNoHourHasMoreThanItsBudget(t *testing.T) {
	for r, budget := range (&Budgets{}).withDefaults() {
		t.Run(rowNames[r], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				counts := sends(t, newLimiter(&Budgets{}, func() float64 { return 1 }), row(r), trading, 4500)
				if got := most(counts, 60); got > budget.PerMinute {
					t.Errorf("got %d in a minute, want at most %d", got, budget.PerMinute)
				}
				got := most(counts, 3600)
				if got > budget.PerHour {
					t.Errorf("got %d in an hour, want at most %d", got, budget.PerHour)
				}
				if floor := min(budget.PerHour, 60*budget.PerMinute) * 6 / 10; got < floor {
					t.Errorf("got %d in an hour, want at least %d: a budget is there to be used", got, floor)
				}
			})
		})
	}
}

func TestBuysComeBeforeQuotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&Budgets{}, func() float64 { return 1 })
		for l.take(rowTrading, ordinary) == 0 { // until quotes may take no more
		}
		n := 0
		for l.take(rowTrading, trading) == 0 {
			n++
		}
		if n != 18 {
			t.Errorf("%d buys went at once after quotes had used theirs, want a fifth of 90", n)
		}
		if l.take(rowTrading, reading) == 0 {
			t.Error("a read went where nothing was left")
		}
	})
}

func TestARowThatTheVenueRefusesIsSlowerForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&Budgets{}, func() float64 { return 1 })
		l.shrink(rowTrading)
		l.shrink(rowTrading)
		slow := most(sends(t, l, rowTrading, trading, 60), 60)
		time.Sleep(20 * time.Minute)
		full := most(sends(t, l, rowTrading, trading, 60), 60)
		if slow > 100 || full < 200 {
			t.Errorf("got %d in the minute after and %d later, want few and then many", slow, full)
		}
		if l.take(rowTables, ordinary) != 0 {
			t.Error("another row was shut as well")
		}
	})
}

func TestACallThatWouldWaitTooLongFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&Budgets{}, func() float64 { return 1 })
		for l.take(rowTables, ordinary) == 0 { // empties the row
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := l.wait(ctx, rowTables, ordinary); !errors.Is(err, ErrBudget) || time.Since(begun) != 0 {
			t.Errorf("got %v after %v, want ErrBudget at once", err, time.Since(begun))
		}
	})
}

// A fast simulator counts its own minutes.
func TestBudgetsPassAsFastAsTheVenuesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&Budgets{}, func() float64 { return 1000 })
		if got := most(sends(t, l, rowTrading, trading, 4), 4); got < 15000 || got > 17000 {
			t.Errorf("got %d in four seconds of ours, want about an hour's", got)
		}
	})
}

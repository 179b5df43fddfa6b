package paper

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/karlquant/quasar/trade"
)

// Feed is a market that tells all its ticks.
type Feed interface {
	// Watch has the ticks of a symbol told.
	Watch(symbol string)
	// History returns the ticks after one moment up to another and with it, the oldest
	// first.
	History(ctx context.Context, symbol string, after, to time.Time) ([]trade.Tick, error)
	// Run listens until ctx ends. It tells of connections, and of the ticks of each
	// symbol in order; one is not whole if some before it may be missing.
	Run(ctx context.Context, tell func(trade.Event), tick func(symbol string, t trade.Tick, whole bool)) error
}

// Options says what an account is like. Nil is fine, and so is every zero.
type Options struct {
	// Feed tells the ticks of the market while Run runs, and what was missed. Nil is
	// for a market that is played: whoever plays it calls Hear.
	Feed Feed
	// Venue is what the account says of where it is: "simulator", "recording".
	Venue string
	// Currency is "USD" if empty, Opening what the account begins with, 0 for 10,000.
	Currency string
	Opening  trade.Money
	// Latency is how long a buy or a sell takes to arrive, 0 for a second, below 0 for
	// no time.
	Latency time.Duration
	// Rejected is the share of buys that are refused for no reason, 0 for one in a
	// hundred, below 0 for none; Seed fixes which.
	Rejected float64
	Seed     uint64
	// MaxMove is by how much of itself the price may have moved since the quote, 0 for
	// 0.0005, below 0 for as much as it likes. Beyond that a buy is refused.
	MaxMove float64
	// QuoteLife is how old a quote may be, 0 for 15 s.
	QuoteLife time.Duration
}

func (o *Options) filled() (Options, error) {
	var f Options
	if o != nil {
		f = *o
	}
	if f.Currency == "" {
		f.Currency = "USD"
	}
	if f.Opening == 0 {
		f.Opening = 10_000 * trade.Unit
	}
	f.Latency = orDefault(f.Latency, time.Second)
	f.Rejected = orDefault(f.Rejected, 0.01)
	f.MaxMove = orDefault(f.MaxMove, 0.0005)
	f.QuoteLife = orDefault(f.QuoteLife, 15*time.Second)
	switch {
	case f.Opening < 0:
		return f, fmt.Errorf("paper: opening balance: got %s, want 0 or more", f.Opening)
	case !(f.Rejected <= 1):
		return f, fmt.Errorf("paper: rejected: got %v, want a share up to 1", f.Rejected)
	case math.IsNaN(f.MaxMove):
		return f, errors.New("paper: max move: got NaN, want a share")
	}
	return f, nil
}

// orDefault is def for 0; what is below 0 says none and stays.
func orDefault[T time.Duration | float64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

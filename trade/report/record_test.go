package report_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/karlquant/quasar/trade"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// payout is what the venue pays for a stake of 1.
const payout = trade.Money(195_400_000)

// sooner is how often chance is tried: seldom, or often if QUASAR_LONG says so.
func sooner(few, many int) int {
	if os.Getenv("QUASAR_LONG") != "" {
		return many
	}
	return few
}

// flip is a contract that is won with some chance, the n-th of a record.
func flip(n int, asset string, chance float64, random *rand.Rand) *trade.Order {
	kind := trade.Rise
	if random.IntN(2) == 0 {
		kind = trade.Fall
	}
	return ended(n, asset, kind, trade.Unit, payout, random.Float64() < chance)
}

// ended is a contract of ten seconds that was won or lost, the n-th, one a minute.
func ended(n int, asset string, kind trade.Kind, price, payout trade.Money, won bool) *trade.Order {
	o := begun(n, asset, kind, price, payout)
	if won {
		return settle(o, trade.Won, payout)
	}
	return settle(o, trade.Lost, 0)
}

// begun is an open contract.
func begun(n int, asset string, kind trade.Kind, price, payout trade.Money) *trade.Order {
	at := epoch.Add(time.Duration(n) * time.Minute)
	return &trade.Order{
		Intent: &trade.Intent{
			ID: fmt.Sprint("i", n), Most: price,
			Signal: trade.Signal{Decision: fmt.Sprint("d", n), Asset: asset, Side: kind.Side(), Policy: "ucb", At: at},
			Quote:  trade.Quote{Terms: trade.Terms{Symbol: "R_" + asset, Kind: kind, Stake: price}, Ask: price, Payout: payout},
		},
		State: trade.StateOpen, Sent: at, Changed: at,
		Receipt: &trade.Receipt{Contract: int64(n + 1), Price: price, Payout: payout, Purchased: at},
	}
}

// settle ends a contract ten seconds after it was bought.
func settle(o *trade.Order, result trade.Result, brought trade.Money) *trade.Order {
	o.State, o.Changed = trade.StateSettled, o.Sent.Add(10*time.Second)
	o.Settlement = &trade.Settlement{Result: result, Brought: brought, At: o.Changed}
	return o
}

// record is contracts on one asset at a stake of 1, of which some are won: w of each n,
// the first of them first.
func record(won, n int) []*trade.Order {
	orders := make([]*trade.Order, n)
	for i := range orders {
		orders[i] = ended(i, "V75", trade.Rise, trade.Unit, payout, i < won)
	}
	return orders
}

// multiplied is a contract that multiplies and brought something, with a stop loss of a
// half of its price and a take profit of all of it.
func multiplied(n int, price, profit, commission trade.Money) *trade.Order {
	o := begun(n, "CRASH500", trade.MultiUp, price, 0)
	o.Intent.Quote.StopLoss, o.Intent.Quote.TakeProfit, o.Intent.Quote.Commission = price/2, price, commission
	return settle(o, trade.Sold, price+profit)
}

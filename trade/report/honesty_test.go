package report_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// flip is a settled contract that was won with some chance, the n-th of a record.
func flip(n int, asset string, price, payout trade.Money, chance float64, random *rand.Rand) *trade.Order {
	kind := trade.Rise
	if random.IntN(2) == 0 {
		kind = trade.Fall
	}
	return ended(n, asset, kind, price, payout, random.Float64() < chance)
}

// ended is a contract of ten seconds that was won or lost, the n-th, one a minute.
func ended(n int, asset string, kind trade.Kind, price, payout trade.Money, won bool) *trade.Order {
	at := epoch.Add(time.Duration(n) * time.Minute)
	s := &trade.Settlement{Result: trade.Lost, At: at.Add(10 * time.Second)}
	if won {
		s.Result, s.Brought = trade.Won, payout
	}
	return &trade.Order{
		Intent: &trade.Intent{
			ID:     fmt.Sprint("i", n),
			Signal: trade.Signal{Decision: fmt.Sprint("d", n), Asset: asset, Side: kind.Side(), At: at},
			Quote:  trade.Quote{Terms: trade.Terms{Symbol: "R_" + asset, Kind: kind, Stake: price}, Ask: price, Payout: payout},
			Most:   price,
		},
		State: trade.StateSettled, Sent: at, Changed: s.At,
		Receipt:    &trade.Receipt{Contract: int64(n + 1), Price: price, Payout: payout, Purchased: at},
		Settlement: s,
	}
}

// A market without an edge is not claimed to have one.
func TestFlipsProveNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var orders []*trade.Order
	for i := range 300 {
		orders = append(orders, flip(i, []string{"A", "B", "C"}[i%3], trade.Unit, trade.Cents(195), 0.5, random))
	}
	r := report.Make(orders, nil)
	if r.Verdict.Finding != report.Chance || r.Correction.Tests != 6 || r.Total.Expectancy.Counted != 300 {
		t.Errorf("got %+v, %+v, want chance, of 6 rows", r.Verdict, r.Correction)
	}
}

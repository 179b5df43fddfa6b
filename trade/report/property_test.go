package report_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

// anOrder is any order that a ledger can hold, also one that no venue would make.
func anOrder(t *rapid.T, n int) *trade.Order {
	kind := rapid.SampledFrom([]trade.Kind{trade.Rise, trade.Fall, trade.MultiUp, trade.MultiDown}).Draw(t, "kind")
	price := trade.Money(rapid.Int64Range(0, 1e12).Draw(t, "price"))
	payout := trade.Money(rapid.Int64Range(0, 1e12).Draw(t, "payout"))
	o := begun(n, rapid.SampledFrom(assets).Draw(t, "asset"), kind, price, payout)
	o.Intent.Signal.At = o.Intent.Signal.At.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "clock")) * time.Minute)
	o.Intent.Quote.TakeProfit = trade.Money(rapid.Int64Range(0, 1e12).Draw(t, "take"))
	o.Intent.Quote.Commission = trade.Money(rapid.Int64Range(0, 1e10).Draw(t, "commission"))
	switch o.State = rapid.SampledFrom(append(trade.States, trade.StateSettled, trade.StateSettled)).Draw(t, "state"); o.State {
	case trade.StateSettled:
		result := rapid.SampledFrom([]trade.Result{trade.Won, trade.Lost, trade.Sold, trade.Cancelled, "strange"}).Draw(t, "result")
		settle(o, result, trade.Money(rapid.Int64Range(-1e9, 1e12).Draw(t, "brought")))
	case trade.StateOpen:
	case trade.StateOrphan:
		o.Orphan, o.Intent, o.Receipt = &trade.Contract{ID: int64(n + 1), Kind: kind, Price: price}, nil, nil
	default:
		o.Receipt = nil
	}
	return o
}

// Whatever the orders are, the report can be written as JSON, which has no number that
// is none, counts each of them once, and has the same orders in the rows of each kind.
func TestAnyOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := make([]*trade.Order, rapid.IntRange(0, 30).Draw(t, "n"))
		for i := range orders {
			orders[i] = anOrder(t, i)
		}
		r := report.Make(orders, &report.Options{Runs: 2, Points: rapid.IntRange(-1, 40).Draw(t, "points"), Start: trade.Money(rapid.Int64Range(-1e10, 1e12).Draw(t, "start"))})
		if _, err := json.Marshal(r, trade.JSONOptions); err != nil {
			t.Fatal(err)
		}
		a, row := &r.Apart, &r.Total
		if got := row.N + a.Open + a.Unresolved + a.Rejected + a.Abandoned + a.Free + a.OrphansEnded + (a.Orphans - a.OrphansEnded) - openOrphans(orders); got != len(orders) {
			t.Fatalf("counted %d orders, want %d: %+v", got, len(orders), a)
		}
		for _, rows := range [][]report.Row{{*row}, r.Assets, r.Kinds, r.Policies} {
			n, profit := 0, trade.Money(0)
			for i := range rows {
				x := &rows[i]
				n += x.N
				if x.N > 0 {
					profit += *x.Profit
				}
				if sum := x.Won + x.Lost + x.Sold + x.Multiplied + x.Cancelled; sum != x.N {
					t.Fatalf("%q: results of %d orders, want %d", x.Name, sum, x.N)
				}
				if e := x.Expectancy; e != nil && (e.Low > e.High || e.Counted+e.Overlapping+e.Waiting != x.N) {
					t.Fatalf("%q: got %+v of %d", x.Name, e, x.N)
				}
			}
			if n != row.N || row.N > 0 && profit != *row.Profit {
				t.Fatalf("rows of %d orders with %s, want %d", n, profit, row.N)
			}
		}
	})
}

// openOrphans stand under Open, too.
func openOrphans(orders []*trade.Order) (n int) {
	for _, o := range orders {
		if o.Intent == nil && o.Settlement == nil {
			n++
		}
	}
	return n
}

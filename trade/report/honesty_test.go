package report_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

var assets = []string{"V75", "V100_1s", "CRASH1000", "STEP"}

// play makes a record of flips, looks at it again and again while it grows, and tells
// whether it was ever claimed to have an edge, anywhere, with the last report.
func play(seed uint64, n, looks int, chance float64) (claimed bool, last *report.Report) {
	random := rand.New(rand.NewPCG(11, seed))
	var orders []*trade.Order
	for i := range n {
		orders = append(orders, flip(i, assets[random.IntN(len(assets))], chance, random))
		if (i+1)%(n/looks) == 0 {
			last = report.Make(orders, &report.Options{Seed: seed, Runs: 1})
			claimed = claimed || claims(last)
		}
	}
	return claimed, last
}

func claims(r *report.Report) bool {
	found := r.Total.Verdict.Finding == report.Edge
	for _, rows := range [][]report.Row{r.Assets, r.Kinds, r.Policies} {
		for i := range rows {
			found = found || rows[i].Verdict.Finding == report.Edge
		}
	}
	return found
}

// In a market without an edge the report claims one, at any of many looks and in any
// row, in at most one of twenty records; the true loss is within its interval in at
// least nineteen; and all records together lose what they paid as margin, within what
// chance allows.
func TestNoEdgeIsClaimedWhereThereIsNone(t *testing.T) {
	seeds, n, looks := sooner(40, 100), sooner(160, 2000), sooner(4, 20)
	claimed, outside, total := 0, 0, 0.0
	for seed := range seeds {
		claim, r := play(uint64(seed), n, looks, 0.5)
		if claim {
			claimed++
		}
		e := r.Total.Expectancy
		if loss := -r.Total.Margin.Float() / r.Total.Turnover.Float(); loss < e.Low || loss > e.High {
			outside++
		}
		total += r.Total.Profit.Float() + r.Total.Margin.Float()
	}
	sd := 1.954 / 2 * math.Sqrt(float64(seeds*n))
	t.Logf("%d seeds of %d orders: %d claimed, %d losses outside of the interval, %+.2f more than the margin lost (sd %.2f)", seeds, n, claimed, outside, -total, sd)
	if claimed > seeds/20 || outside > seeds/20 {
		t.Errorf("%d claimed and %d outside, want at most %d of each", claimed, outside, seeds/20)
	}
	if math.Abs(total) > 3*sd {
		t.Errorf("profit and margin: got %+.2f, want 0 within %.2f", total, 3*sd)
	}
}

// With an edge that is there the same report finds it.
func TestAnEdgeIsClaimedWhereThereIsOne(t *testing.T) {
	seeds := sooner(3, 100)
	found := 0
	for seed := range seeds {
		if claim, _ := play(uint64(seed), 800, 1, 0.68); claim {
			found++
		}
	}
	if found < seeds*95/100 {
		t.Errorf("got %d of %d, want nearly all", found, seeds)
	}
}

// Wilson's interval has the true rate in it as often as it says.
func TestTheIntervalOfTheWinRateCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	inside, runs := 0, sooner(150, 4000)
	for range runs {
		won := 0
		for range 40 {
			if random.Float64() < 0.52 {
				won++
			}
		}
		if w := report.Make(record(won, 40), few).Total.WinRate; w.Low <= 0.52 && 0.52 <= w.High {
			inside++
		}
	}
	if got := float64(inside) / float64(runs); got < 0.91 || got > 0.99 {
		t.Errorf("got %.3f, want about 0.95", got)
	}
}

// Both bands of a long record of coins are where the normal distribution has them: the
// one around what coins come to, the other around what the record did.
func TestTheBands(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	const n = 900
	orders := make([]*trade.Order, n)
	for i := range orders {
		orders[i] = flip(i, "V75", 0.5, random)
	}
	r := report.Make(orders, &report.Options{Seed: 4, Runs: 2000, Points: 30})
	if len(r.Total.Curve) != 30 || r.Total.Curve[0].N != 1 {
		t.Fatalf("got %d points, the first %+v, want 30 from the first order on", len(r.Total.Curve), r.Total.Curve[0])
	}
	last := r.Total.Curve[29]
	mean, sd := -0.023*n, 0.977*math.Sqrt(n)
	near(t, "coins, low", *last.CoinLow, mean-1.96*sd, sd/5)
	near(t, "coins, high", *last.CoinHigh, mean+1.96*sd, sd/5)
	near(t, "coins, mean", *last.CoinMean, mean, 1e-6)
	near(t, "the first coin, mean", *r.Total.Curve[0].CoinMean, -0.023, 1e-9)
	near(t, "the record", last.Profit, r.Total.Profit.Float(), 1e-6)
	near(t, "resampled, low", *last.Low, last.Profit-1.96*sd, sd/2)
	near(t, "resampled, high", *last.High, last.Profit+1.96*sd, sd/2)
	for _, rows := range [][]report.Row{r.Assets, r.Kinds} {
		if p := rows[0].Curve[0]; p.Low != nil || p.CoinLow != nil {
			t.Errorf("got a band of a row: %+v", p)
		}
	}
}

// What comes in runs of ten is resampled in blocks of ten, for n = 1000: a block that
// begins anywhere has k of one run and 10-k of the next, so a sum of 10-2k times half of
// the payout around its mean, k = 0 to 9 alike. Its variance is 34 times that of one
// order's, not 10 times.
func TestTheBandKeepsTogetherWhatHangsTogether(t *testing.T) {
	const n = 1000
	orders := make([]*trade.Order, n)
	for i := range orders {
		orders[i] = ended(i, "V75", trade.Rise, trade.Unit, payout, i/10%2 == 0)
	}
	r := report.Make(orders, &report.Options{Seed: 8, Runs: 2000, Points: 2})
	last, sd := r.Total.Curve[1], 0.977*math.Sqrt(34*n/10)
	near(t, "low", *last.Low, -0.023*n-1.96*sd, sd/5)
	near(t, "high", *last.High, -0.023*n+1.96*sd, sd/5)
}

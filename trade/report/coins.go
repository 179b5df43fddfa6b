package report

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// toss gives the orders that win or lose to coins, and the curve their band if it is
// wanted.
func toss(ended []*bet, points []Point, band bool, runs int, random *rand.Rand) *Coin {
	coins := slices.DeleteFunc(slices.Clone(ended), func(b *bet) bool { return !b.coin() })
	if len(coins) == 0 {
		return nil
	}
	c := &Coin{Orders: len(coins)}
	variance := 0.0
	for _, b := range coins {
		c.Profit += b.order.Profit()
		c.Mean += b.payout/2 - b.price
		variance += b.payout * b.payout / 4
	}
	c.SD = math.Sqrt(variance)
	known := slices.IndexFunc(ended, func(b *bet) bool { return b.payout == 0 })
	if known < 0 {
		known = len(ended)
	}
	banded := slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return p.N > known || !band })
	tries := throw(ended, banded, runs, random)
	for i := range banded {
		points[i].CoinLow, points[i].CoinHigh = middle(tries.at[i])
	}
	means(ended, points[:len(banded)])
	c.AtLeast = tries.atLeast(c.Profit.Float())
	if p, ok := exactly(coins, c.Profit.Float()); ok {
		c.AtLeast, c.Exact = p, true
	}
	return c
}

// means gives points the mean of the profit on coins up to there.
func means(ended []*bet, points []Point) {
	mean, done := 0.0, 0
	for i := range points {
		for ; done < points[i].N; done++ {
			if b := ended[done]; b.coin() {
				mean += b.payout/2 - b.price
			}
		}
		points[i].CoinMean = new(mean)
	}
}

// tries are what coins came to: at each point, and in the end.
type tries struct {
	at   [][]float64
	ends []float64
}

// throw throws a coin for each order that is one; the others bring nothing.
func throw(ended []*bet, points []Point, runs int, random *rand.Rand) *tries {
	t := &tries{at: make([][]float64, len(points)), ends: make([]float64, runs)}
	for i := range t.at {
		t.at[i] = make([]float64, runs)
	}
	stakes := make([]struct{ price, payout float64 }, len(ended))
	for i, b := range ended {
		if b.coin() {
			stakes[i].price, stakes[i].payout = b.price, b.payout
		}
	}
	for run := range runs {
		profit, next, bits := 0.0, 0, uint64(0)
		for i := range stakes {
			if i%64 == 0 {
				bits = random.Uint64()
			}
			profit += float64(bits&1)*stakes[i].payout - stakes[i].price
			bits >>= 1
			if next < len(points) && points[next].N == i+1 {
				t.at[next][run] = profit
				next++
			}
		}
		t.ends[run] = profit
	}
	return t
}

// small is less than any money: sums of floats are compared by it.
const small = 1e-7

// atLeast is the share of tries that came to a profit or more, the record itself being
// one: no number of tries makes it 0 (Davison and Hinkley 1997, section 4.2).
func (t *tries) atLeast(profit float64) float64 {
	n := 1
	for _, p := range t.ends {
		if p >= profit-small {
			n++
		}
	}
	return float64(n) / float64(len(t.ends)+1)
}

// exactly is how likely coins come to a profit or more, if all cost and pay the same:
// then it is a number of wins that is asked for, and binomial. P(X >= k) is
// I(1/2; k, n-k+1).
func exactly(coins []*bet, profit float64) (float64, bool) {
	first := coins[0]
	for _, b := range coins {
		if b.price != first.price || b.payout != first.payout {
			return 0, false
		}
	}
	n := float64(len(coins))
	k := math.Ceil((profit+n*first.price)/first.payout - small)
	switch {
	case k <= 0:
		return 1, true
	case k > n:
		return 0, true
	}
	return mathext.RegIncBeta(k, n-k+1, 0.5), true
}

package trade_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/trade"
)

func TestStakes(t *testing.T) {
	losing := func(b *book, _ *trade.Facts) { b.lose("l", trade.Cents(70)) }
	for _, c := range []struct {
		name   string
		sizing trade.Sizing
		change func(b *book, f *trade.Facts)
		want   trade.Money
		err    string
	}{
		{name: "fixed", sizing: trade.Sizing{Stake: trade.Unit}, want: trade.Unit},
		{name: "fixed, after a loss", sizing: trade.Sizing{Stake: trade.Unit}, change: losing, want: trade.Unit},
		{name: "cents are not rounded up", sizing: trade.Sizing{Stake: trade.Unit + trade.Cents(1) - 1}, want: trade.Unit},
		{name: "less than the venue takes", sizing: trade.Sizing{Stake: trade.Cents(34)}, err: "stake: got 0.34, want at least 0.35"},
		{name: "less than a cent", sizing: trade.Sizing{Stake: 1}, change: func(_ *book, f *trade.Facts) { f.Instrument = nil }, err: "stake: got 0.00, want at least 0.01"},
		{name: "a share", sizing: trade.Sizing{Mode: trade.Share, Part: 0.0012345}, want: trade.Cents(123)},
		{name: "a share and a most", sizing: trade.Sizing{Mode: trade.Share, Part: 0.005, Stake: trade.Unit}, want: trade.Unit},
		{name: "a share after a loss", sizing: trade.Sizing{Mode: trade.Share, Part: 0.005}, change: losing, want: trade.Cents(70)},
		{name: "a share above the limit", sizing: trade.Sizing{Mode: trade.Share, Part: 0.5}, change: limited, want: 5 * trade.Unit},
		{name: "a share above the limit of shares", sizing: trade.Sizing{Mode: trade.Share, Part: 0.5}, change: func(b *book, f *trade.Facts) {
			b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Adjusted: -900 * trade.Unit}})
			limited(b, f)
		}, want: trade.Unit},
		{name: "a share of too little", sizing: trade.Sizing{Mode: trade.Share, Part: 0.0001}, err: "stake: got 0.10, want at least 0.35"},
		{name: "a share of nothing", sizing: trade.Sizing{Mode: trade.Share, Part: 0.5}, change: func(b *book, _ *trade.Facts) {
			b.enter(&trade.Entry{Reconciled: &trade.Reconciled{Adjusted: -2000 * trade.Unit}})
		}, err: "stake: got -500.00, want at least 0.35"},
		{name: "Kelly who knows nothing", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.01}, err: "kelly: the lower end of the win rate earns nothing yet"},
		{name: "Kelly after as many wins as losses", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.01}, change: record(60, 60), err: "kelly: the lower end of the win rate earns nothing yet"},
		{name: "Kelly after luck", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.01}, change: record(9, 3), err: "kelly: the lower end of the win rate earns nothing yet"},
		{name: "Kelly after a proof", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.5, Stake: 500 * trade.Unit}, change: record(300, 100), want: trade.Cents(38509)},
		{name: "Kelly and the most of him", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.001}, change: record(300, 100), want: trade.Cents(118)},
		{name: "Kelly on another asset", sizing: trade.Sizing{Mode: trade.Kelly, Part: 0.001}, change: func(b *book, f *trade.Facts) {
			record(300, 100)(b, f)
			f.Signal.Asset = "V75"
		}, err: "kelly: the lower end of the win rate earns nothing yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t)
			f := good(b)
			if c.change != nil {
				c.change(b, f)
			}
			got, err := c.sizing.Next(f)
			if got != c.want || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
				t.Errorf("got %s and %v, want %s and %q", got, err, c.want, c.err)
			}
		})
	}
}

func limited(_ *book, f *trade.Facts) { f.Limits = trade.DefaultLimits() }

// record has so many contracts of an asset lost and then won, and asks about it.
func record(won, lost int) func(*book, *trade.Facts) {
	return func(b *book, f *trade.Facts) {
		for i := range won + lost {
			result, brought := trade.Lost, trade.Money(0)
			if i >= lost {
				result, brought = trade.Won, trade.Cents(195)
			}
			b.end(fmt.Sprint(i), trade.Unit, brought, result)
		}
		f.Signal.Asset = "LOST"
	}
}

func TestSizingsThatCannotBe(t *testing.T) {
	for _, s := range []trade.Sizing{
		{}, {Stake: -1}, {Mode: trade.Share}, {Mode: trade.Share, Part: 1.1}, {Mode: trade.Kelly, Part: math.NaN()}, {Mode: trade.Kelly, Part: 0.1, Stake: -1}, {Mode: "double", Stake: 1},
	} {
		if err := s.Check(); err == nil {
			t.Errorf("%+v: got no error, want one", s)
		}
	}
}

// Who looks after each contract, and stakes as soon as it seems to pay, is wrong at
// times; the interval is made so that without an edge fewer than one in twenty ever are.
func TestKellyIsSeldomFooledHoweverOftenHeLooks(t *testing.T) {
	const seed, runs, contracts = 7, 400, 300
	random := rand.New(rand.NewPCG(seed, 0))
	fooled := 0
	for range runs {
		won := 0
		for n := 1; n <= contracts; n++ {
			won += int(random.Uint64() & 1)
			if trade.AtLeastWon(won, n) > 0.5 {
				fooled++
				break
			}
		}
	}
	if fooled == 0 || fooled > runs/20 {
		t.Errorf("seed %d: got %d of %d runs fooled, want some, and at most %d", seed, fooled, runs, runs/20)
	}
}

// The lower end is where a bet of all rates at once has gained twenty times its stake:
// B(k+1, n-k+1) / (p^k (1-p)^(n-k)) = 20.
func TestTheLowerEndOfAWinRate(t *testing.T) {
	for _, c := range []struct {
		won, n int
		want   float64
	}{{0, 0, 0}, {0, 10, 0}, {11, 10, 0}, {1, 1, 1.0 / 40}, {2, 2, math.Sqrt(1.0 / 60)}, {10, 10, math.Pow(1.0/220, 0.1)}} {
		if got := trade.AtLeastWon(c.won, c.n); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d of %d: got %v, want %v", c.won, c.n, got, c.want)
		}
	}
	for _, n := range []int{20, 200, 20_000} {
		won := n * 6 / 10
		p := trade.AtLeastWon(won, n)
		k, m := float64(won), float64(n)
		a, _ := math.Lgamma(k + 1)
		b, _ := math.Lgamma(m - k + 1)
		c, _ := math.Lgamma(m + 2)
		if gain := math.Exp(a + b - c - k*math.Log(p) - (m-k)*math.Log(1-p)); math.Abs(gain-20) > 1e-6 || p >= 0.6 {
			t.Errorf("%d of %d: got %v, where the bet gained %v, want 20", won, n, p, gain)
		}
	}
}

package derivsim

import (
	"math"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/house"
)

func index(t testing.TB, name string) price.Index {
	t.Helper()
	x, err := price.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// No selection of Rise and Fall is worth what it costs, however long or short, by
// the law of its price.
func TestNoRiseOrFallHasAnEdge(t *testing.T) {
	s, err := New(&Options{Seed: 1, Start: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range s.symbols {
		if !house.Offers(&y.index, "CALL") {
			continue
		}
		for unit, bounds := range durations {
			for _, n := range []int{bounds[0], (bounds[0] + bounds[1]) / 2, bounds[1]} {
				for _, kind := range []string{"CALL", "PUT", "CALLE", "PUTE"} {
					terms, problem := s.price(&deriv.Selection{
						Symbol: y.index.Symbol, ContractType: kind, Currency: "USD", Amount: 100 * deriv.Unit, Basis: "stake", Duration: n, DurationUnit: unit,
					}, "USD")
					if problem != nil {
						t.Fatal(problem)
					}
					ticks := int64(terms.ticks)
					if ticks == 0 {
						ticks = terms.length / y.interval
					}
					spot := y.last().price.Float()
					c := house.ChancesOf(&y.index, spot, spot, ticks)
					win := map[string]float64{"CALL": c.Above, "PUT": c.Below, "CALLE": c.Above + c.Level, "PUTE": c.Below + c.Level}[kind]
					if back := win * terms.payout.Float() / 100; back > house.Return+1e-3 {
						t.Errorf("%s %s %d%s: got %.4f back of each stake, want %v at most", y.index.Symbol, kind, n, unit, back, house.Return)
					}
				}
			}
		}
	}
}

// A multiplier is a martingale but for two things: its commission, and that it is
// closed at its stake at the latest, which gives away what a leap takes beyond.
// The commission is more than that, whatever the limits; they are such here that
// most contracts end by a leap. Without what it has for leaps it would not be.
func TestNoMultiplierHasAnEdge(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		take, stop deriv.Money
		noticed    bool
	}{
		{"CRASH500", "MULTUP", 5 * deriv.Unit, 10 * deriv.Unit, true}, {"CRASH500", "MULTUP", 3 * deriv.Unit, 5 * deriv.Unit, false},
		{"BOOM50", "MULTDOWN", 5 * deriv.Unit, 10 * deriv.Unit, false}, {"JUMP100", "MULTUP", 5 * deriv.Unit, 10 * deriv.Unit, false},
		{"V100", "MULTUP", 3 * deriv.Unit, 10 * deriv.Unit, false},
	} {
		given, se, charged, forLeaps := giveaway(t, test.name, test.kind, &deriv.LimitOrder{TakeProfit: &test.take, StopLoss: &test.stop})
		if given+3*se > charged {
			t.Errorf("%s %s: got %.4f ± %.4f of the stake given away, want less than the commission of %.4f", test.name, test.kind, given, se, charged)
		}
		if test.noticed && given < charged-forLeaps {
			t.Errorf("%s %s: without the %.4f for leaps the commission would do: the test cannot fail", test.name, test.kind, forLeaps)
		}
	}
}

// giveaway is the mean loss beyond the stake over many contracts, its standard
// error, the commission and the part of it that is for leaps, all as shares of
// the stake.
func giveaway(t *testing.T, name, kind string, limits *deriv.LimitOrder) (mean, se, charged, forLeaps float64) {
	t.Helper()
	const contracts, stake = 120, 10 * deriv.Unit
	s, err := New(&Options{Seed: 3, Start: time.Unix(1_700_000_000, 0), Indices: []price.Index{index(t, name)}, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	y := s.symbols[0]
	offered := house.Multipliers(&y.index)
	m := offered[len(offered)-1]
	var sum, square float64
	for range contracts {
		terms, problem := s.price(&deriv.Selection{
			Symbol: y.index.Symbol, ContractType: kind, Currency: "USD", Amount: stake, Basis: "stake", Multiplier: m, LimitOrder: limits,
		}, "USD")
		if problem != nil {
			t.Fatalf("%s: %v", name, problem)
		}
		c := &contract{terms: *terms, status: deriv.Open}
		c.enter(y.last())
		for c.status == deriv.Open {
			s.at += y.interval * second
			y.catchUp(s.at / second)
			c.status, c.sold = c.tick(y.last())
		}
		change := m * math.Abs(c.current.price.Float()/c.entry.price.Float()-1)
		charged = c.commission.Float() / stake.Float()
		if beyond := change + charged - 1; c.sold == 0 {
			sum += beyond
			square += beyond * beyond
		}
	}
	mean = sum / contracts
	room := 1 - limits.StopLoss.Float()/stake.Float()
	return mean, math.Sqrt((square/contracts - mean*mean) / contracts), charged, house.Giveaway(&y.index, kind, m, room)
}

// What an accumulator keeps of its value in a tick is the same everywhere.
func TestNoAccumulatorHasAnEdge(t *testing.T) {
	for _, name := range []string{"V100_1s", "V10", "CRASH500", "BOOM1000"} {
		x := index(t, name)
		for _, growth := range house.GrowthRates() {
			chance := 1 - accumulatorReturn/(1+growth)
			b := house.BarrierFor(&x, chance)
			const n = 200_000
			p, err := price.New(x, 9)
			if err != nil {
				t.Fatal(err)
			}
			out := 0.0
			for range n {
				before := p.Price()
				if math.Abs(p.Next()/before-1) >= b {
					out++
				}
			}
			// Rounding to a unit moves the chance a little; the edge is half a per cent.
			if z := (out - n*chance) / math.Sqrt(n*chance); (1-out/n)*(1+growth) > 1 || math.Abs(z) > 4 && math.Abs(out/n/chance-1) > 0.1 {
				t.Errorf("%s at %v: got %v of %d outside, want %.0f", name, growth, out, n, n*chance)
			}
		}
	}
}

package house_test

import (
	"math"
	"testing"

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

// The chances that prices are quoted from are those that the prices have: of k
// draws the share above is binomial, and so is that at the level.
func TestChancesAreThoseOfThePrices(t *testing.T) {
	const draws = 10_000
	for _, test := range []struct {
		name  string
		ticks int64
		off   float64 // of the level, in units of the price
	}{{"V75", 5, 0}, {"V10_1s", 3, 1}, {"STEP", 4, 0}, {"STEP", 5, 2}, {"JUMP100", 30, 40}, {"V100", 60, -80}} {
		x := index(t, test.name)
		p, err := price.New(x, 5)
		if err != nil {
			t.Fatal(err)
		}
		var above, at float64
		var sum house.Chances
		for range draws {
			from := p.Price()
			level := x.Round(from + test.off*x.Unit())
			c := house.ChancesOf(&x, from, level, test.ticks)
			sum.Above, sum.Level, sum.Below = sum.Above+c.Above, sum.Level+c.Level, sum.Below+c.Below
			for range test.ticks {
				p.Next()
			}
			switch end := p.Price(); {
			case end > level:
				above++
			case end == level:
				at++
			}
		}
		if total := sum.Above + sum.Level + sum.Below; math.Abs(total/draws-1) > 1e-6 {
			t.Errorf("%s: got chances that add up to %v", test.name, total/draws)
		}
		for what, pair := range map[string][2]float64{"above": {above, sum.Above}, "at": {at, sum.Level}} {
			share := pair[1] / draws
			if z := (pair[0] - pair[1]) / math.Sqrt(draws*share*(1-share)+1); math.Abs(z) > 4 {
				t.Errorf("%s after %d ticks: got %v %s the level, want %.0f", test.name, test.ticks, pair[0], what, pair[1])
			}
		}
	}
}

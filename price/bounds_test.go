package price

import (
	"math"
	"testing"
	"time"
)

// Years of the wildest law: without its bounds this walk would end near 10^-60.
func TestAPriceStaysPositiveAndFiniteForEver(t *testing.T) {
	index, err := Lookup("V300_1s")
	if err != nil {
		t.Fatal(err)
	}
	index.Interval = 6 * time.Hour
	p, err := New(index, 5)
	if err != nil {
		t.Fatal(err)
	}
	low, high := math.Inf(1), 0.0
	for range 50_000 {
		tick := p.Next()
		low, high = min(low, tick), max(high, tick)
	}
	if !(low >= 0.001*index.Start && low < 0.002*index.Start) || !(high <= 1000*index.Start) {
		t.Errorf("got prices from %v to %v of a start of %v, want them near the lower bound and never beyond",
			low, high, index.Start)
	}
}

func TestATickNeverLeavesTheBoundsAndNeverStaysAtThem(t *testing.T) {
	for _, index := range Indices() {
		p, err := New(index, 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, bound := range []float64{p.low, p.high} {
			p.exact = index.Round(bound)
			moved := 0
			for range 5000 {
				before := p.exact
				if tick := p.Next(); tick < p.low-index.Unit() || tick > p.high+index.Unit() || tick <= 0 {
					t.Fatalf("%s: got %v, want %v to %v", index.Name, tick, p.low, p.high)
				}
				if p.exact != before {
					moved++
				}
			}
			if moved < 4990 {
				t.Errorf("%s at %v: %d of 5000 ticks moved", index.Name, bound, moved)
			}
		}
	}
}

// The generator takes the logarithm of a number that can be 0.
func TestAnInfiniteDrawIsHarmless(t *testing.T) {
	index, err := Lookup("V75")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []float64{0, math.Inf(1), math.SmallestNonzeroFloat64, math.MaxFloat64} {
		p, err := New(index, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.scaled(f); !(got >= p.low && got <= p.high) {
			t.Errorf("scaled(%g): got %v, want %v to %v", f, got, p.low, p.high)
		}
	}
}

package price_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/price"
)

func ticks(tb testing.TB, name string, seed uint64, n int) []float64 {
	tb.Helper()
	p := process(tb, lookup(tb, name), seed)
	all := make([]float64, n)
	for i := range all {
		all[i] = p.Next()
	}
	return all
}

// If this fails after an upgrade of Go, its generators changed: recorded runs no
// longer replay, and the changelog has to say so.
func TestTheFirstTicksOfASeedAreAlwaysTheSame(t *testing.T) {
	for name, want := range map[string][]float64{
		"V75":      {450168.1346, 450250.008, 450307.7813, 450371.5082, 450360.6748, 450387.7472},
		"V10_1s":   {9000.06, 8999.96, 8999.79, 8999.88, 9000, 9000.1},
		"JUMP100":  {7998.03, 7995.77, 7995.05, 7994.19, 7995.25, 7993.41},
		"CRASH500": {6000.058, 6000.065, 6000.071, 6000.088, 6000.088, 6000.109},
		"BOOM1000": {5999.971, 5999.928, 5999.917, 5999.858, 5999.852, 5999.834},
		"STEP":     {7999.9, 7999.8, 7999.9, 8000, 7999.9, 7999.8},
	} {
		if diff := cmp.Diff(want, ticks(t, name, 7, 6)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARunReplays(t *testing.T) {
	for _, index := range price.Indices() {
		if diff := cmp.Diff(ticks(t, index.Name, 42, 1000), ticks(t, index.Name, 42, 1000)); diff != "" {
			t.Errorf("%s (-first +second):\n%s", index.Name, diff)
		}
	}
}

// The correlation of n independent pairs of returns has a standard error of
// 1/√n. Each pair shares the seed, or the symbol and all but one bit of the seed.
func TestProcessesAreIndependent(t *testing.T) {
	const n = 100_000
	for _, test := range []struct {
		name         string
		a, b         string
		seedA, seedB uint64
	}{
		{"two symbols of one seed", "V75", "V75_1s", 1, 1},
		{"two symbols of the same law and seed", "V10", "V100", 1, 1},
		{"two seeds of one symbol", "V75", "V75", 1, 2},
		{"two seeds that differ in the highest bit", "V75", "V75", 0, 1 << 63},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := returns(t, lookup(t, test.a), test.seedA, n)
			b := returns(t, lookup(t, test.b), test.seedB, n)
			within(t, test.name, test.seedA, correlation(a, b)*math.Sqrt(n))
			noticed(t, "a process with itself", test.seedA, correlation(a, a)*math.Sqrt(n))
		})
	}
}

func correlation(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}

func TestATickHasItsIndexsDecimals(t *testing.T) {
	for _, index := range price.Indices() {
		for _, tick := range ticks(t, index.Name, 3, 2000) {
			if index.Round(tick) != tick {
				t.Fatalf("%s: got %v, want %d decimals", index.Name, tick, index.Decimals)
			}
		}
	}
}

func TestThePriceBeforeTheFirstTickIsTheStart(t *testing.T) {
	p := process(t, lookup(t, "V75"), 1)
	if got := p.Price(); got != 450000 {
		t.Errorf("got %v, want 450000", got)
	}
	if next := p.Next(); p.Price() != next || next == 450000 {
		t.Errorf("after Next gave %v, Price gives %v", next, p.Price())
	}
	if p.Index() != lookup(t, "V75") {
		t.Errorf("got %v", p.Index())
	}
}

// Two processes of one seed that differ only in their decimals stay within one
// rounding of each other: what was rounded away is not lost.
func TestRoundingNeverAddsUp(t *testing.T) {
	fine, coarse := lookup(t, "V75_1s"), lookup(t, "V75_1s")
	fine.Decimals, coarse.Decimals = 6, 0
	coarse.Start, fine.Start = 5000, 5000
	a, b := process(t, fine, 1), process(t, coarse, 1)
	for i := range 300_000 {
		if exact, rounded := a.Next(), b.Next(); math.Abs(exact-rounded) > 0.5+1e-6 {
			t.Fatalf("tick %d: got %v for %v", i, rounded, exact)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, name := range []string{"V75_1s", "JUMP75", "CRASH500", "STEP"} {
		b.Run(name, func(b *testing.B) {
			p := process(b, lookup(b, name), 1)
			b.ReportAllocs()
			for b.Loop() {
				p.Next()
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := price.Lookup("V75_1s"); err != nil {
			b.Fatal(err)
		}
	}
}

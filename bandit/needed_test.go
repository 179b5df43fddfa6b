package bandit_test

import (
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/bandit"
)

func observed(t *testing.T, opts *bandit.GateOptions, mean float64, n int) *bandit.Gate {
	t.Helper()
	g, err := bandit.NewGate(opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		g.Observe(mean + float64(1-2*(i%2))) // a deviation of 1
	}
	return g
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		name      string
		mean      float64
		n         int
		low, high int64 // 0 for no number
	}{
		{"nothing is said before the second reward", 0.3, 1, 0, 0},
		{"no number proves a loss to be an edge", -0.1, 1000, 0, 0},
		{"nor one of nothing", 0, 1000, 0, 0},
		{"a high mean takes the least", 1, 100, 50, 50},
		{"half the mean takes four times as many, and a little more", 0.2, 1000, 150, 400},
		{"the number does not go by how many there are", 0.1, 100, 700, 1500},
		{"a mean too small to prove", 1e-6, 1000, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, ok := observed(t, nil, c.mean, c.n).Needed()
			if ok != (c.high > 0) || n < c.low || n > c.high {
				t.Errorf("got %d, %t, want %d to %d", n, ok, c.low, c.high)
			}
		})
	}
}

// After as many rewards as were said to be needed, a gate of the same interval opens.
func TestNeededIsEnough(t *testing.T) {
	opts := &bandit.GateOptions{Normal: true}
	few := observed(t, opts, 0.1, 200)
	needed, ok := few.Needed()
	if !ok || few.Open() {
		t.Fatalf("got %d, %t and open %t, want a number, and a gate that is closed", needed, ok, few.Open())
	}
	if before, after := observed(t, opts, 0.1, int(needed)/2*2-10), observed(t, opts, 0.1, int(needed)/2*2+2); before.Open() || !after.Open() {
		t.Errorf("%d rewards: open %t before and %t after, want it to open there", needed, before.Open(), after.Open())
	}
}

func FuzzNeeded(f *testing.F) {
	f.Add(uint64(1), 0.1, 1.0)
	f.Add(uint64(2), 1e-300, 1e-300)
	f.Add(uint64(3), 1e300, 1e300)
	f.Fuzz(func(t *testing.T, seed uint64, mean, sd float64) {
		g, err := bandit.NewGate(&bandit.GateOptions{Normal: true})
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(seed, 0))
		for range 60 {
			g.Observe(mean + sd*random.NormFloat64())
		}
		if n, ok := g.Needed(); ok && n < g.Least() {
			t.Errorf("got %d, want %d or more", n, g.Least())
		}
	})
}

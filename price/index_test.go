package price_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/price"
)

func TestTheCatalogueHoldsEveryFamily(t *testing.T) {
	count := make(map[price.Kind]int)
	for _, index := range price.Indices() {
		count[index.Kind]++
		if err := index.Check(); err != nil {
			t.Error(err)
		}
	}
	want := map[price.Kind]int{price.Walk: 17, price.Jump: 5, price.Crash: 7, price.Boom: 7, price.Step: 5, price.Range: 2}
	for kind, n := range want {
		if count[kind] != n {
			t.Errorf("%v: got %d indices, want %d", kind, count[kind], n)
		}
	}
}

func TestTheCatalogueIsTheCallersOwn(t *testing.T) {
	price.Indices()[0].Start = -1
	if index := price.Indices()[0]; index.Start < 0 {
		t.Error("a caller's change came back")
	}
}

// The figures are the public ones: 75 % a year at two seconds and at one.
func TestTickVolatilityIsTheYearsShareOfOneTick(t *testing.T) {
	for name, want := range map[string]float64{"V75": 1.889e-4, "V75_1s": 1.336e-4, "V100_1s": 1.781e-4, "V10": 2.518e-5} {
		index := lookup(t, name)
		if got := index.TickVolatility(); math.Abs(got-want) > 0.001*want {
			t.Errorf("%s: got %g, want %g", name, got, want)
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, index, want string
		spoil             func(*price.Index)
	}{
		{"no interval", "V75", "interval: got 0s", func(x *price.Index) { x.Interval = 0 }},
		{"a negative interval", "V75", "interval", func(x *price.Index) { x.Interval = -time.Second }},
		{"too many decimals", "V75", "decimals: got 9", func(x *price.Index) { x.Decimals = 9 }},
		{"a start that would round to 0", "V75", "start: got 0.01", func(x *price.Index) { x.Start = 0.01 }},
		{"a start that is not a number", "V75", "start: got NaN", func(x *price.Index) { x.Start = math.NaN() }},
		{"an infinite start", "V75", "start: got +Inf", func(x *price.Index) { x.Start = math.Inf(1) }},
		{"no kind", "V75", "kind: got 0", func(x *price.Index) { x.Kind = 0 }},
		{"a kind of the future", "V75", "kind: got 9", func(x *price.Index) { x.Kind = 9 }},
		{"no volatility", "V75", "volatility: got 0", func(x *price.Index) { x.Volatility = 0 }},
		{"a volatility that is not a number", "V75", "volatility", func(x *price.Index) { x.Volatility = math.NaN() }},
		{"an infinite volatility", "V75", "volatility", func(x *price.Index) { x.Volatility = math.Inf(1) }},
		{"no jump size", "JUMP10", "jump size: got 0", func(x *price.Index) { x.JumpSize = 0 }},
		{"jumps beyond all bounds", "JUMP10", "jump size", func(x *price.Index) { x.JumpSize = 1e6 }},
		{"a jump without volatility", "JUMP10", "volatility", func(x *price.Index) { x.Volatility = 0 }},
		{"jumps at each tick", "JUMP10", "every: got 1 ticks", func(x *price.Index) { x.Every = 1 }},
		{"crashes at each tick", "CRASH500", "every: got 0 ticks", func(x *price.Index) { x.Every = 0 }},
		{"crashes of nothing", "CRASH500", "spike size", func(x *price.Index) { x.SpikeSize = 0 }},
		{"crashes of everything", "BOOM500", "spike size: got 1", func(x *price.Index) { x.SpikeSize = 1 }},
		{"a step finer than the decimals", "STEP", "step size: got 0.01", func(x *price.Index) { x.StepSize = 0.01 }},
		{"a step off the decimals", "STEP", "step size: got 0.15", func(x *price.Index) { x.StepSize = 0.15 }},
		{"a range that is none", "RB100", "range steps: got 0", func(x *price.Index) { x.RangeSteps = 0 }},
		{"a range without a middle", "RB100", "range steps: got 3", func(x *price.Index) { x.RangeSteps = 3 }},
		{"a breakout as high as the price", "RB100", "range steps", func(x *price.Index) { x.Every = 100_000 }},
		{"a break at each touch", "RB100", "every: got 1 ticks", func(x *price.Index) { x.Every = 1 }},
		{"a step as high as the price", "STEP", "step size", func(x *price.Index) { x.StepSize = 8000 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			index := lookup(t, test.index)
			test.spoil(&index)
			if _, err := price.New(index, 1); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAKindHasAName(t *testing.T) {
	for kind, want := range map[price.Kind]string{price.Walk: "walk", price.Step: "step", price.Range: "range", 0: "unknown kind", 7: "unknown kind"} {
		if got := kind.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func lookup(tb testing.TB, name string) price.Index {
	tb.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	return index
}

func process(tb testing.TB, index price.Index, seed uint64) *price.Process {
	tb.Helper()
	p, err := price.New(index, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

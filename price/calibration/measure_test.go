package calibration

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walked are ticks that go through prices, one a second from 1000 on.
func walked(decimals int, prices ...float64) *series {
	s := &series{}
	for i, p := range prices {
		s.add(tick{epoch: 1000 + int64(i), price: p}, decimals)
	}
	return s
}

// repeated walks the same way over and over, each lap from where the last one ended.
func repeated(times, decimals int, from float64, by ...float64) *series {
	prices := []float64{from}
	for range times {
		for _, step := range by {
			prices = append(prices, prices[len(prices)-1]+step)
		}
	}
	return walked(decimals, prices...)
}

func find(t *testing.T, out *Symbol, name string) Estimate {
	t.Helper()
	for _, p := range out.Parameters() {
		if p.Name == name {
			return *p.Estimate
		}
	}
	t.Fatalf("got no %s, refused: %+v", name, out.Refused)
	return Estimate{}
}

func want(t *testing.T, got, want Estimate) {
	t.Helper()
	if diff := cmp.Diff(got, want, near(1e-6)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

// Returns of 1e-3 up and down, of a tick a second, are a volatility of 1e-3·√31536000
// a year without any doubt. With eight decimals there is no rounding.
func TestVolatilityIsTheRootOfTheMeanSquare(t *testing.T) {
	prices := []float64{1000}
	for i := range 400 {
		up := math.Exp(0.001 * float64(1-i%2*2))
		prices = append(prices, prices[i]*up)
	}
	out := measure(lookup(t, "V75_1s"), walked(8, prices...))
	v := 0.001 * math.Sqrt(31536000)
	want(t, find(t, &out, "volatility"), Estimate{v, v, v, 400})
	// Each return is minus the one before: -1, within 1.96/√399.
	half := 1.959964 / math.Sqrt(399)
	want(t, find(t, &out, "autocorrelation"), Estimate{-1, -1 - half, -1 + half, 399})
}

// Three quarters of the fourth moment's excess is the variance's error: of returns of
// which one in four is 2e-3 and the others none the square's mean is 1e-6, its standard
// deviation √3·1e-6.
func TestTheIntervalOfVolatilityComesFromTheFourthMoment(t *testing.T) {
	prices := []float64{1000}
	for i := range 400 {
		r := 0.0
		if i%4 == 0 {
			r = 0.002 * float64(1-i%8/2)
		}
		prices = append(prices, prices[i]*math.Exp(r))
	}
	out := measure(lookup(t, "V75_1s"), walked(8, prices...))
	f := math.Exp(1.959964 * math.Sqrt(3.0/400) / 2)
	v := 0.001 * math.Sqrt(31536000)
	want(t, find(t, &out, "volatility"), Estimate{v, v / f, v * f, 400})
}

// Rounding to a unit adds u²/6 to the variance of a difference. Prices of whole units
// that go by two have a variance of 4 - 1/6.
func TestRoundingIsTakenOffTheVariance(t *testing.T) {
	s := repeated(100, 2, 1000, 0.02, 0.02, -0.02, -0.02)
	out := measure(lookup(t, "V100_1s"), s)
	v := math.Sqrt((4-1.0/6)*1e-10) * math.Sqrt(31536000)
	got := find(t, &out, "volatility")
	if math.Abs(got.Value/v-1) > 1e-4 {
		t.Errorf("got %v, want %v", got.Value, v)
	}
	if a := find(t, &out, "autocorrelation"); math.Abs(a.Value) > 0.03 {
		t.Errorf("got an autocorrelation of %v, want that of as many repeats as turns, and of rounding", a.Value)
	}
}

func TestAPriceThatHardlyMovesIsRefused(t *testing.T) {
	for _, name := range []string{"V75_1s", "JUMP10"} {
		out := measure(lookup(t, name), repeated(60, 2, 1000, 0, 0.01, 0, 0, 0, -0.01, 0, 0))
		if out.Volatility != nil || len(out.Refused) != 1 || !strings.Contains(out.Refused[0].Reason, "less than half of its last digit, 0.01") {
			t.Errorf("%s: got %+v, want it refused", name, out)
		}
	}
}

// 30 crashes of a tenth among 600 ticks are one in 20.
func TestCrashesAreTheMovesAgainstTheOthers(t *testing.T) {
	prices := []float64{6000}
	for i := range 600 {
		factor := 1.0001
		if i%20 == 19 {
			factor = 0.9981
		}
		prices = append(prices, prices[i]*factor)
	}
	out := measure(lookup(t, "CRASH50"), walked(3, prices...))
	rate := share(30, 600).inverse()
	want(t, find(t, &out, "every"), *rate)
	if rate.Value != 20 {
		t.Errorf("got %v, want 20", rate.Value)
	}
	if got := find(t, &out, "spike_size"); math.Abs(got.Value-0.0019) > 1e-6 || got.N != 30 {
		t.Errorf("got crashes of %+v, want 30 of 0.0019", got)
	}
	if got := find(t, &out, "rise_size"); math.Abs(got.Value-0.0001) > 1e-7 || got.N != 570 {
		t.Errorf("got rises of %+v, want 570 of 0.0001", got)
	}
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "the sizes of its 30 spikes have 0.00 of their mean") {
		t.Errorf("got the notes %q, want one of sizes that are all the same", out.Notes)
	}
	other := measure(lookup(t, "BOOM50"), walked(3, prices...))
	if other.Measured() || len(other.Refused) != 1 || !strings.Contains(other.Refused[0].Reason, "no process has what it shows") {
		t.Errorf("as Boom, with a spike at nearly each tick: got %+v, want it refused", other)
	}
}

func TestStepsAreCounted(t *testing.T) {
	out := measure(lookup(t, "STEP200"), repeated(100, 1, 8000, 0.2, 0.2, -0.2, 0.2, -0.2))
	want(t, find(t, &out, "step_size"), Estimate{0.2, 0.2, 0.2, 500})
	want(t, find(t, &out, "up"), *share(300, 500))
	// Of five products in a lap one is a repeat and four are turns.
	if a := find(t, &out, "autocorrelation"); math.Abs(a.Value+0.6) > 0.01 {
		t.Errorf("got %v, want (1-4)/5", a.Value)
	}
}

func TestMovesOfOtherSizesAreNotedOrRefused(t *testing.T) {
	few := measure(lookup(t, "STEP"), repeated(1, 1, 8000, append(alternating(398, 0.1), 0.4, 0)...))
	if len(few.Notes) != 1 || few.Notes[0] != "2 of 400 moves are none that this law has" || few.StepSize == nil {
		t.Errorf("got %+v, want a note", few)
	}
	for _, name := range []string{"STEP", "RB100"} {
		many := measure(lookup(t, name), repeated(50, 1, 8000, 0.2, -0.2, 0.2, -0.3, 0.1))
		if many.StepSize != nil || len(many.Refused) != 1 || !strings.Contains(many.Refused[0].Reason, "several sizes") {
			t.Errorf("%s: got %+v, want it refused", name, many)
		}
		still := measure(lookup(t, name), repeated(100, 1, 8000, 0, 0, 0.1))
		if still.StepSize != nil || len(still.Refused) != 1 || still.Refused[0].Reason != "half of its moves go nowhere" {
			t.Errorf("%s: got %+v, want it refused", name, still)
		}
	}
}

func alternating(n int, by float64) []float64 {
	steps := make([]float64, n)
	for i := range steps {
		steps[i] = by * float64(1-i%2*2)
	}
	return steps
}

// A range of four steps: up to the border and back nine times, to the other and back
// nine times, and out of it by seven, which is one breakout in 19 touches.
func TestARangeIsFollowedFromOutside(t *testing.T) {
	var lap []float64
	for range 9 {
		lap = append(lap, 0.1, 0.1, -0.1, -0.1)
	}
	for range 9 {
		lap = append(lap, -0.1, -0.1, 0.1, 0.1)
	}
	lap = append(lap, 0.1, 0.1, 0.7)
	out := measure(lookup(t, "RB100"), repeated(40, 1, 20000, lap...))
	want(t, find(t, &out, "step_size"), Estimate{0.1, 0.1, 0.1, 75 * 40})
	want(t, find(t, &out, "range_steps"), Estimate{4, 4, 4, 40})
	want(t, find(t, &out, "breakout_steps"), Estimate{7, 7, 7, 40})
	// Of the first range nothing counts before both borders were seen: nine touches.
	want(t, find(t, &out, "every"), *share(40, 19*40-9).inverse())
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "a breakout goes 7 steps") {
		t.Errorf("got the notes %q, want one of breakouts that are too short for 19 touches", out.Notes)
	}
}

func TestABreakoutFromWithinARangeIsNoted(t *testing.T) {
	var wide []float64
	for range 6 {
		wide = append(wide, 0.1, 0.1, -0.1, -0.1, -0.1, -0.1, 0.1, 0.1)
	}
	lap := slices.Concat(wide, []float64{0.1, 0.1, 2}, wide, []float64{0.1, 0.1, -0.1, 2})
	out := measure(lookup(t, "RB100"), repeated(20, 1, 20000, lap...))
	if !strings.Contains(strings.Join(out.Notes, "\n"), "20 breakouts are not from a border") {
		t.Errorf("got %+v, want a note of 20", out)
	}
}

func TestTheSizeOfJumpsIsThatOfTheLawBeyondTheEdge(t *testing.T) {
	for _, sd := range []float64{0.5, 1, 3, 30} {
		if got := wideOf(cutSquare(6, sd), 6); math.Abs(got/sd-1) > 1e-6 {
			t.Errorf("got %v, want %v back", got, sd)
		}
	}
	// Without an edge it is the root of the mean square.
	if got := wideOf(4, 1e-3); math.Abs(got-2) > 1e-3 {
		t.Errorf("got %v, want 2", got)
	}
}

// Moves beyond the edge that are all just beyond it are not those of a jump's law.
func TestJumpsThatAreNoneAreRefused(t *testing.T) {
	calm := simulate(t, lookup(t, "V50_1s"), 1, 3000)
	prices := []float64{1000}
	for i := 1; i < len(calm.ticks); i++ {
		r := math.Log(calm.ticks[i].price / calm.ticks[i-1].price)
		if i%50 == 0 {
			index := lookup(t, "V50_1s")
			r = 6.2 * index.TickVolatility()
		}
		prices = append(prices, prices[i-1]*math.Exp(r))
	}
	s := walked(8, prices...)
	out := measure(lookup(t, "JUMP50"), s)
	if out.Every != nil || len(out.Refused) != 1 || !strings.Contains(out.Refused[0].Reason, "are no jumps of this law") {
		t.Errorf("got %+v, want them refused", out.Refused)
	}
	if out := measure(lookup(t, "V50_1s"), s); len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "its moves have a kurtosis of ") {
		t.Errorf("as a walk: got the notes %q, want one", out.Notes)
	}
}

func TestWhatIsTooShortIsRefusedWithHowMuchMoreIsWanted(t *testing.T) {
	for _, test := range []struct {
		name      string
		ticks     int
		parameter string
		reason    string
	}{
		{"V75", 0, "all", "got 0 ticks, want 201: 201 more, 7m"},
		{"V75", 20, "all", "got 20 ticks, want 201: 181 more, 6m"},
		{"V75", 31, "all but the interval", "got 30 pairs of neighbouring ticks, want 200: 170 more, 6m"},
		{"CRASH1000", 300, "every, spike_size", "got 2 crashes in 299 ticks, want 10: about 8000 ticks more, 2h13m"},
		{"BOOM50", 300, "every, spike_size", "got 6 spikes in 299 ticks, want 10: about 199 ticks more, 3m"},
		{"JUMP10", 300, "every, jump_size", "got 2 jumps in 299 ticks, want 10: about 9600 ticks more, 2h40m"},
		{"RB100", 5000, "every", "breakouts in 4999 ticks, want 10: about"},
		{"RB100", 300, "range_steps, every", "steps apart, want 5 at each and an even width: about 1h7m more"},
	} {
		index := lookup(t, test.name)
		out := measure(index, simulate(t, index, 3, test.ticks))
		if len(out.Refused) != 1 || out.Refused[0].Parameter != test.parameter || !strings.Contains(out.Refused[0].Reason, test.reason) {
			t.Errorf("%s of %d ticks: got %+v, want %s: %s", test.name, test.ticks, out.Refused, test.parameter, test.reason)
		}
	}
}

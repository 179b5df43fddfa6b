package calibration

import (
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/karlquant/quasar/price"
)

// simulate makes ticks of an index, one after each interval.
func simulate(t testing.TB, index *price.Index, seed uint64, n int) *series {
	t.Helper()
	p, err := price.New(*index, seed)
	if err != nil {
		t.Fatal(err)
	}
	s := &series{}
	for i := range n {
		s.add(tick{epoch: int64(i+1) * int64(index.Interval.Seconds()), price: p.Next()}, index.Decimals)
	}
	return s
}

func lookup(t testing.TB, name string) *price.Index {
	t.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return &index
}

// truth is what an index has, by the names of the file.
func truth(x *price.Index) map[string]float64 {
	all := map[string]float64{"interval_seconds": x.Interval.Seconds(), "autocorrelation": 0}
	switch x.Kind {
	case price.Walk:
		all["volatility"] = x.Volatility
	case price.Jump:
		all["volatility"], all["every"], all["jump_size"] = x.Volatility, float64(x.Every), x.JumpSize
	case price.Crash, price.Boom:
		all["every"], all["spike_size"], all["rise_size"] = float64(x.Every), x.SpikeSize, x.SpikeSize/float64(x.Every-1)
	case price.Step:
		all["step_size"], all["up"] = x.StepSize, 0.5
	case price.Range:
		all["step_size"], all["every"], all["range_steps"], all["breakout_steps"] = x.StepSize, float64(x.Every), float64(x.RangeSteps), float64(x.Every-1)
	}
	return all
}

// repeatsEnv is how often each law is measured anew, for a closer look than the tests
// have time for: 1000.
const repeatsEnv = "QUASAR_CALIBRATION_REPEATS"

func repeats(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv(repeatsEnv))
	if os.Getenv(repeatsEnv) == "" {
		return 12
	}
	if err != nil || n < 12 {
		t.Fatalf("%s: got %q, want 12 or more", repeatsEnv, os.Getenv(repeatsEnv))
	}
	return n
}

// Of so many intervals that hold the truth with probability 0.95 as many hold it as
// that law has, but for four standard errors. Intervals of whole numbers and those of
// the autocorrelation where crashes are rare hold it more often.
func TestTheTruthIsInAboutNinetyFiveOfAHundredIntervals(t *testing.T) {
	n := repeats(t)
	for _, test := range []struct {
		name  string
		ticks int
	}{
		{"V75", 1000}, {"V10_1s", 2000}, {"V100", 300}, {"JUMP50", 20_000}, {"JUMP100", 30_000},
		{"CRASH50", 2000}, {"BOOM300", 10_000}, {"CRASH1000", 25_000}, {"STEP", 1000}, {"RB100", 60_000},
	} {
		index := lookup(t, test.name)
		inside, told := make(map[string]int), make(map[string]int)
		for seed := range n {
			got := measure(index, simulate(t, index, uint64(seed), test.ticks))
			for _, p := range got.Parameters() {
				told[p.Name]++
				if p.Holds(truth(index)[p.Name]) {
					inside[p.Name]++
				}
			}
			if len(got.Notes) > 0 {
				t.Errorf("%s, seed %d: got the notes %q, want none", test.name, seed, got.Notes)
			}
		}
		for name := range truth(index) {
			all := float64(told[name])
			least := 0.95*all - 4*math.Sqrt(0.95*0.05*all)
			if told[name] < n*3/4 || float64(inside[name]) < least {
				t.Errorf("%s, %s: got the truth in %d of %d intervals from %d recordings, want it in %.0f at least", test.name, name, inside[name], told[name], n, least)
			}
			if n > 12 {
				t.Logf("%s, %s: in %.1f %% of %d", test.name, name, 100*float64(inside[name])/all, told[name])
			}
		}
	}
}

// A law that is slightly wrong is not in its intervals: what is measured is measured.
func TestWhatIsNotTrueIsOutsideTheIntervals(t *testing.T) {
	for _, test := range []struct {
		name, parameter string
		ticks           int
		factor          float64
	}{
		{"V75", "volatility", 20_000, 1.03},
		{"JUMP100", "every", 100_000, 1.8}, {"JUMP100", "jump_size", 100_000, 1.6}, {"JUMP100", "volatility", 20_000, 1.03},
		{"CRASH50", "every", 50_000, 1.2}, {"CRASH50", "spike_size", 50_000, 1.2}, {"CRASH50", "rise_size", 50_000, 1.05},
		{"STEP", "up", 20_000, 1.05}, {"RB100", "every", 150_000, 2.2},
	} {
		index := lookup(t, test.name)
		got := measure(index, simulate(t, index, 1, test.ticks))
		for _, p := range got.Parameters() {
			wrong := test.factor * truth(index)[p.Name]
			if p.Name == test.parameter && (p.Holds(wrong) || p.Holds(2*truth(index)[p.Name]-wrong)) {
				t.Errorf("%s, %s: got %v to %v, want neither %v times the truth in it nor as much less", test.name, p.Name, p.Low, p.High, test.factor)
			}
		}
	}
}

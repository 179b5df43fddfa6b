package price_test

import (
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/karlquant/quasar/price"
)

// Each test here measures a quantity, divides its distance from the expected
// one by its standard error (derived at the test), and wants less than limit
// for every seed. The seeds are fixed, so a test passes always or never; over
// all seeds that there are, each z would be off by more than limit once in
// 16,000. Each test then measures against a law that is slightly wrong and wants
// that noticed: a check that cannot fail proves nothing.
const limit = 4

var seeds = []uint64{1, 2}

// many is how many ticks a test takes: so many, or QUASAR_LAWS times as many (make
// laws), for which each limit holds as well.
func many(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("QUASAR_LAWS")
	if text == "" {
		return n
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 1 || times > 1000 {
		t.Fatalf("QUASAR_LAWS: got %q, want 1 to 1000", text)
	}
	return n * times
}

// returns are the logarithmic returns of n ticks.
func returns(t *testing.T, index price.Index, seed uint64, n int) []float64 {
	t.Helper()
	p := process(t, index, seed)
	r := make([]float64, n)
	for i := range r {
		before := p.Price()
		r[i] = math.Log(p.Next() / before)
	}
	return r
}

func within(t *testing.T, what string, seed uint64, z float64) {
	t.Helper()
	if !(math.Abs(z) < limit) {
		t.Errorf("%s, seed %d: got %.1f standard errors off, want less than %d", what, seed, z, limit)
	}
}

func noticed(t *testing.T, what string, seed uint64, z float64) {
	t.Helper()
	if !(math.Abs(z) > limit) {
		t.Errorf("%s, seed %d: a law that is wrong is only %.1f standard errors off: the test cannot fail", what, seed, z)
	}
}

// The mean of n squared normal returns of standard deviation sd is sd² with a
// standard error of sd²·√(2/n). Rounding both ends of a return to the unit adds
// unit²/6/price² to the variance.
func volatilityZ(r []float64, sd, unit, level float64) float64 {
	sum := 0.0
	for _, x := range r {
		sum += x * x
	}
	n := float64(len(r))
	want := sd*sd + unit*unit/6/(level*level)
	return (sum/n - want) / (want * math.Sqrt(2/n))
}

func TestAWalkHasTheVolatilityOfItsName(t *testing.T) {
	for _, name := range []string{"V10", "V75", "V10_1s", "V250_1s"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			r := returns(t, index, seed, many(t, 50_000))
			within(t, name, seed, volatilityZ(r, index.TickVolatility(), index.Unit(), index.Start))
			noticed(t, name, seed, volatilityZ(r, 1.03*index.TickVolatility(), index.Unit(), index.Start))
		}
	}
}

// Of n independent returns the lag-1 autocorrelation has a standard error of
// 1/√n: there is nothing in one return that tells the next.
func TestAWalkHasNoMemory(t *testing.T) {
	index := lookup(t, "V75_1s")
	for _, seed := range seeds {
		r := returns(t, index, seed, many(t, 50_000))
		within(t, "autocorrelation", seed, autocorrelationZ(r))
		for i := 1; i < len(r); i++ {
			r[i] += 0.03 * r[i-1]
		}
		noticed(t, "autocorrelation", seed, autocorrelationZ(r))
	}
}

func autocorrelationZ(r []float64) float64 {
	e := autocorrelation(r)
	return e.value / e.se
}

// The mean relative step of a martingale is 0. Its standard error is estimated
// from the sample; for Crash and Boom a rise or fall for nothing would be the
// wrong law: there the mean of everything but the spikes has to be noticed.
func martingaleZ(t *testing.T, index price.Index, seed uint64, n int, keep func(step float64) bool) float64 {
	p := process(t, index, seed)
	var sum, square float64
	for range n {
		before := p.Price()
		step := p.Next()/before - 1
		if keep(step) {
			sum += step
			square += step * step
		}
	}
	return sum / math.Sqrt(square)
}

func TestNoIndexGoesAnywhereOnAverage(t *testing.T) {
	everything := func(float64) bool { return true }
	for _, name := range []string{"V250_1s", "JUMP100", "CRASH50", "CRASH500", "BOOM300", "STEP"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			within(t, name, seed, martingaleZ(t, index, seed, many(t, 50_000), everything))
		}
	}
	for _, name := range []string{"CRASH500", "BOOM300"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			noticed(t, name, seed, martingaleZ(t, index, seed, many(t, 50_000), func(step float64) bool {
				return math.Abs(step) < index.SpikeSize/10
			}))
		}
	}
}

// gaps are the ticks from each spike to the next, told by the spike's side: the
// other ticks go the other way.
func gaps(t *testing.T, index price.Index, seed uint64, n int) []int {
	p := process(t, index, seed)
	var gaps []int
	last := 0
	for i := 1; i <= n; i++ {
		before := p.Price()
		if step := p.Next() - before; index.Kind == price.Crash && step < 0 || index.Kind == price.Boom && step > 0 {
			gaps = append(gaps, i-last)
			last = i
		}
	}
	return gaps
}

// The number of spikes in n ticks is binomial: mean n/N, variance
// n/N·(1-1/N).
func TestASpikeComesOnceInSoManyTicks(t *testing.T) {
	n := many(t, 200_000)
	for _, name := range []string{"CRASH50", "BOOM500"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			count := float64(len(gaps(t, index, seed, n)))
			within(t, name, seed, binomialZ(count, float64(n), 1/float64(index.Every)))
			noticed(t, name, seed, binomialZ(count, float64(n), 1.5/float64(index.Every)))
		}
	}
}

func binomialZ(count, n, p float64) float64 {
	return (count - n*p) / math.Sqrt(n*p*(1-p))
}

// Without memory, a gap is longer than 2N ticks with probability (1-1/N)^2N,
// about 13.5 %, and at most 5 ticks long with 1-(1-1/N)^5, about 1 % for 500. A
// crash that were "due" after so many ticks would make the first rarer.
func TestASpikeIsNeverDue(t *testing.T) {
	for _, name := range []string{"CRASH50", "BOOM150"} {
		index := lookup(t, name)
		stay := 1 - 1/float64(index.Every)
		for _, seed := range seeds {
			var long, short, n float64
			for _, gap := range gaps(t, index, seed, many(t, 200_000)) {
				n++
				if gap > 2*index.Every {
					long++
				}
				if gap <= 5 {
					short++
				}
			}
			within(t, name+" long gaps", seed, binomialZ(long, n, math.Pow(stay, float64(2*index.Every))))
			within(t, name+" short gaps", seed, binomialZ(short, n, 1-math.Pow(stay, 5)))
			noticed(t, name+" long gaps", seed, binomialZ(long, n, math.Pow(stay, float64(2*index.Every))/1.5))
		}
	}
}

// A spike is exponential: over k of them its mean has a relative standard error
// of 1/√k. The size is seen through rounding, which is unbiased.
func TestASpikeHasItsSize(t *testing.T) {
	for _, name := range []string{"CRASH50", "BOOM150"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			p := process(t, index, seed)
			var sum, k float64
			for range many(t, 100_000) {
				before := p.Price()
				step := p.Next()/before - 1
				if index.Kind == price.Crash {
					step = -step
				}
				if step > 0 {
					sum += step
					k++
				}
			}
			within(t, name, seed, (sum/k/index.SpikeSize-1)*math.Sqrt(k))
			noticed(t, name, seed, (sum/k/(1.2*index.SpikeSize)-1)*math.Sqrt(k))
		}
	}
}

// A tick with a jump is normal with standard deviation √(1+30²) of an ordinary
// one, so it goes beyond six of them with probability erfc(6/√(2·901)): 84 %. An
// ordinary tick does so twice in 10⁹. Given that it does, its square has the
// mean s²·(1+a·φ(a)/Q(a)) with a = 6/s, and no more variance than s⁴·(2+1).
func TestAJumpHasItsFrequencyAndSize(t *testing.T) {
	const edge = 6.0
	n := float64(many(t, 400_000))
	for _, name := range []string{"JUMP100"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			k, square := jumps(t, index, seed, int(n), edge)
			s := math.Sqrt(1 + index.JumpSize*index.JumpSize)
			within(t, name+" frequency", seed, binomialZ(k, n, math.Erfc(edge/s/math.Sqrt2)/float64(index.Every)))
			noticed(t, name+" frequency", seed, binomialZ(k, n, math.Erfc(edge/s/math.Sqrt2)/(2*float64(index.Every))))
			within(t, name+" size", seed, jumpZ(square, k, edge, s))
			noticed(t, name+" size", seed, jumpZ(square, k, edge, 1.5*s))
		}
	}
}

// jumps counts the ticks beyond edge standard deviations of an ordinary one,
// and averages their squares.
func jumps(t *testing.T, index price.Index, seed uint64, n int, edge float64) (k, square float64) {
	for _, r := range returns(t, index, seed, n) {
		if x := r / index.TickVolatility(); math.Abs(x) > edge {
			k++
			square += x * x
		}
	}
	return k, square / k
}

func jumpZ(square, k, edge, s float64) float64 {
	a := edge / s
	density := math.Exp(-a*a/2) / math.Sqrt(2*math.Pi)
	want := s * s * (1 + 2*a*density/math.Erfc(a/math.Sqrt2))
	return (square - want) / (s * s * math.Sqrt(3/k))
}

// The number of ups of a fair coin is binomial; every tick is exactly one step.
func TestAStepIsATenthUpOrDownByAFairCoin(t *testing.T) {
	n := many(t, 100_000)
	index := lookup(t, "STEP")
	for _, seed := range seeds {
		p := process(t, index, seed)
		ups := 0.0
		for range n {
			before := p.Price()
			step := p.Next() - before
			if got := math.Round(step*1e9) / 1e9; got != 0.1 && got != -0.1 {
				t.Fatalf("seed %d: got a step of %g, want 0.1 up or down", seed, step)
			}
			if step > 0 {
				ups++
			}
		}
		within(t, "ups", seed, binomialZ(ups, float64(n), 0.5))
		noticed(t, "ups", seed, binomialZ(ups, float64(n), 0.51))
	}
}

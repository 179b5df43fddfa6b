package axrvi

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/learn"
)

var _ bandit.Model = (*Model)(nil)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func newModel(t testing.TB, o Options) *Model {
	t.Helper()
	m, err := New(&o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// play is a world of arms whose features are new in each round.
type play struct {
	random *rand.Rand
	arms   int
	dim    int
	noise  float64
	mean   func(t int64, arm int, x []float64) float64
	t      int64
}

func newPlay(seed uint64, arms, dim int, mean func(t int64, arm int, x []float64) float64) *play {
	return &play{random: seeded(seed), arms: arms, dim: dim, noise: 1, mean: mean}
}

func (p *play) round() []bandit.Label {
	labels := make([]bandit.Label, p.arms)
	for i := range labels {
		x := make([]float64, p.dim)
		for k := range x {
			x[k] = p.random.NormFloat64()
		}
		labels[i] = bandit.Label{T: p.t, Arm: i, X: x, Reward: p.mean(p.t, i, x) + p.noise*p.random.NormFloat64(), Weight: 1}
	}
	p.t++
	return labels
}

func (p *play) teach(m *Model, rounds int) {
	for range rounds {
		m.Learn(p.round())
	}
}

// miss is the root of the mean square by which the model's means miss the truth.
func (p *play) miss(m *Model) float64 {
	var sum float64
	const rounds = 200
	for range rounds {
		for _, l := range p.round() {
			mean, _ := m.Score(l.Arm, l.X)
			d := mean - p.mean(l.T, l.Arm, l.X)
			sum += d * d
		}
	}
	return math.Sqrt(sum / float64(rounds*p.arms))
}

func slope(_ int64, _ int, x []float64) float64  { return .2*x[0] - .1*x[1] }
func corner(_ int64, _ int, x []float64) float64 { return .5 * min(max(x[0], 0)*max(x[1], 0), 1) }
func offset(_ int64, arm int, _ []float64) float64 {
	return .2 * float64(arm%3-1)
}

func TestItLearnsWhatIsLinear(t *testing.T) {
	p := newPlay(1, 8, 6, slope)
	m := newModel(t, Options{Features: 6})
	p.teach(m, 600)
	if got := p.miss(m); got > .05 {
		t.Errorf("got a miss of %v, want at most 0.05", got)
	}
	if got := m.Gain(); got > .2 {
		t.Errorf("got a gain of %v where there is nothing for a network, want about 0", got)
	}
	if got := m.Noise(); math.Abs(got-1) > .05 {
		t.Errorf("got a noise of %v, want 1", got)
	}
}

func TestItLearnsArms(t *testing.T) {
	p := newPlay(1, 10, 4, offset)
	m := newModel(t, Options{Features: 4})
	p.teach(m, 600)
	if got := p.miss(m); got > .07 {
		t.Errorf("got a miss of %v, want at most 0.07", got)
	}
}

func TestTheNetworkEarnsItsWeight(t *testing.T) {
	p := newPlay(1, 10, 4, corner)
	p.noise = .5
	m, without := newModel(t, Options{Features: 4}), newModel(t, Options{Features: 4, Linear: true})
	for range 1500 {
		labels := p.round()
		m.Learn(labels)
		without.Learn(labels)
	}
	if with, without := p.miss(m), p.miss(without); with > .6*without {
		t.Errorf("got a miss of %v with a network and %v without, want 0.6 of it", with, without)
	}
	if got := m.Gain(); got < .7 {
		t.Errorf("got a gain of %v, want above 0.7", got)
	}
	if without.Gain() != 0 || without.Sizes() != nil {
		t.Error("the linear one has a network")
	}
}

func TestItStartsAnewWhenTheWorldTurnsAround(t *testing.T) {
	for _, linear := range []bool{false, true} {
		p := newPlay(1, 8, 4, func(t int64, _ int, x []float64) float64 {
			if t >= 1000 {
				return -.2 * x[0]
			}
			return .2 * x[0]
		})
		m := newModel(t, Options{Features: 4, Linear: linear})
		if p.teach(m, 1000); m.Restarts() != 0 {
			t.Fatalf("got %d restarts while nothing changed", m.Restarts())
		}
		p.teach(m, 200)
		if got := p.miss(m); m.Restarts() == 0 || got > .12 {
			t.Errorf("linear %v: got %d restarts and a miss of %v after 200 rounds, want one and at most 0.12", linear, m.Restarts(), got)
		}
	}
}

func TestAnArmNeverSeenIsAsArmsAreOnAverage(t *testing.T) {
	p := newPlay(1, 9, 2, offset)
	m := newModel(t, Options{Features: 2})
	p.teach(m, 500)
	x := []float64{0, 0}
	mean, sd := m.Score(1_000_000, x)
	if math.Abs(mean) > .1 || !(sd > .08 && sd < .4) {
		t.Errorf("got %v with sd %v, want about 0 with that of the arms, 0.16", mean, sd)
	}
	if _, known := m.Score(2, x); known > sd/2 {
		t.Errorf("got sd %v for an arm that is known, want less than half of %v", known, sd)
	}
}

func TestDrawsAreOfTheBelief(t *testing.T) {
	p := newPlay(3, 6, 3, corner)
	p.noise = .4
	m := newModel(t, Options{Features: 3})
	p.teach(m, 700)
	if m.Gain() == 0 {
		t.Fatal("want a network that counts")
	}
	labels := p.round()
	r := &bandit.Round{T: p.t, Arms: []int{0, 3, 99}, X: [][]float64{labels[0].X, labels[3].X, labels[5].X}}
	var mean, sd, sum, squares, out [3]float64
	const n = 20_000
	random := seeded(5)
	for range n {
		m.Draw(r, random, out[:])
		for i, v := range out {
			sum[i] += v
			squares[i] += v * v
		}
	}
	m.Predict(r, mean[:], sd[:])
	for i := range mean {
		got := sum[i] / n
		spread := math.Sqrt(squares[i]/n - got*got)
		if math.Abs(got-mean[i]) > 4*sd[i]/math.Sqrt(n) || math.Abs(spread/sd[i]-1) > .03 {
			t.Errorf("arm %d: got draws of %v ± %v, want %v ± %v", r.Arms[i], got, spread, mean[i], sd[i])
		}
	}
}

// The unit of the rewards is nobody's business.
func TestRewardsOfAnotherUnitAreLearnedAlike(t *testing.T) {
	for _, unit := range []float64{1e-5, 1e4} {
		p := newPlay(1, 6, 3, corner)
		one, other := newModel(t, Options{Features: 3}), newModel(t, Options{Features: 3})
		for range 500 {
			labels := p.round()
			one.Learn(labels)
			for i := range labels {
				labels[i].Reward *= unit
			}
			other.Learn(labels)
		}
		for _, l := range p.round() {
			mean, sd := one.Score(l.Arm, l.X)
			otherMean, otherSD := other.Score(l.Arm, l.X)
			if math.Abs(otherMean/unit-mean) > 1e-3*sd || math.Abs(otherSD/unit/sd-1) > 1e-3 {
				t.Errorf("unit %v: got %v ± %v, want %v ± %v", unit, otherMean/unit, otherSD/unit, mean, sd)
			}
		}
	}
}

func TestLabelsMayComeLate(t *testing.T) {
	p := newPlay(1, 8, 4, slope)
	m := newModel(t, Options{Features: 4})
	var waiting [][]bandit.Label
	mean, sd := make([]float64, 1), make([]float64, 1)
	for range 700 {
		labels := p.round()
		m.Predict(&bandit.Round{T: labels[0].T, Arms: []int{0}, X: [][]float64{labels[0].X}}, mean, sd)
		if waiting = append(waiting, labels); len(waiting) > 100 {
			m.Learn(waiting[0])
			waiting = waiting[1:]
		}
	}
	if got := p.miss(m); got > .05 || m.Restarts() != 0 {
		t.Errorf("got a miss of %v and %d restarts, want at most 0.05 and none", got, m.Restarts())
	}
}

func TestWhatIsNoLabelIsRefusedAndCounted(t *testing.T) {
	m := newModel(t, Options{Features: 2})
	before := m.State()
	good := []float64{1, 2}
	m.Learn([]bandit.Label{
		{X: []float64{1}, Reward: 1, Weight: 1},
		{X: []float64{1, 2, 3}, Reward: 1, Weight: 1},
		{X: []float64{1, math.NaN()}, Reward: 1, Weight: 1},
		{X: good, Reward: math.Inf(1), Weight: 1},
		{X: good, Reward: 1, Weight: 0},
		{X: good, Reward: 1, Weight: math.NaN()},
		{X: good, Reward: 1, Weight: 1, T: -1},
	})
	m.Learn(nil)
	if m.Refused() != 7 {
		t.Errorf("got %d refused, want 7", m.Refused())
	}
	m.refused = 0
	if diff := cmp.Diff(before, m.State()); diff != "" {
		t.Errorf("the belief has changed: %s", diff)
	}
	for _, x := range [][]float64{nil, {1}, {1, 2, 3}} {
		if mean, sd := m.Score(1, x); mean != 0 || !(sd > 0) {
			t.Errorf("row %v: got %v ± %v, want the prior", x, mean, sd)
		}
	}
}

func TestTenThousandArms(t *testing.T) {
	p := newPlay(1, 10_000, 3, offset)
	m := newModel(t, Options{Features: 3})
	p.teach(m, 30)
	right := 0
	for _, l := range p.round() {
		if mean, _ := m.Score(l.Arm, l.X); l.Arm%3 == 1 || (mean > 0) == (l.Arm%3 == 2) {
			right++
		}
	}
	if right < 8500 || m.long.Groups() != 10_000 {
		t.Errorf("got the sign of %d of 10,000 arms right and %d intercepts, want 8,500 and 10,000", right, m.long.Groups())
	}
}

func TestTheSameSeedLearnsTheSame(t *testing.T) {
	learned := func(seed uint64) State {
		m := newModel(t, Options{Features: 3, Seed: seed})
		newPlay(1, 6, 3, corner).teach(m, 100)
		return m.State()
	}
	if diff := cmp.Diff(learned(7), learned(7)); diff != "" {
		t.Errorf("seed 7: %s", diff)
	}
	if cmp.Equal(learned(7), learned(8)) {
		t.Error("seeds 7 and 8 made the same network")
	}
}

func TestItTakesANetworkFromElsewhere(t *testing.T) {
	m := newModel(t, Options{Features: 3, Hidden: []int{5, 4}})
	p := newPlay(1, 6, 3, corner)
	p.teach(m, 50)
	net, err := learn.NewNet(m.Sizes(), seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Adopt(net.Layers); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(net.Layers, m.network.known.Layers); diff != "" {
		t.Error(diff)
	}
	other, _ := learn.NewNet([]int{3, 5, 1}, seeded(1))
	if err := m.Adopt(other.Layers); err == nil {
		t.Error("got no error for a network of other sizes")
	}
	net.Layers[0].Bias[0] = math.NaN()
	if err := m.Adopt(net.Layers); err == nil {
		t.Error("got no error for weights that are no numbers")
	}
	if err := newModel(t, Options{Features: 3, Linear: true}).Adopt(net.Layers); err == nil {
		t.Error("got no error for a model without a network")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"no features":          {},
		"too many":             {Features: 2000},
		"a negative half-life": {Features: 1, HalfLife: -1},
		"no number":            {Features: 1, Recent: math.NaN()},
		"a hidden layer of 0":  {Features: 1, Hidden: []int{0}},
		"no hidden layer":      {Features: 1, Hidden: []int{}},
		"too short a replay":   {Features: 1, Replay: 3},
		"negative arms":        {Features: 1, Arms: -1},
		"too great a decay":    {Features: 1, Rate: 1, Decay: 2},
	} {
		if _, err := New(&o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestScoringAllocatesNothing(t *testing.T) {
	p := newPlay(3, 6, 3, corner)
	p.noise = .4
	m := newModel(t, Options{Features: 3})
	p.teach(m, 700)
	if m.Gain() == 0 {
		t.Fatal("want a network that counts")
	}
	labels := p.round()
	r := &bandit.Round{T: p.t, Arms: []int{0, 3}, X: [][]float64{labels[0].X, labels[3].X}}
	var mean, sd [2]float64
	random := seeded(1)
	if n := testing.AllocsPerRun(100, func() {
		r.T++
		m.Score(3, labels[0].X)
		m.Predict(r, mean[:], sd[:])
		m.Draw(r, random, mean[:])
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

package axrvi

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/learn"
)

// Options describe a Model. Only Features has no zero.
type Options struct {
	// Features is the length of a row, 1 to 1024. A row's numbers should be scaled to a
	// variance of about 1.
	Features int
	// HalfLife is after how many rounds a label counts half while nothing changes; 0 is
	// 2000.
	HalfLife float64
	// Recent is the half-life, in rounds, of the memory that notices that something has
	// changed; 0 is 60.
	Recent float64
	// FeaturePrecision and ArmPrecision are from how many labels on the weight of a
	// feature, and the intercept of an arm, are what the labels say rather than 0; 0 is
	// 10 and 20. That of arms is where the belief starts: it learns how alike they are.
	FeaturePrecision, ArmPrecision float64
	// Arms is how many arms have an intercept of their own; 0 is 65536.
	Arms int
	// Linear leaves the network out.
	Linear bool
	// Hidden has the sizes of the network's hidden layers; nil is 32 and 16.
	Hidden []int
	// Rate is the step size of the network's training (Adam); 0 is 0.002. Decay shrinks
	// its weights by Rate times Decay in each step; 0 is 0.1.
	Rate, Decay float64
	// Replay is how many labels are kept to train on; 0 is 20,000.
	Replay int
	// Seed is where all chance comes from.
	Seed uint64
}

func (o *Options) filled() (Options, error) {
	t := *o
	for _, f := range []struct {
		name string
		v    *float64
		zero float64
	}{
		{"HalfLife", &t.HalfLife, 2000},
		{"Recent", &t.Recent, 60},
		{"FeaturePrecision", &t.FeaturePrecision, 10},
		{"ArmPrecision", &t.ArmPrecision, 20},
		{"Rate", &t.Rate, 0.002},
		{"Decay", &t.Decay, 0.1},
	} {
		if *f.v == 0 {
			*f.v = f.zero
		}
		if !(*f.v > 0 && *f.v <= 1e9) {
			return t, fmt.Errorf("axrvi: %s: got %v, want above 0 to 1e9", f.name, *f.v)
		}
	}
	if t.Hidden == nil {
		t.Hidden = []int{32, 16}
	}
	if t.Replay == 0 {
		t.Replay = 20_000
	}
	switch {
	case t.Features < 1 || t.Features > 1024:
		return t, fmt.Errorf("axrvi: Features: got %d, want 1 to 1024", t.Features)
	case t.Replay < batchRows || t.Replay > 1<<24:
		return t, fmt.Errorf("axrvi: Replay: got %d, want %d to %d", t.Replay, batchRows, 1<<24)
	case !t.Linear && len(t.Hidden) == 0:
		return t, fmt.Errorf("axrvi: Hidden: got no layers, want one at least, or Linear")
	}
	return t, nil
}

// Model is the belief about what following each arm pays: Bayesian linear regression
// on the arm's row, with an intercept for each arm, and beside it a small network for
// what that leaves over, which counts as far as it has predicted better. It
// implements bandit.Model.
//
// The belief fades with HalfLife, and starts anew from the newest labels when a
// shorter memory has predicted better than chance explains: in between, little is
// forgotten where nothing changes, and what has turned wrong is not held on to.
//
// A Model is for one goroutine at a time. The same options and calls give the same
// bits on one machine, with or without State and Restore in between.
type Model struct {
	o       Options
	long    *learn.Mixed
	recent  *learn.Mixed
	watch   watch
	replay  replay
	network *network // nil if Linear
	scaled  bool     // the noise starts from the first reward that is not 0
	calls   int64    // of Learn with labels
	refused int64

	source  *rand.ChaCha8
	random  *rand.Rand
	row     []float64 // the features and 1
	centred []float64
	theta   []float64
	labels  []bandit.Label // those of a call that can be learned from
	left    []float64      // what long leaves of them
}

// New returns the belief before any label.
func New(o *Options) (*Model, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	m := &Model{
		o: options, replay: replay{width: options.Features, most: options.Replay},
		row: make([]float64, options.Features+1), centred: make([]float64, options.Features+1), theta: make([]float64, options.Features+1),
	}
	m.row[options.Features] = 1
	m.source = rand.NewChaCha8(seedOf(o.Seed))
	m.random = rand.New(m.source)
	if m.long, err = options.memory(options.HalfLife); err == nil {
		m.recent, err = options.memory(options.Recent)
	}
	if err == nil && !options.Linear {
		m.network, err = newNetwork(&options, m.random)
	}
	if err != nil {
		return nil, fmt.Errorf("axrvi: %w", err)
	}
	return m, nil
}

func seedOf(seed uint64) (b [32]byte) {
	binary.LittleEndian.PutUint64(b[:], seed)
	return b
}

func (o *Options) memory(halfLife float64) (*learn.Mixed, error) {
	precision := make([]float64, o.Features+1)
	for i := range precision {
		precision[i] = o.FeaturePrecision
	}
	precision[o.Features] = 1 // the intercept: rewards need not be 0 on average
	return learn.NewMixed(&learn.MixedOptions{
		Linear:         learn.LinearOptions{Dim: o.Features + 1, Precision: precision, Discount: math.Exp2(-1 / halfLife)},
		GroupPrecision: o.ArmPrecision,
		MaxGroups:      o.Arms,
	})
}

// fill writes a row and returns it with a 1 behind. What a row has too little is 0.
func (m *Model) fill(x []float64) []float64 {
	n := copy(m.row[:m.o.Features], x)
	clear(m.row[n:m.o.Features])
	return m.row
}

// Score returns the mean of the belief about an arm's mean reward, and its standard
// deviation, as of the newest round that the Model was told of. It allocates nothing.
func (m *Model) Score(arm int, x []float64) (mean, sd float64) {
	row := m.fill(x)
	mean, sd = m.long.Predict(arm, row)
	if n := m.network; n != nil && n.gain.value > 0 {
		more, by := n.predict(row[:m.o.Features])
		mean += n.gain.value * more
		sd = math.Hypot(sd, n.gain.value*by)
	}
	return mean, sd
}

// Predict implements bandit.Model.
func (m *Model) Predict(r *bandit.Round, mean, sd []float64) {
	m.advance(r.T)
	for i, x := range r.X {
		mean[i], sd[i] = m.Score(r.Arms[i], x) //nolint:gosec // G602: all are as long as Arms
	}
}

func (m *Model) advance(t int64) {
	m.long.Advance(t)
	m.recent.Advance(t)
	if m.network != nil {
		m.network.advance(t)
	}
}

// Draw implements bandit.Model.
func (m *Model) Draw(r *bandit.Round, random *rand.Rand, out []float64) {
	m.advance(r.T)
	m.long.Draw(random, m.theta)
	if m.network != nil {
		m.network.draw(random)
	}
	for i, arm := range r.Arms {
		row := m.fill(r.X[i])
		mean, spread := m.mean(arm, row)
		out[i] = mean + m.long.Noise()*math.Sqrt(spread)*random.NormFloat64()
		if n := m.network; n != nil && n.gain.value > 0 {
			out[i] += n.gain.value * inner(n.features(row[:m.o.Features]), n.theta)
		}
	}
}

// mean is the linear belief's mean if its weights are m.theta; spread is the variance
// of the arm's intercept then, in units of the noise's.
func (m *Model) mean(arm int, row []float64) (mean, spread float64) {
	centre, spread := m.long.Centre(arm, row, m.centred)
	return centre + inner(m.centred, m.theta), spread
}

func inner(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// Gain is how much the network counts, 0 to 1: what its corrections, before they were
// learned from, deserved to be multiplied by.
func (m *Model) Gain() float64 {
	if m.network == nil {
		return 0
	}
	return m.network.gain.value
}

// Restarts is how often the belief has started anew because something had changed.
func (m *Model) Restarts() int64 { return m.watch.restarts }

// Refused is how many labels could not be learned from: of another length, or not
// finite, or with a feature beyond a million or a reward beyond a thousand million.
func (m *Model) Refused() int64 { return m.refused }

// Noise returns the standard deviation of a reward around its mean.
func (m *Model) Noise() float64 { return m.long.Noise() }

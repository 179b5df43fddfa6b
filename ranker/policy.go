package ranker

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// newLearner returns a learner that has seen nothing.
func newLearner(o *Options) (*learner, error) {
	l := &learner{opts: o, scale: rank.NewNormaliser(0), open: make(map[int64]*decided), source: newSource(o.Seed)}
	l.trades.open, l.trades.active = make(map[string]*followed), make(map[string]string)
	var err error
	l.features, err = rank.NewFeatures(&rank.Options{Horizon: o.Horizon, Cost: o.Cost, HalfLife: o.HalfLife, Settled: l.settled})
	if err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	if l.policy, err = bandit.New(o.Policy, l.config()); err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	if l.reward, err = bandit.NewReward(o.Reward); err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	if l.gate, err = bandit.NewGate(nil); err != nil {
		return nil, fmt.Errorf("ranker: %w", err)
	}
	l.scorer, _ = l.policy.(bandit.Scorer)
	return l, nil
}

func (l *learner) config() *bandit.Config {
	o := l.opts
	return &bandit.Config{
		Features: rank.Width, NewModel: l.newModel, Key: formulaKey(o.Order),
		Alpha: o.Alpha, Epsilon: o.Epsilon, HalfLife: o.HalfLife,
		Slate: o.Slate, Floor: max(0, o.Floor), Propensities: true, Seed: o.Seed, Source: l.source,
	}
}

// newModel makes the belief behind the policies whose name says nothing of one. What
// it is told here it takes: the options were checked.
func (l *learner) newModel(seed uint64) bandit.Model {
	m, err := axrvi.New(&axrvi.Options{Features: rank.Width, HalfLife: l.opts.HalfLife, Hidden: network[1 : len(network)-1], Seed: seed})
	if err != nil {
		panic("ranker: " + err.Error())
	}
	l.model = m
	return m
}

// newSource returns a source of chance whose state can be kept.
func newSource(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// finite is nil for what is no finite number.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// formulaKey is what the formula orders raw rows by, the lowest first.
func formulaKey(order quasar.Order) func(x []float64) float64 {
	gap := slices.IndexFunc(rank.Table(), func(f rank.Feature) bool { return f.Name == "gap" })
	missing := slices.IndexFunc(rank.Table(), func(f rank.Feature) bool { return f.Name == "no_accuracy" })
	return func(x []float64) float64 {
		switch {
		case x[missing] != 0:
			return math.NaN()
		case order == quasar.Asc:
			return x[gap]
		case order == quasar.Balanced:
			return math.Abs(x[gap])
		default:
			return -x[gap]
		}
	}
}

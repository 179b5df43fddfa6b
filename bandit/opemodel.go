package bandit

import (
	"fmt"

	"github.com/karlquant/quasar/internal/learn"
)

// rewardModel predicts rewards: what the features say by a linear regression, and how
// much better or worse than that an arm was, the less the more seldom it was chosen.
type rewardModel struct {
	linear *learn.Linear
	row    []float64 // the features and a 1
	miss   map[int]*tally
}

// predict cross-fits: what is predicted of a trial is learned from those of other
// folds alone, so that no luck is counted twice. Folds are stretches of time.
func (e *OPE) predict(folds int) (predicted, expected []float64, err error) {
	n := len(e.trials)
	predicted, expected = make([]float64, n), make([]float64, n)
	for fold := range folds {
		from, to := fold*n/folds, (fold+1)*n/folds
		m, err := e.fit(from, to)
		if err != nil {
			return nil, nil, err
		}
		for i := from; i < to; i++ {
			t := &e.trials[i]
			predicted[i] = m.rows(t.x, 0) + m.arm(t.arm)
			expected[i] = m.rows(t.x, 1)
			for k, arm := range t.target.arms {
				if p := t.target.p[k]; p > 0 {
					expected[i] += p * m.arm(arm)
				}
			}
		}
	}
	return predicted, expected, nil
}

// fit learns from all trials but those from one to before another.
func (e *OPE) fit(from, to int) (*rewardModel, error) {
	m := &rewardModel{row: make([]float64, e.width+1), miss: make(map[int]*tally)}
	precision := make([]float64, e.width+1)
	for i := range precision {
		precision[i] = 1 // a feature is of the size of 1
	}
	precision[e.width] = 1e-6 // a mean is not drawn to 0
	var err error
	if m.linear, err = learn.NewLinear(&learn.LinearOptions{Dim: e.width + 1, Precision: precision}); err != nil {
		return nil, fmt.Errorf("bandit: the reward model: %w", err)
	}
	each := func(learn func(t *trial)) {
		for i := range e.trials {
			if i < from || i >= to {
				learn(&e.trials[i])
			}
		}
	}
	each(func(t *trial) { m.linear.Add(0, m.fill(t.x, 0), t.reward, 1) })
	m.linear.Refit()
	each(func(t *trial) {
		if m.miss[t.arm] == nil {
			m.miss[t.arm] = &tally{}
		}
		m.miss[t.arm].add(t.reward-m.rows(t.x, 0), 1, 1, 0)
	})
	return m, nil
}

// fill returns the first row of x, or the second, with a 1.
func (m *rewardModel) fill(x []float32, which int) []float64 {
	width := len(m.row) - 1
	for k := range width {
		m.row[k] = float64(x[which*width+k])
	}
	m.row[width] = 1
	return m.row
}

// rows is what the features say of a row.
func (m *rewardModel) rows(x []float32, which int) float64 {
	return m.linear.Mean(m.fill(x, which))
}

// arm is how much better an arm is than its features say.
func (m *rewardModel) arm(arm int) float64 {
	t := m.miss[arm]
	if t == nil {
		return 0
	}
	return t.sum / (t.weight + armPrecision)
}

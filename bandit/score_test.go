package bandit_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// What a policy chooses without chance is what it scores highest.
func TestAPolicyChoosesWhatItScoresHighest(t *testing.T) {
	r := &bandit.Round{T: 9, Arms: []int{0, 1, 2}, X: [][]float64{nil, nil, nil}}
	for name, alpha := range map[string]float64{"ucb": 2, "ucb1": math.Sqrt(2 * math.Log(10)), "greedy": 0} {
		p, err := bandit.New(name, &bandit.Config{Alpha: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range []float64{0.3, -0.2, 0.5, 0.1, 0.4} {
			p.Learn([]bandit.Label{{T: int64(i), Arm: i % 3, Reward: y, Weight: 1}})
		}
		mean, sd, score, want := make([]float64, 3), make([]float64, 3), make([]float64, 3), make([]float64, 3)
		p.(bandit.Scorer).Score(r, mean, sd, score)
		best := 0
		for i := range want {
			want[i] = mean[i] + alpha*sd[i]
			if want[i] > want[best] {
				best = i
			}
		}
		if diff := cmp.Diff(want, score); diff != "" {
			t.Errorf("%s: scores (-want +got):\n%s", name, diff)
		}
		if got := p.Choose(r).Arm; got != best {
			t.Errorf("%s: chose %d, want %d of the scores %v", name, got, best, score)
		}
	}
}

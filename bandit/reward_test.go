package bandit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/karlquant/quasar/bandit"
)

func rewardsOf(t *testing.T, name string, outcomes []bandit.Outcome) []float64 {
	t.Helper()
	r, err := bandit.NewReward(name)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(outcomes))
	r.All(outcomes, out)
	return out
}

func TestRewards(t *testing.T) {
	nan := math.NaN()
	outcomes := []bandit.Outcome{
		{Direction: 1, Move: 0.02, Volatility: 0.01, Cost: 0.25},
		{Direction: -1, Move: 0.02, Volatility: 0.01, Cost: 0.25},
		{Direction: -1, Move: 0, Volatility: 0.01},
		{Direction: 1, Move: 0.02, Volatility: 0.01, Traded: true, Stake: 10, PnL: 9.5, Fees: 0.5},
		{Direction: 1, Move: 0.02, Volatility: 0.01, Traded: true, Stake: 10, PnL: -10},
		{Direction: 1, Move: 0.02},                                 // nobody knows how much that is
		{Direction: 1, Move: 0.02, Volatility: 0.01, Traded: true}, // nothing was staked
	}
	for name, want := range map[string][]float64{
		"simple": {1.75, -2.25, 0, 0.95, -1, nan, nan},
		"logret": {0.02, -0.02, 0, 0.02, 0.02, 0.02, 0.02},
		"vol":    {2, -2, 0, 2, 2, nan, 2},
		"net":    {1.75, -2.25, 0, 0.9, -1, nan, nan},
		"binary": {1, 0, 0, 1, 0, nan, nan},
		"rank":   {1, -1, 0, 0.5, -0.5, nan, nan},
	} {
		if diff := cmp.Diff(want, rewardsOf(t, name, outcomes), cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEqualsShareTheMiddleOfTheirPlaces(t *testing.T) {
	outcomes := make([]bandit.Outcome, 5)
	for i, move := range []float64{3, 1, 1, 1, 0} {
		outcomes[i] = bandit.Outcome{Direction: 1, Move: move, Volatility: 1}
	}
	if diff := cmp.Diff([]float64{1, 0, 0, 0, -1}, rewardsOf(t, "rank", outcomes)); diff != "" {
		t.Errorf("rank (-want +got):\n%s", diff)
	}
	if got := rewardsOf(t, "rank", outcomes[:1]); got[0] != 0 {
		t.Errorf("one alone: got %v, want 0", got)
	}
}

// Both ratios against their finite differences: the reward is the slope of the ratio
// in the weight of the newest return.
func TestDifferentialRatiosAreTheSlopesOfTheirRatios(t *testing.T) {
	ratios := map[string]func(mean, square float64) float64{
		"sharpe":  func(mean, square float64) float64 { return mean / math.Sqrt(square-mean*mean) },
		"sortino": func(mean, down float64) float64 { return mean / math.Sqrt(down) },
	}
	for name, ratio := range ratios {
		random := rand.New(rand.NewPCG(5, 6))
		outcomes := make([]bandit.Outcome, 300)
		for i := range outcomes {
			outcomes[i] = bandit.Outcome{Direction: 1, Move: random.NormFloat64() + 0.1, Volatility: 1}
		}
		got := rewardsOf(t, name, outcomes)
		mean, square := 0.0, 0.0
		for i := range outcomes {
			r := outcomes[i].Move
			s := r * r
			if name == "sortino" {
				s = min(r, 0) * min(r, 0)
			}
			if i > 50 {
				const h = 1e-6
				up, down := ratio(mean+h*(r-mean), square+h*(s-square)), ratio(mean-h*(r-mean), square-h*(s-square))
				if want := (up - down) / (2 * h); math.Abs(got[i]-want) > 1e-4*(1+math.Abs(want)) {
					t.Fatalf("%s %d: got %v, want %v", name, i, got[i], want)
				}
			}
			weight := max(0.01, 1/float64(i+1))
			mean, square = mean+weight*(r-mean), square+weight*(s-square)
		}
	}
}

func TestAllRewardsAreKnownByName(t *testing.T) {
	for _, name := range bandit.Rewards() {
		for _, r := range rewardsOf(t, name, []bandit.Outcome{{Direction: 1, Move: 1e308, Volatility: 1e-308}, {}}) {
			if math.IsInf(r, 0) {
				t.Errorf("%s: got %v, want a finite number or NaN", name, r)
			}
		}
	}
	if _, err := bandit.NewReward("luck"); err == nil {
		t.Error("got no error for a reward that is none")
	}
}

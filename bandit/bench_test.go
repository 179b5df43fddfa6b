package bandit_test

import (
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/bandit"
)

// BenchmarkChoose is a choice among 10 arms of 20 features by a policy that has seen
// 500 labels, as evaluations ask for it and with all that is recorded in production.
func BenchmarkChoose(b *testing.B) {
	const arms, features = 10, 20
	for _, name := range bandit.Names() {
		for _, recorded := range []bool{false, true} {
			what := name
			if recorded {
				what += "/recorded"
			}
			b.Run(what, func(b *testing.B) {
				p, err := bandit.New(name, &bandit.Config{
					Features: features, Arms: arms, Propensities: recorded, Floor: .1, Key: func(x []float64) float64 { return x[0] },
				})
				if err != nil {
					b.Fatal(err)
				}
				random := rand.New(rand.NewPCG(1, 1))
				rounds := make([]*bandit.Round, 500)
				for t := range rounds {
					rounds[t] = wide(random, int64(t), arms, features)
					p.Learn([]bandit.Label{{T: int64(t), Arm: t % arms, X: rounds[t].X[t%arms], Reward: random.NormFloat64(), Weight: 1}})
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					p.Choose(rounds[i%len(rounds)])
				}
			})
		}
	}
}

func wide(random *rand.Rand, t int64, arms, features int) *bandit.Round {
	r := &bandit.Round{T: t}
	for i := range arms {
		x := make([]float64, features)
		for k := range x {
			x[k] = random.NormFloat64()
		}
		r.Arms, r.X = append(r.Arms, i), append(r.X, x)
	}
	return r
}

package bandit_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/karlquant/quasar/bandit"
)

// large is a decision among n arms with 54 features each, as the ranker's have, and
// what became of them.
func large(n int) (*bandit.DecisionRecord, []*bandit.OutcomeRecord) {
	random := rand.New(rand.NewPCG(1, 2))
	d := decision(1)
	d.Arms, d.Chosen = nil, 0
	var outcomes []*bandit.OutcomeRecord
	for i := range n {
		x := make([]float64, 54)
		for k := range x {
			x[k] = random.NormFloat64()
		}
		name := fmt.Sprintf("R_%d", i)
		d.Arms = append(d.Arms, bandit.ArmRecord{
			Name: name, P: 1 / float64(n), Key: new(random.NormFloat64()), X: bandit.NewRow(x),
			Belief: &bandit.BeliefRecord{Mean: random.NormFloat64(), SD: random.Float64()},
		})
		o := outcome(1, name)
		o.Outcome.Move, o.Outcome.Volatility, o.Reward = random.NormFloat64(), random.Float64(), new(random.NormFloat64())
		outcomes = append(outcomes, o)
	}
	return d, outcomes
}

// What a decision with all its outcomes costs, in time for who decides (not for the
// disk) and in bytes.
func BenchmarkLogDecision(b *testing.B) {
	for _, arms := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(arms), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "decisions.log")
			l, err := bandit.OpenLog(path, &bandit.LogOptions{Buffer: 1 << 30, MaxBytes: 1 << 20, Files: 1, NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			d, outcomes := large(arms)
			written := 0
			for b.Loop() {
				if err := l.Decision(d); err != nil {
					b.Fatal(err)
				}
				for _, o := range outcomes {
					if err := l.Outcome(o); err != nil {
						b.Fatal(err)
					}
				}
				if n := l.Stats().Waiting; n > 1<<28 {
					b.StopTimer()
					if err := l.Flush(); err != nil {
						b.Fatal(err)
					}
					written += n
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(written+l.Stats().Waiting)/float64(b.N), "B/decision")
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkReadLog(b *testing.B) {
	path := filepath.Join(b.TempDir(), "decisions.log")
	l, err := bandit.OpenLog(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	d, outcomes := large(10)
	for id := range int64(500) {
		if d.ID = id; l.Decision(d) != nil {
			b.Fatal("not recorded")
		}
		for _, o := range outcomes {
			if o.Decision = id; l.Outcome(o) != nil {
				b.Fatal("not recorded")
			}
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var j bandit.Join
		n := 0
		for _, err := range j.All(bandit.ReadLog(bytes.NewReader(data))) {
			if n++; err != nil {
				b.Fatal(err)
			}
		}
		if n != 500 {
			b.Fatalf("read %d decisions, want 500", n)
		}
	}
}

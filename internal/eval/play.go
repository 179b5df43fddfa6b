package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// Outcome is what became of one policy in one course.
type Outcome struct {
	Seed uint64
	// Rounds is how long the course was.
	Rounds int
	// Regret is the sum, over rounds, of the best arm's mean less the taken one's.
	Regret float64
	// Reward is the sum of what the taken arms paid.
	Reward float64
	// Curve is the regret up to and with the rounds of Points.
	Curve []float64
	// Opened is after how many rounds the gate first saw evidence of an edge in what
	// the taken arms paid; 0 is never, and in a world where nobody trades.
	Opened int
	// Believed is in how many rounds after Trial the arm was taken that lies.
	Believed int
	// Busy is how long the policy took, choosing and learning.
	Busy time.Duration
}

// Points are the rounds, counted from 1, at which a curve of so many rounds is
// looked at: each hundredth.
func Points(rounds int) []int {
	const points = 100
	var out []int
	for k := range points {
		out = append(out, at(rounds, float64(k+1)/points))
	}
	return slices.Compact(out)
}

// at is the round, counted from 1, by which a share of all rounds is over.
func at(rounds int, share float64) int {
	return max(1, int(float64(rounds)*share+.5))
}

// player is one policy in one course.
type player struct {
	setup  *Setup
	policy bandit.Policy
	round  bandit.Round
	// late are the labels of rounds that the policy has not been told yet, the
	// oldest first.
	late [][]bandit.Label
	out  Outcome
}

// play goes through the course of a seed.
func (s *Setup) play(ctx context.Context, policy bandit.Policy, seed uint64) (Outcome, error) {
	p := &player{setup: s, policy: policy, out: Outcome{Seed: seed, Rounds: s.World.Rounds}}
	for arm := range s.World.Arms {
		p.round.Arms = append(p.round.Arms, arm)
	}
	gate, err := bandit.NewGate(nil)
	if err != nil {
		return Outcome{}, err
	}
	course, points, taken := s.World.Start(seed), Points(s.World.Rounds), -1
	for t := range s.World.Rounds {
		if ctx.Err() != nil {
			return Outcome{}, context.Cause(ctx)
		}
		turn := course.Next(taken)
		if taken, err = p.take(t, &turn); err != nil {
			return Outcome{}, err
		}
		p.out.Regret += slices.Max(turn.Mean) - turn.Mean[taken]
		p.out.Reward += turn.Reward[taken]
		if s.World.Liar != nil && t >= Trial && taken == s.World.Liar(seed) {
			p.out.Believed++
		}
		if s.World.Trades && p.out.Opened == 0 {
			if gate.Observe(turn.Reward[taken]); gate.Open() {
				p.out.Opened = t + 1
			}
		}
		if t+1 == points[len(p.out.Curve)] {
			p.out.Curve = append(p.out.Curve, p.out.Regret)
		}
	}
	return p.out, nil
}

// take lets the policy choose and learn. The label of a round is learned Delay
// rounds after it: at once, before the next choice, if that is 0.
func (p *player) take(t int, turn *Turn) (int, error) {
	p.round.T, p.round.X = int64(t), turn.X
	start := p.setup.now()
	choice := p.policy.Choose(&p.round)
	if choice.Arm < 0 || choice.Arm >= len(p.round.Arms) {
		return 0, fmt.Errorf("eval: the policy chose arm %d in round %d, want 0 to %d", choice.Arm, t, len(p.round.Arms)-1)
	}
	p.late = append(p.late, p.labels(t, choice.Arm, turn))
	if len(p.late) > p.setup.Delay {
		p.policy.Learn(p.late[0])
		p.late[0], p.late = nil, p.late[1:]
	}
	p.out.Busy += p.setup.now().Sub(start)
	return choice.Arm, nil
}

// labels is what a policy is told of a round, sooner or later.
func (p *player) labels(t, taken int, turn *Turn) []bandit.Label {
	label := func(arm int) bandit.Label {
		return bandit.Label{T: int64(t), Arm: arm, X: turn.X[arm], Reward: turn.Reward[arm], Weight: 1}
	}
	if p.setup.Feedback != Shadow {
		return []bandit.Label{label(taken)}
	}
	all := make([]bandit.Label, len(p.round.Arms))
	for arm := range all {
		all[arm] = label(arm)
	}
	return all
}

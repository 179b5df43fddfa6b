package eval

import (
	"math"
	"math/rand/v2"
)

// The means of the wheel's rewards (Riquelme, Tucker and Snoek 2018, section 5.4;
// the numbers are those of its published comparisons).
const (
	wheelSafe   = 1.2 // of the last arm in the inner part
	wheelOther  = 1
	wheelPrize  = 50 // of the one right arm in the outer part
	wheelNoise  = 0.01
	wheelRounds = 20_480
	wheelArms   = 5
)

// wheel is a course of the wheel bandit.
type wheel struct {
	random       *rand.Rand
	delta, noise float64
}

func newWheel(o *Options) (*World, error) {
	delta, noise := o.Delta, or(o.Noise, wheelNoise)
	if delta == 0 {
		delta = 0.9
	}
	return &World{
		Rounds: wheelRounds, Arms: wheelArms, Features: 2, Shared: true,
		Start: func(seed uint64) Course {
			return &wheel{random: courseRandom(seed), delta: delta, noise: noise}
		},
	}, nil
}

// Next implements Course: a point of the unit disc, all as likely.
func (w *wheel) Next(int) Turn {
	radius, angle := math.Sqrt(w.random.Float64()), 2*math.Pi*w.random.Float64()
	x, y := radius*math.Cos(angle), radius*math.Sin(angle)
	turn := sharedTurn([]float64{x, y}, wheelArms)
	for i := range turn.Mean {
		turn.Mean[i] = wheelOther
	}
	if radius > w.delta {
		turn.Mean[quadrant(x, y)] = wheelPrize
	} else {
		turn.Mean[wheelArms-1] = wheelSafe
	}
	for i, mean := range turn.Mean {
		turn.Reward[i] = mean + w.noise*w.random.NormFloat64()
	}
	return turn
}

// quadrant is the arm that pays in the outer part: 0 for x, y > 0, 1 below it, 2 and 3
// to the left of them.
func quadrant(x, y float64) int {
	arm := 3
	if x > 0 {
		arm -= 2
	}
	if y > 0 {
		arm--
	}
	return arm
}

// sharedTurn is a round in which all arms have the same row.
func sharedTurn(row []float64, arms int) Turn {
	turn := Turn{X: make([][]float64, arms), Mean: make([]float64, arms), Reward: make([]float64, arms)}
	for i := range turn.X {
		turn.X[i] = row
	}
	return turn
}

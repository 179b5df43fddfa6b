package eval

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Stat is a mean over courses.
type Stat struct {
	N    int
	Mean float64
	// SD is the standard deviation between courses, and Low and High the 95 % interval
	// of the mean by Student's t. They are NaN where N is 1.
	SD, Low, High float64
}

// Summarise returns the Stat of at least one number.
func Summarise(xs []float64) Stat {
	n := float64(len(xs))
	s := Stat{N: len(xs), SD: math.NaN(), Low: math.NaN(), High: math.NaN()}
	for i, x := range xs {
		s.Mean += (x - s.Mean) / float64(i+1)
	}
	if len(xs) < 2 {
		return s
	}
	square := 0.0
	for _, x := range xs {
		square += (x - s.Mean) * (x - s.Mean)
	}
	s.SD = math.Sqrt(square / (n - 1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(.975)
	s.Low, s.High = s.Mean-t*s.SD/math.Sqrt(n), s.Mean+t*s.SD/math.Sqrt(n)
	return s
}

// Regret is the regret over a record's courses.
func (r *Record) Regret() Stat {
	return r.over(func(o *Outcome) float64 { return o.Regret })
}

// Reward is the reward over a record's courses.
func (r *Record) Reward() Stat {
	return r.over(func(o *Outcome) float64 { return o.Reward })
}

// RegretAt is the regret at a point of the curve over a record's courses.
func (r *Record) RegretAt(point int) Stat {
	return r.over(func(o *Outcome) float64 { return o.Curve[point] })
}

func (r *Record) over(of func(o *Outcome) float64) Stat {
	xs := make([]float64, len(r.Outcomes))
	for i := range xs {
		xs[i] = of(&r.Outcomes[i])
	}
	return Summarise(xs)
}

// Relative is a record's regret as a share of another's, over the courses that both
// have played; NaN if there is none or the other has no regret.
func (r *Record) Relative(to *Record) float64 {
	theirs := map[uint64]float64{}
	for i := range to.Outcomes {
		theirs[to.Outcomes[i].Seed] = to.Outcomes[i].Regret
	}
	var a, b float64
	for i := range r.Outcomes {
		if regret, ok := theirs[r.Outcomes[i].Seed]; ok {
			a, b = a+r.Outcomes[i].Regret, b+regret
		}
	}
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

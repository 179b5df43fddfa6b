package bandit

import "math"

// scaler brings numbers to mean 0 and deviation 1, by what it has seen (Welford 1962).
type scaler struct {
	n        float64
	mean, m2 []float64
}

func newScaler(width int) *scaler {
	return &scaler{mean: make([]float64, width), m2: make([]float64, width)}
}

func (s *scaler) add(x []float64) {
	s.n++
	for i, v := range x {
		d := v - s.mean[i]
		s.mean[i] += d / s.n
		s.m2[i] += d * (v - s.mean[i])
	}
}

// farthest is how many deviations from the mean a number counts at most: one that is
// farther off says no more, and would drown the others.
const farthest = 5

// scale writes x to z, clipped. What never changed is 0.
func (s *scaler) scale(x, z []float64) {
	for i, v := range x {
		z[i] = 0
		if sd := s.sd(i); sd > 0 {
			z[i] = min(max((v-s.mean[i])/sd, -farthest), farthest)
		}
	}
}

func (s *scaler) sd(i int) float64 { return math.Sqrt(s.m2[i] / max(s.n, 1)) }

func (s *scaler) copyFrom(o *scaler) {
	s.n = o.n
	copy(s.mean, o.mean)
	copy(s.m2, o.m2)
}

package learn

import "math"

// sums are the discounted sums of w x x', w y x, w y y and w. What is stored has to be multiplied
// by scale, so that a round costs one multiplication.
type sums struct {
	dim      int
	discount float64
	clock    int64
	scale    float64
	decay    float64 // of what the last refit knew
	xx       []float64
	xy       []float64
	yy, n    float64
}

func newSums(dim int, discount float64) sums {
	return sums{dim: dim, discount: discount, scale: 1, decay: 1, xx: make([]float64, dim*dim), xy: make([]float64, dim)}
}

// advance moves the clock to a round and returns by how much all has lost weight.
func (s *sums) advance(t int64) float64 {
	if t <= s.clock {
		return 1
	}
	by := s.age(t - s.clock)
	s.clock = t
	s.scale *= by
	s.decay *= by
	return by
}

func (s *sums) age(rounds int64) float64 {
	switch {
	case s.discount == 1 || rounds == 0:
		return 1
	case rounds == 1:
		return s.discount
	}
	return math.Pow(s.discount, float64(rounds))
}

// late returns the weight that a label of round t has left.
func (s *sums) late(t int64) float64 { return s.age(max(s.clock-t, 0)) }

// settle multiplies the scale through and returns it.
func (s *sums) settle() float64 {
	by := s.scale
	blas.Dscal(len(s.xx), by, s.xx, 1)
	blas.Dscal(len(s.xy), by, s.xy, 1)
	s.yy *= by
	s.n *= by
	s.scale = 1
	return by
}

// add is for a weight as of the clock's round.
func (s *sums) add(x []float64, y, weight float64) {
	weight /= s.scale
	for i, v := range x {
		if v != 0 {
			addScaled(weight*v, x[i:], s.xx[i*s.dim+i:(i+1)*s.dim])
		}
	}
	addScaled(weight*y, x, s.xy)
	s.yy += weight * y * y
	s.n += weight
}

func (s *sums) forget() {
	clear(s.xx)
	clear(s.xy)
	s.yy, s.n = 0, 0
}

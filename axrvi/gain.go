package axrvi

import "math"

// gain is what corrections should have been multiplied by, judged by labels that they
// were not learned from: the weight of least squares, by which they gain most over no
// correction, less what chance may have added, and within 0 and 1.
type gain struct {
	discount float64
	clock    int64
	cross    float64 // discounted sum of correction times what it should have been
	square   float64 // of correction times correction
	value    float64
}

const (
	// gainsPerLife is how many half-lives of this sum are one of the belief.
	gainsPerLife = 4
	// doubt is how many standard deviations are taken for chance.
	doubt = 0.5
)

func (g *gain) advance(t int64) {
	if t <= g.clock {
		return
	}
	by := math.Pow(g.discount, float64(t-g.clock))
	g.cross, g.square, g.clock = g.cross*by, g.square*by, t
}

func (g *gain) take(correction, wanted, weight, noise float64) {
	g.cross += weight * correction * wanted
	g.square += weight * correction * correction
	g.value = 0
	if surely := g.cross - doubt*noise*math.Sqrt(g.square); surely > 0 {
		g.value = min(surely/g.square, 1)
	}
}

func (g *gain) forget() { g.cross, g.square, g.value = 0, 0, 0 }

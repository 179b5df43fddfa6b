package eval

// still is an edge that only goes by the asset's state.
type still func(a *asset) float64

func (f still) means(_ int, all []asset, _ int, _, out []float64) {
	for i := range all {
		out[i] = f(&all[i])
	}
}

// always begins the same edge in every course.
func always(f still) func(int) edge { return func(int) edge { return f } }

// linear is an edge that a linear model can know.
func linear(a *asset) float64 {
	return .10*a.x[acc] + .06*a.x[conf] - .08*a.x[stale] + .05*a.x[mom]
}

// nonlinear pays where three things meet, and costs where the metrics are stale.
func nonlinear(a *asset) float64 {
	m := -.05
	if a.x[acc] > .3 && a.x[conf] > 0 && a.x[vol] < .5 {
		m = .35
	}
	if a.x[stale] > 1 {
		m -= .2
	}
	return m
}

// byAsset is an edge that only the asset's name tells of.
func byAsset(a *asset) float64 { return .1 * a.b }

// none is no edge at all.
func none(*asset) float64 { return 0 }

// switching is the linear edge, of the opposite sign in the second and fourth
// quarter of the course.
type switching struct{ rounds int }

func (s switching) means(t int, all []asset, _ int, _, out []float64) {
	sign := 1.0
	if 4*t/s.rounds%2 == 1 {
		sign = -1
	}
	for i := range all {
		out[i] = sign * linear(&all[i])
	}
}

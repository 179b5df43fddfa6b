package eval

// watched is how many rounds the adversary looks at, and trusted the share of what
// could have been had over chance in them at which it strikes.
const (
	watched = 100
	trusted = 0.5
)

// adversary is the linear edge turned against whoever relies on it: as soon as a
// policy has had half of what there was to be had in a hundred rounds, the sign of
// the edge is the opposite, until the policy has found that out too.
type adversary struct {
	sign     float64
	seen     int
	had, all float64 // over chance, since the last strike or in the last rounds
	past     [watched][2]float64
}

func newAdversary(int) edge { return &adversary{sign: 1} }

func (a *adversary) means(_ int, all []asset, taken int, before, out []float64) {
	if taken >= 0 {
		a.watch(taken, before)
	}
	for i := range all {
		out[i] = a.sign * linear(&all[i])
	}
}

// watch adds a round to those that count, and strikes when it is time.
func (a *adversary) watch(taken int, means []float64) {
	mean, best := 0.0, means[0]
	for _, m := range means {
		mean += m / float64(len(means))
		best = max(best, m)
	}
	slot := &a.past[a.seen%watched]
	a.had, a.all = a.had-slot[0], a.all-slot[1]
	*slot = [2]float64{means[taken] - mean, best - mean}
	a.had, a.all = a.had+slot[0], a.all+slot[1]
	if a.seen++; a.seen >= watched && a.had > trusted*a.all {
		*a = adversary{sign: -a.sign}
	}
}

// deceit is the linear edge for all but one asset, which says of itself that it is
// always right and is right by chance: its accuracy is far beyond all others' and
// it pays nothing on average.
type deceit struct{ liar int }

// boast is the liar's accuracy feature: σ(4) = 0.98.
const boast = 4

func (d deceit) means(_ int, all []asset, _ int, _, out []float64) {
	all[d.liar].x[acc] = boast
	for i := range all {
		out[i] = linear(&all[i])
	}
	out[d.liar] = 0
}

// newLiars makes the world of the liar. Which asset lies is the seed's.
func newLiars(o *Options) (*World, error) {
	w, err := simulated(0, always(none))(o)
	if err != nil {
		return nil, err
	}
	cost, noise := or(o.Cost, 0), or(o.Noise, 1)
	w.Liar = func(seed uint64) int { return int(seed % uint64(w.Arms)) }
	w.Start = func(seed uint64) Course {
		return newSim(seed, w.Arms, cost, noise, deceit{w.Liar(seed)})
	}
	return w, nil
}

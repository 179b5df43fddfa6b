package bandit

import "math"

// bet is against a mean: the logarithm of what somebody has who began with 1 and
// stakes, on every reward, that the true mean is higher, or lower.
type bet struct{ mean, up, down float64 }

const (
	// perSide is how many means on each side of 0 are bet against. They stand closest
	// around 0, where it matters.
	perSide = 100
	// most is the share of the capital that may be lost in one bet.
	most = 0.75
)

func newBets(o *GateOptions) []bet {
	bets := make([]bet, 2*perSide+1)
	for i := 1; i <= perSide; i++ {
		share := math.Pow(float64(i)/perSide, 3)
		bets[perSide-i].mean, bets[perSide+i].mean = o.Low*share, o.High*share
	}
	return bets
}

// bet lets everybody bet on a reward, before it is known to the state. How much is
// staked depends on what came before alone, which makes the capital of who bets
// against the true mean a martingale: the hedged capital process of Waudby-Smith and
// Ramdas (2023), section 4.2, with their predictable plug-in stake. It returns the
// reward within the bounds.
func (g *Gate) bet(reward float64) float64 {
	x := min(max(reward, g.opts.Low), g.opts.High)
	if x != reward {
		g.clipped++
	}
	stake := g.stake()
	for i := range g.bets {
		b := &g.bets[i]
		d := x - b.mean
		b.up += math.Log1p(min(stake, most/(b.mean-g.opts.Low)) * d)
		b.down += math.Log1p(-min(stake, most/(g.opts.High-b.mean)) * d)
	}
	return x
}

// stake is sqrt(2 ln(2 / alpha) / (v t ln(t + 1))): v is the variance so far, with one
// reward in it at a quarter of the range to begin with.
func (g *Gate) stake() float64 {
	t := float64(g.n + 1)
	prior := (g.opts.High - g.opts.Low) / 4
	v := (prior*prior + g.m2) / t
	return math.Sqrt(2 * math.Log(2/g.opts.Alpha) / (v * t * math.Log(t+1)))
}

// betBounds are the ends of the range of means that nobody has won much against: those
// next to it that somebody has, for the truth may lie between two.
func (g *Gate) betBounds() (low, high float64) {
	limit := math.Log(2 / g.opts.Alpha) // half of the capital bets on each side
	first, last := 0, len(g.bets)-1
	for first < last && g.bets[first].up >= limit {
		first++
	}
	for last > first && g.bets[last].down >= limit {
		last--
	}
	return g.bets[max(first-1, 0)].mean, g.bets[min(last+1, len(g.bets)-1)].mean
}

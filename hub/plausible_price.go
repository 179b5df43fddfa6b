package hub

import (
	"math"
	"time"
)

// priceWatch watches last_price. Prices may jump, and how far is not known before
// one did: of what goes beyond the usual moves there is a budget.
type priceWatch struct {
	last   float64 // 0 before the first
	at     seconds // when it moved to last
	moves  average // size of a move, as a logarithm, by the square root of the seconds that it took
	beyond budget
	odd    streak

	stood   standing
	stoodAt int64 // how often training_steps had risen when it began to stand
}

const (
	// movesBeyond is how many times the mean size a move may have for free: 9.6
	// standard deviations of a random walk.
	movesBeyond = 12
	// wildest is the mean move of a second where few have been seen. That of the
	// wildest index, Volatility 300 (1s), is 4.3e-4.
	wildest = 5e-4
	// fewMoves is how many are few, and moveMemory how many the mean is of: so many
	// that no one who drags a price away has made that usual before the budget ends.
	fewMoves   = 100
	moveMemory = 4096
	// largestLearned is the largest size that the mean learns: a jump says little
	// about the moves between jumps.
	largestLearned = 0.01
	// jumps is the budget, as a logarithm. It is full again after quarantine or after
	// refillMoves moves, whichever is sooner: who trains on a price that is played
	// a hundred times as fast sees as many times the jumps. Crashes of 0.3 % on
	// average, exponential, one in 50 moves, need more once in some 10^9 crashes.
	jumps       = 0.08
	refillMoves = 600
	// standsFor is how long a price may stand while training goes on. Indices never
	// close; where a market does, its price is old, too.
	standsFor = 15 * time.Minute
)

func (w *priceWatch) judge(price float64, rises int64, now seconds) finding {
	switch {
	case w.last == 0:
	case price == w.last:
		w.odd.end()
		return w.stand(rises, now)
	case !w.reaches(price, now):
		if !w.odd.outlasts(now) {
			return finding{leapt, w.last, price}
		}
		w.moves, w.beyond = average{}, budget{}
	}
	w.last, w.at, w.stood = price, now, standing{}
	w.odd.end()
	return finding{}
}

// reaches tells whether the price can have moved there by now, and learns the move
// if so.
func (w *priceWatch) reaches(price float64, now seconds) bool {
	root := math.Sqrt(now.since(w.at))
	move := distance(w.last, price)
	usual := w.moves.mean
	if w.moves.n < fewMoves {
		usual = max(usual, wildest)
	}
	if excess := move - movesBeyond*usual*root; excess > 0 && !w.beyond.spend(excess, jumps, now) {
		return false
	}
	w.beyond.used = max(0, w.beyond.used-jumps/refillMoves)
	w.moves.add(min(move/root, largestLearned), moveMemory)
	return true
}

// distance is the size of a move as a logarithm. For what most moves are, less than
// 1 %, it does without one, and is off by half a percent of it at most.
func distance(from, to float64) float64 {
	ratio := to / from
	if size := math.Abs(ratio - 1); size < 0.01 {
		return size
	}
	return math.Abs(math.Log(ratio))
}

func (w *priceWatch) stand(rises int64, now seconds) finding {
	if w.stood.n == 0 {
		w.stoodAt = rises
	}
	if w.stood.lasts(standsFor, now) && rises > w.stoodAt {
		return finding{stands, w.last, w.last}
	}
	return finding{}
}

package rank

import (
	"math"

	"github.com/karlquant/quasar"
)

// formula is the Value of s.Score() and whether there is one. Score allocates for
// what it answers, which is too much for each update of each asset; a test holds
// the two together.
func formula(s *quasar.Snapshot) (score float64, scored bool) {
	buys, sells, accuracy := s.Voting.BuyCount, s.Voting.SellCount, s.Training.AVNAccuracy
	if !counts(buys) || !counts(sells) || *buys+*sells == 0 || !finite(accuracy) {
		return 0, false
	}
	confidence := float64(max(*buys, *sells)) / float64(*buys+*sells)
	return confidence - min(max(*accuracy, 0), 1), true
}

func counts(n *int64) bool { return n != nil && 0 <= *n && *n <= quasar.MaxCount }

func finite(x *float64) bool { return x != nil && !math.IsNaN(*x) && !math.IsInf(*x, 0) }

// keyOf maps a score to a number that rises from the first place to the last.
func keyOf(order quasar.Order, score float64, scored bool) float64 {
	switch {
	case !scored:
		return math.Inf(1)
	case order == quasar.Asc:
		return score
	case order == quasar.Balanced:
		return math.Abs(score)
	default:
		return -score
	}
}

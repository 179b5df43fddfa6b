package bandit

import "math"

// slate picks the arms that a choice is among.
type slate struct {
	size    int // 0 is all
	members []int
	scores  []float64
}

// pick returns the arms of the highest mean + sd, by their place in the round. What
// is little known is in it for its sd. The answer holds until the next call.
func (s *slate) pick(mean, sd []float64) []int {
	s.members = s.members[:0]
	if s.size <= 0 || s.size >= len(mean) {
		for i := range mean {
			s.members = append(s.members, i)
		}
		return s.members
	}
	s.scores = s.scores[:0]
	for i := range mean {
		s.insert(i, mean[i]+sd[i])
	}
	return s.members
}

// insert keeps the best in falling order; of equals, the first comes first.
func (s *slate) insert(i int, score float64) {
	if math.IsNaN(score) {
		score = math.Inf(-1)
	}
	at := len(s.members)
	for at > 0 && score > s.scores[at-1] {
		at--
	}
	if at == s.size {
		return
	}
	if len(s.members) < s.size {
		s.members, s.scores = append(s.members, 0), append(s.scores, 0)
	}
	copy(s.members[at+1:], s.members[at:])
	copy(s.scores[at+1:], s.scores[at:])
	s.members[at], s.scores[at] = i, score
}

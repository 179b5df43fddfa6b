package bandit

// span is from the least to the largest reward seen. A mean cannot be beyond: where a
// model says so of an arm it does not know there, it would take that arm for hopeless,
// or try it for ever.
type span struct {
	low, high float64
	any       bool
}

func (s *span) add(reward float64) {
	if !s.any {
		s.low, s.high, s.any = reward, reward, true
	}
	s.low, s.high = min(s.low, reward), max(s.high, reward)
}

func (s *span) clip(mean float64) float64 {
	if !s.any {
		return mean
	}
	return min(max(mean, s.low), s.high)
}

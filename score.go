package quasar

// Formula is how a score is made, in words that every answer carries.
const Formula = "score = max(buy_count, sell_count) / (buy_count + sell_count) - avn_accuracy"

// Score is what the formula makes of a snapshot.
type Score struct {
	// Value is SignalConfidence minus avn_accuracy: -1 to 1. It is nil without
	// votes or without an accuracy.
	Value *float64
	// SignalConfidence is the larger side's share of the votes: 0.5 to 1. It is
	// nil without votes: 0/0 is not 0.
	SignalConfidence *float64
	// Reason says why Value is nil, and is empty where it is not.
	Reason string
}

// Reasons for a score that does not exist.
const (
	NoVotes    = "no votes"
	NoAccuracy = "no accuracy"
)

// Score works the formula for s. What breaks its rule in a snapshot that was made
// by hand counts as Valid would have it: an accuracy is clamped, and one that is
// not finite, or a count out of range, is not known.
func (s *Snapshot) Score() Score {
	confidence, ok := s.Voting.confidence()
	if !ok {
		return Score{Reason: NoVotes}
	}
	accuracy, ok := s.Training.accuracy()
	if !ok {
		return Score{SignalConfidence: &confidence, Reason: NoAccuracy}
	}
	return Score{SignalConfidence: &confidence, Value: new(confidence - accuracy)}
}

// value is that of the score, which has none where ok is false.
func (s *Snapshot) value() (value float64, ok bool) {
	confidence, votes := s.Voting.confidence()
	accuracy, ok := s.Training.accuracy()
	return confidence - accuracy, votes && ok
}

// accuracy is the one that counts, from 0 to 1.
func (t *Training) accuracy() (share float64, ok bool) {
	x := finite(t.AVNAccuracy)
	if x == nil {
		return 0, false
	}
	return min(max(*x, 0), 1), true
}

// confidence does not exist unless both counts are known: an unknown count is not 0.
func (v *Voting) confidence() (share float64, ok bool) {
	if !known(v.BuyCount) || !known(v.SellCount) {
		return 0, false
	}
	total := *v.BuyCount + *v.SellCount
	if total == 0 {
		return 0, false
	}
	return float64(max(*v.BuyCount, *v.SellCount)) / float64(total), true
}

// known tells whether a count is there and in range.
func known(count *int64) bool { return count != nil && 0 <= *count && *count <= MaxCount }

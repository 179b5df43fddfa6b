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

// Score works the formula for s.
func (s *Snapshot) Score() Score {
	confidence := s.Voting.confidence()
	if confidence == nil {
		return Score{Reason: NoVotes}
	}
	if s.Training.AVNAccuracy == nil {
		return Score{SignalConfidence: confidence, Reason: NoAccuracy}
	}
	return Score{SignalConfidence: confidence, Value: new(*confidence - *s.Training.AVNAccuracy)}
}

// confidence is nil unless both counts are known: an unknown count is not 0.
func (v *Voting) confidence() *float64 {
	if v.BuyCount == nil || v.SellCount == nil {
		return nil
	}
	total := *v.BuyCount + *v.SellCount
	if total <= 0 {
		return nil
	}
	return new(float64(max(*v.BuyCount, *v.SellCount)) / float64(total))
}

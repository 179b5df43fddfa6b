package quasar

import (
	"fmt"
	"strings"
)

// Training is what a space reports of its learner. A nil field is not known.
type Training struct {
	// TrainingSteps counts updates of the learner: 0 to MaxCount.
	TrainingSteps *int64 `json:"training_steps"`
	// ActorLoss, CriticLoss and AVNLoss are finite; their scale is the learner's own.
	ActorLoss  *float64 `json:"actor_loss"`
	CriticLoss *float64 `json:"critic_loss"`
	AVNLoss    *float64 `json:"avn_loss"`
	// AVNAccuracy is the share of votes that the validation network judged
	// rightly: 0 to 1.
	AVNAccuracy *float64 `json:"avn_accuracy"`
}

// Voting is what the agents of a space say about its asset. A nil field is not
// known.
type Voting struct {
	// DominantSignal is the side with most votes.
	DominantSignal *Signal `json:"dominant_signal"`
	// BuyCount and SellCount count the agents on each side: 0 to MaxCount.
	BuyCount  *int64 `json:"buy_count"`
	SellCount *int64 `json:"sell_count"`
	// LastPrice is the price that the votes were cast at: finite, above 0.
	LastPrice *float64 `json:"last_price"`
	// SignalSource names what produced the votes: at most 64 characters, none
	// of them a control character.
	SignalSource *string `json:"signal_source"`
}

// Signal is a side of the market.
type Signal string

// The three signals.
const (
	Buy     Signal = "BUY"
	Sell    Signal = "SELL"
	Neutral Signal = "NEUTRAL"
)

// ParseSignal reads a signal, forgiving case and surrounding space.
func ParseSignal(s string) (Signal, error) {
	trimmed := strings.TrimSpace(s)
	for _, signal := range [...]Signal{Buy, Sell, Neutral} {
		if equalASCII(trimmed, string(signal)) {
			return signal, nil
		}
	}
	return "", fmt.Errorf(`got %+q, want "BUY", "SELL" or "NEUTRAL"`, clip(s, 24))
}

// equalASCII compares s with an upper-case word. Unicode's own folding would
// take "ſell" (with a long s) for SELL.
func equalASCII(s, upper string) bool {
	if len(s) != len(upper) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

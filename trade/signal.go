package trade

import (
	"fmt"
	"math"
	"time"
)

// Side is the direction that a signal expects of the price.
type Side int8

// The sides.
const (
	Buy  Side = 1
	Sell Side = -1
)

func (s Side) String() string {
	if s == Sell {
		return "SELL"
	}
	return "BUY"
}

// MarshalText writes BUY or SELL.
func (s Side) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads BUY or SELL.
func (s *Side) UnmarshalText(text []byte) error {
	switch string(text) {
	case "BUY":
		*s = Buy
	case "SELL":
		*s = Sell
	default:
		return fmt.Errorf("side: got %.20q, want BUY or SELL", text)
	}
	return nil
}

// Signal is a decision to follow what an asset's agents voted for. Numbers that are
// not known are nil.
type Signal struct {
	// Decision names the decision, and is never used again: of two signals of one
	// decision only the first can become an order.
	Decision string `json:"decision"`
	// Asset is the name of the space, Side what its votes say.
	Asset string `json:"asset"`
	Side  Side   `json:"side"`
	// Votes are how many agents voted to buy and to sell. Signals of the same asset,
	// side and votes are one signal while the contract of one of them lives, however
	// often they are sent again.
	Votes [2]int64 `json:"votes"`
	// Price is the last price that the space told.
	Price *float64 `json:"price"`
	// SnapshotAge and VotesAge are how old the snapshot and its votes were, by the
	// hub's clock, when it was decided; TrainingAge is since the count of training
	// steps last moved, nil for never seen to move.
	SnapshotAge time.Duration  `json:"snapshot_age"`
	VotesAge    time.Duration  `json:"votes_age"`
	TrainingAge *time.Duration `json:"training_age"`
	// Mean and SD are the learner's belief of the reward; Edge is the lower bound of
	// what its evidence says of the mean reward, Proven whether that is above 0.
	Mean   *float64 `json:"mean"`
	SD     *float64 `json:"sd"`
	Edge   *float64 `json:"edge"`
	Proven bool     `json:"proven"`
	// Propensity is with what probability the policy chose it.
	Propensity float64 `json:"propensity"`
	// Policy names the policy that chose it, "" where that is not told.
	Policy string `json:"policy,omitempty"`
	// At is when the trader got it, by the broker's clock.
	At time.Time `json:"at"`
}

// Same tells whether s and o are the same signal, sent twice.
func (s *Signal) Same(o *Signal) bool {
	return s.Asset == o.Asset && s.Side == o.Side && s.Votes == o.Votes
}

// known is the signal without what is no number: that is not known.
func (s *Signal) known() Signal {
	k := *s
	for _, number := range []**float64{&k.Price, &k.Mean, &k.SD, &k.Edge} {
		if *number != nil && (math.IsNaN(**number) || math.IsInf(**number, 0)) {
			*number = nil
		}
	}
	if math.IsNaN(k.Propensity) || math.IsInf(k.Propensity, 0) {
		k.Propensity = 0
	}
	return k
}

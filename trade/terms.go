package trade

import "time"

// Kind is a kind of contract, by the venue's name.
type Kind string

// The kinds that are traded.
const (
	Rise      Kind = "CALL" // the price is higher at the end
	Fall      Kind = "PUT"
	MultiUp   Kind = "MULTUP" // stake × multiplier × move, until it is sold
	MultiDown Kind = "MULTDOWN"
)

// Multiplies tells whether a contract of the kind has no end of its own and needs a
// stop loss.
func (k Kind) Multiplies() bool { return k == MultiUp || k == MultiDown }

// known tells whether the kind is one that is traded.
func (k Kind) known() bool { return k == Rise || k == Fall || k.Multiplies() }

// Side is the direction that the kind earns on.
func (k Kind) Side() Side {
	if k == Fall || k == MultiDown {
		return Sell
	}
	return Buy
}

// Terms say which contract is wanted.
type Terms struct {
	// Symbol is the venue's name of the index.
	Symbol string `json:"symbol"`
	Kind   Kind   `json:"kind"`
	Stake  Money  `json:"stake"`
	// Ticks or Duration is how long a Rise or Fall lives; the other is 0.
	Ticks    int           `json:"ticks,omitzero"`
	Duration time.Duration `json:"duration,omitzero"`
	// Multiplier, StopLoss and TakeProfit are of the kinds that multiply; both limits
	// are amounts that the venue itself keeps watch over.
	Multiplier float64 `json:"multiplier,omitzero"`
	StopLoss   Money   `json:"stop_loss,omitzero"`
	TakeProfit Money   `json:"take_profit,omitzero"`
}

// Instrument is what can be traded of an asset.
type Instrument struct {
	Symbol string
	// RiseFall and Multiply tell which kinds are offered; Multipliers are the
	// multipliers, ascending.
	RiseFall    bool
	Multiply    bool
	Multipliers []float64
	// MinTicks to MaxTicks and MinDuration to MaxDuration are how long a Rise or Fall
	// may live; zeros are none of that unit.
	MinTicks, MaxTicks       int
	MinDuration, MaxDuration time.Duration
	// MinStake is the least stake, 0 for not known.
	MinStake Money
	// Open is false while the market is closed.
	Open bool
}

// Quote is a price at which a contract can be had.
type Quote struct {
	Terms
	// ID is the venue's, good on the connection Generation alone.
	ID         string `json:"id"`
	Generation uint64 `json:"generation"`
	// Ask is the price, Payout what a Rise or Fall pays if it wins (0 for the kinds
	// that multiply), Commission what is taken of a multiplying one, 0 for not known.
	Ask        Money `json:"ask"`
	Payout     Money `json:"payout,omitzero"`
	Commission Money `json:"commission,omitzero"`
	// Spot is the price of the index, At when the quote came, by the broker's clock.
	Spot float64   `json:"spot"`
	At   time.Time `json:"at"`
}

// BreakEven is the share of wins, 0 to 1, at which contracts at this quote earn
// nothing; 0 where the quote has no payout.
func (q *Quote) BreakEven() float64 {
	if q.Payout <= 0 {
		return 0
	}
	return q.Ask.Float() / q.Payout.Float()
}

// Tick is a price of the index.
type Tick struct {
	Price float64
	// At is the venue's stamp.
	At time.Time
	// Late is how much later it came, by the venue's clock; 0 where that is not known.
	Late time.Duration
}

package trade

import "time"

// Reason is why an order was refused, or a halt.
type Reason string

// Limits bound what may be risked.
type Limits struct {
	// MaxStake is the most that one contract may cost.
	MaxStake Money `json:"max_stake"`
}

// Facts are what the gate judges by. What is nil is not known.
type Facts struct {
	// Now is the broker's clock.
	Now    time.Time
	Ledger *Ledger
	Signal *Signal
	// Instrument and Tick are of the signal's asset, Quote is what would be bought;
	// nil before there is one, and then what needs it is not judged yet.
	Instrument *Instrument
	Tick       *Tick
	Quote      *Quote
	// Health is how well the broker is heard.
	Health Health
	// Reconciled tells that journal and venue agree since the last connection.
	Reconciled bool
	// JournalErr is why the journal cannot be written, nil if it can.
	JournalErr error
}

// Health is how well a broker is heard.
type Health struct {
	Connected bool
	// Lag is how late its ticks are, Offset how far its clock is from ours, beyond its
	// speed.
	Lag, Offset time.Duration
}

// Verdict is what the gate says: no reason is yes.
type Verdict struct {
	Reasons []Reason
	// Details say of each reason what was got and what is wanted.
	Details []string
}

// Check judges whether what the facts describe may be bought. It is pure, and no is
// its answer to whatever it does not know.
func (l *Limits) Check(f *Facts) Verdict {
	if f.Quote != nil && f.Quote.Ask > l.MaxStake {
		return Verdict{Reasons: []Reason{"stake"}}
	}
	return Verdict{}
}

package trade

import (
	"slices"
	"time"
)

// Reason is why an order was refused, or a halt.
type Reason string

// Reasons that the trader finds by itself.
const (
	ReasonNotTraded Reason = "not-traded" // the venue knows no such index
	ReasonVenue     Reason = "venue"      // it did not answer
	ReasonTerms     Reason = "terms"      // nothing that is offered fits
	ReasonQuote     Reason = "quote"      // no price could be had
	ReasonPerson    Reason = "person"     // somebody asked for it
	ReasonAmbiguous Reason = "ambiguous"  // an unknown order may be any of several contracts
	ReasonOrphan    Reason = "orphan"     // a contract of our app is in no journal
	ReasonLedger    Reason = "ledger"     // the balance is not what the journal adds up to
)

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
	// Speed is how many of its seconds pass in one of ours; 0 is 1, which all but
	// simulators have.
	Speed float64
}

// Verdict is what the gate says: no reason is yes.
type Verdict struct {
	Reasons []Reason
	// Halt is the reason, of Reasons, to stop until a person resumes; "" for none.
	Halt Reason
	// Details say of each reason what was got and what is wanted.
	Details []string
}

func (v *Verdict) detail(r Reason) string {
	at := slices.Index(v.Reasons, r)
	if at < 0 || at >= len(v.Details) {
		return ""
	}
	return v.Details[at]
}

// DefaultLimits are conservative.
func DefaultLimits() *Limits { return &Limits{MaxStake: Unit} }

// Check judges whether what the facts describe may be bought. It is pure, and no is
// its answer to whatever it does not know.
func (l *Limits) Check(f *Facts) Verdict {
	if f.Quote != nil && f.Quote.Ask > l.MaxStake {
		return Verdict{Reasons: []Reason{"stake"}}
	}
	return Verdict{}
}

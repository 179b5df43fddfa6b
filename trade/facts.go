package trade

import (
	"math"
	"time"
)

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
	// Limits are those in force, for whoever chooses a stake; nil for not known.
	Limits *Limits
}

// Health is how well a broker is heard.
type Health struct {
	Connected bool
	// Lag is how late its ticks are, all of them: those of one index say so themselves.
	// Offset is how wrong its clock may be.
	Lag, Offset time.Duration
	// Speed is how many of its seconds pass in one of ours; 0 is 1, which all but
	// simulators have.
	Speed float64
}

// maxSpeed bounds what a broker may say of its speed: what is scaled by it has to stay
// a duration.
const maxSpeed = 1e6

// speed is Speed where that can be one, at least 1.
func (h *Health) speed() float64 {
	if !(h.Speed > 1) || math.IsInf(h.Speed, 0) {
		return 1
	}
	return min(h.Speed, maxSpeed)
}

// Verdict is what the gate says: no reason is yes.
type Verdict struct {
	Reasons []Reason
	// Details say of each reason what was got and what is wanted.
	Details []string
	// Halt is the reason, of Reasons, to stop until a person resumes; "" for none.
	Halt Reason
}

// OK tells whether nothing speaks against it.
func (v *Verdict) OK() bool { return len(v.Reasons) == 0 }

func (v *Verdict) no(r Reason, detail string) {
	v.Reasons, v.Details = append(v.Reasons, r), append(v.Details, detail)
}

// halt is a no that a person has to lift.
func (v *Verdict) halt(r Reason, detail string) {
	v.no(r, detail)
	if v.Halt == "" {
		v.Halt = r
	}
}

// detail is what was said of a reason.
func (v *Verdict) detail(r Reason) string {
	for i := range v.Reasons {
		if v.Reasons[i] == r {
			return v.Details[i]
		}
	}
	return ""
}

package trade

import "time"

// Standing is whether a trader may buy at all, whatever the signal.
type Standing string

// The standings.
const (
	Active    Standing = "ACTIVE"
	Reducing  Standing = "REDUCING" // nothing is bought for now; what is open runs to its end
	HaltedNow Standing = "HALTED"   // nothing is bought until a person resumes
)

// Standing says how things stand by a ledger and a clock, and why. A halt of the verdict
// that the ledger has not is one that is due.
func (l *Limits) Standing(ledger *Ledger, now time.Time, h Health) (Standing, Verdict) {
	var v Verdict
	if h := ledger.Halt; h != nil {
		v.halt(h.Reason, h.Detail)
		return HaltedNow, v
	}
	f := &Facts{Now: now, Ledger: ledger, Health: h, Reconciled: true}
	l.checkState(&v, f)
	l.checkRates(&v, f)
	l.checkLosses(&v, f)
	switch {
	case v.Halt != "":
		return HaltedNow, v
	case len(v.Reasons) > 0:
		return Reducing, v
	}
	return Active, v
}

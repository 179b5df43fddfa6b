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

// Standing says how things stand by a ledger alone, and why.
func (l *Limits) Standing(ledger *Ledger, now time.Time) (Standing, Verdict) {
	var v Verdict
	if h := ledger.Halt; h != nil {
		v.halt(h.Reason, h.Detail)
		return HaltedNow, v
	}
	f := &Facts{Now: now, Ledger: ledger, Reconciled: true}
	h := ledger.history(now)
	l.checkState(&v, f)
	l.checkRates(&v, h)
	l.checkLosses(&v, f, h)
	if len(v.Reasons) > 0 {
		return Reducing, v
	}
	return Active, v
}

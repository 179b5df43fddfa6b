package bandit

import (
	"errors"
	"fmt"
	"math"
)

// The checks hold for what is written and for what is read: whoever judges by a log
// relies on them.

// check tells what is wrong with a record.
func (r *Record) check() error {
	switch {
	case r.Header != nil:
		return r.Header.check()
	case r.Decision != nil:
		return r.Decision.check()
	case r.Outcome != nil:
		return r.Outcome.check()
	case r.Lost.Records < 1:
		return fmt.Errorf("lost: got %d records, want 1 or more", r.Lost.Records)
	}
	return nil
}

// logVersion is that of the format. Fields are added without a new one.
const logVersion = 1

// ErrLogVersion says that a log was written by a later program.
var ErrLogVersion = errors.New("another version of the format")

func (h *LogHeader) check() error {
	if h.Version != logVersion {
		return fmt.Errorf("%w: got %d, want %d", ErrLogVersion, h.Version, logVersion)
	}
	return nil
}

func (d *DecisionRecord) check() error {
	switch {
	case d.At.IsZero():
		return fmt.Errorf("decision %d: got no time", d.ID)
	case d.Chosen < 0 || d.Chosen >= len(d.Arms):
		return fmt.Errorf("decision %d: chosen: got place %d of %d arms, want one of them", d.ID, d.Chosen, len(d.Arms))
	case d.Arms[d.Chosen].P == 0:
		return fmt.Errorf("decision %d: %s was chosen with probability 0, want the one that it really had", d.ID, d.Arms[d.Chosen].Name)
	}
	return d.checkArms()
}

func (d *DecisionRecord) checkArms() error {
	sum, names := 0.0, make(map[string]bool, len(d.Arms))
	for i := range d.Arms {
		a := &d.Arms[i]
		switch {
		case a.Name == "" || names[a.Name]:
			return fmt.Errorf("decision %d: got the arm %q in place %d, want a name that no other has", d.ID, a.Name, i)
		case !(a.P >= 0 && a.P <= 1):
			return fmt.Errorf("decision %d: %s: got the probability %v, want 0 to 1", d.ID, a.Name, a.P)
		case a.Belief != nil && !(isFinite(a.Belief.Mean) && a.Belief.SD >= 0 && isFinite(a.Belief.SD)):
			return fmt.Errorf("decision %d: %s: got the belief %v ± %v, want finite numbers", d.ID, a.Name, a.Belief.Mean, a.Belief.SD)
		case a.Key != nil && !isFinite(*a.Key):
			return fmt.Errorf("decision %d: %s: got the key %v, want a finite number or none", d.ID, a.Name, *a.Key)
		case len(a.X) != len(d.Arms[0].X):
			return fmt.Errorf("decision %d: %s: got %d features, want %d as the first has", d.ID, a.Name, len(a.X), len(d.Arms[0].X))
		}
		names[a.Name] = true
		sum += a.P
	}
	const rounding = 1e-6
	if math.Abs(sum-1) > rounding {
		return fmt.Errorf("decision %d: got probabilities that add up to %v, want 1", d.ID, sum)
	}
	return nil
}

func (o *OutcomeRecord) check() error {
	r, x := &o.Outcome, o.Outcome
	switch {
	case o.Arm == "" || o.At.IsZero():
		return fmt.Errorf("an outcome of decision %d: got the arm %q at %v, want a name and a time", o.Decision, o.Arm, o.At)
	case o.Dropped != "" && o.Reward != nil:
		return fmt.Errorf("decision %d: %s: got the reward %v of an outcome that was dropped (%s), want none", o.Decision, o.Arm, *o.Reward, o.Dropped)
	case !(o.Weight >= 0 && o.Weight <= 1):
		return fmt.Errorf("decision %d: %s: got the weight %v, want 0 to 1", o.Decision, o.Arm, o.Weight)
	case r.Direction < -1 || r.Direction > 1:
		return fmt.Errorf("decision %d: %s: got the direction %d, want -1, 0 or 1", o.Decision, o.Arm, r.Direction)
	case o.Reward != nil && !isFinite(*o.Reward):
		return fmt.Errorf("decision %d: %s: got the reward %v, want a finite number or none", o.Decision, o.Arm, *o.Reward)
	}
	for _, v := range []float64{r.Move, r.Volatility, r.Cost, r.Stake, r.PnL, r.Fees} {
		if !isFinite(v) {
			return fmt.Errorf("decision %d: %s: got %+v, want finite numbers", o.Decision, o.Arm, x)
		}
	}
	return nil
}

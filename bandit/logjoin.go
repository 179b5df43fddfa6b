package bandit

import (
	"iter"
	"time"
)

// Decided is a decision with all that is known of what became of it.
type Decided struct {
	*DecisionRecord
	// Outcomes are in the order in which they came.
	Outcomes []OutcomeRecord
}

// Outcome returns what became of an arm, traded or not; nil if that is not known.
func (d *Decided) Outcome(arm string, traded bool) *OutcomeRecord {
	for i := range d.Outcomes {
		if o := &d.Outcomes[i]; o.Arm == arm && o.Dropped == "" && o.Outcome.Traded == traded {
			return o
		}
	}
	return nil
}

// Join puts outcomes to their decisions, by the number of the decision.
type Join struct {
	// Timeout is for how long an outcome is waited for, by the times in the log; 0 for
	// an hour. Most is how many decisions wait at most; 0 for 20,000.
	Timeout time.Duration
	Most    int

	counts  JoinCounts
	pending []*Decided // the oldest first
	byID    map[int64]*Decided
}

// JoinCounts say what became of what a log says.
type JoinCounts struct {
	// Decisions, Outcomes and Dropped are the records, the latter by their reason.
	Decisions, Outcomes int64
	Dropped             map[string]int64
	// Never is how many arms that could be chosen nobody said anything of in time. Late
	// is how many outcomes came of decisions that are not known, not any more, or
	// complete already.
	Never, Late int64
	// Lost records were not written for want of room, Damaged lines cannot be read, Torn
	// is how many files have no end.
	Lost, Damaged, Torn int64
}

// Counts returns what All has counted so far.
func (j *Join) Counts() JoinCounts { return j.counts }

// All reads records, and returns the decisions in their order, each when nothing more
// is to be expected of it. Damage is counted; any other error ends it.
func (j *Join) All(records iter.Seq2[Record, error]) iter.Seq2[*Decided, error] {
	if j.Timeout <= 0 {
		j.Timeout = time.Hour
	}
	if j.Most <= 0 {
		j.Most = 20_000
	}
	j.byID, j.counts.Dropped = make(map[int64]*Decided), make(map[string]int64)
	return func(yield func(*Decided, error) bool) {
		for r, err := range records {
			if err != nil && !j.damaged(err) {
				yield(nil, err)
				return
			}
			if err == nil && !j.take(&r, yield) {
				return
			}
		}
		j.release(len(j.pending), yield)
	}
}

func (j *Join) damaged(err error) bool {
	d, ok := err.(*LogDamage)
	switch {
	case !ok:
		return false
	case d.Torn:
		j.counts.Torn++
	default:
		j.counts.Damaged++
	}
	return true
}

func (j *Join) take(r *Record, yield func(*Decided, error) bool) bool {
	switch {
	case r.Decision != nil:
		return j.decision(r.Decision, yield)
	case r.Outcome != nil:
		j.outcome(r.Outcome)
		return j.expire(r.Outcome.At, yield)
	case r.Lost != nil:
		j.counts.Lost += r.Lost.Records
	}
	return true
}

func (j *Join) decision(d *DecisionRecord, yield func(*Decided, error) bool) bool {
	j.counts.Decisions++
	n := len(j.pending)
	switch {
	case n > 0 && d.ID <= j.pending[n-1].ID: // somebody counts anew, the old ones are over
	case n >= j.Most:
		n = 1
	default:
		n = 0
	}
	if !j.release(n, yield) {
		return false
	}
	one := &Decided{DecisionRecord: d}
	j.pending = append(j.pending, one)
	j.byID[d.ID] = one
	return j.expire(d.At, yield)
}

func (j *Join) outcome(o *OutcomeRecord) {
	if o.Dropped != "" {
		j.counts.Dropped[o.Dropped]++
	} else {
		j.counts.Outcomes++
	}
	// Two for each arm, what it was worth by its price and in money: no log grows beyond
	// what its decisions take.
	if d := j.byID[o.Decision]; d != nil && len(d.Outcomes) < 2*len(d.Arms) {
		d.Outcomes = append(d.Outcomes, *o)
		return
	}
	j.counts.Late++
}

// expire releases the decisions that are too old at a time.
func (j *Join) expire(now time.Time, yield func(*Decided, error) bool) bool {
	n := 0
	for n < len(j.pending) && now.Sub(j.pending[n].At) > j.Timeout {
		n++
	}
	return j.release(n, yield)
}

// release yields the n oldest decisions.
func (j *Join) release(n int, yield func(*Decided, error) bool) bool {
	for _, d := range j.pending[:n] {
		delete(j.byID, d.ID)
		j.counts.Never += d.silent()
		if !yield(d, nil) {
			return false
		}
	}
	clear(j.pending[:n])
	j.pending = j.pending[n:]
	return true
}

// silent is how many arms of the slate nobody said anything of.
func (d *Decided) silent() int64 {
	told := make(map[string]bool, len(d.Outcomes))
	for i := range d.Outcomes {
		told[d.Outcomes[i].Arm] = true
	}
	n := int64(0)
	for i := range d.Arms {
		if a := &d.Arms[i]; a.P > 0 && !told[a.Name] {
			n++
		}
	}
	return n
}

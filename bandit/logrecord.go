package bandit

import (
	"encoding/base64"
	bits "encoding/binary"
	"fmt"
	"math"
	"time"
)

// Record is one line of a decision log: one of its fields is there.
type Record struct {
	Header   *LogHeader
	Decision *DecisionRecord
	Outcome  *OutcomeRecord
	Lost     *LostRecord
}

// LogHeader begins a file of the log, and what a process writes to it.
type LogHeader struct {
	Version int `json:"version"`
	// Features are the names of what is in a Row; nil if nobody said.
	Features []string `json:"features,omitempty"`
}

// LostRecord stands where records are missing that there was no room for.
type LostRecord struct {
	Records int64 `json:"records"`
}

// DecisionRecord is all that it takes to learn from a decision, and to judge by it
// what another policy would have brought.
type DecisionRecord struct {
	// ID is the number of the decision, by which outcomes find it. Numbers rise; one
	// that does not begins a new count.
	ID int64 `json:"id"`
	// At is when it was made, T the round, which discounts go by.
	At time.Time `json:"at"`
	T  int64     `json:"t"`
	// Policy and Config say who chose: a name, and a hash of how it was set up. Step
	// is that of the checkpoint that it went on from.
	Policy string `json:"policy"`
	Config string `json:"config,omitempty"`
	Step   int64  `json:"step,omitempty"`
	// Arms are those that the decision was among. One with P 0 was not of the slate and
	// could not be chosen, but what became of it may be known all the same. Chosen is
	// the place of the one that was.
	Arms   []ArmRecord `json:"arms"`
	Chosen int         `json:"chosen"`
	// Explored tells that another arm had the higher mean.
	Explored bool `json:"explored"`
	// Gate is what there was evidence of; nil if nobody asked.
	Gate *GateRecord `json:"gate,omitempty"`
}

// ArmRecord is an arm as a decision saw it.
type ArmRecord struct {
	// Name is the caller's name of the arm, for good.
	Name string `json:"arm"`
	// P is the probability with which it would have been chosen.
	P float64 `json:"p"`
	// Belief is what was expected of it; nil if the policy expects nothing.
	Belief *BeliefRecord `json:"belief,omitempty"`
	// Key is by what the caller's formula orders the arms, the highest first; nil if it
	// does not order this one.
	Key *float64 `json:"key,omitempty"`
	// X are the features that the decision was made on; all arms of a decision have
	// as many.
	X Row `json:"x,omitempty"`
}

// BeliefRecord is a belief about an arm's mean reward.
type BeliefRecord struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

// GateRecord is the state of a gate.
type GateRecord struct {
	Open bool    `json:"open"`
	N    int64   `json:"n"`
	Mean float64 `json:"mean"`
	// Low and High are nil while they are not finite.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

// OutcomeRecord is what became of one arm of a decision: traded, or as its price alone
// tells. An arm may have one of each.
type OutcomeRecord struct {
	// Decision is the ID of the decision, Arm the name of the arm.
	Decision int64  `json:"decision"`
	Arm      string `json:"arm"`
	// At is when it was known.
	At time.Time `json:"at"`
	// Dropped says why there is none: no reward then, and what is in Outcome is what was
	// known at the decision.
	Dropped string `json:"dropped,omitempty"`
	// Outcome is raw, with the money as it was.
	Outcome Outcome `json:",embed"`
	// Reward is what was made of it; nil if it made none.
	Reward *float64 `json:"reward,omitempty"`
	// Weight is how much of it is new where outcomes overlap in time: from 0 to 1, which
	// is all of it. It is the weight of the label.
	Weight float64 `json:"weight"`
}

// NewDecisionRecord returns the record of a choice among the arms of a round. The caller
// adds what else it knows.
func NewDecisionRecord(r *Round, c *Choice, name func(arm int) string) *DecisionRecord {
	d := &DecisionRecord{T: r.T, Arms: make([]ArmRecord, len(r.Arms)), Chosen: c.Arm, Explored: c.Explored}
	for i, arm := range r.Arms {
		a := ArmRecord{Name: name(arm), P: c.P[i], X: NewRow(r.X[i])}
		if c.Mean != nil {
			a.Belief = &BeliefRecord{Mean: c.Mean[i], SD: c.SD[i]}
		}
		d.Arms[i] = a
	}
	return d
}

// NewGateRecord returns what a gate knows.
func NewGateRecord(g *Gate) *GateRecord {
	low, high := g.Bounds()
	return &GateRecord{Open: g.Open(), N: g.N(), Mean: g.Mean(), Low: ifFinite(low), High: ifFinite(high)}
}

func ifFinite(x float64) *float64 {
	if !isFinite(x) {
		return nil
	}
	return &x
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Row is a row of features. In a log it is the base64 of its numbers, four bytes
// each, the lowest first: numpy.frombuffer(base64.b64decode(x), "<f4").
type Row []float32

// NewRow returns a row of features as it is recorded.
func NewRow(x []float64) Row {
	row := make(Row, len(x))
	for i, v := range x {
		row[i] = float32(v)
	}
	return row
}

// Floats returns the row as a policy takes it.
func (r Row) Floats() []float64 {
	x := make([]float64, len(r))
	for i, v := range r {
		x[i] = float64(v)
	}
	return x
}

// MarshalText implements encoding.TextMarshaler.
func (r Row) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 4*len(r))
	for i, v := range r {
		if !isFinite(float64(v)) {
			return nil, fmt.Errorf("feature %d: got %v, want a finite number of 32 bits", i, v)
		}
		raw = bits.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Row) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return err
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("a row: got %d bytes, want four for each feature", len(raw))
	}
	*r = make(Row, 0, len(raw)/4)
	for ; len(raw) > 0; raw = raw[4:] {
		v := math.Float32frombits(bits.LittleEndian.Uint32(raw))
		if !isFinite(float64(v)) {
			return fmt.Errorf("feature %d: got %v, want a finite number", len(*r), v)
		}
		*r = append(*r, v)
	}
	return nil
}

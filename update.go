package quasar

import (
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"
)

// MaxSignalSource is the length of the longest signal source in characters.
const MaxSignalSource = 64

// Update is a partial change of a snapshot: each field in Fields takes its value
// in Training or Voting, where nil says that the value is not known any more;
// every other field keeps the value that it has.
type Update struct {
	Fields   Fields
	Training Training
	Voting   Voting
}

// UpdateOf returns the update that sets the fields of t and v that are not nil.
// Either may be nil.
func UpdateOf(t *Training, v *Voting) Update {
	var u Update
	if t != nil {
		u.Training = *t
		u.Fields |= t.known()
	}
	if v != nil {
		u.Voting = *v
		u.Fields |= v.known()
	}
	return u
}

func (t *Training) known() Fields {
	return when(t.TrainingSteps != nil, TrainingSteps) | when(t.ActorLoss != nil, ActorLoss) |
		when(t.CriticLoss != nil, CriticLoss) | when(t.AVNLoss != nil, AVNLoss) |
		when(t.AVNAccuracy != nil, AVNAccuracy)
}

func (v *Voting) known() Fields {
	return when(v.DominantSignal != nil, DominantSignal) | when(v.BuyCount != nil, BuyCount) |
		when(v.SellCount != nil, SellCount) | when(v.LastPrice != nil, LastPrice) |
		when(v.SignalSource != nil, SignalSource)
}

func when(ok bool, f Field) Fields {
	if ok {
		return 1 << f
	}
	return 0
}

// Merge lays next over u: where both set a field, next wins.
func (u Update) Merge(next Update) Update {
	u.Training.take(next.Fields, &next.Training)
	u.Voting.take(next.Fields, &next.Voting)
	u.Fields |= next.Fields
	return u
}

func (t *Training) take(set Fields, from *Training) {
	if set.Has(TrainingSteps) {
		t.TrainingSteps = from.TrainingSteps
	}
	if set.Has(ActorLoss) {
		t.ActorLoss = from.ActorLoss
	}
	if set.Has(CriticLoss) {
		t.CriticLoss = from.CriticLoss
	}
	if set.Has(AVNLoss) {
		t.AVNLoss = from.AVNLoss
	}
	if set.Has(AVNAccuracy) {
		t.AVNAccuracy = from.AVNAccuracy
	}
}

func (v *Voting) take(set Fields, from *Voting) {
	if set.Has(DominantSignal) {
		v.DominantSignal = from.DominantSignal
	}
	if set.Has(BuyCount) {
		v.BuyCount = from.BuyCount
	}
	if set.Has(SellCount) {
		v.SellCount = from.SellCount
	}
	if set.Has(LastPrice) {
		v.LastPrice = from.LastPrice
	}
	if set.Has(SignalSource) {
		v.SignalSource = from.SignalSource
	}
}

// FieldError says that one field of an update was dropped and why.
type FieldError struct {
	Field Field
	// Reason is what was got and what is wanted.
	Reason string
}

func (e *FieldError) Error() string { return e.Field.String() + ": " + e.Reason }

// Valid returns what of u may be stored: values in range, accuracy clamped to
// [0, 1], signals in their canonical spelling, NaN and infinities as nil. A
// field that breaks its rule is left out and has an error; its neighbours stay.
// Fields that are not set are nil in the answer.
//
// Valid does not write through u's pointers.
func (u Update) Valid() (Update, []*FieldError) {
	c := checker{in: u}
	for f := range u.Fields.All() {
		if reason := c.check(f); reason != "" {
			c.errs = append(c.errs, &FieldError{Field: f, Reason: reason})
			continue
		}
		c.out.Fields = c.out.Fields.With(f)
	}
	return c.out, c.errs
}

type checker struct {
	in, out Update
	errs    []*FieldError
}

// check copies one field from in to out, or says why it may not be copied.
func (c *checker) check(f Field) string {
	in, out := &c.in, &c.out
	switch f {
	case TrainingSteps:
		return checkCount(in.Training.TrainingSteps, &out.Training.TrainingSteps)
	case ActorLoss:
		return checkLoss(in.Training.ActorLoss, &out.Training.ActorLoss)
	case CriticLoss:
		return checkLoss(in.Training.CriticLoss, &out.Training.CriticLoss)
	case AVNLoss:
		return checkLoss(in.Training.AVNLoss, &out.Training.AVNLoss)
	case AVNAccuracy:
		return checkShare(in.Training.AVNAccuracy, &out.Training.AVNAccuracy)
	case DominantSignal:
		return checkSignal(in.Voting.DominantSignal, &out.Voting.DominantSignal)
	case BuyCount:
		return checkCount(in.Voting.BuyCount, &out.Voting.BuyCount)
	case SellCount:
		return checkCount(in.Voting.SellCount, &out.Voting.SellCount)
	case LastPrice:
		return checkPrice(in.Voting.LastPrice, &out.Voting.LastPrice)
	case SignalSource:
		return checkSource(in.Voting.SignalSource, &out.Voting.SignalSource)
	}
	return "no such field"
}

func checkCount(in *int64, out **int64) string {
	if in != nil && (*in < 0 || *in > MaxCount) {
		return fmt.Sprintf("got %d, want 0 to %d", *in, int64(MaxCount))
	}
	*out = in
	return ""
}

func checkLoss(in *float64, out **float64) string {
	*out = finite(in)
	return ""
}

func checkShare(in *float64, out **float64) string {
	in = finite(in)
	if in != nil && (*in < 0 || *in > 1) {
		in = new(min(max(*in, 0), 1))
	}
	*out = in
	return ""
}

func checkPrice(in *float64, out **float64) string {
	in = finite(in)
	if in != nil && *in <= 0 {
		return fmt.Sprintf("got %g, want above 0", *in)
	}
	*out = in
	return ""
}

// finite turns what no number can stand for into nil, and -0 into 0.
func finite(x *float64) *float64 {
	if x == nil || math.IsNaN(*x) || math.IsInf(*x, 0) {
		return nil
	}
	if *x == 0 && math.Signbit(*x) {
		return new(0.0)
	}
	return x
}

func checkSignal(in *Signal, out **Signal) string {
	if in == nil || *in == Buy || *in == Sell || *in == Neutral {
		*out = in
		return ""
	}
	signal, err := ParseSignal(string(*in))
	if err != nil {
		return err.Error()
	}
	*out = &signal
	return ""
}

func checkSource(in *string, out **string) string {
	if in != nil && !shortASCII(*in) {
		if n := utf8.RuneCountInString(*in); n > MaxSignalSource {
			return fmt.Sprintf("got %d characters, want at most %d", n, MaxSignalSource)
		}
		if !utf8.ValidString(*in) {
			return "got bytes that are not UTF-8"
		}
		for _, r := range *in {
			if controls(r) {
				return fmt.Sprintf("got the control character %U", r)
			}
		}
	}
	*out = in
	return ""
}

// shortASCII tells whether s is what nearly all sources are: short, and of
// printable ASCII.
func shortASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= MaxSignalSource
}

// controls tells whether r steers a terminal or the order of text on a screen
// instead of standing for something.
func controls(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

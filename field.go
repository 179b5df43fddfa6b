package quasar

import (
	"iter"
	"math/bits"
)

// Field is one of the ten values that a space may publish.
type Field uint8

// The fields, in the order of the wire.
const (
	TrainingSteps Field = iota
	ActorLoss
	CriticLoss
	AVNLoss
	AVNAccuracy
	DominantSignal
	BuyCount
	SellCount
	LastPrice
	SignalSource

	// NumFields is how many fields there are.
	NumFields = int(iota)
)

var fieldNames = [NumFields]string{
	"training_steps", "actor_loss", "critic_loss", "avn_loss", "avn_accuracy",
	"dominant_signal", "buy_count", "sell_count", "last_price", "signal_source",
}

// String returns the field's name on the wire.
func (f Field) String() string {
	if int(f) >= NumFields {
		return "unknown field"
	}
	return fieldNames[f]
}

// Fields is a set of fields.
type Fields uint16

// The two groups.
const (
	TrainingFields = Fields(1<<TrainingSteps | 1<<ActorLoss | 1<<CriticLoss | 1<<AVNLoss | 1<<AVNAccuracy)
	VotingFields   = Fields(1<<DominantSignal | 1<<BuyCount | 1<<SellCount | 1<<LastPrice | 1<<SignalSource)
	AllFields      = TrainingFields | VotingFields
)

// FieldsOf returns the set of the given fields.
func FieldsOf(fields ...Field) Fields {
	var set Fields
	for _, f := range fields {
		set = set.With(f)
	}
	return set
}

// Has tells whether f is in the set.
func (s Fields) Has(f Field) bool { return s&(1<<f) != 0 }

// With returns the set with f in it.
func (s Fields) With(f Field) Fields { return s | 1<<f }

// Without returns the set with f taken out.
func (s Fields) Without(f Field) Fields { return s &^ (1 << f) }

// Len counts the fields in the set.
func (s Fields) Len() int { return bits.OnesCount16(uint16(s & AllFields)) }

// All yields the fields of the set in the order of the wire.
func (s Fields) All() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for rest := s & AllFields; rest != 0; rest &= rest - 1 {
			if !yield(Field(bits.TrailingZeros16(uint16(rest)))) {
				return
			}
		}
	}
}

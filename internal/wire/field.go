package wire

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/karlquant/quasar"
)

// values holds what the pointers of an update point to.
type values struct {
	steps, buys, sells                 int64
	actor, critic, avn, accuracy, last float64
	signal                             quasar.Signal
	source                             string
}

func fieldNamed(name []byte) (quasar.Field, bool) {
	switch string(name) {
	case "training_steps":
		return quasar.TrainingSteps, true
	case "actor_loss":
		return quasar.ActorLoss, true
	case "critic_loss":
		return quasar.CriticLoss, true
	case "avn_loss":
		return quasar.AVNLoss, true
	case "avn_accuracy":
		return quasar.AVNAccuracy, true
	case "dominant_signal":
		return quasar.DominantSignal, true
	case "buy_count":
		return quasar.BuyCount, true
	case "sell_count":
		return quasar.SellCount, true
	case "last_price":
		return quasar.LastPrice, true
	case "signal_source":
		return quasar.SignalSource, true
	}
	return 0, false
}

// field reads the value of one field. What cannot be read as the field's type is
// a field error; only a text that is not JSON is an error.
func (d *decoder) field(f quasar.Field) error {
	v, err := d.scalar()
	if err != nil {
		return err
	}
	if d.values == nil {
		d.values = new(values)
	}
	switch v.kind {
	case kindNull:
		d.set(f)
		return nil
	case kindObject, kindArray:
		d.refuse(f, "got "+v.kind.String()+", want "+wanted(f))
		return d.skip(&d.out.Stripped)
	}
	if reason := d.assign(f, v); reason != "" {
		d.refuse(f, reason)
	}
	return nil
}

// set marks f as part of the update; its pointer stays nil unless assigned.
func (d *decoder) set(f quasar.Field) { d.out.Update.Fields = d.out.Update.Fields.With(f) }

func (d *decoder) refuse(f quasar.Field, reason string) {
	d.out.Dropped = append(d.out.Dropped, &quasar.FieldError{Field: f, Reason: reason})
}

func wanted(f quasar.Field) string {
	switch f {
	case quasar.TrainingSteps, quasar.BuyCount, quasar.SellCount:
		return "an integer"
	case quasar.DominantSignal:
		return `"BUY", "SELL" or "NEUTRAL"`
	case quasar.SignalSource:
		return "a string"
	}
	return "a number"
}

// assign stores v as the value of f, or says why it is none.
func (d *decoder) assign(f quasar.Field, v scalar) string {
	t, o, in := &d.out.Update.Training, &d.out.Update.Voting, d.values
	switch f {
	case quasar.TrainingSteps:
		return d.count(f, v, &in.steps, &t.TrainingSteps)
	case quasar.ActorLoss:
		return d.float(f, v, &in.actor, &t.ActorLoss)
	case quasar.CriticLoss:
		return d.float(f, v, &in.critic, &t.CriticLoss)
	case quasar.AVNLoss:
		return d.float(f, v, &in.avn, &t.AVNLoss)
	case quasar.AVNAccuracy:
		return d.float(f, v, &in.accuracy, &t.AVNAccuracy)
	case quasar.DominantSignal:
		return d.signal(v, &o.DominantSignal)
	case quasar.BuyCount:
		return d.count(f, v, &in.buys, &o.BuyCount)
	case quasar.SellCount:
		return d.count(f, v, &in.sells, &o.SellCount)
	case quasar.LastPrice:
		return d.float(f, v, &in.last, &o.LastPrice)
	default:
		return d.source(v, &o.SignalSource)
	}
}

func (d *decoder) signal(v scalar, to **quasar.Signal) string {
	if v.kind != kindString {
		return "got " + v.kind.String() + ", want " + wanted(quasar.DominantSignal)
	}
	signal, err := parseSignal(v)
	if err != nil {
		return err.Error()
	}
	d.values.signal = signal
	*to = &d.values.signal
	d.set(quasar.DominantSignal)
	return ""
}

// parseSignal reads a signal, without an allocation where it is spelled as it
// should be.
func parseSignal(v scalar) (quasar.Signal, error) {
	for _, s := range [...]quasar.Signal{quasar.Buy, quasar.Sell, quasar.Neutral} {
		if string(v.text) == string(s) {
			return s, nil
		}
	}
	return quasar.ParseSignal(unescape(v.text, v.escaped))
}

func (d *decoder) source(v scalar, to **string) string {
	if v.kind != kindString {
		return "got " + v.kind.String() + ", want a string"
	}
	d.values.source = d.memory.text(v)
	*to = &d.values.source
	d.set(quasar.SignalSource)
	return ""
}

// text returns what a string says, remembered from the last time if it is the
// same again. What is too long to be valid is not remembered.
func (r *Decoder) text(v scalar) string {
	if !v.escaped && string(v.text) == r.source {
		return r.source
	}
	text := unescape(v.text, v.escaped)
	if len(text) <= utf8.UTFMax*quasar.MaxSignalSource {
		r.source = text
	}
	return text
}

func (d *decoder) float(f quasar.Field, v scalar, cell *float64, to **float64) string {
	x, ok := number(numeral(v))
	if !ok {
		return mistaken(f, v)
	}
	d.set(f)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.out.NonFinite++
		return ""
	}
	*cell = x
	*to = cell
	return ""
}

func (d *decoder) count(f quasar.Field, v scalar, cell *int64, to **int64) string {
	text, kind := numeral(v)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if kind != kindNumber || err != nil {
		x, ok := number(text, kind)
		switch {
		case !ok:
			return mistaken(f, v)
		case math.IsNaN(x) || math.IsInf(x, 0):
			d.out.NonFinite++
			d.set(f)
			return ""
		case x != math.Trunc(x) || math.Abs(x) > quasar.MaxCount:
			return "got " + clip(string(text)) + ", want an integer from 0 to 9007199254740991"
		}
		n = int64(x)
	}
	*cell = n
	*to = cell
	d.set(f)
	return ""
}

// numeral returns the text of a value that is a number, or a string that holds
// one as JSON spells it: Python publishers send both. The kind is kindNumber,
// kindNonFinite, or that of a value that is no number.
func numeral(v scalar) ([]byte, kind) {
	if v.kind != kindString {
		return v.text, v.kind
	}
	text := []byte(strings.TrimSpace(unescape(v.text, v.escaped)))
	s := scanner{data: text}
	switch {
	case nonFiniteWord(string(text)):
		return text, kindNonFinite
	case s.number() == nil && s.pos == len(text):
		return text, kindNumber
	}
	return text, kindString
}

// number reads what numeral found. What is too large for a float64 is an
// infinity, as in Python.
func number(text []byte, k kind) (float64, bool) {
	switch k {
	case kindNonFinite:
		return math.NaN(), true
	case kindNumber:
		x, err := strconv.ParseFloat(string(text), 64)
		return x, err == nil || errors.Is(err, strconv.ErrRange)
	}
	return 0, false
}

// nonFiniteWord tells whether s is how Python's str, numpy or JavaScript spell
// a number that is not finite: a diverged loss must be seen in every spelling.
func nonFiniteWord(s string) bool {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return strings.EqualFold(s, "nan") || strings.EqualFold(s, "inf") || strings.EqualFold(s, "infinity")
}

func mistaken(f quasar.Field, v scalar) string {
	if v.kind == kindString {
		return "got " + strconv.QuoteToASCII(clip(unescape(v.text, v.escaped))) + ", want " + wanted(f)
	}
	return "got " + v.kind.String() + ", want " + wanted(f)
}

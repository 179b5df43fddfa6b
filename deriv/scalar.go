package deriv

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Epoch is a moment of the venue in whole seconds since 1970. Its zero is
// unknown, null in JSON.
type Epoch int64

// EpochOf returns the second in which t lies.
func EpochOf(t time.Time) Epoch { return Epoch(t.Unix()) }

// Time returns the beginning of that second in UTC, the zero Time for unknown.
func (e Epoch) Time() time.Time {
	if e == 0 {
		return time.Time{}
	}
	return time.Unix(int64(e), 0).UTC()
}

// MarshalJSONTo writes an integer or null.
func (e Epoch) MarshalJSONTo(enc *jsontext.Encoder) error { return encodeID(enc, int64(e)) }

// UnmarshalJSONFrom takes an integer or null.
func (e *Epoch) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*e, err = decodeID[Epoch](dec)
	return err
}

// ContractID names a contract of an account. Its zero is none, null in JSON.
type ContractID int64

// MarshalJSONTo writes an integer or null.
func (id ContractID) MarshalJSONTo(enc *jsontext.Encoder) error { return encodeID(enc, int64(id)) }

// UnmarshalJSONFrom takes an integer or null.
func (id *ContractID) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*id, err = decodeID[ContractID](dec)
	return err
}

// TransactionID names one movement of an account's balance. Its zero is none,
// null in JSON.
type TransactionID int64

// MarshalJSONTo writes an integer or null.
func (id TransactionID) MarshalJSONTo(enc *jsontext.Encoder) error { return encodeID(enc, int64(id)) }

// UnmarshalJSONFrom takes an integer or null.
func (id *TransactionID) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	*id, err = decodeID[TransactionID](dec)
	return err
}

func encodeID(enc *jsontext.Encoder, n int64) error {
	if n == 0 {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteToken(jsontext.Int(n))
}

func decodeID[T ~int64](dec *jsontext.Decoder) (T, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return 0, err
	}
	if value.Kind() == 'n' {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("got %.40s, want an integer or null", value)
	}
	return T(n), nil
}

// Flag is yes or no, 1 or 0 in JSON. Null is no.
type Flag bool

// MarshalJSONTo writes 1 or 0.
func (f Flag) MarshalJSONTo(enc *jsontext.Encoder) error {
	if f {
		return enc.WriteToken(jsontext.Int(1))
	}
	return enc.WriteToken(jsontext.Int(0))
}

// UnmarshalJSONFrom takes 1, 0 or null.
func (f *Flag) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch string(value) {
	case "1":
		*f = true
	case "0", "null":
		*f = false
	default:
		return fmt.Errorf("got %.40s, want 0 or 1", value)
	}
	return nil
}

// Count is a whole number that the venue calls a number: 4 and 4.0 are the same.
type Count int

// UnmarshalJSONFrom takes a number without a fraction.
func (c *Count) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	x, err := strconv.ParseFloat(string(value), 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return fmt.Errorf("got %.40s, want a whole number", value)
	}
	*c = Count(x)
	return nil
}

// Names is one name or several: a string or an array of strings in JSON.
type Names []string

// MarshalJSONTo writes a single name as a string.
func (n Names) MarshalJSONTo(enc *jsontext.Encoder) error {
	if len(n) == 1 {
		return enc.WriteToken(jsontext.String(n[0]))
	}
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, name := range n {
		if err := enc.WriteToken(jsontext.String(name)); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndArray)
}

// UnmarshalJSONFrom takes a string or an array of strings.
func (n *Names) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	*n = nil
	switch token.Kind() {
	case '"':
		*n = Names{token.String()}
		return nil
	case '[':
		return n.readArray(dec)
	}
	return fmt.Errorf("got %.40s, want a string or an array of strings", token.String())
}

func (n *Names) readArray(dec *jsontext.Decoder) error {
	for dec.PeekKind() != ']' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() != '"' {
			return fmt.Errorf("got %.40s, want a string", token.String())
		}
		*n = append(*n, token.String())
	}
	_, err := dec.ReadToken()
	return err
}

// Object is a JSON object of which only the existence of its fields is known.
type Object map[string]jsontext.Value

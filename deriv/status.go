package deriv

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Status is what became of a contract. Its zero is unknown, null in JSON.
type Status string

// The states of a contract. A new one of the venue's passes as it is.
const (
	Open      Status = "open"
	SoldEarly Status = "sold"
	Won       Status = "won"
	Lost      Status = "lost"
	Cancelled Status = "cancelled"
)

// MarshalJSONTo writes a string or null.
func (s Status) MarshalJSONTo(enc *jsontext.Encoder) error {
	if s == "" {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteToken(jsontext.String(string(s)))
}

// UnmarshalJSONFrom takes a string or null.
func (s *Status) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case 'n':
		*s = ""
	case '"':
		*s = Status(token.String())
	default:
		return fmt.Errorf("status: got %.40s, want a string or null", token.String())
	}
	return nil
}

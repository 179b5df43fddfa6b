package trade

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// JSONOptions are those that entries and orders are written and read with: the same
// value has the same bytes each time and everywhere, for times are in UTC. A duration
// is a text like "1m30s".
var JSONOptions = json.JoinOptions(
	json.Deterministic(true),
	json.WithMarshalers(json.JoinMarshalers(json.MarshalFunc(writeTime), json.MarshalFunc(writeDuration))),
	json.WithUnmarshalers(json.UnmarshalFunc(readDuration)),
)

func writeTime(t time.Time) ([]byte, error) { return t.UTC().MarshalJSON() }

func writeDuration(d time.Duration) ([]byte, error) { return strconv.AppendQuote(nil, d.String()), nil }

func readDuration(text []byte, d *time.Duration) error {
	plain, err := jsontext.AppendUnquote(nil, text)
	if err == nil {
		*d, err = time.ParseDuration(string(plain))
	}
	if err != nil {
		return fmt.Errorf("duration: got %.40s, want one like \"1m30s\"", text)
	}
	return nil
}

// Encode returns the entry as JSON on one line. It is an error if a number is not
// finite, or if not exactly one thing happened.
func (e *Entry) Encode() ([]byte, error) {
	if e.What() == "" {
		return nil, fmt.Errorf("entry %d: %w", e.Seq, errOneThing)
	}
	return json.Marshal(e, JSONOptions)
}

// DecodeEntry reads what Encode wrote. Fields that are not known are left out.
func DecodeEntry(text []byte) (*Entry, error) {
	e := new(Entry)
	if err := json.Unmarshal(text, e, JSONOptions); err != nil {
		return nil, err
	}
	if e.What() == "" {
		return nil, fmt.Errorf("entry %d: %w", e.Seq, errOneThing)
	}
	return e, nil
}

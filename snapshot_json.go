package quasar

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the snapshot as one JSON object, as the hub serves it. All
// keys are always there; what is not known or not finite is null, never 0.
// Times are Unix seconds.
func (s *Snapshot) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"space_name":`...)
	dst = appendQuoted(dst, s.SpaceName)
	dst = s.Training.AppendJSON(append(dst, `,"training":`...), TrainingFields)
	dst = s.Voting.AppendJSON(append(dst, `,"voting":`...), VotingFields)
	dst = strconv.AppendInt(append(dst, `,"seq":`...), s.Seq, 10)
	dst = AppendUnixTime(append(dst, `,"updated_at":`...), s.UpdatedAt)
	dst = AppendUnixTime(append(dst, `,"training_at":`...), s.TrainingAt)
	dst = AppendUnixTime(append(dst, `,"voting_at":`...), s.VotingAt)
	return append(dst, '}')
}

// AppendJSON appends the given fields of t as one JSON object in the order of
// the wire, null where a value is not known or not finite.
func (t *Training) AppendJSON(dst []byte, fields Fields) []byte {
	dst = append(dst, '{')
	open := len(dst)
	for f := range (fields & TrainingFields).All() {
		dst = appendKey(dst, f, open)
		switch f {
		case TrainingSteps:
			dst = appendInt(dst, t.TrainingSteps)
		case ActorLoss:
			dst = appendFloat(dst, t.ActorLoss)
		case CriticLoss:
			dst = appendFloat(dst, t.CriticLoss)
		case AVNLoss:
			dst = appendFloat(dst, t.AVNLoss)
		case AVNAccuracy:
			dst = appendFloat(dst, t.AVNAccuracy)
		}
	}
	return append(dst, '}')
}

// AppendJSON appends the given fields of v as one JSON object in the order of
// the wire, null where a value is not known or not finite.
func (v *Voting) AppendJSON(dst []byte, fields Fields) []byte {
	dst = append(dst, '{')
	open := len(dst)
	for f := range (fields & VotingFields).All() {
		dst = appendKey(dst, f, open)
		switch f {
		case DominantSignal:
			dst = appendString(dst, (*string)(v.DominantSignal))
		case BuyCount:
			dst = appendInt(dst, v.BuyCount)
		case SellCount:
			dst = appendInt(dst, v.SellCount)
		case LastPrice:
			dst = appendFloat(dst, v.LastPrice)
		case SignalSource:
			dst = appendString(dst, v.SignalSource)
		}
	}
	return append(dst, '}')
}

// appendKey appends a field's key, behind a comma unless it is the first since
// the object was opened.
func appendKey(dst []byte, f Field, open int) []byte {
	if len(dst) > open {
		dst = append(dst, ',')
	}
	return append(dst, fieldKeys[f]...)
}

// fieldKeys are the fields' names as keys of JSON.
var fieldKeys = func() (keys [NumFields]string) {
	for f, name := range fieldNames {
		keys[f] = `"` + name + `":`
	}
	return keys
}()

func appendInt(dst []byte, n *int64) []byte {
	if n == nil {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, *n, 10)
}

func appendString(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return appendQuoted(dst, *s)
}

// appendFloat appends *x with as many digits as it takes to read the same
// number back, or null where x is nil or *x is not finite.
func appendFloat(dst []byte, x *float64) []byte {
	if x == nil || math.IsNaN(*x) || math.IsInf(*x, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(*x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, *x, format, -1, 64)
}

// AppendUnixTime appends t as Unix seconds with microseconds behind the point,
// or null for the zero time.
func AppendUnixTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	// Not UnixMicro, which says nothing of times that it cannot hold.
	seconds, us := t.Unix(), t.Nanosecond()/1000
	if seconds < 0 {
		dst = append(dst, '-')
		if seconds = -seconds; us > 0 {
			seconds, us = seconds-1, 1e6-us
		}
	}
	dst = strconv.AppendUint(dst, uint64(seconds), 10)
	dst = append(dst, '.')
	for unit := 100_000; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+us/unit%10))
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD; <, > and & are escaped, so that the text is inert inside a page.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		if n := plainPrefix(s[i:]); n > 0 {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
		if c == '"' || c == '\\' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, '"')
}

// plainPrefix is how many bytes of s stand for themselves in a JSON string of ours.
func plainPrefix(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return i
		}
	}
	return len(s)
}

// MarshalJSON is AppendJSON for encoding/json.
func (s Snapshot) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// snapshotJSON is the shape of AppendJSON's answer.
type snapshotJSON struct {
	SpaceName  string   `json:"space_name"`
	Training   Training `json:"training"`
	Voting     Voting   `json:"voting"`
	Seq        int64    `json:"seq"`
	UpdatedAt  *float64 `json:"updated_at"`
	TrainingAt *float64 `json:"training_at"`
	VotingAt   *float64 `json:"voting_at"`
}

// UnmarshalJSON reads what AppendJSON writes. Keys that it does not know are
// passed over: the contract may grow. It does not hold values against the schema:
// Update.Valid does. An error leaves s as it was.
func (s *Snapshot) UnmarshalJSON(data []byte) error {
	var in snapshotJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	out := Snapshot{SpaceName: in.SpaceName, Training: in.Training, Voting: in.Voting, Seq: in.Seq}
	for _, at := range []struct {
		key string
		in  *float64
		out *time.Time
	}{{"updated_at", in.UpdatedAt, &out.UpdatedAt}, {"training_at", in.TrainingAt, &out.TrainingAt}, {"voting_at", in.VotingAt, &out.VotingAt}} {
		if at.in == nil {
			continue
		}
		var err error
		if *at.out, err = UnixTime(*at.in); err != nil {
			return fmt.Errorf("%s: %w", at.key, err)
		}
	}
	*s = out
	return nil
}

// UnixTime reads the Unix seconds that AppendUnixTime writes, and is exact to the
// microsecond until the year 2242. What is no time of a clock is an error, for
// it would not survive being written again.
func UnixTime(seconds float64) (time.Time, error) {
	if math.IsNaN(seconds) || math.Abs(seconds) >= (MaxCount+1)/1e6 {
		return time.Time{}, fmt.Errorf("got %v, want Unix seconds below 2^53 microseconds", seconds)
	}
	whole := math.Floor(seconds)
	// The rest is exact, so only its own rounding counts.
	return time.UnixMicro(int64(whole)*1e6 + int64(math.Round((seconds-whole)*1e6))), nil
}

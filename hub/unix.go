package hub

import (
	"time"

	"github.com/karlquant/quasar"
)

// unixSeconds is a time in answers: Unix seconds, null for never.
type unixSeconds time.Time

// MarshalJSON writes the time as the wire has it.
func (t unixSeconds) MarshalJSON() ([]byte, error) {
	return quasar.AppendUnixTime(nil, time.Time(t)), nil
}

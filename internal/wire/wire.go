// Package wire reads and writes the JSON frames that publishers send to a hub
// and that a hub sends to its subscribers. It is the only package that knows
// the key "type". The rules are in spec/protocol.md, and as examples in
// spec/golden.
//
// Nothing passes it that is not in the strict schema: no foreign field, no NaN,
// no infinity, no name that could not name a space.
package wire

import "github.com/karlquant/quasar"

// Type is what the key "type" of a frame says.
type Type string

// The frames of a publisher.
const (
	Metrics   Type = "metrics"
	Training  Type = "training"
	Voting    Type = "voting"
	Heartbeat Type = "heartbeat"
	Ping      Type = "ping"
	Identify  Type = "identify"
)

// The frames of a hub.
const (
	InitialState  Type = "initial_state"
	MetricsUpdate Type = "metrics_update"
)

// MaxPublish is the size of the largest frame that a publisher may send, in bytes.
const MaxPublish = 64 << 10

// MaxDepth is how deep objects and arrays of a frame may stand inside each other.
const MaxDepth = 64

// Frame is what a publisher said.
type Frame struct {
	Type Type
	// Update holds the valid fields of a metrics, training or voting frame.
	Update quasar.Update
	// Space is the name that an identify frame gives, or "".
	Space string
	// Stripped names each field that is not in the schema, at any depth, once
	// for every time that it occurs. The names are the sender's: quote them.
	Stripped []string
	// NonFinite counts the fields that were NaN or infinite and became null.
	NonFinite int
	// Dropped has an error for each field or group of the schema that was there
	// and could not be taken.
	Dropped []error
}

// Updates tells whether frames of this type carry an update.
func (t Type) Updates() bool { return t == Metrics || t == Training || t == Voting }

package wire

import "strings"

// Why Decode rejects frames, in one word each, for counters.
const (
	ReasonEncoding  = "encoding"      // not UTF-8
	ReasonMalformed = "malformed"     // not one JSON object
	ReasonDepth     = "depth"         // nested too deep
	ReasonDuplicate = "duplicate_key" // a key stands twice
	ReasonType      = "type"          // none, or an unknown one
	ReasonSpace     = "space"         // an identify frame with a bad space
	ReasonNothing   = "nothing_valid" // no field of the schema in it
	ReasonOther     = "other"
)

// Reasons returns all that Reason may say.
func Reasons() []string {
	return []string{ReasonEncoding, ReasonMalformed, ReasonDepth, ReasonDuplicate, ReasonType, ReasonSpace, ReasonNothing, ReasonOther}
}

// Reason sorts an error of Decode by the words that it starts with, which stand in
// spec/golden. It only looks when a frame was rejected, so that Decode has nothing
// to carry for it.
func Reason(err error) string {
	text := err.Error()
	for _, k := range []struct{ prefix, reason string }{
		{"not UTF-8", ReasonEncoding}, {"not JSON", ReasonMalformed}, {"frame: ", ReasonMalformed},
		{"nested deeper", ReasonDepth}, {"duplicate key", ReasonDuplicate}, {"type: ", ReasonType}, {"space: ", ReasonSpace},
		{"nothing valid in it", ReasonNothing},
	} {
		if strings.HasPrefix(text, k.prefix) {
			return k.reason
		}
	}
	return ReasonOther
}

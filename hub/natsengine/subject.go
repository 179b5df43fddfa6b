package natsengine

import (
	"errors"
	"fmt"
	"strings"
)

// Subjects are PREFIX.all.HUB, what a hub says to all others, and PREFIX.to.HUB,
// what is said to that hub alone. So a hub needs to publish to PREFIX.all.ITSELF
// and PREFIX.to.*, and to subscribe to PREFIX.all.* and PREFIX.to.ITSELF.
const (
	toAll = ".all."
	toOne = ".to."
)

const hexDigits = "0123456789ABCDEF"

// escape makes one token of a subject of any string. NATS takes "a.b", "*" and ">"
// in a publish as they are, and they mean something else to it.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// maxPrefix bounds a prefix: a subject that NATS cannot take closes the connection.
const maxPrefix = 128

func checkPrefix(prefix string) error {
	if prefix == "" || len(prefix) > maxPrefix {
		return fmt.Errorf("prefix: got %d bytes, want 1 to %d", len(prefix), maxPrefix)
	}
	for token := range strings.SplitSeq(prefix, ".") {
		if token == "" || escape(token) != token {
			return errors.New("prefix: got " + fmt.Sprintf("%+q", prefix) + ", want letters, digits, _ and -, in parts with a dot between")
		}
	}
	return nil
}

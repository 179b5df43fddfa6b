package token

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a token. It cannot be printed: only Reveal says what it is. It stands
// behind a pointer because fmt prints the unexported fields of a struct without
// asking whether they have a String method.
type Secret struct{ value *string }

// String says "[redacted]".
func (s Secret) String() string { return redacted }

// GoString says "[redacted]".
func (s Secret) GoString() string { return redacted }

// MarshalText says "[redacted]", in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue says "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Reveal returns the token, to be shown once to the person who asked for it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// newSecret draws 256 bits.
func newSecret(prefix string) Secret {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // it never fails
	value := prefix + base64.RawURLEncoding.EncodeToString(bits[:])
	return Secret{&value}
}

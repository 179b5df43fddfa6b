package dial

import (
	"log/slog"
	"strconv"
	"strings"
)

const redacted = "[redacted]"

// Secret is a credential that cannot be printed. It stands behind a pointer
// because fmt prints the unexported fields of a struct without asking whether
// they have a String method.
type Secret struct{ value *string }

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{value: &s} }

// String says "[redacted]".
func (s Secret) String() string { return redacted }

// GoString says "[redacted]".
func (s Secret) GoString() string { return redacted }

// MarshalText says "[redacted]", in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue says "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

func (s Secret) reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// hide strikes the secret out of a text that a peer sent, as it is and as errors
// quote it.
func (s Secret) hide(text string) string {
	token := s.reveal()
	if token == "" {
		return text
	}
	quoted := strconv.Quote(token)
	return strings.NewReplacer(token, redacted, quoted[1:len(quoted)-1], redacted).Replace(text)
}

type secrets []Secret

func (s secrets) hide(text string) string {
	for _, secret := range s {
		text = secret.hide(text)
	}
	return text
}

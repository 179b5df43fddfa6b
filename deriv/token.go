package deriv

import (
	"log/slog"
	"net/url"
	"strconv"
	"strings"
)

const redacted = "[redacted]"

// Token is a credential that cannot be printed: a personal access token or an
// OAuth access token. It stands behind a pointer because fmt prints the
// unexported fields of a struct without asking whether they have a String method.
type Token struct{ value *string }

// NewToken hides s.
func NewToken(s string) Token {
	if s == "" {
		return Token{}
	}
	return Token{value: &s}
}

// IsZero tells whether there is no token.
func (t Token) IsZero() bool { return t.value == nil }

// Reveal returns the credential, for the one place that needs it.
func (t Token) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// String says "[redacted]".
func (t Token) String() string { return redacted }

// GoString says "[redacted]".
func (t Token) GoString() string { return redacted }

// MarshalText says "[redacted]", in JSON too.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue says "[redacted]".
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// hide strikes secrets out of a text that a library or a peer made, as they are,
// and as errors and URLs quote them.
func hide(text string, secrets ...Token) string {
	for _, secret := range secrets {
		s := secret.Reveal()
		if s == "" {
			continue
		}
		quoted := strconv.Quote(s)
		text = strings.NewReplacer(s, redacted, quoted[1:len(quoted)-1], redacted, url.QueryEscape(s), redacted).Replace(text)
	}
	return text
}

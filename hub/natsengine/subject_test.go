package natsengine

import (
	"fmt"
	"strings"
	"testing"
)

// unescape returns what escape made the token of.
func unescape(token string) (string, error) {
	out := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '=' {
			if i+2 >= len(token) {
				return "", fmt.Errorf("subject: got %q, want two digits after each =", token)
			}
			c = byte(strings.IndexByte(hexDigits, token[i+1])<<4 | strings.IndexByte(hexDigits, token[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	if s := string(out); escape(s) == token {
		return s, nil
	}
	return "", fmt.Errorf("subject: got %q, want letters, digits, _, - and =XX for any other byte", token)
}

// No two strings share a token, and a token is one whatever the string.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "hub-1", "a.b", "*", ">", "=", "a b\r\n", "\x00\xff", "Ω"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := escape(s)
		if back, err := unescape(token); err != nil || back != s {
			t.Errorf("%q: got %q and back %q, %v", s, token, back, err)
		}
		if strings.ContainsAny(token, ".*> \t\r\n") || len(token) > 3*len(s) {
			t.Errorf("%q: got %q, want one token of at most three bytes for each", s, token)
		}
	})
}

func TestPrefixes(t *testing.T) {
	for prefix, good := range map[string]bool{
		"quasar": true, "team-1.quasar_prod": true,
		"": false, ".": false, "a.": false, "a..b": false, "*": false, "a.>": false, "a b": false, strings.Repeat("x", 129): false,
	} {
		if err := checkPrefix(prefix); (err == nil) != good {
			t.Errorf("%q: got %v, want it good: %v", prefix, err, good)
		}
	}
}

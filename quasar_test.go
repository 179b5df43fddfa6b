package quasar_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

func TestCheckSpaceName(t *testing.T) {
	for _, c := range []struct {
		name, space string
		ok          bool
	}{
		{"an asset", "V75", true},
		{"one letter", "a", true},
		{"one digit", "7", true},
		{"dots, hyphens and underscores behind the first", "BOOM_1000.v2-b", true},
		{"64 characters", strings.Repeat("x", 64), true},
		{"65 characters are too many", strings.Repeat("x", 65), false},
		{"nothing is no name", "", false},
		{"a dot in front hides a file", ".env", false},
		{"a way up", "../../etc/passwd", false},
		{"a way down", "a/b", false},
		{"a backslash", `a\b`, false},
		{"JavaScript's prototype", "__proto__", false},
		{"an option", "-rf", false},
		{"a space", "V 75", false},
		{"a space behind", "V75 ", false},
		{"a NUL", "V75\x00", false},
		{"a line break forges a line of a log", "V75\nlevel=INFO", false},
		{"an escape sequence", "V75\x1b[2J", false},
		{"markup", "<script>", false},
		{"a percent sign", "V%37", false},
		{"a Cyrillic letter that looks like a", "V75\u0430", false},
		{"text that runs backwards", "V75\u202e", false},
		{"a full-width digit", "\uff17", false},
		{"an Arabic digit", "V\u0667", false},
		{"bytes that are not UTF-8", "V75\xff", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := quasar.CheckSpaceName(c.space)
			if c.ok {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			var wrong *quasar.SpaceNameError
			if !errors.As(err, &wrong) || wrong.Name != c.space {
				t.Errorf("got %#v, want a SpaceNameError with the name %q", err, c.space)
			}
		})
	}
}

func TestSpaceNameErrorSaysWhatIsWanted(t *testing.T) {
	for _, c := range []struct{ name, space, got string }{
		{"a short name is quoted", "a/b\n", `"a/b\n"`},
		{"letters beyond ASCII are spelled out", "\u0430", `"\u0430"`},
		{"a long name is cut", strings.Repeat("x", 4000), `"` + strings.Repeat("x", 64) + `\u2026"`},
		{"a long name is cut between characters", "x" + strings.Repeat("\u00e9", 100), `"x` + strings.Repeat(`\u00e9`, 31) + `\u2026"`},
		{"continuation bytes without a start are all cut", strings.Repeat("\x80", 100), `"\u2026"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := "space name: got " + c.got + ", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit"
			if diff := cmp.Diff(want, quasar.CheckSpaceName(c.space).Error()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// The rule as the protocol states it, by other means.
var nameRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func FuzzCheckSpaceName(f *testing.F) {
	for _, seed := range []string{"V75", "__proto__", "../a", "", "a\n", "V75\n", strings.Repeat("a", 64), "\u0430", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := quasar.CheckSpaceName(name)
		// A $ of Go's matches at the end of the text alone, not before a last line break.
		if want := nameRule.MatchString(name); (err == nil) != want {
			t.Fatalf("%q: got %v, the rule says %v", name, err, want)
		}
		if err != nil {
			checkMessage(t, err)
		}
	})
}

// checkMessage holds that an error about a stranger's text may go into any log:
// printable ASCII, and short.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	message := err.Error()
	quoted := strconv.QuoteToASCII(message)
	if unescaped := strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`); unescaped != message {
		t.Errorf("not printable ASCII: %q", message)
	}
	if len(message) > 512 || !utf8.ValidString(message) {
		t.Errorf("got %d bytes: %q", len(message), message)
	}
}

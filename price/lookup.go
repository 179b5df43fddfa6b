package price

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Lookup returns the index that name stands for: its own name, Deriv's symbol
// or the name on Deriv's screens, in any case ("v75_1S", "1hz75v", "Volatility
// 75 (1s)"). Anything else is an *UnknownIndexError: a name that only begins
// like an index ("V75_TEST") is not that index.
func Lookup(name string) (Index, error) {
	if i, ok := byKey[fold(name)]; ok {
		return catalogue[i], nil
	}
	return Index{}, &UnknownIndexError{Name: name}
}

// UnknownIndexError says that no index has this name.
type UnknownIndexError struct{ Name string }

// Error lists the names that are known. It quotes the wrong one, cut short.
func (e *UnknownIndexError) Error() string {
	names := make([]string, len(catalogue))
	for i := range catalogue {
		names[i] = catalogue[i].Name
	}
	return fmt.Sprintf("index: got %+q, want one of %s, or a Deriv symbol such as %s",
		clip(e.Name, 64), strings.Join(names, ", "), catalogue[0].Symbol)
}

// byKey finds a catalogue entry by each of its folded names.
var byKey = keys()

func keys() map[string]int {
	m := make(map[string]int)
	for i := range catalogue {
		for _, alias := range catalogue[i].aliases() {
			m[fold(alias)] = i
		}
	}
	return m
}

// aliases are all names of x. Lists differ on which of the Crash and Boom
// symbols end in N, so both are known.
func (x *Index) aliases() []string {
	all := []string{x.Name, x.Symbol, x.Display, strings.TrimSuffix(x.Display, " Index")}
	switch x.Kind {
	case Crash, Boom:
		all = append(all, x.Name+"N")
	case Range:
		all = append(all, strings.ReplaceAll(strings.TrimSuffix(x.Display, " Index"), " ", ""))
	case Step:
		all = append(all, strings.ReplaceAll(strings.TrimSuffix(x.Display, " Index"), " ", ""))
		if x.Name == "STEP" {
			all = append(all, "Step Index")
		}
	}
	return all
}

// fold brings the spellings of a name together: ASCII letters lose their case,
// separators between words become one underscore. Letters beyond ASCII stay as
// they are: a look-alike is not the index.
func fold(name string) string {
	var b strings.Builder
	gap := false
	for _, c := range []byte(strings.TrimSpace(name)) {
		switch {
		case c == ' ' || c == '_' || c == '-' || c == '(':
			gap = true
			continue
		case c == ')':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if gap {
			b.WriteByte('_')
			gap = false
		}
		b.WriteByte(c)
	}
	if gap {
		b.WriteByte('_')
	}
	return b.String()
}

// clip cuts s after at most n bytes, at a rune's start.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Law is the table in a form to check against.
type Law struct {
	rows, tests []*row
	never       []never
	frames      frames
}

// row says what one package, or all that match a pattern, may import.
type row struct {
	who  string
	what []string
}

// never says that nobody in who may reach any of what, by any way, tests included.
type never struct {
	who, what []string
	why       string
}

// frames says which package alone may write the names of frames, save for the
// one that has to list them.
type frames struct {
	owner, also string
	names       []string
}

// parseRows reads lines of the form
//
//	what, what ← who | who
//
// where what may be "nothing" or "everything", and a name that ends in /* stands
// for all packages below it. A # starts a comment.
func parseRows(text string) ([]*row, error) {
	var rows []*row
	for number, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		left, right, ok := strings.Cut(line, "←")
		if !ok || strings.Contains(right, "←") {
			return nil, fmt.Errorf("line %d: got %q, want one arrow: what, what ← who | who", number+1, strings.TrimSpace(line))
		}
		what := fields(left, ",")
		if slices.Equal(what, []string{"nothing"}) {
			what = nil
		}
		for _, who := range fields(right, "|") {
			if slices.ContainsFunc(rows, func(r *row) bool { return r.who == who }) {
				return nil, fmt.Errorf("line %d: %s has a row already", number+1, who)
			}
			rows = append(rows, &row{who: who, what: what})
		}
	}
	return rows, nil
}

func fields(s, sep string) []string {
	parts := strings.Split(s, sep)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// parseLaw reads the table and the wider one for tests. A name that is allowed
// to somebody but has no row of its own is an error: it may be misspelt.
func parseLaw(table, tests string, nevers []never, f frames) (*Law, error) {
	rows, err := parseRows(table)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	testRows, err := parseRows(tests)
	if err != nil {
		return nil, fmt.Errorf("tests: %w", err)
	}
	l := &Law{rows: rows, tests: testRows, never: nevers, frames: f}
	for _, r := range slices.Concat(rows, testRows) {
		for _, name := range r.what {
			if name != "everything" && l.row(name) == nil {
				return nil, fmt.Errorf("%s may import %s, which has no row", r.who, name)
			}
		}
	}
	return l, nil
}

func (l *Law) row(pkg string) *row     { return find(l.rows, pkg) }
func (l *Law) testRow(pkg string) *row { return find(l.tests, pkg) }

// find prefers the row that names the package to one with a pattern.
func find(rows []*row, pkg string) *row {
	var found *row
	for _, r := range rows {
		if r.who == pkg {
			return r
		}
		if found == nil && match(r.who, pkg) {
			found = r
		}
	}
	return found
}

// allows is false for no row.
func (r *row) allows(pkg string) bool {
	return r != nil && (slices.Contains(r.what, "everything") || matchAny(r.what, pkg))
}

// want says what f may import.
func (l *Law) want(f *file) string {
	what := slices.Clone(l.row(f.pkg).list())
	in := "it"
	if f.test {
		what = append(what, l.testRow(f.pkg).list()...)
		in = "its tests"
	}
	if len(what) == 0 {
		return in + " may import nothing of ours"
	}
	return in + " may import " + strings.Join(what, ", ")
}

func (r *row) list() []string {
	if r == nil {
		return nil
	}
	return r.what
}

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, pkg) })
}

func match(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(pkg, below) {
		return true
	}
	return pattern == pkg
}

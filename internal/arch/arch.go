// Package arch holds the arrows of the house: which package of this module may
// import which, and which may never reach which by any way round.
//
// "No feedback loop" is a promise about imports: the ranking side cannot tell a
// space anything, because nothing that could is linked into it. The check reads
// the source files, whatever their build tags, so that nothing hides behind a
// platform or a tag; it does not ask the go command, whose answer the test cache
// would keep after a bad import came in.
package arch

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Root is what the table calls the package in the root of the module.
const Root = "quasar"

// Problem is one broken rule, at the place that breaks it.
type Problem struct {
	File string
	Line int
	Text string
}

// String is the problem as compilers write it.
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Check reads every Go file of the module in tree and says what breaks the law,
// in the order of the files. It leaves out what the go command leaves out
// (testdata, folders that start with a dot or an underscore, nested modules),
// and node_modules. A file that cannot be read or parsed is an error.
func Check(tree fs.FS, module string, law *Law) ([]Problem, error) {
	files, err := read(tree, module)
	if err != nil {
		return nil, err
	}
	house := survey(files)
	var problems []Problem
	for _, f := range files {
		problems = append(problems, law.known(f)...)
		problems = append(problems, law.imports(f)...)
		problems = append(problems, law.reaches(f, house)...)
		problems = append(problems, law.names(f)...)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return slices.Compact(problems), nil
}

// known says where to put a package that the table does not have.
func (l *Law) known(f *file) []Problem {
	if l.row(f.pkg) != nil || f.test && l.testRow(f.pkg) != nil {
		return nil
	}
	return []Problem{f.problem(1, "package %s is not in the table: add it to internal/arch/table.go, with what it may import", f.pkg)}
}

// imports holds each import against the importer's row.
func (l *Law) imports(f *file) []Problem {
	var problems []Problem
	for _, i := range f.imports {
		switch {
		case i.path == "C":
			problems = append(problems, f.problem(i.line, "%s imports C: `go install` has to work without a C compiler", f.pkg))
		case i.ours != "":
			if l.known(f) == nil && !l.allows(f, i.ours) {
				problems = append(problems, f.problem(i.line, "%s imports %s: %s", f.pkg, i.ours, l.want(f)))
			}
		case f.pkg == Root && !f.test && !i.standard():
			problems = append(problems, f.problem(i.line, "%s imports %s: the model imports the standard library only", Root, i.path))
		}
	}
	return problems
}

func (l *Law) allows(f *file, ours string) bool {
	if f.pkg == ours && f.test {
		return true // an external test of the package itself
	}
	return l.row(f.pkg).allows(ours) || f.test && l.testRow(f.pkg).allows(ours)
}

// reaches follows each import to its end and says which forbidden package it
// meets there, and by which way.
func (l *Law) reaches(f *file, h house) []Problem {
	var problems []Problem
	for _, n := range l.never {
		if !matchAny(n.who, f.pkg) {
			continue
		}
		for _, i := range f.imports {
			if i.ours == "" {
				continue
			}
			if way := h.way(i.ours, n.what); way != nil {
				problems = append(problems, f.problem(i.line, "%s reaches %s: %s → %s; %s",
					f.pkg, way[len(way)-1], f.pkg, strings.Join(way, " → "), n.why))
			}
		}
	}
	return problems
}

// names says who writes the names of frames outside the package that owns them.
// Tests may: they check what stands on the wire.
func (l *Law) names(f *file) []Problem {
	if f.test || f.pkg == l.frames.owner || f.pkg == l.frames.also {
		return nil
	}
	var problems []Problem
	for _, s := range f.strings {
		for _, name := range l.frames.names {
			if s.text == name || strings.Contains(s.text, `"`+name+`"`) {
				problems = append(problems, f.problem(s.line, "%s writes the frame name %q: only %s knows the frames", f.pkg, name, l.frames.owner))
			}
		}
	}
	return problems
}

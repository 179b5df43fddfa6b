package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// file is what the check needs to know of one source file.
type file struct {
	name    string // from the root of the module
	pkg     string // the folder, or Root
	test    bool
	imports []imported
	strings []literal
}

type imported struct {
	path string
	ours string // the package's name in the table, empty when it is not ours
	line int
}

type literal struct {
	text string
	line int
}

func (f *file) problem(line int, format string, args ...any) Problem {
	text := fmt.Sprintf(format, args...)
	return Problem{File: f.name, Line: line, Text: text}
}

// standard tells whether the import is of the standard library, whose paths
// have no dot before the first slash.
func (i imported) standard() bool {
	first, _, _ := strings.Cut(i.path, "/")
	return !strings.Contains(first, ".")
}

// read parses the Go files of the module in tree.
func read(tree fs.FS, module string) ([]*file, error) {
	var files []*file
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(tree, name)
		}
		if !strings.HasSuffix(name, ".go") || hidden(path.Base(name)) {
			return nil
		}
		f, err := parse(tree, name, module)
		files = append(files, f)
		return err
	})
	return files, err
}

// enter is fs.SkipDir for folders that are not part of the module.
func enter(tree fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if hidden(base) || base == "testdata" || base == "node_modules" || base == "vendor" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(tree, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func hidden(base string) bool { return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") }

func parse(tree fs.FS, name, module string) (*file, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
	if f.pkg == "." {
		f.pkg = Root
	}
	for _, spec := range syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imported{path: target, ours: ours(target, module), line: set.Position(spec.Pos()).Line})
	}
	f.strings = literals(syntax, set)
	return f, nil
}

// ours turns an import path into the name that the table has for it.
func ours(target, module string) string {
	if target == module {
		return Root
	}
	if rest, ok := strings.CutPrefix(target, module+"/"); ok {
		return rest
	}
	return ""
}

func literals(syntax *ast.File, set *token.FileSet) []literal {
	var found []literal
	ast.Inspect(syntax, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				found = append(found, literal{text: text, line: set.Position(lit.Pos()).Line})
			}
		}
		return true
	})
	return found
}

// house is who imports whom when tests are left aside: what a program that
// imports a package has linked in.
type house map[string][]string

func survey(files []*file) house {
	h := house{}
	for _, f := range files {
		for _, i := range f.imports {
			if i.ours != "" && !f.test {
				h[f.pkg] = append(h[f.pkg], i.ours)
			}
		}
	}
	return h
}

// way is the shortest way from a package, itself included, to one that matches
// a pattern, or nil.
func (h house) way(from string, patterns []string) []string {
	seen := map[string]bool{from: true}
	for ways := [][]string{{from}}; len(ways) > 0; ways = ways[1:] {
		way := ways[0]
		at := way[len(way)-1]
		if matchAny(patterns, at) {
			return way
		}
		for _, next := range h[at] {
			if !seen[next] {
				seen[next] = true
				ways = append(ways, append(way[:len(way):len(way)], next))
			}
		}
	}
	return nil
}

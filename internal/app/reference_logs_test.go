package app

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// logged is a line of the log as the source writes it.
type logged struct {
	dir, level, message string
	keys                []string // of its attributes, as far as they stand in the call
}

// notInTheProgram are the folders whose packages quasar is not made of.
var notInTheProgram = []string{"bench", "e2e", "examples", "python", "tools", "web/build", "trade/brokertest", "hub/enginetest", "internal/arch", "internal/release", "internal/testsum", "internal/logtest"}

// loggedBy finds what the program logs, by message.
func loggedBy(t *testing.T) (all []logged) {
	t.Helper()
	root := os.DirFS(repository)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (slices.Contains(notInTheProgram, name) || entry.Name() == "testdata" || entry.Name() == "node_modules" || len(name) > 1 && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		all = append(all, loggedIn(t, root, name)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func loggedIn(t *testing.T, root fs.FS, name string) (all []logged) {
	t.Helper()
	text, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if l, ok := logCall(call); ok && l.message == "" {
				t.Errorf("%s: got a message that is no constant, want one", files.Position(call.Pos()))
			} else if ok {
				l.dir = path.Dir(name)
				all = append(all, l)
			}
		}
		return true
	})
	return all
}

// logCall is the line that a call of a *slog.Logger writes.
func logCall(call *ast.CallExpr) (l logged, ok bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !isLogger(method.X) && method.Sel.Name != "LogAttrs" {
		return l, false
	}
	args := call.Args
	switch name := strings.TrimSuffix(method.Sel.Name, "Context"); name {
	case "Log", "LogAttrs":
		l.level, args = levelOf(args[1]), args[2:]
	case "Debug", "Info", "Warn", "Error":
		if l.level = strings.ToLower(name); name != method.Sel.Name {
			args = args[1:]
		}
	default:
		return l, false
	}
	l.message, l.keys = textOf(args[0]), keysOf(args[1:])
	return l, true
}

// isLogger goes by the names that loggers have here; only theirs are LogAttrs.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "log" || x.Name == "logger"
	case *ast.SelectorExpr:
		return x.Sel.Name == "log" || x.Sel.Name == "Logger"
	case *ast.CallExpr: // of With
		with, ok := x.Fun.(*ast.SelectorExpr)
		return ok && with.Sel.Name == "With" && isLogger(with.X)
	}
	return false
}

// levelOf is "" for a level that is worked out.
func levelOf(x ast.Expr) string {
	if level, ok := x.(*ast.SelectorExpr); ok {
		if name, ok := strings.CutPrefix(level.Sel.Name, "Level"); ok {
			return strings.ToLower(name)
		}
	}
	return ""
}

func textOf(x ast.Expr) string {
	if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, _ := strconv.Unquote(lit.Value)
		return text
	}
	return ""
}

// keysOf are those of slog.String(key, value) and its like, and of pairs.
func keysOf(args []ast.Expr) (keys []string) {
	for i := 0; i < len(args); i++ {
		if call, ok := args[i].(*ast.CallExpr); ok && len(call.Args) > 0 {
			if key := textOf(call.Args[0]); key != "" {
				keys = append(keys, key)
			}
		} else if key := textOf(args[i]); key != "" {
			keys = append(keys, key)
			i++ // its value
		}
	}
	return keys
}

// explained is what testdata/logs.yaml says of a message.
type explained struct{ Level, Means, Do string }

// TestGoldenLogsReference writes the page of the log's messages: each that the source
// has is explained, and of each warning and error is said what to do.
func TestGoldenLogsReference(t *testing.T) {
	var words map[string]explained
	explanations := yaml.NewDecoder(strings.NewReader(readFile(t, "internal/app/testdata/logs.yaml")))
	explanations.KnownFields(true)
	if err := explanations.Decode(&words); err != nil {
		t.Fatal(err)
	}
	messages := make(map[string][]logged)
	for _, l := range loggedBy(t) {
		messages[l.message] = append(messages[l.message], l)
	}
	var b strings.Builder
	b.WriteString("# Messages of the log\n\n" + generated)
	b.WriteString("What servers write to standard error, by `msg`. It is always the same for the same thing; what differs stands in attributes. Search this page for the line that you have.\n" +
		"Of a kind that comes often some are left out; the next one says how many, as `left_out`. `--log-level` and `--log-format` [set](configuration.md) how much and how.\n\n" +
		"| Message | Level | From | Attributes | Means | What to do |\n|---|---|---|---|---|---|\n")
	for _, message := range slices.SortedFunc(maps.Keys(messages), compareFolded) {
		about := words[message]
		delete(words, message)
		level, dirs, keys := gather(messages[message], about.Level)
		if about.Means == "" || about.Do == "" && level != "info" && level != "debug" && about.Level == "" {
			t.Errorf("%q (%s, %s): got %+v, want in testdata/logs.yaml what it means, and for a warning or an error what to do", message, level, dirs, about)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(message), level, strings.Join(dirs, ", "), codes(keys), cell(about.Means), cell(about.Do))
	}
	for message := range words {
		t.Errorf("testdata/logs.yaml: got %q, which nothing logs", message)
	}
	checkPage(t, filepath.Join(referenceDir, "logs.md"), []byte(b.String()))
}

func compareFolded(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

// gather puts together what all places of a message have. A level that is given
// stands for one that the source works out.
func gather(all []logged, given string) (level string, dirs, keys []string) {
	var levels []string
	for _, l := range all {
		if l.level != "" {
			levels = append(levels, l.level)
		}
		dirs, keys = append(dirs, l.dir), append(keys, l.keys...)
	}
	if given != "" {
		levels = []string{given}
	}
	return strings.Join(sorted(levels), ", "), sorted(dirs), sorted(keys)
}

func sorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write lays a tree of files into a new folder and goes there.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
}

const modFile = "module " + module + "\n\ngo 1.26\n"

// outcome is what a run reports, without the output of the tests.
type outcome struct {
	tally    tally
	failures []string
	skips    []string
}

func goOutcome(t *testing.T, c *config) (outcome, string) {
	t.Helper()
	var out bytes.Buffer
	c.out = &out
	s := &summary{}
	if err := c.runGo(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return outcome{s.tally, s.failures, s.skips}, out.String()
}

func diffOutcome(want, got outcome) string {
	return cmp.Diff(want, got, cmp.AllowUnexported(outcome{}, tally{}))
}

// TestGoTest runs the real go test over one module with every kind of ending.
func TestGoTest(t *testing.T) {
	write(t, map[string]string{
		"go.mod":       modFile,
		"root.go":      "package quasar\n",
		"root_test.go": "package quasar\n\nimport (\n\t\"fmt\"\n\t\"testing\"\n)\n\nfunc TestRoot(t *testing.T) {}\nfunc FuzzRoot(f *testing.F) { f.Add(1); f.Add(2); f.Fuzz(func(t *testing.T, n int) {}) }\nfunc Example() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n",
		"empty/e.go":   "package empty\n",
		"subs/s_test.go": `package subs

import "testing"

func TestTree(t *testing.T) {
	t.Run("one", func(t *testing.T) {})
	t.Run("a/b", func(t *testing.T) {})
	t.Run("deep", func(t *testing.T) {
		t.Run("good", func(t *testing.T) {})
		t.Run("bad", func(t *testing.T) { t.Error("got 1, want 2") })
		t.Run("later", func(t *testing.T) { t.Skip("needs the moon") })
	})
}

func TestAfter(t *testing.T) {
	t.Run("fine", func(t *testing.T) {})
	t.Error("the parent itself")
}

func TestAlone(t *testing.T) { t.SkipNow() }
`,
		"panics/p_test.go": "package panics\n\nimport \"testing\"\n\nfunc TestFirst(t *testing.T) {}\nfunc TestPanic(t *testing.T) { panic(\"no\") }\nfunc TestNever(t *testing.T) {}\n",
		"exits/x_test.go":  "package exits\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestExit(t *testing.T) { os.Exit(3) }\n",
		"mains/m_test.go":  "package mains\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) { m.Run(); os.Exit(1) }\nfunc TestFine(t *testing.T) {}\n",
		"broken/b_test.go": "package broken\n\nfunc half() int { return \"no\" }\n",
	})
	got, output := goOutcome(t, &config{packages: []string{"./..."}})
	want := outcome{
		// Root 1, its two seeds and its example; one, a/b, good and fine of subs; First of panics; Fine of mains.
		tally: tally{passed: 10, failed: 6, skipped: 2},
		failures: []string{
			"broken: the package failed, none of its tests did",
			"exits: TestExit: did not end",
			"mains: the package failed, none of its tests did",
			"panics: TestPanic",
			"subs: TestTree/deep/bad",
			"subs: TestAfter",
		},
		skips: []string{"subs: TestTree/deep/later: s_test.go:11: needs the moon", "subs: TestAlone: it gave no reason"},
	}
	if diff := diffOutcome(want, got); diff != "" {
		t.Errorf("go test (-want +got):\n%s", diff)
	}
	for _, said := range []string{"got 1, want 2", "panic: no", `cannot use "no"`, "the parent itself"} {
		if !strings.Contains(output, said) {
			t.Errorf("the output lacks %q:\n%s", said, output)
		}
	}
}

func TestGoTestThatDoesNotStart(t *testing.T) {
	write(t, map[string]string{"go.mod": "this is no module file\n"})
	got, _ := goOutcome(t, &config{packages: []string{"./..."}})
	want := outcome{tally: tally{failed: 1}, failures: []string{"go test: exit status 1"}}
	if diff := diffOutcome(want, got); diff != "" {
		t.Errorf("go test (-want +got):\n%s", diff)
	}
}

// TestATestThatNeverEnded reads what go test writes of a process that was killed.
func TestATestThatNeverEnded(t *testing.T) {
	s := &summary{}
	g := &goTests{out: new(bytes.Buffer), sum: s, packages: map[string]*pkg{}}
	err := g.read(strings.NewReader(`{"Action":"run","Package":"github.com/karlquant/quasar/hub","Test":"TestA"}
{"Action":"pass","Package":"github.com/karlquant/quasar/hub","Test":"TestA"}
{"Action":"run","Package":"github.com/karlquant/quasar/hub","Test":"TestB"}
{"Action":"fail","Package":"github.com/karlquant/quasar/hub"}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := outcome{tally: tally{passed: 1, failed: 1}, failures: []string{"hub: TestB: did not end"}}
	if diff := diffOutcome(want, outcome{s.tally, s.failures, s.skips}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRun(t *testing.T) {
	passing := map[string]string{
		"go.mod":    modFile,
		"a.go":      "package quasar\n\nfunc Half(n int) int {\n\tif n > 1 {\n\t\treturn n / 2\n\t}\n\treturn 0\n}\n",
		"a_test.go": "package quasar\n\nimport \"testing\"\n\nfunc TestHalf(t *testing.T) {\n\tif Half(4) != 2 {\n\t\tt.Error(\"no\")\n\t}\n}\n",
	}
	skipping := map[string]string{
		"go.mod":    modFile,
		"a_test.go": "package quasar\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { t.Skip(\"no moon\") }\n",
	}
	tests := []struct {
		name  string
		files map[string]string
		args  []string
		want  string // the last line
		says  string
		fails bool
	}{
		{name: "what passes is counted", files: passing, want: "1 passed, 0 failed, 0 skipped"},
		{
			name: "coverage above its floor is fine", files: passing, args: []string{"-cover=c.out", "-floors=quasar=66"},
			want: "1 passed, 0 failed, 0 skipped", says: "coverage of quasar            66.7 %, floor 66 %",
		},
		{
			name: "coverage below its floor fails", files: passing, args: []string{"-cover=c.out", "-floors=quasar=67"}, fails: true,
			want: "1 passed, 1 failed, 0 skipped", says: "coverage of quasar: got 66.7 %, want at least 67 %",
		},
		{
			name: "a package that has a floor and no tests fails", files: passing, args: []string{"-cover=c.out", "-floors=hub=1"}, fails: true,
			want: "1 passed, 1 failed, 0 skipped", says: "coverage of hub: got 0.0 %, want at least 1 %",
		},
		{name: "a skipped test passes", files: skipping, want: "1 passed, 0 failed, 1 skipped", says: "quasar: TestB: a_test.go:6: no moon"},
		{
			name: "a skipped test fails a complete run", files: skipping, args: []string{"-complete"}, fails: true,
			want: "1 passed, 0 failed, 1 skipped", says: "This run had to be complete",
		},
		{name: "no tests at all fail", files: map[string]string{"go.mod": modFile, "a.go": "package quasar\n"}, fails: true, want: "0 passed, 0 failed, 0 skipped", says: "No test ran."},
		{
			name: "vet is counted when it fails", fails: true, want: "1 passed, 1 failed, 0 skipped", says: "go vet: exit status 1",
			files: map[string]string{
				"go.mod": modFile, "a_test.go": "package quasar\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n",
				"b.go": "package quasar\n\nfunc loop(s []int) {\n\ts = s\n}\n",
			},
		},
		{
			name: "the Python tests of a folder that is not there fail", files: passing, args: []string{"-python=python/tests"}, fails: true,
			want: "1 passed, 1 failed, 0 skipped", says: "no such file or directory",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			write(t, test.files)
			var out bytes.Buffer
			err := run(t.Context(), append([]string{"-race=false"}, test.args...), &out)
			if (err != nil) != test.fails {
				t.Errorf("run: got error %v, want one: %v", err, test.fails)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if got := lines[len(lines)-1]; got != test.want {
				t.Errorf("last line: got %q, want %q", got, test.want)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("the report lacks %q:\n%s", test.says, out.String())
			}
		})
	}
}

// TestLeftOut takes the compiler and Python away for real.
func TestLeftOut(t *testing.T) {
	write(t, map[string]string{
		"go.mod":             modFile,
		"a_test.go":          "package quasar\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n",
		"py/tests/test_a.py": "",
	})
	t.Setenv("CC", "no-such-compiler")
	t.Setenv("PYTHON", "no-such-python")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-python=py/tests"}, &out); err != nil {
		t.Errorf("run without the tools: got error %v, want none", err)
	}
	want := "\nleft out:\n  no C compiler: race detector left out\n  no no-such-python: Python drop-in tests left out\n\n1 passed, 0 failed, 0 skipped\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got report %q, want it to end with %q", out.String(), want)
	}
	if err := run(t.Context(), []string{"-complete", "-python=py/tests"}, &out); !errors.Is(err, errReported) {
		t.Errorf("complete run without the tools: got error %v, want one", err)
	}
}

func TestTotals(t *testing.T) {
	write(t, nil)
	for _, s := range []tally{{passed: 10, skipped: 1}, {passed: 5}} {
		if err := addTotals("totals", s); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-sum", "-totals=totals"}, &out); err != nil {
		t.Errorf("sum of passing runs: got error %v, want none", err)
	}
	if err := addTotals("totals", tally{failed: 2}); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-sum", "-totals=totals"}, &out); !errors.Is(err, errReported) {
		t.Errorf("sum with a failed run: got error %v, want one", err)
	}
	if got, want := out.String(), "15 passed, 0 failed, 1 skipped\n15 passed, 2 failed, 1 skipped\n"; got != want {
		t.Errorf("sums: got %q, want %q", got, want)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-floors=hub=90"}, {"-cover=x", "-floors=hub"}, {"-cover=x", "-floors=hub=101"}, {"-colour"}} {
		if _, err := parse(args, new(bytes.Buffer)); err == nil {
			t.Errorf("parse(%q): got no error", args)
		}
	}
}

func TestABlockIsCountedOnceForAllWhoRanIt(t *testing.T) {
	const profile = `mode: atomic
github.com/karlquant/quasar/hub/a.go:1.2,3.4 6 0
github.com/karlquant/quasar/hub/a.go:5.2,6.4 4 1
mode: atomic
github.com/karlquant/quasar/hub/a.go:1.2,3.4 6 2
github.com/karlquant/quasar/hub/a.go:5.2,6.4 4 0
github.com/karlquant/quasar/a.go:1.2,3.4 5 0
`
	got, err := coverage(strings.NewReader(profile))
	want := map[string]blocks{"hub": {total: 10, covered: 10}, "quasar": {total: 5}}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

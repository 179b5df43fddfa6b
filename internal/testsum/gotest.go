package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func (c *config) runVet(ctx context.Context, s *summary) {
	args := []string{"vet"}
	if c.tags != "" {
		args = append(args, "-tags="+c.tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, c.packages...)...)
	cmd.Stdout, cmd.Stderr = c.out, c.out
	if err := cmd.Run(); err != nil {
		s.fail("go vet: %v", err)
	}
}

// runGo runs go test. Its error is one of starting it; tests that fail are in s.
func (c *config) runGo(ctx context.Context, s *summary) error {
	cmd := exec.CommandContext(ctx, "go", c.goArgs(ctx, s)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	before := s.failed
	g := &goTests{out: c.out, sum: s, packages: map[string]*pkg{}}
	readErr := g.read(events)
	if err := cmd.Wait(); err != nil && s.failed == before {
		s.fail("go test: %v", err)
	}
	return readErr
}

func (c *config) goArgs(ctx context.Context, s *summary) []string {
	args := []string{"test", "-json"}
	if c.race {
		if why := noRace(ctx); why != "" {
			s.leaveOut("%s: race detector left out", why)
		} else {
			args = append(args, "-race")
		}
	}
	if c.tags != "" {
		args = append(args, "-tags="+c.tags)
	}
	if c.cover != "" {
		args = append(args, "-coverprofile="+c.cover)
		if len(c.floors) > 0 {
			args = append(args, "-coverpkg="+c.floors.packages())
		}
	}
	return append(append(args, c.goFlags...), c.packages...)
}

// event is one line of go test -json; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

// goTests reads events and prints a line for each package as it ends, with the
// output of what failed in it.
type goTests struct {
	out      io.Writer
	sum      *summary
	packages map[string]*pkg
}

type pkg struct {
	output strings.Builder
	tests  map[string]*test
	order  []string
}

type test struct {
	output  strings.Builder
	verdict string // pass, fail or skip; empty while it runs
	subs    int
	badSubs int
}

func (g *goTests) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			g.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// line takes one event; what is no event is passed on as it is.
func (g *goTests) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		_, _ = g.out.Write(line)
		return
	}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(g.out, e.Output)
	case e.Package == "":
	case e.Test == "":
		g.packageEvent(&e)
	default:
		g.pkg(e.Package).test(e.Test).take(&e)
	}
}

func (g *goTests) pkg(name string) *pkg {
	p := g.packages[name]
	if p == nil {
		p = &pkg{tests: map[string]*test{}}
		g.packages[name] = p
	}
	return p
}

func (p *pkg) test(name string) *test {
	t := p.tests[name]
	if t == nil {
		t = &test{}
		p.tests[name] = t
		p.order = append(p.order, name)
	}
	return t
}

func (t *test) take(e *event) {
	switch e.Action {
	case "output":
		t.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		t.verdict = e.Action
	}
}

func (g *goTests) packageEvent(e *event) {
	p := g.pkg(e.Package)
	switch e.Action {
	case "output":
		p.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		g.end(e, p)
		delete(g.packages, e.Package)
	}
}

// end counts the tests of a package that has ended.
func (g *goTests) end(e *event, p *pkg) {
	if e.Action == "skip" && len(p.order) == 0 {
		return // no test files
	}
	name := short(e.Package)
	before := g.sum.tally
	p.countSubs()
	for _, testName := range p.order {
		g.count(name, testName, p.tests[testName])
	}
	if e.Action == "fail" && g.sum.failed == before.failed {
		g.sum.fail("%s: the package failed, none of its tests did", name)
	}
	here := g.sum.tally
	here.add(tally{-before.passed, -before.failed, -before.skipped})
	if e.Action == "fail" {
		fmt.Fprint(g.out, p.output.String())
	}
	if here.total() > 0 { // with -cover, go test starts packages without tests too
		fmt.Fprintf(g.out, "%-4s %-28s %7.2fs  %v\n", e.Action, name, e.Elapsed, here)
	}
}

// countSubs tells each test how many direct subtests it has, and how many of
// them are not good.
func (p *pkg) countSubs() {
	for _, name := range p.order {
		parent := p.parent(name)
		if parent == nil {
			continue
		}
		parent.subs++
		if !p.tests[name].good() {
			parent.badSubs++
		}
	}
}

// parent is nil for a test that is no subtest. A subtest's own name may have
// slashes, which make no parent.
func (p *pkg) parent(name string) *test {
	for {
		slash := strings.LastIndexByte(name, '/')
		if slash < 0 {
			return nil
		}
		name = name[:slash]
		if t := p.tests[name]; t != nil {
			return t
		}
	}
}

// good is false for a test that failed, and for one that never ended.
func (t *test) good() bool { return t.verdict == "pass" || t.verdict == "skip" }

// count takes one test into the sum, unless its subtests stand for it.
func (g *goTests) count(pkgName, name string, t *test) {
	if !t.good() {
		fmt.Fprint(g.out, t.output.String())
		switch {
		case t.badSubs > 0:
		case t.verdict == "":
			g.sum.fail("%s: %s: did not end", pkgName, name)
		default:
			g.sum.fail("%s: %s", pkgName, name)
		}
		return
	}
	switch {
	case t.subs > 0:
	case t.verdict == "skip":
		g.sum.skipped++
		g.sum.skips = append(g.sum.skips, fmt.Sprintf("%s: %s: %s", pkgName, name, t.reason()))
	default:
		g.sum.passed++
	}
}

// reason is what a test that skipped itself said.
func (t *test) reason() string {
	for line := range strings.Lines(t.output.String()) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			return line
		}
	}
	return "it gave no reason"
}

// module is the path that is left away from the names of packages.
const module = "github.com/karlquant/quasar"

func short(importPath string) string {
	if importPath == module {
		return "quasar"
	}
	return strings.TrimPrefix(importPath, module+"/")
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// tally counts tests.
type tally struct{ passed, failed, skipped int }

func (t tally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed, t.skipped)
}

func (t *tally) add(more tally) {
	t.passed += more.passed
	t.failed += more.failed
	t.skipped += more.skipped
}

func (t tally) total() int { return t.passed + t.failed + t.skipped }

// summary is what all the parts of a run add up to.
type summary struct {
	tally
	failures []string // what failed, by name
	skips    []string // what was skipped, with the reason
	leftOut  []string // what could not run here, with the reason
}

// fail counts something as failed that is no single test.
func (s *summary) fail(format string, args ...any) {
	s.failed++
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

func (s *summary) leaveOut(format string, args ...any) {
	s.leftOut = append(s.leftOut, fmt.Sprintf(format, args...))
}

// bad tells whether the run may not end with 0. A run that is to be complete
// fails for what it left out; a run without tests has not passed either.
func (s *summary) bad(complete bool) bool {
	return s.failed > 0 || s.total() == 0 || complete && s.incomplete()
}

func (s *summary) incomplete() bool { return len(s.leftOut) > 0 || s.skipped > 0 }

func (s *summary) print(out io.Writer, complete bool) {
	list(out, "failed", s.failures)
	list(out, "skipped", s.skips)
	list(out, "left out", s.leftOut)
	if complete && s.incomplete() {
		fmt.Fprintln(out, "\nThis run had to be complete: what was skipped or left out fails it.")
	}
	if s.total() == 0 {
		fmt.Fprintln(out, "\nNo test ran.")
	}
	fmt.Fprintf(out, "\n%v\n", s.tally)
}

func list(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, line := range lines {
		fmt.Fprintln(out, "  "+line)
	}
}

// addTotals appends the counts as one line to the file at path.
func addTotals(path string, t tally) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = fmt.Fprintln(f, t)
	return err
}

// printTotals prints the sum of all counts in the file at path, and is
// errReported if any run in it failed.
func printTotals(out io.Writer, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var sum tally
	for line := range strings.Lines(string(data)) {
		var t tally
		if _, err := fmt.Sscanf(line, "%d passed, %d failed, %d skipped", &t.passed, &t.failed, &t.skipped); err != nil {
			return fmt.Errorf("%s: got %q, want the counts of a run", path, strings.TrimSpace(line))
		}
		sum.add(t)
	}
	fmt.Fprintln(out, sum)
	if sum.failed > 0 || sum.passed == 0 {
		return errReported
	}
	return nil
}

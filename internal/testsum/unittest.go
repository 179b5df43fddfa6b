package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// runPython runs the unittest tests of a folder, if there is a Python for them.
func (c *config) runPython(ctx context.Context, s *summary) {
	if _, err := os.Stat(c.python); err != nil {
		s.fail("python: %v", err)
		return
	}
	python, why := findPython(ctx)
	if why != "" {
		s.leaveOut("%s: Python drop-in tests left out", why)
		return
	}
	cmd := exec.CommandContext(ctx, python, "-W", "error::ResourceWarning", "-m", "unittest", "discover", "-v", "-s", c.python)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	result := parseUnittest(output.String())
	if err != nil && result.failed == 0 {
		result.failures = append(result.failures, fmt.Sprintf("%s: %v", c.python, err))
		result.failed++
	}
	if result.failed > 0 {
		_, _ = io.Copy(c.out, &output)
	}
	s.add(result.tally)
	s.failures = append(s.failures, result.failures...)
	s.skips = append(s.skips, result.skips...)
	fmt.Fprintf(c.out, "%-4s %-28s           %v\n", word(result.failed == 0), c.python, result.tally)
}

func word(ok bool) string {
	if ok {
		return "pass"
	}
	return "fail"
}

var (
	ranLine     = regexp.MustCompile(`(?m)^Ran (\d+) tests? in `)
	closingLine = regexp.MustCompile(`(?m)^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?\s*$`)
	failureHead = regexp.MustCompile(`(?m)^(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.+)$`)
	skipLine    = regexp.MustCompile(`(?m)^(\S+) .*\.\.\. skipped (.+)$`)
)

// parseUnittest reads what `python3 -m unittest -v` printed. Output without its
// closing lines is a run that died: one failure.
func parseUnittest(output string) *summary {
	s := &summary{}
	ran := ranLine.FindStringSubmatch(output)
	closing := closingLine.FindAllStringSubmatch(output, -1)
	if ran == nil || closing == nil {
		s.fail("python: the run ended without its summary")
		return s
	}
	total, _ := strconv.Atoi(ran[1]) // digits, as the expression says
	if total == 0 {
		s.fail("python: no test ran")
		return s
	}
	counts := parseCounts(closing[len(closing)-1][1])
	s.skipped = counts["skipped"]
	s.failed = counts["failures"] + counts["errors"] + counts["unexpected successes"]
	s.passed = max(0, total-s.skipped-s.failed)
	for _, m := range failureHead.FindAllStringSubmatch(output, -1) {
		s.failures = append(s.failures, "python: "+m[1])
	}
	for _, m := range skipLine.FindAllStringSubmatch(output, -1) {
		s.skips = append(s.skips, fmt.Sprintf("python: %s: %s", m[1], m[2]))
	}
	return s
}

// parseCounts reads "failures=1, skipped=2".
func parseCounts(text string) map[string]int {
	counts := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, number, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(number); err == nil {
			counts[name] = n
		}
	}
	return counts
}

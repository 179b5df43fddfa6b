package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// floors is the least coverage of packages in percent, as a flag:
// "quasar=90,hub=90".
type floors map[string]float64

func (f *floors) String() string {
	if f == nil {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(*f)) {
		parts = append(parts, fmt.Sprintf("%s=%g", name, (*f)[name]))
	}
	return strings.Join(parts, ",")
}

// packages are the import paths of those that have a floor. Nothing else is counted:
// counting makes what calculates many times slower under the race detector.
func (f floors) packages() string {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name == "quasar" {
			paths = append(paths, module)
		} else {
			paths = append(paths, module+"/"+name)
		}
	}
	return strings.Join(paths, ",")
}

// Set reads the flag.
func (f *floors) Set(text string) error {
	*f = floors{}
	for part := range strings.SplitSeq(text, ",") {
		name, number, _ := strings.Cut(part, "=")
		percent, err := strconv.ParseFloat(number, 64)
		if err != nil || percent < 0 || percent > 100 {
			return fmt.Errorf("got %q, want package=percent", part)
		}
		(*f)[name] = percent
	}
	return nil
}

// checkCover prints the coverage of the packages that have a floor, and fails
// those below it.
func (c *config) checkCover(s *summary) error {
	f, err := os.Open(c.cover)
	if err != nil {
		s.fail("coverage: %v", err)
		return nil
	}
	defer f.Close() //nolint:errcheck // it was only read
	covered, err := coverage(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.cover, err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.floors)) {
		b := covered[name]
		fmt.Fprintf(c.out, "coverage of %-16s %5.1f %%, floor %g %%\n", name, b.percent(), c.floors[name])
		if b.percent() < c.floors[name] {
			s.fail("coverage of %s: got %.1f %%, want at least %g %%", name, b.percent(), c.floors[name])
		}
	}
	return nil
}

// blocks counts statements.
type blocks struct{ total, covered int }

// percent of no statements is 0: a package that is not in the profile was not tested.
func (b blocks) percent() float64 {
	if b.total == 0 {
		return 0
	}
	return 100 * float64(b.covered) / float64(b.total)
}

// coverage reads a profile whose lines are
//
//	import/path/file.go:1.2,3.4 statements count
//
// A block is in it once for each package whose tests were run, and covered if any of
// them came through it.
func coverage(r io.Reader) (map[string]blocks, error) {
	found, seen := map[string]blocks{}, map[string]bool{} // blocks, and whether they count as covered
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return found, lines.Err()
		}
		line := lines.Text()
		if strings.HasPrefix(line, "mode:") || line == "" {
			continue
		}
		colon := strings.LastIndexByte(line, ':')
		var statements, count int
		var position string
		if _, err := fmt.Sscan(line[colon+1:], &position, &statements, &count); err != nil || colon < 0 {
			return nil, fmt.Errorf("got %q, want a line of a coverage profile", line)
		}
		name, block := short(path.Dir(line[:colon])), line[:colon+1]+position
		covered, known := seen[block]
		b := found[name]
		if !known {
			b.total += statements
		}
		if count > 0 && !covered {
			b.covered += statements
		}
		found[name], seen[block] = b, covered || count > 0
	}
}

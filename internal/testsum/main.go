// Command testsum runs the tests of this module with what the machine has for
// it, counts them, and says what it left out and why. It is what `make test`
// calls, and needs nothing but Go.
//
// Its last line is "N passed, N failed, N skipped". A test with subtests is
// counted by them; a package that does not build, ends early or races counts as
// one failure more. Its exit code is 0 only if nothing failed and something ran.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "testsum:", err)
		}
		os.Exit(1) //nolint:forbidigo // this is a main of its own
	}
}

// errReported says that the report has said it all.
var errReported = errors.New("tests failed")

type config struct {
	out      io.Writer
	packages []string
	race     bool
	vet      bool
	python   string
	tags     string
	goFlags  []string
	cover    string
	floors   floors
	complete bool
	totals   string
	sum      bool
}

func parse(args []string, out io.Writer) (*config, error) {
	c := &config{out: out}
	var goFlags string
	set := flag.NewFlagSet("testsum", flag.ContinueOnError)
	set.SetOutput(out)
	set.BoolVar(&c.race, "race", true, "use the race detector where it works")
	set.BoolVar(&c.vet, "vet", true, "run go vet first")
	set.StringVar(&c.python, "python", "", "folder with unittest tests to run where there is a Python")
	set.StringVar(&c.tags, "tags", "", "build tags")
	set.StringVar(&goFlags, "goflags", "", "more flags for go test, split at spaces")
	set.StringVar(&c.cover, "cover", "", "write the coverage profile to this file")
	set.Var(&c.floors, "floors", "package=percent,…: fail where coverage is lower (with -cover)")
	set.BoolVar(&c.complete, "complete", false, "fail if anything was left out or skipped")
	set.StringVar(&c.totals, "totals", "", "add the counts to this file")
	set.BoolVar(&c.sum, "sum", false, "run nothing: print the sum of the counts in -totals")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if len(c.floors) > 0 && c.cover == "" {
		return nil, errors.New("-floors: got no -cover, want the file for its profile")
	}
	c.goFlags = strings.Fields(goFlags)
	if c.packages = set.Args(); len(c.packages) == 0 {
		c.packages = []string{"./..."}
	}
	return c, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	c, err := parse(args, out)
	if err != nil {
		return err
	}
	if c.sum {
		return printTotals(out, c.totals)
	}
	s := &summary{}
	if err := c.runAll(ctx, s); err != nil {
		return err
	}
	s.print(out, c.complete)
	if c.totals != "" {
		if err := addTotals(c.totals, s.tally); err != nil {
			return err
		}
	}
	if s.bad(c.complete) {
		return errReported
	}
	return ctx.Err()
}

func (c *config) runAll(ctx context.Context, s *summary) error {
	if c.vet {
		c.runVet(ctx, s)
	}
	if err := c.runGo(ctx, s); err != nil {
		return err
	}
	if c.cover != "" {
		if err := c.checkCover(s); err != nil {
			return err
		}
	}
	if c.python != "" {
		c.runPython(ctx, s)
	}
	return nil
}

// Command hubbench measures the hub beside other servers, all on this machine, in
// interleaved rounds, and prints a table. `make bench-hub` builds and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/karlquant/quasar/bench/report"
	"github.com/karlquant/quasar/bench/suite"
)

// longest bounds a run: it stops by itself, whatever happens.
const longest = 3 * time.Hour

type options struct {
	programs  suite.Programs
	venv      string
	quick     bool
	growth    bool
	rounds    int
	span      time.Duration
	workloads string
	servers   string
	variants  []string
	jsonFile  string
	docs      string
	section   string
	from      string
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if err := o.run(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			os.Exit(130)
		}
		fmt.Fprintf(os.Stderr, "hubbench: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	var o options
	f := flag.NewFlagSet("hubbench", flag.ContinueOnError)
	f.StringVar(&o.programs.Quasar, "quasar", "bin/quasar", "the quasar program")
	f.StringVar(&o.programs.Peer, "peer", "bin/peer", "the program of the other servers")
	f.StringVar(&o.programs.PythonDir, "python-dir", "bench/python", "where hub.py and requirements.txt are")
	f.StringVar(&o.venv, "venv", "bin/bench-venv", "where the Python packages are installed, once")
	f.BoolVar(&o.quick, "quick", false, "one short round, for a first look; no figures to quote")
	f.BoolVar(&o.growth, "growth", false, "instead measure how cost grows with subscribers and with spaces")
	f.IntVar(&o.rounds, "rounds", 0, "how many rounds (default 3, with --quick 1)")
	f.DurationVar(&o.span, "span", 0, "how long is measured each time (default 4s, with --quick 600ms)")
	f.StringVar(&o.workloads, "workloads", "", "only these, by name, with commas")
	f.StringVar(&o.servers, "servers", "", "only these, by name, with commas")
	f.Func("variant", "another hub beside the first: NAME=PROGRAM [FLAG...]; may be repeated", func(v string) error {
		o.variants = append(o.variants, v)
		return nil
	})
	f.StringVar(&o.jsonFile, "json", "", "a file for everything that was measured")
	f.StringVar(&o.docs, "docs", "", "a Markdown file with the lines <!-- NAME begin --> and <!-- NAME end -->, to put the tables between them")
	f.StringVar(&o.section, "section", "bench", "the NAME in those lines")
	f.StringVar(&o.from, "from", "", "measure nothing, and show what --json wrote")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("got the argument %q, want only flags", f.Arg(0))
	}
	return &o, nil
}

func (o *options) run(ctx context.Context) error {
	if o.from != "" {
		r, err := report.Read(o.from)
		if err != nil {
			return err
		}
		return o.write(r)
	}
	s, err := o.newSession(ctx)
	if err != nil {
		return err
	}
	err = s.run(ctx)
	if len(s.report.Measurements) == 0 {
		return err
	}
	return errors.Join(err, o.write(s.report))
}

// write writes the report in every form that was asked for.
func (o *options) write(r *report.Report) error {
	r.WriteText(os.Stdout)
	if o.docs != "" {
		if err := o.splice(r); err != nil {
			return err
		}
	}
	if o.jsonFile == "" || o.from != "" {
		return nil
	}
	data, err := r.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(o.jsonFile, append(data, '\n'), 0o644) //nolint:gosec // for everybody to read
}

func (o *options) splice(r *report.Report) error {
	text, err := os.ReadFile(o.docs)
	if err != nil {
		return err
	}
	spliced, err := r.Splice(string(text), o.section)
	if err != nil {
		return fmt.Errorf("%s: %w", o.docs, err)
	}
	return os.WriteFile(o.docs, []byte(spliced), 0o644) //nolint:gosec // for everybody to read
}

func (o *options) scale() (suite.Scale, int) {
	scale, rounds := suite.Full, 3
	if o.quick {
		scale, rounds = suite.Quick, 1
	}
	if o.rounds > 0 {
		rounds = o.rounds
	}
	if o.span > 0 {
		scale.Span = o.span
	}
	return scale, rounds
}

// chosen keeps of all what a list names; everything for no list.
func chosen[T any](all []T, list string, name func(*T) string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var kept []T
	var known []string
	wanted := strings.Split(list, ",")
	for i := range all {
		n := name(&all[i])
		known = append(known, n)
		if slices.Contains(wanted, n) {
			kept = append(kept, all[i])
		}
	}
	for _, n := range wanted {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("got %q, want some of %s", n, strings.Join(known, ", "))
		}
	}
	return kept, nil
}

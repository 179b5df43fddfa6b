package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/bench/report"
	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

// session is one run of the suite.
type session struct {
	servers   []suite.Server
	workloads []suite.Workload
	rounds    int
	report    *report.Report
	line      progress
	done      int
}

func (o *options) newSession(ctx context.Context) (*session, error) {
	scale, rounds := o.scale()
	s := &session{rounds: rounds, line: newProgress(os.Stderr)}
	s.report = &report.Report{
		Made: time.Now().UTC().Truncate(time.Second), Command: "hubbench " + strings.Join(os.Args[1:], " "), Rounds: rounds,
		SpanS: scale.Span.Seconds(), WarmupS: scale.Warmup.Seconds(), Machine: thisMachine(),
	}
	s.report.Sent, s.report.Arrived = bench.MessageSizes()
	s.report.Version = firstLine(ctx, o.programs.Quasar, "version")
	if err := o.programs.Resolve(); err != nil {
		return nil, err
	}
	python, err := preparePython(ctx, o.venv, o.programs.PythonDir)
	if err != nil {
		s.leaveOut("python: " + err.Error())
	}
	o.programs.Python = python
	err = s.choose(o, scale)
	return s, err
}

// choose settles who is measured under what.
func (s *session) choose(o *options, scale suite.Scale) (err error) {
	all := suite.Servers(o.programs)
	for i, text := range o.variants {
		v, err := suite.Variant(text)
		if err != nil {
			return err
		}
		all = slices.Insert(all, i+1, v)
	}
	if s.servers, err = chosen(all, o.servers, func(s *suite.Server) string { return s.Name }); err != nil {
		return fmt.Errorf("--servers: %w", err)
	}
	workloads := suite.Workloads(scale)
	if o.growth {
		workloads = suite.Growth(scale)
	}
	for i := range workloads {
		if w := &workloads[i]; slices.Contains(w.Servers, "hub") {
			w.Servers = append(w.Servers, names(o.variants)...)
		}
	}
	s.workloads, err = chosen(workloads, o.workloads, func(w *suite.Workload) string { return w.Name })
	if err != nil {
		return fmt.Errorf("--workloads: %w", err)
	}
	return nil
}

// names are the names that variants have.
func names(variants []string) []string {
	var all []string
	for _, v := range variants {
		name, _, _ := strings.Cut(v, "=")
		all = append(all, name)
	}
	return all
}

func (s *session) leaveOut(why string) {
	s.report.LeftOut = append(s.report.LeftOut, why)
	s.line.say("left out: " + why)
}

// run measures round by round: what drifts meanwhile, drifts for all.
func (s *session) run(ctx context.Context) error {
	s.workloads = slices.DeleteFunc(s.workloads, func(w suite.Workload) bool {
		err := bench.Prepare(w.Subscribers + w.Publishers)
		if err != nil {
			s.leaveOut(w.Name + ": " + err.Error())
		}
		return err != nil
	})
	s.report.Machine.LoadBefore = loadAverage()
	err := s.measureAll(ctx)
	s.line.end()
	if err != nil {
		s.leaveOut(fmt.Sprintf("all after %d of %d measurements: the run was interrupted", len(s.report.Measurements), s.total()))
	}
	s.report.Machine.LoadAfter = loadAverage()
	s.report.Summarize(s.workloads, s.servers) // of what there is, if it was interrupted
	return err
}

func (s *session) measureAll(ctx context.Context) error {
	for round := 1; round <= s.rounds; round++ {
		for i := range s.workloads {
			if err := s.measure(ctx, round, &s.workloads[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure measures all servers under one workload, one after the other. Each round
// begins with another of them: who comes behind whom shall not matter.
func (s *session) measure(ctx context.Context, round int, w *suite.Workload) error {
	for i := range s.servers {
		server := &s.servers[(i+round-1)%len(s.servers)]
		if !slices.Contains(w.Servers, server.Name) {
			continue
		}
		s.done++
		at := fmt.Sprintf("[%d/%d] %s: %s", s.done, s.total(), w.Name, server.Name)
		m, err := s.one(ctx, server, w, func(phase string) { s.line.show(at + ": " + phase) })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			m = &bench.Measurement{Workload: w.Name, Problem: err.Error()}
		}
		m.Server, m.Round = server.Name, round
		s.report.Measurements = append(s.report.Measurements, m)
		s.line.say(at + ": " + summary(m))
	}
	return nil
}

func (s *session) total() int {
	n := 0
	for i := range s.workloads {
		for k := range s.servers {
			if slices.Contains(s.workloads[i].Servers, s.servers[k].Name) {
				n++
			}
		}
	}
	return n * s.rounds
}

// one measures a server in a process that is fresh.
func (s *session) one(ctx context.Context, server *suite.Server, w *suite.Workload, phase func(string)) (*bench.Measurement, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Span+w.Warmup+2*time.Minute)
	defer cancel()
	phase("starting")
	running, err := bench.Start(ctx, server.Command, server.Dir)
	if err != nil {
		return nil, err
	}
	defer running.Stop()
	return bench.Run(ctx, server.Target(running), &w.Workload, &bench.Options{Phase: phase})
}

func summary(m *bench.Measurement) string {
	if m.Problem != "" {
		return m.Problem
	}
	var parts []string
	if m.PerCPUSecond != nil {
		parts = append(parts, fmt.Sprintf("%.0f k per CPU-second", *m.PerCPUSecond/1000))
	}
	if m.Delay != nil {
		parts = append(parts, fmt.Sprintf("%.2f ms median, %.2f ms p99", m.Delay.Median, m.Delay.P99))
	}
	if m.Memory.PerSubscriber != nil {
		parts = append(parts, fmt.Sprintf("%.1f kB a subscriber", *m.Memory.PerSubscriber/1000))
	}
	if m.Lost != nil && *m.Lost > 0 {
		parts = append(parts, fmt.Sprintf("%d lost", *m.Lost))
	}
	return strings.Join(parts, ", ")
}

// preparePython makes a virtual environment with the packages that hub.py needs,
// if there is none yet, and returns its interpreter.
func preparePython(ctx context.Context, venv, dir string) (string, error) {
	venv, err := filepath.Abs(venv)
	if err != nil {
		return "", err
	}
	python := filepath.Join(venv, "bin", "python")
	if run(ctx, python, "-c", "import fastapi, uvicorn, websockets") == nil {
		return python, nil
	}
	if err := run(ctx, "python3", "-m", "venv", venv); err != nil {
		return "", fmt.Errorf("no virtual environment: %w", err)
	}
	if err := run(ctx, python, "-m", "pip", "install", "--quiet", "-r", filepath.Join(dir, "requirements.txt")); err != nil {
		return "", errors.Join(errors.New("pip could not install fastapi, uvicorn and websockets"), err)
	}
	return python, nil
}

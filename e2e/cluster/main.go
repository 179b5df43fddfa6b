//go:build unix

// Command cluster holds three hubs of one cluster to their promises: it kills them,
// stops them, cuts them off from each other and renames them, while publishers and
// subscribers are at all of them.
//
//	go run ./e2e/cluster -quasar bin/quasar
//
// As root, where there are network namespaces, each hub gets one of its own, without
// a way to anywhere else; otherwise the hubs are processes of one machine and what
// needs a network is left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "nats" {
		exit(serveNATS(os.Args[2]))
	}
	var p plan
	var only string
	flag.StringVar(&p.quasar, "quasar", "bin/quasar", "the binary")
	flag.StringVar(&p.next, "next", "bin/quasar-next", "the binary of a version to come: go build -tags nextformat")
	flag.StringVar(&p.script, "script", "deploy/cluster/three.sh", "what starts and ends the hubs")
	flag.DurationVar(&p.faults, "faults", 10*time.Minute, "how long random faults go on")
	flag.Uint64Var(&p.seed, "seed", uint64(time.Now().UnixNano()), "of the faults")
	flag.StringVar(&only, "only", "", "a regular expression: the scenarios to play")
	flag.BoolVar(&p.spaces, "namespaces", true, "a network namespace for each hub, where that is possible")
	flag.BoolVar(&p.keep, "keep", false, "keep the hubs' logs")
	flag.Parse()
	p.only = regexp.MustCompile(only)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(p.play(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster: FAILED\n"+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// plan is what is done.
type plan struct {
	quasar, next, script string
	faults               time.Duration
	seed                 uint64
	only                 *regexp.Regexp
	spaces, keep         bool
}

// scenario is one thing that may happen to a cluster. network is what needs hubs
// that can be cut off from each other.
type scenario struct {
	name    string
	network bool
	play    func(ctx context.Context, p *plan, c *cluster) error
}

var scenarios = []scenario{
	{"a hub that joins late has 10,000 assets in a second", false, lateJoiner},
	{"kill -9 of each in turn", false, killEach},
	{"a rolling restart under new names", false, renameAll},
	{"a rolling upgrade and back", false, upgrade},
	{"another authority without a restart", false, rotate},
	{"a stale frame after a publisher moved", false, staleFrame},
	{"eight seconds of SIGSTOP under a flood", false, stopped},
	{"a partition that heals", true, partition},
	{"a mesh with a hole", true, hole},
	{"all NATS servers beside the hubs gone and back", false, natsGone},
	{"the delay to another hub", false, delay},
	{"random faults", false, randomFaults},
}

func (p *plan) play(ctx context.Context) error {
	if err := p.absolute(); err != nil {
		return err
	}
	if p.spaces && os.Getenv(insideEnv) == "" {
		if inside := enter(ctx); inside != nil {
			if inside.Run() != nil {
				return errors.New("see above")
			}
			return nil
		}
		fmt.Println("cluster: no network namespaces here; three processes on loopback")
	}
	fmt.Printf("cluster: seed %d\n", p.seed)
	var failed []error
	for _, s := range scenarios {
		if !p.only.MatchString(s.name) {
			continue
		}
		if s.network && os.Getenv(insideEnv) == "" {
			fmt.Printf("LEFT OUT  %s: it needs network namespaces\n", s.name)
			continue
		}
		began := time.Now()
		err := p.playOne(ctx, &s)
		word := "ok"
		if err != nil {
			word = "FAILED"
			failed = append(failed, errors.New(s.name))
		}
		fmt.Printf("%-9s %s (%v)\n", word, s.name, time.Since(began).Round(time.Millisecond))
		if err != nil {
			fmt.Println("          " + err.Error())
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

func (p *plan) absolute() (err error) {
	for _, path := range []*string{&p.quasar, &p.next, &p.script} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
		if _, err = exec.LookPath(*path); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) playOne(ctx context.Context, s *scenario) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute+p.faults)
	defer cancel()
	c, err := newCluster(ctx, p)
	if err != nil {
		return err
	}
	err = s.play(ctx, p, c)
	c.down()
	if err != nil && !p.keep {
		err = fmt.Errorf("%w\n%s", err, c.logs())
	}
	if !p.keep {
		_ = os.RemoveAll(c.dir)
	}
	return err
}

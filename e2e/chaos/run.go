package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/failpoint"
)

// appID is the app that the traders are.
const appID = "77"

// places are those at which a trader kills itself.
var places = []string{"deciding", "planned", "sent", "answered", "recorded", "happened", "written", "read"}

// result is what became of a run.
type result struct {
	counts
	err error
}

// one plays a run: a venue of its own, a fault, some traders that are killed, one that
// may end, and a look at both books.
func (p *plan) one(ctx context.Context, run int) (r result) {
	random := p.random(run)
	fault := pickFault(run, random)
	fail := func(err error) result {
		r.err = fmt.Errorf("run %d (%s): %w", run, fault.Kind, err)
		return r
	}
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		return fail(err)
	}
	defer func() {
		if r.err == nil {
			_ = os.RemoveAll(dir)
		}
	}()
	sim, url, stop, err := p.venue(ctx, run)
	if err != nil {
		return fail(err)
	}
	defer stop()
	if err := sim.Inject(fault); err != nil {
		return fail(err)
	}
	for life := range 2 + random.IntN(3) {
		named, err := p.life(ctx, &trader{url: url, dir: dir, token: fmt.Sprint("t", life)}, random)
		if err != nil {
			return fail(err)
		}
		r.kills++
		if named {
			r.named++
		}
	}
	sim.Clear()
	last := &trader{url: url, dir: dir, token: "last", quiet: true}
	if err := last.finish(ctx); err != nil {
		return fail(err)
	}
	if err := r.compare(ctx, url, dir, fault.Kind == derivsim.ClockSkew); err != nil {
		return fail(fmt.Errorf("%w\nthe journal is in %s", err, dir))
	}
	if p.verbose {
		fmt.Printf("run %d (%s, %d times): %+v\n", run, fault.Kind, sim.Happened()[fault.Kind], r.counts)
	}
	return r
}

// pickFault goes through all kinds, so that each has its share, and mixes rates. What
// can happen to any call happens mostly to buys: else hardly one would be reached.
func pickFault(run int, random *rand.Rand) derivsim.Fault {
	// A second copy of the app halts a trader, and it should: its own tests have that.
	kinds := slices.DeleteFunc(derivsim.Kinds(), func(k derivsim.Kind) bool { return k == derivsim.SecondInstance })
	f := derivsim.Fault{Kind: kinds[run%len(kinds)], Rate: []float64{.02, .1}[random.IntN(2)]}
	if random.IntN(4) > 0 && ofCalls[f.Kind] {
		f.Call, f.Rate = "buy", []float64{.1, .3, .6}[random.IntN(3)]
	}
	if ofMinutes[f.Kind] {
		f.Rate = .5
	}
	if f.Kind == derivsim.LateAnswer {
		f.For = time.Second // of ours: twice the traders' deadline
	}
	return f
}

// ofCalls are the faults that can be limited to buys.
var ofCalls = map[derivsim.Kind]bool{
	derivsim.DropBefore: true, derivsim.DropAfter: true, derivsim.LateAnswer: true, derivsim.DuplicateAnswer: true, derivsim.ContractBeforeBuy: true,
	derivsim.SettlementByTransaction: true, derivsim.RateLimitBurst: true, derivsim.PriceMoved: true, derivsim.Malformed: true, derivsim.Oversized: true,
}

// ofMinutes are the faults that may happen once a minute of the venue, which is soon
// over.
var ofMinutes = map[derivsim.Kind]bool{
	derivsim.Lag: true, derivsim.MarketClosed: true, derivsim.TokenRevoked: true, derivsim.OTPFailure: true, derivsim.Maintenance: true,
	derivsim.ClockSkew: true, derivsim.BalanceAdjusted: true, derivsim.ForeignContract: true,
}

// venue starts a simulator behind a real socket.
func (p *plan) venue(ctx context.Context, run int) (*derivsim.Sim, string, func(), error) {
	sim, err := derivsim.New(&derivsim.Options{Seed: p.seed + uint64(run), Speed: p.speed, History: 100, Start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		return nil, "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	server, ended := httptest.NewServer(sim), make(chan struct{})
	go func() { defer close(ended); _ = sim.Run(ctx) }()
	return sim, server.URL, func() { cancel(); server.CloseClientConnections(); server.Close(); <-ended }, nil
}

// trader is one process of a trader.
type trader struct {
	url, dir, token string
	quiet           bool
	log             bytes.Buffer
	said            bytes.Buffer
}

func (t *trader) command(ctx context.Context, env ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"trade", "-url", t.url, "-dir", t.dir, "-token", t.token}
	if t.quiet {
		args = append(args, "-quiet")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &t.said, &t.log
	return cmd, nil
}

// life starts a trader and has it killed: at a named place, or at a random moment if
// it does not get there. One whose token is revoked meanwhile ends by itself, as it
// should.
func (p *plan) life(ctx context.Context, t *trader, random *rand.Rand) (named bool, err error) {
	var env []string
	if random.IntN(3) > 0 {
		env = append(env, fmt.Sprintf("%s=%s:%d", failpoint.Env, places[random.IntN(len(places))], 1+random.IntN(4)))
	}
	moment := time.Duration(50+random.IntN(1500)) * time.Millisecond
	if env != nil {
		moment = 3 * time.Second
	}
	cmd, err := t.command(ctx, env...)
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if revoked := strings.Contains(t.log.String(), "InvalidToken"); revoked {
			return false, nil // with that token nobody can go on
		}
		if !strings.Contains(fmt.Sprint(err), "killed") {
			return false, fmt.Errorf("a trader ended by itself: %w\n%s", err, t.log.String())
		}
		return true, nil
	case <-time.After(moment):
		_ = cmd.Process.Kill()
		<-done
		return false, nil
	}
}

// finish lets a quiet trader end.
func (t *trader) finish(ctx context.Context) error {
	cmd, err := t.command(ctx)
	if err != nil {
		return err
	}
	err = cmd.Run()
	if err != nil || !strings.Contains(t.said.String(), ended) {
		return fmt.Errorf("the last trader did not come to an end: %w\n%s", err, t.log.String())
	}
	return nil
}

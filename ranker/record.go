package ranker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// record opens the log of decisions and writes what comes to it until ctx ends. wait
// waits for what is left to be written.
func (r *Ranker) record(ctx context.Context) (wait func(), err error) {
	if r.opts.Decisions == "" {
		return func() {}, nil
	}
	names := make([]string, rank.Width)
	for i, f := range rank.Table() {
		names[i] = f.Name
	}
	log, err := bandit.OpenLog(r.opts.Decisions, &bandit.LogOptions{Features: names, Logger: r.opts.Logger})
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	r.mu.Lock()
	r.learner.log = log
	r.mu.Unlock()
	var writing sync.WaitGroup
	writing.Go(func() { _ = log.Run(ctx) }) // Close says what could not be written in the end
	return func() {
		writing.Wait()
		r.mu.Lock()
		r.learner.log = nil
		r.mu.Unlock()
		if err := log.Close(); err != nil {
			r.opts.Logger.LogAttrs(ctx, slog.LevelError, "decisions were lost", slog.Any("reason", err))
		}
	}, nil
}

// recordDecision appends a decision to the log, with the rows that it was made on.
func (l *learner) recordDecision(r *bandit.Round, c *bandit.Choice, now time.Time) {
	if l.log == nil {
		return
	}
	d := bandit.NewDecisionRecord(r, c, l.features.Name)
	d.ID, d.At, d.Policy, d.Config, d.Step, d.Gate = l.round, now, l.opts.Policy, l.configHash(), l.step, bandit.NewGateRecord(l.gate)
	key := formulaKey(l.opts.Order)
	for i, asset := range r.Arms {
		l.features.Row(asset, now, l.one.row[:])
		d.Arms[i].Key = finite(-key(l.one.row[:]))
	}
	shorten(d)
	l.unrecorded(l.log.Decision(d))
}

// maxRecorded is up to how many arms a decision is recorded with all of them; beyond,
// with those that it could have chosen.
const maxRecorded = 256

func shorten(d *bandit.DecisionRecord) {
	if len(d.Arms) <= maxRecorded {
		return
	}
	chosen := d.Arms[d.Chosen].Name
	d.Arms = slices.DeleteFunc(d.Arms, func(a bandit.ArmRecord) bool { return a.P == 0 })
	d.Chosen = slices.IndexFunc(d.Arms, func(a bandit.ArmRecord) bool { return a.Name == chosen })
}

// recordOutcomes appends what became of the arms that a decision is recorded with.
func (l *learner) recordOutcomes(w *decided, labels []bandit.Label, now time.Time) {
	if l.log == nil {
		return
	}
	for i := range w.outcomes {
		o := &w.outcomes[i]
		if !slices.Contains(w.among, o.Asset) || w.arms > maxRecorded && !slices.Contains(w.slate, o.Asset) {
			continue
		}
		out := &bandit.OutcomeRecord{
			Decision: w.id, Arm: l.features.Name(o.Asset), At: now, Dropped: string(o.Dropped), Weight: o.Fresh,
			Outcome: bandit.Outcome{Direction: o.Direction, Move: o.Move, Volatility: o.Volatility, Cost: l.opts.Cost},
		}
		if at := slices.IndexFunc(labels, func(b bandit.Label) bool { return b.Arm == o.Asset }); at >= 0 {
			out.Reward = new(labels[at].Reward)
		}
		l.unrecorded(l.log.Outcome(out))
	}
}

// unrecorded counts what did not get into the log; the log says why by itself.
func (l *learner) unrecorded(err error) {
	if err != nil {
		l.counts.unrecorded++
	}
}

// configHash names what the policy was told.
func (l *learner) configHash() string {
	text, err := json.Marshal(l.told(), json.Deterministic(true))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

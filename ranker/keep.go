package ranker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/rank"
)

const (
	// saveEvery and saveLabels are after how long, or after how many outcomes, what was
	// learned is saved, whichever comes first.
	saveEvery  = time.Minute
	saveLabels = 500
	// lookEvery is how often that is looked at.
	lookEvery = time.Second
)

// network has the sizes of the model's network, from inputs to output.
var network = []int{rank.Width, 32, 16, 1}

// keeper keeps what was learned in the model's file, while Run runs.
type keeper struct {
	home    *axrvi.Home
	saved   time.Time // when it was last tried
	labels  int64     // how many outcomes were known then
	problem string    // why the last try came to nothing; "" if it did not
}

// remember goes on from what the model's file holds. What Run returns is that the
// file cannot be used.
func (r *Ranker) remember(ctx context.Context) error {
	if r.opts.Model == "" {
		return nil
	}
	home, err := axrvi.Open(r.opts.Model, &axrvi.HomeOptions{Sizes: network, FeatureHash: r.learner.features.Hash(), Logger: r.opts.Logger})
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	for _, note := range home.Notes {
		r.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "model", slog.String("note", note))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.learner.restore(home); err != nil {
		_ = home.Close()
		return fmt.Errorf("model: %w", &axrvi.OpenError{Err: fmt.Errorf("%s: %w; to start anew and keep this file under another name: quasar model reset %s", home.Path, err, home.Path)})
	}
	r.keeper = keeper{home: home, saved: time.Now(), labels: r.learner.counts.learned}
	r.version++
	return nil
}

// keep saves what was learned now and then, until ctx ends, and once more at the end.
// wait waits for that.
func (r *Ranker) keep(ctx context.Context) (wait func()) {
	if r.keeper.home == nil {
		return func() {}
	}
	var keeping sync.WaitGroup
	keeping.Go(func() {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				if r.isTimeToSave(now) {
					r.save(ctx, now)
				}
			}
		}
	})
	return func() {
		keeping.Wait()
		r.save(context.WithoutCancel(ctx), time.Now())
		_ = r.keeper.home.Close()
	}
}

func (r *Ranker) isTimeToSave(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != "" {
		return false
	}
	learned := r.learner.counts.learned - r.keeper.labels
	return learned >= saveLabels || learned > 0 && now.Sub(r.keeper.saved) >= saveEvery
}

// save writes what is known now. While it writes, learning goes on.
func (r *Ranker) save(ctx context.Context, now time.Time) {
	r.mu.Lock()
	if r.broken != "" {
		r.mu.Unlock()
		return // what it knows may be half of it; the file has what was before
	}
	checkpoint, err := r.learner.checkpoint(now)
	r.keeper.saved, r.keeper.labels = now, r.learner.counts.learned
	r.mu.Unlock()
	if err == nil {
		err = r.keeper.home.Save(checkpoint)
	}
	r.mu.Lock()
	before := r.keeper.problem
	r.keeper.problem = ""
	if err != nil {
		r.keeper.problem = err.Error()
	}
	after := r.keeper.problem
	r.version++
	r.mu.Unlock()
	switch {
	case after != "" && after != before:
		r.opts.Logger.LogAttrs(ctx, slog.LevelError, "what was learned cannot be saved; trying again", slog.Any("reason", err))
	case after == "" && before != "":
		r.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "what was learned is saved again")
	}
}

// checkpoint is all that the learner knows. Decisions whose outcomes are not known
// are not in it: they are dropped by a restart.
func (l *learner) checkpoint(now time.Time) (*axrvi.Checkpoint, error) {
	config, err := json.Marshal(l.told(), json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	random, err := l.source.MarshalBinary()
	if err != nil {
		return nil, err
	}
	features, gate := l.features.State(), l.gate.State()
	live, frozen := l.scale.State()
	c := &axrvi.Checkpoint{
		Created: now, Step: l.round, FeatureHash: l.features.Hash(), Config: config, Random: random, LastSeen: make(map[string]time.Time),
		Features: &features, Norm: &axrvi.NormState{Live: live, Frozen: frozen}, Gate: &gate,
	}
	if l.model != nil {
		c.Model = l.model.State()
	}
	for asset := range l.assets {
		c.LastSeen[l.features.Name(asset)] = l.assets[asset].updated
	}
	return c, nil
}

// told is what the ranker was told of learning, for people who look into the file.
func (l *learner) told() any {
	o := l.opts
	return struct {
		Policy   string  `json:"policy"`
		Reward   string  `json:"reward"`
		Feedback string  `json:"feedback"`
		Horizon  string  `json:"horizon"`
		Every    string  `json:"decide_every"`
		Cost     float64 `json:"cost"`
		HalfLife float64 `json:"half_life"`
		Alpha    float64 `json:"alpha"`
		Floor    float64 `json:"floor"`
		Seed     uint64  `json:"seed"`
	}{o.Policy, o.Reward, o.Feedback, o.Horizon.String(), o.DecideEvery.String(), o.Cost, o.HalfLife, o.Alpha, o.Floor, o.Seed}
}

// restore goes on from what was kept.
func (l *learner) restore(home *axrvi.Home) error {
	if home.Import != nil && l.model != nil {
		return l.model.Adopt(home.Import.Layers)
	}
	c := home.Checkpoint
	if c == nil {
		return nil
	}
	if l.model != nil && len(c.Model.Tensors) > 0 {
		if err := l.model.Restore(c.Model); err != nil {
			return fmt.Errorf("%w: %w", axrvi.ErrIncompatible, err)
		}
		l.taught = true
	}
	if c.Features != nil {
		if err := l.features.Restore(*c.Features); err != nil {
			return err
		}
	}
	if c.Norm != nil {
		if err := l.scale.Restore(c.Norm.Live, c.Norm.Frozen); err != nil {
			return err
		}
	}
	if c.Gate != nil {
		if err := l.gate.Restore(*c.Gate); err != nil {
			return err
		}
	}
	if c.Random != nil {
		if err := l.source.UnmarshalBinary(c.Random); err != nil {
			return fmt.Errorf("random: %w", err)
		}
	}
	l.round, l.step = c.Step, c.Step
	l.horizons = float64(c.Step) * l.opts.DecideEvery.Seconds() / l.opts.Horizon.Seconds()
	for asset := range l.features.Len() {
		l.assets = append(l.assets, seen{propensity: -1, updated: c.LastSeen[l.features.Name(asset)]})
	}
	return nil
}

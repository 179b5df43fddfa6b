package space

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/karlquant/quasar"
)

// Space is an ensemble on a clock: it takes the ticks of its process as they come
// due and publishes what the ensemble says.
type Space struct {
	opts     Options
	ensemble *Ensemble
	running  atomic.Bool
	record   atomic.Pointer[Record]
}

// New returns a space. It starts nothing.
func New(opts *Options) (*Space, error) {
	o, err := opts.settled()
	if err != nil {
		return nil, err
	}
	ensemble, err := NewEnsemble(&EnsembleOptions{Seed: o.Seed, Agents: o.Agents, Horizon: o.Horizon})
	if err != nil {
		return nil, err
	}
	s := &Space{opts: o, ensemble: ensemble}
	s.record.Store(new(Record))
	return s, nil
}

// Name is the name of the space.
func (s *Space) Name() string { return s.opts.Name }

// Record counts the votes that had resolved at the latest publication. It may be
// called at any time.
func (s *Space) Record() Record { return *s.record.Load() }

// Run lives until ctx ends and then returns nil. It publishes the state as it
// begins, which says that the numbers of a former self are no longer true, after
// the ticks, and a last time as it ends. Only a process that makes an impossible
// price ends it with an error. A space that has ended can run on.
//
// Ticks that come closer than 50 ms are made in batches. A batch takes at most
// half of the time until the next; what does not fit is dropped and logged, so
// that a speed that the machine cannot keep up with costs half a processor.
func (s *Space) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return errors.New("space: Run was called while another Run is at work")
	}
	defer s.running.Store(false)
	s.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "space runs", slog.String("space_name", s.opts.Name),
		slog.Duration("interval", s.opts.Interval), slog.Float64("speed", s.opts.Speed))
	s.publish()
	defer s.publish()
	return s.live(ctx)
}

func (s *Space) live(ctx context.Context) error {
	p := pace{start: time.Now(), interval: float64(s.opts.Interval) / s.opts.Speed}
	wake := time.NewTicker(p.wakeEvery())
	defer wake.Stop()
	published, warned := p.start, false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake.C:
		}
		now := time.Now()
		ticks, dropped := p.due(now)
		made, err := s.batch(ctx, ticks, now.Add(p.wakeEvery()/2))
		if err != nil {
			return err
		}
		if dropped += ticks - made; dropped > 0 && !warned && ctx.Err() == nil {
			s.warn(ctx, dropped)
			warned = true
		}
		if made > 0 && now.Sub(published) >= s.opts.PublishEvery {
			s.publish()
			published = now
		}
	}
}

// breath is how many ticks a batch takes between two looks at the clock: about a
// fifth of a millisecond's worth.
const breath = 16

// batch takes so many ticks, or fewer if ctx ends or the deadline passes, but at
// least a breath. It returns how many.
func (s *Space) batch(ctx context.Context, ticks int64, deadline time.Time) (made int64, err error) {
	for ; made < ticks; made++ {
		if made > 0 && made%breath == 0 && over(ctx, deadline) {
			break
		}
		if err := s.ensemble.Step(s.opts.Process.Next()); err != nil {
			return made, err
		}
	}
	return made, nil
}

func over(ctx context.Context, deadline time.Time) bool {
	return ctx.Err() != nil || !time.Now().Before(deadline)
}

// warn says once a run that ticks were lost: a log line for each would be a flood.
func (s *Space) warn(ctx context.Context, dropped int64) {
	s.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "space dropped ticks that it was too late for", slog.String("space_name", s.opts.Name),
		slog.Float64("speed", s.opts.Speed), slog.Int64("ticks_dropped", dropped))
}

func (s *Space) publish() {
	s.record.Store(new(s.ensemble.Record()))
	s.opts.Sink.PublishUpdate(quasar.Update{
		Fields: quasar.AllFields, Training: s.ensemble.Training(), Voting: s.ensemble.Voting(),
	})
}

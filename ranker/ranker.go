// Package ranker is the ranking service as a whole that can be embedded: it
// subscribes to a hub, keeps the ranking current with each update, and serves it.
// It cannot publish, and it trades nothing by itself: what is to be followed it hands
// to whoever trades, such as a trade.Trader.
package ranker

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/rank"
	"github.com/karlquant/quasar/subscriber"
)

// Ranker is one ranking service. It is an http.Handler. Its methods may be called
// from several goroutines.
type Ranker struct {
	opts        Options
	client      *subscriber.Client
	routes      http.Handler
	performance performance
	started     time.Time
	admin       *[sha256.Size]byte  // of the admin token; nil for none
	sessions    sessions            // of those who command
	viewing     sessions            // of those who look
	attempts    credential.Attempts // without a valid token
	viewers     viewers
	brokeDown   chan struct{} // closed when broken is set

	mu      sync.Mutex // guards what follows
	index   *rank.Index
	learner *learner
	keeper  keeper
	clock   hubClock
	updates int64  // snapshots taken
	version uint64 // grows with whatever /api/state shows
	broken  string // why nothing is decided any more; "" while it is
	// lost counts the connections of which we know that they went, lostAt is when
	// the newest did; New's time until the first.
	lost   int64
	lostAt time.Time
	// lastError is what went wrong last, at lastErrorAt; nil if nothing did.
	lastError   error
	lastErrorAt time.Time
}

// New returns a ranker. It starts nothing and connects to nothing.
func New(opts *Options) (*Ranker, error) {
	o, err := opts.settle()
	if err != nil {
		return nil, err
	}
	client, err := subscriber.New(o.HubURL, &subscriber.Options{
		Assets: o.Assets, Token: o.Token, Authorization: o.Authorization, Header: o.Header, HTTPClient: o.HTTPClient, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &Ranker{client: client, started: now, lostAt: now, index: rank.New(o.Order), brokeDown: make(chan struct{})}
	if o.AdminToken != "" {
		r.admin = new(sha256.Sum256([]byte(o.AdminToken)))
	}
	o.Token, o.Authorization, o.AdminToken, o.Header = "", "", "", nil // the client hides them
	r.opts = o
	if r.learner, err = newLearner(&r.opts); err != nil {
		return nil, err
	}
	r.routes, err = r.newRoutes()
	return r, err
}

// ServeHTTP serves what /openapi.json says, and the page, also while Run does
// not run.
func (r *Ranker) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.routes.ServeHTTP(w, req) }

// Run follows the hub until ctx ends, and then returns nil. It connects again for
// ever; what is known is kept and ages meanwhile. It leaves no goroutine, and so
// waits for an OnRanking that is under way. A second Run at the same time returns
// subscriber.ErrBusy. A model's file that cannot be used is an error at once, an
// *axrvi.OpenError.
func (r *Ranker) Run(ctx context.Context) error {
	if err := r.remember(ctx); err != nil {
		return err
	}
	defer r.keep(ctx)()
	defer r.viewers.run()()
	recorded, err := r.record(ctx)
	if err != nil {
		return err
	}
	defer recorded()
	defer r.haltIfBroken(ctx)()
	tell, wait := r.teller(ctx)
	defer wait()
	for snapshot, err := range r.client.Watch(ctx) {
		switch {
		case errors.Is(err, subscriber.ErrBusy):
			return err
		case err != nil:
			r.miss(ctx, err)
		default:
			r.take(snapshot)
		}
		tell()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLoss()
	return nil
}

// teller returns what calls OnRanking after a change: at once with Sync, else by a
// goroutine that skips to the newest ranking and ends with ctx; wait waits for it.
func (r *Ranker) teller(ctx context.Context) (tell, wait func()) {
	switch {
	case r.opts.OnRanking == nil:
		return func() {}, func() {}
	case r.opts.Sync:
		return r.tell, func() {}
	}
	changed := make(chan struct{}, 1)
	var telling sync.WaitGroup
	telling.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				r.tell()
			}
		}
	})
	return func() { wake(changed) }, telling.Wait
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (r *Ranker) tell() { r.opts.OnRanking(r.Ranking()) }

// take ranks a snapshot that came.
func (r *Ranker) take(s quasar.Snapshot) {
	status := r.client.Status()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock.observe(status.Connects, status.HubTime, status.LastFrameAt)
	r.index.Set(s)
	r.guarded(func(l *learner) { l.take(&s, status.HubTime) })
	r.updates++
	r.version++
}

// miss takes note of a connection that was lost or refused, or of a frame that
// could not be read.
func (r *Ranker) miss(ctx context.Context, err error) {
	if _, ok := errors.AsType[*subscriber.FrameError](err); ok {
		r.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "frame of the hub dropped", slog.Any("reason", err))
	} else {
		r.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "no connection to the hub", slog.Any("reason", err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastError, r.lastErrorAt = err, time.Now()
	r.version++
	r.noteLoss()
}

// noteLoss takes note of the time if a connection was lost just now. Guarded by mu.
func (r *Ranker) noteLoss() {
	if status := r.client.Status(); !status.Connected && r.lost < status.Connects {
		r.lost, r.lostAt = status.Connects, time.Now()
		r.version++
	}
}

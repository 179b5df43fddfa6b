// Package ranker is the ranking service as a whole that can be embedded: it
// subscribes to a hub, keeps the ranking current with each update, and serves it.
// It cannot publish, and it does not trade.
package ranker

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
	"github.com/karlquant/quasar/subscriber"
)

// Ranker is one ranking service. It is an http.Handler.
type Ranker struct {
	opts    Options
	client  *subscriber.Client
	routes  http.Handler
	started time.Time

	mu      sync.Mutex // guards what follows
	index   *rank.Index
	version uint64 // grows with whatever /api/state shows
	updates int64
	// lostAt is when the newest connection to the hub that was lost went, and
	// lost why. It is New's time until the first.
	lostAt time.Time
	lost   error
}

// New returns a ranker. It starts nothing.
func New(opts *Options) (*Ranker, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	client, err := subscriber.New(o.HubURL, &subscriber.Options{
		Assets: o.Assets, Token: o.Token, Header: o.Header, HTTPClient: o.HTTPClient, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &Ranker{opts: o, client: client, started: now, lostAt: now, index: rank.New(o.Order)}
	r.routes, err = r.newRoutes()
	return r, err
}

// ServeHTTP serves /rankings, /api/state, /health, /livez, /readyz and the page.
func (r *Ranker) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.routes.ServeHTTP(w, req) }

// Run follows the hub until ctx ends, and then returns nil. It connects again for
// ever; what is known is kept and ages meanwhile.
func (r *Ranker) Run(ctx context.Context) error {
	for _, note := range r.opts.notes() {
		r.opts.Logger.Warn(note)
	}
	tell := r.tell
	if !r.opts.Sync && r.opts.OnRanking != nil {
		latest := make(chan struct{}, 1)
		tell = func() { wake(latest) }
		var telling sync.WaitGroup
		defer telling.Wait()
		telling.Go(func() { r.tellLatest(ctx, latest) })
	}
	for snapshot, err := range r.client.Watch(ctx) {
		if err != nil {
			r.miss(err)
		} else {
			r.take(snapshot)
		}
		tell()
	}
	return nil
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (r *Ranker) tellLatest(ctx context.Context, latest <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-latest:
			r.tell()
		}
	}
}

func (r *Ranker) tell() {
	if r.opts.OnRanking != nil {
		r.opts.OnRanking(r.Ranking())
	}
}

// take ranks a snapshot.
func (r *Ranker) take(s quasar.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index.Set(s)
	r.updates++
	r.version++
}

// miss takes note of what went wrong with the connection.
func (r *Ranker) miss(err error) {
	r.opts.Logger.Warn("no connection to the hub", "reason", err)
	status := r.client.Status()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = err
	r.version++
	if !status.Connected && r.lostAt.Before(status.ConnectedAt) {
		r.lostAt = time.Now()
	}
}

// Ranking is the state of all assets at one moment.
type Ranking struct {
	// HubTime is the moment by the hub's clock, which all ages go by; it is the
	// local one before the first connection.
	HubTime time.Time
	// Connected tells whether the hub is there; Since is since when it is or is
	// not, by the local clock.
	Connected bool
	Since     time.Time
	Order     quasar.Order
	// Assets are in order, those without a score last.
	Assets []Asset
	// Waiting are the assets that were asked for and that the hub never sent.
	Waiting []string
}

// Names returns the names of the assets in order.
func (k *Ranking) Names() []string {
	names := make([]string, len(k.Assets))
	for i := range k.Assets {
		names[i] = k.Assets[i].Snapshot.SpaceName
	}
	return names
}

// Asset is one asset of a ranking.
type Asset struct {
	quasar.Ranking
	// Age is the time since its newest update; VotingAge since its newest votes,
	// nil if there were none.
	Age       time.Duration
	VotingAge *time.Duration
	// Stale tells that Age is above the limit.
	Stale bool
	// HeldBack says why the asset must not be traded; empty if nothing speaks
	// against it. (Nothing is traded yet.)
	HeldBack []string
}

// Tradable tells that nothing speaks against following the asset's signal.
func (a *Asset) Tradable() bool { return len(a.HeldBack) == 0 }

// Ranking returns the ranking as it is now.
func (r *Ranker) Ranking() Ranking { return r.at(time.Now(), r.opts.Order) }

// at returns the ranking at the local time now, in any order.
func (r *Ranker) at(now time.Time, order quasar.Order) Ranking {
	status := r.client.Status()
	r.mu.Lock()
	rankings := r.index.Rankings()
	r.mu.Unlock()
	if order != r.opts.Order {
		rankings = reorder(rankings, order)
	}
	out := Ranking{HubTime: hubTime(&status, now), Order: order}
	out.Connected, out.Since = r.connection(&status)
	for i := range rankings {
		out.Assets = append(out.Assets, r.asset(&rankings[i], &out))
	}
	out.Waiting = r.waiting(rankings)
	return out
}

func reorder(rankings []quasar.Ranking, order quasar.Order) []quasar.Ranking {
	snapshots := make([]quasar.Snapshot, len(rankings))
	for i := range rankings {
		snapshots[i] = rankings[i].Snapshot
	}
	return quasar.Rank(snapshots, order)
}

// hubTime is the hub's clock at the local time now.
func hubTime(status *subscriber.Status, now time.Time) time.Time {
	if status.HubTime.IsZero() {
		return now
	}
	return status.HubTime.Add(now.Sub(status.LastFrameAt))
}

// connection tells whether the hub is there, and since when by the local clock.
func (r *Ranker) connection(status *subscriber.Status) (bool, time.Time) {
	if status.Connected {
		return true, status.ConnectedAt
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lostAt.Before(status.ConnectedAt) { // lost this very moment: miss comes next
		return false, later(status.ConnectedAt, status.LastFrameAt)
	}
	return false, r.lostAt
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *Ranker) asset(ranking *quasar.Ranking, all *Ranking) Asset {
	s := &ranking.Snapshot
	a := Asset{Ranking: *ranking, Age: max(0, all.HubTime.Sub(s.UpdatedAt))}
	a.Stale = a.Age > r.opts.StaleAfter
	if !s.VotingAt.IsZero() {
		a.VotingAge = new(max(0, all.HubTime.Sub(s.VotingAt)))
	}
	a.HeldBack = r.heldBack(&a, all)
	return a
}

// heldBack says everything that speaks against trading an asset.
func (r *Ranker) heldBack(a *Asset, all *Ranking) []string {
	var why []string
	if !all.Connected {
		why = append(why, "no connection to the hub since "+all.Since.UTC().Format(time.TimeOnly)+" UTC")
	}
	if a.Score.Reason != "" {
		why = append(why, a.Score.Reason)
	}
	switch signal := a.Snapshot.Voting.DominantSignal; {
	case signal == nil:
		why = append(why, "no signal")
	case *signal == quasar.Neutral:
		why = append(why, "neutral signal")
	}
	switch limit := r.opts.StaleAfter; {
	case a.Stale:
		why = append(why, "stale: no update for "+limit.String())
	case a.VotingAge != nil && *a.VotingAge > limit:
		why = append(why, "stale votes: none for "+limit.String())
	}
	return why
}

func (r *Ranker) waiting(rankings []quasar.Ranking) []string {
	var waiting []string
	for _, name := range r.opts.Assets {
		if !slices.ContainsFunc(rankings, func(k quasar.Ranking) bool { return k.Snapshot.SpaceName == name }) {
			waiting = append(waiting, name)
		}
	}
	return waiting
}

// Package natsengine joins hubs to one picture over NATS: every hub holds the whole
// state, and NATS carries what is new to the others. It is embedded in each hub, or
// runs beside them.
//
// Nothing is kept by NATS, and nothing is acknowledged. What is lost on its way is
// found missing by the numbers of the messages and by sums of the state, and is
// asked for again.
package natsengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

var _ hub.Engine = (*Engine)(nil)

// Options says how an engine behaves. Either Embedded or External is to be set.
type Options struct {
	// Logger gets what a person who runs the hub should know; nil for none.
	Logger *slog.Logger
	// Version is what the others are told of the program; "" for "unknown".
	Version string
	// Embedded runs a NATS server in the hub; nil for none.
	Embedded *Embedded
	// External uses NATS servers that run beside the hubs; nil for none.
	External *External
	// JoinTimeout is how long a hub waits for the state of the others before it
	// counts as ready without; 0 for 5 s.
	JoinTimeout time.Duration
	// MaxSpaces is how many spaces are held; 0 for 10,000, as a hub has it.
	MaxSpaces int
}

// Engine carries the records and claims of one hub to the others, and theirs to it.
type Engine struct {
	hub         string
	instance    int64
	prefix      string
	version     string
	newest      byte // format that is spoken and read
	log         *slog.Logger
	joinTimeout time.Duration
	bus         bus
	wake        chan struct{} // there is something to send; of capacity one

	handling sync.Mutex // held while a message is handled: they come one at a time
	from     hub.Receiver

	mu       sync.Mutex // guards what follows; the Receiver is never called under it
	replica  *replica
	members  members
	records  map[string]struct{} // the spaces whose records are to be sent
	claims   map[string]struct{} // likewise, of our claims
	answers  answers
	pulls    uint64 // that we asked for so far
	sent     uint64 // deltas so far
	started  time.Time
	stopped  bool
	joined   bool
	lastTick time.Time
	lastBeat time.Time
	hello    bool      // the next beat asks for others
	hurry    bool      // the next beat is due at once
	echo     time.Time // when our own beat came back last
	echoed   time.Time // when one did for the first time
	twin     time.Time // when another hub with our id was heard last
	counts   Counts
	digest   string // of the state, as of the newest beat
}

// Counts is what came in, and what could not be used.
type Counts struct {
	// Deltas are the messages with news of other hubs, Gaps how often some were
	// missing before one, Pulls how often state was asked for.
	Deltas, Gaps, Pulls int64
	// Unknown are the messages and items of formats and kinds that this version does
	// not read, Bad those that make no sense, Late those of an earlier life of a hub.
	Unknown, Bad, Late int64
	// Unkept are the records and claims of spaces that there was no room for.
	Unkept int64
	// Lost is how often a hub was lost.
	Lost int64
}

// New returns the engine of the hub with that id, which has to be its own among all
// hubs. It starts nothing.
func New(hubID string, opts *Options) (*Engine, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	e, err := newEngine(hubID, &o)
	if err != nil {
		return nil, err
	}
	switch {
	case (o.Embedded == nil) == (o.External == nil):
		return nil, errors.New("natsengine: got both or neither of Embedded and External, want one")
	case o.Embedded != nil:
		e.prefix = defaultPrefix
		e.bus, err = newEmbedded(hubID, e.instance, o.Embedded, e.log)
	default:
		if e.prefix = o.External.Prefix; e.prefix == "" {
			e.prefix = defaultPrefix
		}
		e.bus, err = newExternal(hubID, e.prefix, o.External, e.log)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

const defaultPrefix = "quasar"

// newEngine returns an engine that lacks its bus.
func newEngine(hubID string, o *Options) (*Engine, error) {
	if quasar.CheckSpaceName(hubID) != nil {
		return nil, fmt.Errorf("hub id: got %+q, want 1 to 64 letters, digits, dots, underscores or hyphens", hubID)
	}
	if o.JoinTimeout < 0 || o.MaxSpaces < 0 {
		return nil, fmt.Errorf("JoinTimeout and MaxSpaces: got %v and %d, want none below 0", o.JoinTimeout, o.MaxSpaces)
	}
	e := &Engine{
		hub: hubID, instance: time.Now().UnixMicro(), prefix: defaultPrefix, version: o.Version, newest: newestFormat,
		log: o.Logger, joinTimeout: o.JoinTimeout, wake: make(chan struct{}, 1),
		members: make(members), records: make(map[string]struct{}), claims: make(map[string]struct{}),
		answers: answers{wake: make(chan struct{}, 1), waiting: make(map[string]request)},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.joinTimeout == 0 {
		e.joinTimeout = 5 * time.Second
	}
	if e.version == "" {
		e.version = "unknown"
	}
	most := o.MaxSpaces
	if most == 0 {
		most = 10_000
	}
	e.replica = newReplica(most)
	return e, nil
}

// Offer implements hub.Engine.
func (e *Engine) Offer(r hub.Record) {
	e.mu.Lock()
	e.replica.merge(&r)
	e.records[r.Snapshot.SpaceName] = struct{}{}
	e.mu.Unlock()
	poke(e.wake)
}

// Announce implements hub.Engine.
func (e *Engine) Announce(c hub.Claim) {
	if c.Hub != e.hub {
		return
	}
	e.mu.Lock()
	if e.replica.note(&claim{c, e.instance}) {
		e.claims[c.Space] = struct{}{}
	}
	e.mu.Unlock()
	poke(e.wake)
}

func poke(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Run implements hub.Engine. Its error is one that waiting does not mend: an address
// that is taken, a file that cannot be read.
func (e *Engine) Run(ctx context.Context, from hub.Receiver) error {
	select {
	case <-ctx.Done():
		return nil
	default:
	}
	e.handling.Lock()
	e.from = from
	e.handling.Unlock()
	now := time.Now()
	e.mu.Lock()
	e.started, e.hello, e.hurry, e.stopped = now, true, true, false
	e.mu.Unlock()
	if err := e.bus.open(ctx, e.take, e.greet); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	e.mu.Lock()
	e.lastTick = time.Now() // opening may have taken a while
	e.mu.Unlock()
	var work sync.WaitGroup
	work.Go(func() { e.sendAll(ctx) })
	work.Go(func() { e.answerAll(ctx) })
	work.Go(func() { e.tickAll(ctx) })
	<-ctx.Done()
	work.Wait()
	e.leave()
	return nil
}

// leave sends what is left, and says goodbye, so that nobody has to find out.
func (e *Engine) leave() {
	for e.sendSome() {
		_ = e.bus.flush(flushTimeout)
	}
	e.mu.Lock()
	e.stopped = true
	bye := appendHeader(nil, e.header(kindBye))
	e.mu.Unlock()
	_ = e.bus.publish(e.prefix+toAll+escape(e.hub), bye)
	_ = e.bus.flush(flushTimeout)
	e.bus.close()
}

// greet makes the next beat one that asks for others, at once.
func (e *Engine) greet() {
	e.mu.Lock()
	e.hello, e.hurry = true, true
	e.mu.Unlock()
	poke(e.wake)
}

// tickEvery is how often the engine looks at the time.
const tickEvery = 100 * time.Millisecond

func (e *Engine) tickAll(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		e.tick(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// absent is how long a process has to have been stopped to believe nothing of what
// it did not hear meanwhile.
const absent = 2 * time.Second

// tick does what time asks for.
func (e *Engine) tick(now time.Time) {
	e.handling.Lock()
	e.mu.Lock()
	if now.Sub(e.lastTick) > absent {
		e.log.Warn("the hub was held up; the others get time to be heard again", "for", now.Sub(e.lastTick).Round(time.Millisecond))
		e.members.excuse(now)
	}
	e.lastTick = now
	lost := e.members.expire(now)
	for _, id := range lost {
		e.replica.forget(id)
		e.counts.Lost++
	}
	e.mu.Unlock()
	for _, id := range lost {
		e.log.Warn("hub lost", "hub", id)
		e.from.HubLost(id)
	}
	e.handling.Unlock()
	e.beatDue(now)
	e.pullDue(now)
	e.join(now)
}

// answerTime is how long whoever is there takes to answer a hello, at most.
const answerTime = 300 * time.Millisecond

// join counts the hub as ready once there is nothing more to wait for.
func (e *Engine) join(now time.Time) {
	alone := e.bus.alone()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.joined {
		return
	}
	synced, others := false, 0
	for _, m := range e.members {
		synced = synced || m.sync.done
		if m.alive {
			others++
		}
	}
	waited := now.Sub(e.started)
	// Whoever is there answers a hello at once, so an echo and no answer is nobody.
	nobody := others == 0 && alone && !e.echoed.IsZero() && now.Sub(e.echoed) >= answerTime
	if !synced && !nobody && waited < e.joinTimeout {
		return
	}
	e.joined = true
	e.log.Info("joined", "hub", e.hub, "others", others, "spaces", len(e.replica.records), "after", waited.Round(time.Millisecond), "synced", synced)
}

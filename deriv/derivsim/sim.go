package derivsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Sim is a simulated venue. It is safe for concurrent use.
type Sim struct {
	opts   Options
	log    *slog.Logger
	mux    *http.ServeMux
	live   sync.WaitGroup // of the connections
	memory *memory

	mu       sync.Mutex // guards what follows: each call sees one state of the world
	clock    clock
	at       int64     // the moment that the world has come to
	behind   time.Time // of ours: since when that is not the present; zero if it is
	timers   timers
	symbols  []*symbol
	turnOf   int // of them, to be brought to the present
	bySymbol map[string]*symbol
	accounts []*account
	byID     map[string]*account
	otps     map[string]otp
	sessions map[*session]bool
	rest     map[[32]byte]*budget // by token
	faults   *faults
	ids      ids
	notices  []func()
	revoked  map[[32]byte]bool
	ended    bool
	admitted int           // connections, those that are being made too
	queued   atomic.Int64  // bytes that wait for clients
	kick     chan struct{} // has room for one: the world has something new to wait for
}

// New returns a simulator. It starts no goroutine; its clock stands until Run.
func New(opts *Options) (*Sim, error) {
	o, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	s := &Sim{
		opts: o, log: o.Logger, clock: newClock(o.Start, o.Speed),
		bySymbol: make(map[string]*symbol), byID: make(map[string]*account), otps: make(map[string]otp), sessions: make(map[*session]bool),
		revoked: make(map[[32]byte]bool), rest: make(map[[32]byte]*budget), kick: make(chan struct{}, 1), memory: newMemory(),
	}
	s.at = s.clock.start
	for _, index := range o.Indices {
		y, err := newSymbol(index, o.Seed, s.at/second, o.History)
		if err != nil {
			return nil, err
		}
		s.symbols, s.bySymbol[index.Symbol] = append(s.symbols, y), y
	}
	for _, a := range o.Accounts {
		s.byID[a.ID] = newAccount(a, &o.Limits.Budgets)
		s.accounts = append(s.accounts, s.byID[a.ID])
	}
	s.ids = newIDs(o.Seed)
	s.faults = newFaults(o.Seed)
	if err := s.addFaults(o.Faults); err != nil {
		return nil, err
	}
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP answers REST calls and serves sockets.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

var errRunTwice = errors.New("derivsim: Run was called twice")

// maxBatch is how long the world may stand still while its clock runs: at high
// speeds many of its seconds are done at once.
const maxBatch = time.Millisecond

// Run lets the world live until ctx ends, which is no error, and closes all
// connections then. It ends with an error in the year 2200.
func (s *Sim) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.clock.running {
		s.mu.Unlock()
		return errRunTwice
	}
	s.clock.run()
	s.everyMinute()
	s.mu.Unlock()
	server := s.serveMemory()
	for ctx.Err() == nil && !s.over() {
		s.wait(ctx, s.turn())
	}
	s.end()
	_ = server.Close() // it closes what it listens to
	s.live.Wait()
	if ctx.Err() == nil {
		return errTimeOver
	}
	return nil
}

var errTimeOver = fmt.Errorf("derivsim: the simulator's time has come to its end, %s", time.Unix(0, endOfTime).UTC().Format(time.DateOnly))

func (s *Sim) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now() >= endOfTime
}

// turn brings the world to the present, and says for how long nothing happens.
func (s *Sim) turn() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	at, ok := s.next()
	switch {
	case !s.behind.IsZero():
		return 0
	case !ok:
		return time.Hour
	}
	return max(s.clock.until(at), maxBatch)
}

func (s *Sim) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.kick:
	case <-ctx.Done():
	}
}

// wake has Run look again for what is next.
func (s *Sim) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// after has something happen so much later, in the simulator's time.
func (s *Sim) after(d int64, do func()) {
	s.timers.set(s.at+d, do)
	s.wake()
}

// next returns when the next tick that somebody watches, or the next timer, is due.
func (s *Sim) next() (at int64, ok bool) {
	at, ok = s.timers.next()
	for _, y := range s.symbols {
		if y.watchers > 0 {
			if t := (y.first + y.made*y.interval) * second; !ok || t < at {
				at, ok = t, true
			}
		}
	}
	return at, ok
}

const (
	// maxSlice is how long the world is brought on at a time: then others have
	// their turn, even if it is not yet in the present.
	maxSlice = 2 * time.Millisecond

	// maxBehind is for how long it may stay behind. A machine that cannot do what
	// a fast world asks for has a slower one then.
	maxBehind = 5 * time.Second
)

// advance brings the world to the present, or as far as it gets in a slice. At one
// moment ticks come before timers: a contract that ends with a tick has seen it.
func (s *Sim) advance() {
	begun, now := time.Now(), s.clock.now()
	for n := 1; n%16 != 0 || time.Since(begun) < maxSlice; n++ {
		at, ok := s.next()
		if !ok || at > now {
			s.at, s.behind = max(s.at, now), time.Time{}
			return
		}
		s.at = max(s.at, at)
		if !s.tickAll() {
			s.timers.pop().do()
		}
		s.flush()
	}
	if s.behind.IsZero() {
		s.behind = begun
	}
	if begun.Sub(s.behind) > maxBehind {
		s.log.Warn("too much to do at this speed: the clock is set back", "by", time.Duration(now-s.at))
		s.clock.start -= now - s.at
		s.behind = time.Time{}
	}
}

// tickAll makes the ticks of this moment that somebody watches, and says whether
// there were any.
func (s *Sim) tickAll() bool {
	made := false
	for _, y := range s.symbols {
		if y.watchers > 0 && (y.first+y.made*y.interval)*second <= s.at {
			y.catchUp(s.at / second)
			s.ticked(y)
			made = true
		}
	}
	return made
}

// ticked tells all who watch a symbol.
func (s *Sim) ticked(y *symbol) {
	t := y.last()
	s.settle(y, t)
	text := newTickText(y, t)
	for _, m := range append([]*stream(nil), y.streams...) { // a stream may end itself
		m.tick(t, text)
	}
}

// watch counts one more reason to make a symbol's ticks as they come.
func (s *Sim) watch(y *symbol) {
	if y.watchers == 0 {
		y.catchUp(s.at / second)
	}
	y.watchers++
	s.wake()
}

func (s *Sim) unwatch(y *symbol) { y.watchers-- }

// farBehind is how many ticks a symbol may be behind that nobody watches. In a fast
// world it would else have millions to make when somebody asks.
const farBehind = 50_000

// catchUpOne brings one symbol to the present if it is far behind, another one each
// time.
func (s *Sim) catchUpOne() {
	s.turnOf = (s.turnOf + 1) % len(s.symbols)
	if y := s.symbols[s.turnOf]; s.at/second-(y.first+y.made*y.interval) > farBehind*y.interval {
		y.catchUp(s.at / second)
	}
}

// present returns a symbol with all its ticks, nil if there is none of that name.
func (s *Sim) present(name string) *symbol {
	y := s.bySymbol[name]
	if y != nil {
		y.catchUp(s.at / second)
	}
	return y
}

// flush tells of what has happened to accounts.
func (s *Sim) flush() {
	for len(s.notices) > 0 {
		notice := s.notices[0]
		s.notices = s.notices[1:]
		notice()
	}
}

// end closes all connections for good.
func (s *Sim) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.sessions {
		c.close(closeGoingAway, "simulator ends")
	}
}

// Now returns the simulator's time.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Unix(0, s.clock.now()).UTC()
}

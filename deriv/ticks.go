package deriv

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// tickTopic is the ticks of one symbol: each epoch once, in order, with what was
// missing read from the history.
type tickTopic struct {
	fan[Tick]
	socket *socket
	symbol string

	// Guarded by the fan's lock.
	last     Epoch
	decimals Count
	interval Epoch  // between ticks, 0 for unknown
	smallest Epoch  // distance seen so far
	seen     int    // how many distances
	resumed  bool   // the next tick is the first of a new connection
	on       uint64 // the connection of the last one
	filling  bool
	held     []Event[Tick] // came while a gap is being filled
	at       time.Time     // of ours, when the last one came
	patience int           // how often in a row silence was to blame
}

// heldMost bounds what is held while a gap is being filled.
const heldMost = 10_000

func newTickTopic(s *socket, symbol string) *tickTopic {
	return &tickTopic{socket: s, symbol: symbol, interval: knownInterval(symbol)}
}

func (t *tickTopic) key() string      { return "ticks " + t.symbol }
func (t *tickTopic) kind() string     { return "ticks" }
func (t *tickTopic) request() Request { return TicksRequest{Symbols: Names{t.symbol}, Subscribe: true} }

// started gives a new connection as long as the last one had.
func (t *tickTopic) started(uint64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = time.Now()
}

// age is that of the newest tick, 0 before the first. It says late only where the
// interval of the symbol is known: others may have a night.
func (t *tickTopic) age(now time.Time) (age time.Duration, late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == 0 {
		return 0, false
	}
	age = now.Sub(t.last.Time())
	return age, t.interval > 0 && age > max(t.socket.opts.LagMost, t.socket.clock.pass(leastSilence))
}

func (t *tickTopic) receive(generation uint64, a *Answer) {
	var body TickAnswer
	if a.Into(&body) != nil || !t.plausible(&body.Tick) {
		t.socket.counters.malformed.Add(1)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.patience = time.Now(), 0
	if generation != t.on {
		t.on, t.resumed = generation, true
	}
	e := Event[Tick]{Value: body.Tick, Generation: generation}
	if t.filling {
		t.hold(e)
		return
	}
	t.accept(e)
}

// plausible tells whether this can be a tick of the symbol. One that names none
// contradicts nothing.
func (t *tickTopic) plausible(tick *Tick) bool {
	return tick.Epoch > 0 && tick.Quote != 0 && of(tick, t.symbol) && !t.socket.clock.ahead(tick.Epoch)
}

func of(tick *Tick, symbol string) bool {
	return tick.Symbol == "" || strings.EqualFold(tick.Symbol, symbol)
}

// hold keeps a tick until the gap before it is filled. It wants the lock.
func (t *tickTopic) hold(e Event[Tick]) {
	if len(t.held) >= heldMost {
		t.held = t.held[1:]
	}
	t.held = append(t.held, e)
}

// accept passes on a tick that is next, drops one that is not new, and begins to
// fill the gap before one that is beyond. It wants the lock.
func (t *tickTopic) accept(e Event[Tick]) {
	if e.Value.Epoch <= t.last {
		t.socket.counters.duplicates.Add(1)
		return
	}
	if t.gapBefore(e.Value.Epoch) {
		t.filling = true
		t.hold(e)
		from, to := t.last+1, e.Value.Epoch-1
		t.socket.counters.gaps.Add(1)
		t.socket.registry.later(func(ctx context.Context) { t.fill(ctx, from, to) })
		return
	}
	t.learn(e.Value.Epoch)
	t.pass(e)
}

// gapBefore tells whether ticks must be missing: by the interval if it is known,
// and after a reconnection in any case.
func (t *tickTopic) gapBefore(epoch Epoch) bool {
	resumed := t.resumed
	t.resumed = false
	if t.last == 0 || t.socket.opts.Backfill < 0 {
		return false
	}
	distance := epoch - t.last
	if t.interval > 0 {
		return 2*distance > 3*t.interval
	}
	return resumed && distance > 1
}

// learned is after how many distances the smallest is taken for the interval.
const learned = 30

// learn notices the interval of a symbol that is not known.
func (t *tickTopic) learn(epoch Epoch) {
	if t.last == 0 || t.interval > 0 {
		return
	}
	if d := epoch - t.last; t.smallest == 0 || d < t.smallest {
		t.smallest, t.seen = d, 0
	} else if d == t.smallest {
		t.seen++
	}
	if t.seen >= learned {
		t.interval = t.smallest
	}
}

// pass says what is missing right before a tick, where the interval is known. It
// wants the lock.
func (t *tickTopic) pass(e Event[Tick]) {
	if t.interval > 0 && t.last > 0 {
		e.Missed = max(0, int((e.Value.Epoch-t.last)/t.interval)-1)
	}
	t.last = e.Value.Epoch
	if e.Value.Decimals != 0 {
		t.decimals = e.Value.Decimals
	}
	if e.Missed > 0 {
		t.socket.counters.missed.Add(uint64(e.Missed))
	}
	t.socket.counters.missed.Add(uint64(t.send(e, e.Filled)))
}

// fill reads what is missing between two moments, passes it on, and then what
// came meanwhile. If the connection ends before that, the next one goes on.
func (t *tickTopic) fill(ctx context.Context, from, to Epoch) {
	ticks, err := t.missing(ctx, from, to)
	if err != nil && ctx.Err() != nil {
		t.socket.registry.later(func(ctx context.Context) { t.fill(ctx, from, to) })
		return
	}
	if err != nil {
		t.socket.opts.Logger.Warn("gap not filled", "symbol", t.symbol, "from", int64(from), "to", int64(to), "error", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.socket.counters.filled.Add(uint64(len(ticks)))
	missed := 0
	if err != nil {
		missed = 1 // at least, as far as is known
	}
	for _, e := range t.between(ticks, to) {
		e.Missed, missed = missed, 0
		t.pass(e)
	}
	t.release(missed)
}

// Ticks that come live wait for the gap before them: so it is asked for only a few
// times, with a pause that doubles.
const (
	fillTries = 3
	fillPause = time.Second
)

// missing reads what is missing between two moments. What does not come in time, or
// not because the venue fails, is asked for again.
func (t *tickTopic) missing(ctx context.Context, from, to Epoch) ([]Tick, error) {
	var found []Tick
	for try := range fillTries {
		ticks, err := t.socket.ticksBetween(ctx, t.symbol, from, to, t.socket.opts.Backfill-len(found))
		found = append(ticks, found...)
		if len(ticks) > 0 {
			to = ticks[0].Epoch - 1
		}
		last := try == fillTries-1
		if err == nil || last || !passes(err) || !sleep(ctx, fillPause<<try) {
			return found, err
		}
	}
	return found, nil
}

// passes tells whether what kept an answer away may be over soon.
func passes(err error) bool {
	return again(err) || errors.Is(err, ErrDeadline) || errors.Is(err, ErrBudget)
}

// between is all that is known of a gap: what the history has, and what came
// late and out of order. It wants the lock.
func (t *tickTopic) between(ticks []Tick, to Epoch) []Event[Tick] {
	var events []Event[Tick]
	for _, tick := range ticks {
		events = append(events, Event[Tick]{Value: tick, Filled: true})
	}
	for _, e := range t.held {
		if e.Value.Epoch > t.last && e.Value.Epoch <= to {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, byEpoch)
	return slices.CompactFunc(events, func(a, b Event[Tick]) bool { return a.Value.Epoch == b.Value.Epoch })
}

func byEpoch(a, b Event[Tick]) int { return int(a.Value.Epoch - b.Value.Epoch) }

// release passes on what was held while a gap was being filled. A gap among
// these begins another filling, for which the rest is held again. It wants the
// lock.
func (t *tickTopic) release(missed int) {
	held := t.held
	t.held, t.filling = nil, false
	slices.SortStableFunc(held, byEpoch)
	first := true
	for _, e := range held {
		switch {
		case t.filling:
			t.hold(e)
		case first && e.Value.Epoch > t.last:
			e.Missed, first = missed, false
			t.pass(e)
		default:
			t.accept(e)
		}
	}
}

// look gives the connection up when nothing has come for several intervals, and
// is slower to do so each time that it did not help.
func (t *tickTopic) look() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interval == 0 || t.socket.opts.TickSilence < 0 || t.at.IsZero() {
		return false
	}
	intervals := time.Duration(t.socket.opts.TickSilence) * time.Duration(t.interval) * time.Second
	limit := max(time.Duration(float64(intervals)/t.socket.clock.rate()), leastSilence) << min(t.patience, 6)
	if time.Since(t.at) <= limit {
		return false
	}
	t.at = time.Now()
	t.patience++
	return true
}

// leastSilence is what a stream may be silent in any case: a fast simulator's
// intervals are shorter than what a busy machine takes to wake somebody.
const leastSilence = 2 * time.Second

// errNoHistory ends a back-fill whose answer has no ticks where there must be some.
var errNoHistory = errors.New("deriv: ticks_history: got prices and times of different lengths")

// ticksBetween reads history page by page, from the newest back, and returns it
// with the oldest first: at most so many, each epoch once.
func (s *socket) ticksBetween(ctx context.Context, symbol string, from, to Epoch, most int) ([]Tick, error) {
	var found []Tick
	for to >= from && len(found) < most {
		page, err := s.historyPage(ctx, symbol, from, to, min(MaxHistory, most-len(found)))
		if err != nil || len(page) == 0 {
			slices.Reverse(found)
			return found, err
		}
		slices.Reverse(page)
		found = append(found, page...)
		to = page[len(page)-1].Epoch - 1
	}
	slices.Reverse(found)
	return found, nil
}

// historyPage returns the newest ticks between two moments, in order.
func (s *socket) historyPage(ctx context.Context, symbol string, from, to Epoch, count int) ([]Tick, error) {
	a, err := ask[HistoryAnswer](ctx, s, TicksHistoryRequest{
		Symbol: symbol, Start: from, End: itoa(int64(to)), Count: count, Style: "ticks",
	})
	if err != nil || a.History == nil {
		return nil, err
	}
	h := a.History
	if len(h.Prices) != len(h.Times) {
		return nil, errNoHistory
	}
	var ticks []Tick
	for i, at := range h.Times {
		if at >= from && at <= to {
			ticks = append(ticks, Tick{Quote: h.Prices[i], Epoch: at, Decimals: a.Decimals, Symbol: symbol})
		}
	}
	slices.SortStableFunc(ticks, func(a, b Tick) int { return int(a.Epoch - b.Epoch) })
	return slices.CompactFunc(ticks, func(a, b Tick) bool { return a.Epoch == b.Epoch }), nil
}

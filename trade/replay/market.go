package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/house"
	"github.com/karlquant/quasar/trade"
)

var _ trade.Market = (*Market)(nil)

// Market is what is played. Its clock stands at zero until the first tick. Its methods
// may be called by any number of goroutines; one of them plays.
type Market struct {
	opts    Options
	symbols map[string]*price.Index

	mu     sync.Mutex // guards what is below
	now    time.Time
	behind time.Duration // the least by which a tick came after its stamp
	lag    time.Duration // by how much more the newest did
	ticks  map[string]trade.Tick
	quotes uint64 // how many there were
}

// New returns a market on which nothing was played yet.
func New(opts *Options) (*Market, error) {
	o, err := opts.filled()
	if err != nil {
		return nil, err
	}
	m := &Market{opts: o, symbols: make(map[string]*price.Index), ticks: make(map[string]trade.Tick)}
	for i := range o.Indices {
		m.symbols[o.Indices[i].Symbol] = &o.Indices[i]
	}
	return m, nil
}

// Play moves the clock to a record, and takes its tick if it has one. It is false for
// a record before the first tick, when there is no time yet, and for a tick that is
// none: of no price, or not newer than the last of its symbol.
//
// The clock is the venue's. It is behind the recorder's by the least time that a tick
// has taken so far, so that the recorder's may have been wrong.
func (m *Market) Play(r *Record) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Symbol == "" {
		m.advance(r.At)
		return !m.now.IsZero()
	}
	if p := r.Tick.Price; !(p > 0) || math.IsInf(p, 1) || !r.Tick.At.After(m.ticks[r.Symbol].At) {
		return false
	}
	late := r.At.Sub(r.Tick.At)
	if len(m.ticks) == 0 || late < m.behind {
		m.behind = late
	}
	m.ticks[r.Symbol] = r.Tick
	m.advance(r.At)
	m.lag = late - m.behind
	return true
}

// advance never goes back. m.mu must be held.
func (m *Market) advance(at time.Time) {
	if to := at.Add(-m.behind); len(m.ticks) > 0 && to.After(m.now) {
		m.now = to
	}
}

// Now is the time of the newest record.
func (m *Market) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Health tells how late the newest tick was.
func (m *Market) Health() trade.Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	return trade.Health{Connected: len(m.ticks) > 0, Lag: m.lag}
}

// Tick is the newest tick of a symbol.
func (m *Market) Tick(symbol string) (trade.Tick, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.ticks[symbol]
	return t, ok
}

// What Rise and Fall offer.
const (
	minTicks, maxTicks       = 1, 10
	minDuration, maxDuration = 15 * time.Second, 365 * 24 * time.Hour
)

// Instrument finds the index that a space is named after.
func (m *Market) Instrument(_ context.Context, asset string) (trade.Instrument, error) {
	named, err := price.Lookup(asset)
	if err != nil {
		return trade.Instrument{}, fmt.Errorf("%w: %w", trade.ErrNotTraded, err)
	}
	x := m.symbols[named.Symbol]
	if x == nil {
		return trade.Instrument{}, fmt.Errorf("%w: %s is not played", trade.ErrNotTraded, named.Symbol)
	}
	in := trade.Instrument{Symbol: x.Symbol, Multiply: true, Multipliers: house.Multipliers(x), MinStake: m.opts.MinStake, Open: true}
	if house.Offers(x, string(trade.Rise)) {
		in.RiseFall, in.MinTicks, in.MaxTicks, in.MinDuration, in.MaxDuration = true, minTicks, maxTicks, minDuration, maxDuration
	}
	return in, nil
}

var errNoPrice = errors.New("there was no tick of it yet")

// Quote says what a contract costs and pays at this moment.
func (m *Market) Quote(_ context.Context, t trade.Terms) (trade.Quote, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, spot := m.symbols[t.Symbol], m.ticks[t.Symbol]
	if x == nil || spot.At.IsZero() {
		return trade.Quote{}, fmt.Errorf("replay: %.40q: %w", t.Symbol, errNoPrice)
	}
	q := trade.Quote{Terms: t, Generation: 1, Ask: t.Stake, Spot: spot.Price, At: m.now}
	if err := m.price(&q, x); err != nil {
		return trade.Quote{}, fmt.Errorf("replay: %s %s: %w", t.Kind, t.Symbol, err)
	}
	m.quotes++
	q.ID = strconv.FormatUint(m.quotes, 10)
	return q, nil
}

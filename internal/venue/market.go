package venue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

var _ paper.Feed = (*Market)(nil)

// Market is a trade.Market of a client, which the public socket is enough for.
type Market struct {
	client   *deriv.Client
	currency string
	log      *slog.Logger

	mu      sync.Mutex // guards what is below
	ticks   map[string]trade.Tick
	watched map[string]bool
	quotes  []deriv.Quote // the newest, which may be bought
	heard   func(symbol string, t trade.Tick, whole bool)
	// watching is where streams run: that of Run, nil before it.
	watching context.Context //nolint:containedctx // streams begin when a symbol is first asked for
	streams  sync.WaitGroup
}

// NewMarket returns the market that a client sees. Its ticks are those of symbols
// that were asked for, while Run runs.
func NewMarket(client *deriv.Client, currency string, log *slog.Logger) *Market {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Market{client: client, currency: currency, log: log, ticks: make(map[string]trade.Tick), watched: make(map[string]bool)}
}

// Run keeps the client connected, and its ticks coming, until ctx ends. It tells of
// connections, and of the ticks of each symbol that is watched, in order; one is not
// whole if some before it may be missing. Both are called by several goroutines, and
// must not wait.
func (m *Market) Run(ctx context.Context, tell func(trade.Event), heard func(symbol string, t trade.Tick, whole bool)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var telling sync.WaitGroup
	telling.Go(func() { tellConnections(ctx, m.client, tell) })
	err := m.run(ctx, m.client.Run, heard)
	cancel()
	telling.Wait()
	return err
}

func (m *Market) run(ctx context.Context, connect func(context.Context) error, heard func(string, trade.Tick, bool)) error {
	m.mu.Lock()
	m.watching, m.heard = ctx, heard
	for symbol := range m.watched {
		m.streams.Go(func() { m.watch(ctx, symbol) })
	}
	m.mu.Unlock()
	err := connect(ctx)
	m.mu.Lock()
	m.watching = nil
	m.mu.Unlock()
	m.streams.Wait()
	return err
}

// History returns the ticks of a symbol after one moment up to another and with it,
// the oldest first.
func (m *Market) History(ctx context.Context, symbol string, after, to time.Time) ([]trade.Tick, error) {
	first := after.Truncate(time.Second).Add(time.Second) // ticks have whole seconds
	rows, err := m.client.History(ctx, symbol, deriv.EpochOf(first), deriv.EpochOf(to), mostHistory)
	if err != nil {
		return nil, err
	}
	ticks := make([]trade.Tick, 0, len(rows))
	for i := range rows {
		ticks = append(ticks, tickOf(&rows[i]))
	}
	return ticks, nil
}

// mostHistory bounds one question for the past: a day of an index that ticks every
// second.
const mostHistory = 86_400

func tickOf(t *deriv.Tick) trade.Tick { return trade.Tick{Price: t.Quote.Float(), At: t.Epoch.Time()} }

// Now is the venue's clock.
func (m *Market) Now() time.Time { return m.client.Now() }

// Health is how well the venue is heard. A simulator's clock may be far from ours and
// as good: of it only what is not sure counts. It is as late as the least late of its
// indices: one that is late or dead says nothing of the others.
func (m *Market) Health() trade.Health {
	h := m.client.Health()
	offset := h.Clock.Uncertainty
	if !h.Clock.Simulated {
		offset += h.Clock.Offset.Abs()
	}
	return trade.Health{Connected: h.State.Connected(), Lag: m.lag(), Offset: offset, Speed: h.Clock.Speed}
}

// lag is how late the newest tick of any symbol came.
func (m *Market) lag() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	least := time.Duration(-1)
	for _, t := range m.ticks {
		if least < 0 || t.Late < least {
			least = t.Late
		}
	}
	return max(0, least)
}

// Tick is the newest tick of a symbol that was asked for.
func (m *Market) Tick(symbol string) (trade.Tick, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tick, ok := m.ticks[symbol]
	return tick, ok
}

// Instrument finds the symbol that a space is named after and what is offered of it.
func (m *Market) Instrument(ctx context.Context, asset string) (trade.Instrument, error) {
	symbol, err := m.client.Symbol(ctx, asset)
	if errors.Is(err, deriv.ErrUnknownSymbol) {
		return trade.Instrument{}, fmt.Errorf("%w: %w", trade.ErrNotTraded, err)
	}
	if err != nil {
		return trade.Instrument{}, err
	}
	offers, err := m.client.ContractsFor(ctx, symbol.Symbol)
	if err != nil {
		return trade.Instrument{}, err
	}
	m.Watch(symbol.Symbol)
	return instrument(&symbol, &offers), nil
}

// instrument is what we trade of what is offered.
func instrument(s *deriv.ActiveSymbol, offers *deriv.ContractsFor) trade.Instrument {
	in := trade.Instrument{Symbol: s.Symbol, Open: bool(s.Open) && !bool(s.Suspended)}
	for i := range offers.Available {
		o := &offers.Available[i]
		switch trade.Kind(o.ContractType) {
		case trade.Rise:
			if o.Barriers == 0 && o.StartType == "spot" {
				in.RiseFall = true
				lives(&in, o)
			}
		case trade.MultiUp:
			in.Multiply = true
			in.Multipliers = slices.Sorted(slices.Values(o.Multipliers))
		}
	}
	return in
}

// lives widens for how long a contract may live by one offer.
func lives(in *trade.Instrument, o *deriv.Offer) {
	least, unit, ok := span(o.MinDuration)
	most, unit2, ok2 := span(o.MaxDuration)
	if !ok || !ok2 {
		return
	}
	if unit == 0 && unit2 == 0 {
		in.MinTicks, in.MaxTicks = widen(in.MinTicks, in.MaxTicks, least, most)
		return
	}
	low, high := widen(int(in.MinDuration), int(in.MaxDuration), least*int(unit), most*int(unit2))
	in.MinDuration, in.MaxDuration = time.Duration(low), time.Duration(high)
}

func widen(low, high, least, most int) (int, int) {
	if high == 0 {
		return least, most
	}
	return min(low, least), max(high, most)
}

// span reads "15s", "1m", "1h", "365d", and "5t", whose unit is 0.
func span(text string) (n int, unit time.Duration, ok bool) {
	if text == "" {
		return 0, 0, false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	unit, known := map[byte]time.Duration{'t': 0, 's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
	return n, unit, err == nil && n > 0 && known
}

// Watch has the ticks of a symbol come.
func (m *Market) Watch(symbol string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watched[symbol] {
		return
	}
	m.watched[symbol] = true
	if ctx := m.watching; ctx != nil {
		m.streams.Go(func() { m.watch(ctx, symbol) })
	}
}

// watch keeps the newest tick of a symbol until ctx ends.
func (m *Market) watch(ctx context.Context, symbol string) {
	for ctx.Err() == nil {
		if err := m.follow(ctx, symbol); err != nil && ctx.Err() == nil {
			m.log.LogAttrs(ctx, slog.LevelWarn, "no ticks", slog.String("symbol", symbol), slog.Any("reason", err))
		}
		pause(ctx, time.Second)
	}
}

func (m *Market) follow(ctx context.Context, symbol string) error {
	stream, err := m.client.Ticks(ctx, symbol)
	if err != nil {
		return err
	}
	defer stream.Close()
	whole := false // before the first of a stream others may have been
	for e, err := range stream.All(ctx) {
		if err != nil {
			return err
		}
		m.hear(symbol, tickOf(&e.Value), whole && e.Missed == 0)
		whole = true
	}
	return nil
}

// hear keeps a tick and tells of it.
func (m *Market) hear(symbol string, t trade.Tick, whole bool) {
	t.Late = max(0, m.client.Now().Sub(t.At))
	m.mu.Lock()
	m.ticks[symbol] = t
	heard := m.heard
	m.mu.Unlock()
	if heard != nil {
		heard(symbol, t, whole)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Quote asks for a price.
func (m *Market) Quote(ctx context.Context, t trade.Terms) (trade.Quote, error) {
	if t.Duration%time.Second != 0 || t.Duration != 0 && t.Ticks != 0 {
		return trade.Quote{}, fmt.Errorf("venue: life: got %v and %d ticks, want whole seconds or ticks", t.Duration, t.Ticks)
	}
	q, err := m.client.Quote(ctx, selection(&t, m.currency))
	if err != nil {
		return trade.Quote{}, err
	}
	m.remember(&q)
	out := trade.Quote{
		Terms: t, ID: q.ID, Generation: q.Generation, Ask: trade.Money(q.Ask), Payout: trade.Money(q.Payout), Spot: q.Spot.Float(), At: q.At,
	}
	if t.Kind.Multiplies() {
		out.Payout = 0
	}
	if q.Commission != nil {
		out.Commission = trade.Money(*q.Commission)
	}
	return out, nil
}

// keptQuotes is how many quotes may be bought: one is used at a time.
const keptQuotes = 8

func (m *Market) remember(q *deriv.Quote) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.quotes) == keptQuotes {
		m.quotes = m.quotes[1:]
	}
	m.quotes = append(m.quotes, *q)
}

// quoted finds the venue's form of a quote.
func (m *Market) quoted(q *trade.Quote) (deriv.Quote, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.quotes, func(d deriv.Quote) bool { return d.ID == q.ID && d.Generation == q.Generation })
	if at < 0 {
		return deriv.Quote{}, false
	}
	return m.quotes[at], true
}

func selection(t *trade.Terms, currency string) deriv.Selection {
	s := deriv.Selection{
		Symbol: t.Symbol, ContractType: string(t.Kind), Currency: currency, Amount: deriv.Money(t.Stake), Basis: "stake", Multiplier: t.Multiplier,
	}
	switch {
	case t.Ticks > 0:
		s.Duration, s.DurationUnit = t.Ticks, "t"
	case t.Duration > 0 && t.Duration%time.Minute == 0:
		s.Duration, s.DurationUnit = int(t.Duration/time.Minute), "m"
	case t.Duration > 0:
		s.Duration, s.DurationUnit = int(t.Duration/time.Second), "s"
	}
	if t.StopLoss > 0 || t.TakeProfit > 0 {
		s.LimitOrder = &deriv.LimitOrder{StopLoss: amount(t.StopLoss), TakeProfit: amount(t.TakeProfit)}
	}
	return s
}

func amount(m trade.Money) *deriv.Money {
	if m <= 0 {
		return nil
	}
	return new(deriv.Money(m))
}

// kindOf reads the kind from the front of a shortcode: "CALL_R_10_19.54_…".
func kindOf(shortcode string) trade.Kind {
	kind, _, _ := strings.Cut(shortcode, "_")
	return trade.Kind(kind)
}

package deriv

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"
)

// Client is the market: symbols, offers, ticks, histories and indicative quotes.
// New makes one of the public socket, which needs no account; that of a trading
// socket is part of an Account. Its methods may be called at any time by any
// number of goroutines; they wait for a connection until their deadline.
type Client struct {
	socket  *socket
	cache   *cache
	account func() string // the id of the account, nil on the public socket
}

// New returns a client of the public socket. It connects to nothing: Run does.
func New(opts *Options) (*Client, error) {
	r, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (*websocket.Conn, error) {
		return r.dialSocket(ctx, r.endpoint.publicSocket())
	}
	return newClient(newSocket("public", r, dial)), nil
}

func newClient(s *socket) *Client { return &Client{socket: s, cache: newCache(s)} }

// Run keeps the connection alive until ctx ends, which is no error. It has to be
// called once, and everything else works while it runs.
func (c *Client) Run(ctx context.Context) error { return c.socket.run(ctx) }

// Health says how the connection is.
func (c *Client) Health() Health { return c.socket.health() }

// Now is the venue's time: what every moment that it sends is compared with. It
// is ours before the first connection.
func (c *Client) Now() time.Time { return c.socket.clock.now() }

// Speed is how many of the venue's seconds pass in one of ours: 1, but for a
// simulator.
func (c *Client) Speed() float64 { return c.socket.clock.rate() }

// WaitReady waits until there is a connection and the venue's clock is known. It
// fails when ctx ends, or when Run has.
func (c *Client) WaitReady(ctx context.Context) error {
	_, err := c.socket.current(ctx)
	return err
}

// Connected waits like WaitReady, but fails as soon as an attempt to connect has,
// and says why: for what is done once and not for ever.
func (c *Client) Connected(ctx context.Context) error { return c.socket.attempt(ctx) }

// Time asks for the venue's clock. Now is the better way to know it.
func (c *Client) Time(ctx context.Context) (time.Time, error) {
	a, err := ask[TimeAnswer](ctx, c.socket, TimeRequest{})
	return a.Time.Time(), err
}

// Ping asks for a sign of life.
func (c *Client) Ping(ctx context.Context) error {
	_, err := ask[PingAnswer](ctx, c.socket, PingRequest{})
	return err
}

// ActiveSymbols returns what can be traded. It is kept for ten minutes of the
// venue's; the slice must not be changed.
func (c *Client) ActiveSymbols(ctx context.Context) ([]ActiveSymbol, error) {
	return c.cache.activeSymbols(ctx)
}

// Symbol finds what a name means at this venue; see FindSymbol.
func (c *Client) Symbol(ctx context.Context, name string) (ActiveSymbol, error) {
	symbols, err := c.ActiveSymbols(ctx)
	if err != nil {
		return ActiveSymbol{}, err
	}
	return FindSymbol(name, symbols)
}

// ContractsFor returns what a symbol offers. It is kept for ten minutes of the
// venue's; what it points to must not be changed.
func (c *Client) ContractsFor(ctx context.Context, symbol string) (ContractsFor, error) {
	return c.cache.contractsFor(ctx, symbol)
}

// LastTick returns the newest tick of a symbol.
func (c *Client) LastTick(ctx context.Context, symbol string) (Tick, error) {
	a, err := ask[TickAnswer](ctx, c.socket, TicksRequest{Symbols: Names{symbol}})
	if err == nil && !of(&a.Tick, symbol) {
		err = errOther("ticks", a.Tick.Symbol, symbol)
	}
	return a.Tick, err
}

// Ticks subscribes to the ticks of a symbol: each epoch once, in order, over all
// connections. What was missed while there was none is read from the history. A
// reader that is too slow loses the oldest and is told how many.
func (c *Client) Ticks(ctx context.Context, symbol string) (*Stream[Tick], error) {
	stream := newStream[Tick](c.socket.opts.TickQueue, nil)
	return subscribe(ctx, c.socket, newTickTopic(c.socket, symbol), stream)
}

// fanned is a topic with readers of one type.
type fanned[T any] interface {
	topic
	join(*Stream[T])
	leave(*Stream[T])
}

func subscribe[T any, P fanned[T]](ctx context.Context, s *socket, t P, stream *Stream[T]) (*Stream[T], error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.CallTimeout)
	defer cancel()
	var joined P
	release, err := attach(ctx, s.registry, t, func(t P) {
		joined = t
		t.join(stream)
	})
	if err != nil {
		stream.finish(ErrClosed)
		if any(joined) != any(*new(P)) {
			joined.leave(stream)
		}
		return nil, err
	}
	stream.release = func() {
		joined.leave(stream)
		release()
	}
	return stream, nil
}

// History returns the ticks of a symbol between two moments, both included, the
// oldest first, page by page: at most so many of the newest. Each page has a
// deadline of its own; ctx bounds them all.
func (c *Client) History(ctx context.Context, symbol string, from, to Epoch, most int) ([]Tick, error) {
	if from <= 0 || to < from || most <= 0 {
		return nil, fmt.Errorf("deriv: history: got %d to %d and at most %d, want a beginning, an end not before it, and more than none", from, to, most)
	}
	return c.socket.ticksBetween(ctx, symbol, from, to, most)
}

// Candles returns the newest candles of a symbol, the oldest first. The period is
// one of the venue's: 60 s to a day. At most MaxHistory come.
func (c *Client) Candles(ctx context.Context, symbol string, period time.Duration, count int) ([]Candle, error) {
	seconds := int(period / time.Second)
	if !slices.Contains(granularities, seconds) || count < 1 || count > MaxHistory {
		return nil, fmt.Errorf("deriv: candles: got %d of %v, want 1 to %d of one of the periods %v seconds", count, period, MaxHistory, granularities)
	}
	a, err := ask[HistoryAnswer](ctx, c.socket, TicksHistoryRequest{
		Symbol: symbol, End: "latest", Start: 1, Count: count, Style: "candles", Granularity: seconds, AdjustStart: true,
	})
	return a.Candles, err
}

var granularities = []int{60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400}

// Quote asks for a price. That of the public socket is indicative and cannot be
// bought. What contracts_for does not offer is refused without asking.
func (c *Client) Quote(ctx context.Context, sel Selection) (Quote, error) {
	ctx, cancel := context.WithTimeout(ctx, c.socket.opts.CallTimeout)
	defer cancel()
	if err := c.cache.check(ctx, sel); err != nil {
		return Quote{}, err
	}
	conn, err := c.socket.current(ctx)
	if err != nil {
		return Quote{}, &CallError{Call: "proposal", Err: err}
	}
	a, err := c.socket.callOn(ctx, conn, ProposalRequest{Selection: sel}, nil)
	if err != nil {
		return Quote{}, c.cache.note(sel, err)
	}
	return c.quote(sel, conn.generation, a)
}

func (c *Client) quote(sel Selection, generation uint64, a *Answer) (Quote, error) {
	var body ProposalAnswer
	if err := a.Into(&body); err != nil {
		return Quote{}, err
	}
	q := Quote{Proposal: body.Proposal, Selection: sel, Generation: generation, At: c.Now()}
	if c.account != nil {
		q.Account = c.account()
	}
	return q, nil
}

// Quote is a price, and what it is a price of.
type Quote struct {
	Proposal
	// Selection is what was asked for.
	Selection Selection
	// Account is whose trading socket gave it, empty for the public one. Together
	// with Generation, the connection, it says where alone it can be bought.
	Account    string
	Generation uint64
	// At is when it came, by the venue's clock.
	At time.Time
}

// BreakEven is how often a contract must win so that it costs nothing in the
// long run: price over payout. It is 0 where there is no fixed payout.
func (q *Quote) BreakEven() float64 {
	if q.Payout <= 0 {
		return 0
	}
	return q.Ask.Float() / q.Payout.Float()
}

// Quotes keeps a price warm: its stream has a new one whenever the venue sends
// one, after each reconnection, and after one was bought. The venue does not
// send the constant price of an at-the-money contract again.
func (c *Client) Quotes(ctx context.Context, sel Selection) (*Stream[Quote], error) {
	ctx, cancel := context.WithTimeout(ctx, c.socket.opts.CallTimeout)
	defer cancel()
	if err := c.cache.check(ctx, sel); err != nil {
		return nil, err
	}
	request := ProposalRequest{Selection: sel, Subscribe: true}
	key, err := EncodeRequest(request, 0, nil)
	if err != nil {
		return nil, err
	}
	t := &latestTopic[Quote]{
		name: "proposal " + string(key), stream: "proposal", ask: request, socket: c.socket,
		read: func(generation uint64, a *Answer) (Quote, error) { return c.quote(sel, generation, a) },
	}
	stream, err := subscribe(ctx, c.socket, t, newStream[Quote](1, nil))
	return stream, c.cache.note(sel, err)
}

// errRequest says what is wrong with an argument.
func errRequest(call, got, want string) error {
	return &CallError{Call: call, Err: fmt.Errorf("got %s, want %s", got, want)}
}

// errOther says that an answer is not about what was asked for.
func errOther[T any](call string, got, want T) error {
	return &CallError{Call: call, Sent: true, Err: fmt.Errorf("got an answer about %.40v, want %.40v", got, want)}
}

// parseDuration reads "5t", "15s", "1m", "1h" or "365d".
func parseDuration(text string) (n int, unit string, ok bool) {
	if len(text) < 2 {
		return 0, "", false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	return n, text[len(text)-1:], err == nil
}

package paper

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/karlquant/quasar/trade"
)

var _ trade.Broker = (*Broker)(nil)

// Broker is an account of a market that only pretends. Its methods may be called by
// any number of goroutines. With a feed, Run drives it; without one, whoever plays the
// market calls Hear for each tick and Events for what came of it, and all happens in
// that goroutine.
type Broker struct {
	trade.Market
	opts    Options
	account trade.Account
	wake    chan struct{} // there are events

	mu     sync.Mutex // guards what is below
	book   *book
	quotes []trade.Quote // the newest, which may be bought
	events []trade.Event
	heard  map[string]*heard
	down   bool // the market's connection is lost
	used   bool // something was bought
}

// New returns an account of a market. It starts nothing.
func New(market trade.Market, opts *Options) (*Broker, error) {
	o, err := opts.filled()
	if err != nil {
		return nil, err
	}
	b := &Broker{
		Market: market, opts: o, book: newBook(o.Opening), heard: make(map[string]*heard), wake: make(chan struct{}, 1),
		account: trade.Account{Mode: trade.Paper, ID: "paper", Currency: o.Currency, Venue: o.Venue},
	}
	if o.Feed == nil {
		b.say(trade.Event{Connected: 1}) // what is played is always there
	}
	return b, nil
}

// Account is what is traded on.
func (b *Broker) Account() trade.Account { return b.account }

// Errors of buys, sells and questions.
var (
	errUsed   = errors.New("the account has traded already")
	errQuote  = errors.New("the quote is not of this account, was used, or is too old")
	errFunds  = errors.New("the balance is too low")
	errMoved  = errors.New("the price has moved too much since the quote")
	errChance = errors.New("refused, as a venue refuses some")
	errDown   = errors.New("the market is not connected")
	errNone   = errors.New("there is no such contract")
	errResale = errors.New("it cannot be sold now")
)

// Restore takes over what the journal of a trader says of the account. It has to be
// called before anything is bought. Contracts that are open go on with what the feed
// has of the time since.
func (b *Broker) Restore(l *trade.Ledger) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.used:
		return fmt.Errorf("paper: restore: %w", errUsed)
	case l.Seq == 0:
		return nil
	case l.Account.Mode != trade.Paper:
		return fmt.Errorf("paper: restore: got a journal of a %s account, want one of paper", l.Account.Mode)
	}
	b.book = newBook(0)
	b.book.restore(l)
	for symbol := range b.book.open {
		b.feed(symbol).behind = true
	}
	return nil
}

// Quote asks the market for a price. It can be bought once.
func (b *Broker) Quote(ctx context.Context, t trade.Terms) (trade.Quote, error) {
	q, err := b.Market.Quote(ctx, t)
	if err != nil {
		return q, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.quotes) == keptQuotes {
		b.quotes = b.quotes[1:]
	}
	b.quotes = append(b.quotes, q)
	return q, nil
}

// keptQuotes is how many quotes may be bought: one is used at a time.
const keptQuotes = 8

// Buy buys what was quoted, as it would be on arrival: the contract begins with the
// first tick after that. It does not wait for it.
func (b *Broker) Buy(ctx context.Context, q *trade.Quote) (trade.Receipt, error) {
	now := b.Now()
	tick, _ := b.Tick(q.Symbol)
	connected := b.Health().Connected
	b.mu.Lock()
	defer b.mu.Unlock()
	good := b.takeQuote(q, now)
	switch {
	case ctx.Err() != nil:
		return reject("NotSent", ctx.Err())
	case !connected || b.down:
		return reject("NotSent", errDown)
	case !good:
		return reject("StaleQuote", errQuote)
	case q.Ask > b.book.balance:
		return reject("InsufficientBalance", errFunds)
	case b.moved(q, tick.Price):
		return reject("PriceMoved", errMoved)
	case b.unlucky(q, now):
		return reject("TradeTemporarilyUnavailable", errChance)
	}
	return b.buy(q, now), nil
}

func reject(code string, err error) (trade.Receipt, error) {
	return trade.Receipt{}, &trade.Rejection{Code: code, Err: err}
}

// takeQuote takes a quote out of those that may be bought, and tells whether it was
// one. b.mu must be held.
func (b *Broker) takeQuote(q *trade.Quote, now time.Time) bool {
	at := slices.IndexFunc(b.quotes, func(k trade.Quote) bool { return k.ID == q.ID && k.Generation == q.Generation && k.Terms == q.Terms })
	if at < 0 {
		return false
	}
	good := b.quotes[at] == *q && now.Sub(q.At) <= b.opts.QuoteLife
	b.quotes = slices.Delete(b.quotes, at, at+1)
	return good
}

// moved tells whether the price is too far from that of the quote. One that is not
// known is.
func (b *Broker) moved(q *trade.Quote, price float64) bool {
	return b.opts.MaxMove > 0 && !(math.Abs(price/q.Spot-1) <= b.opts.MaxMove)
}

// unlucky draws whether a buy is refused, by what it is and when: so the draw is the
// same after a restart.
func (b *Broker) unlucky(q *trade.Quote, now time.Time) bool {
	h := fnv.New64a()
	fmt.Fprint(h, q.Symbol, q.Kind, q.ID, now.UnixNano())
	return rand.New(rand.NewPCG(b.opts.Seed, h.Sum64())).Float64() < b.opts.Rejected
}

// buy opens the contract. b.mu must be held.
func (b *Broker) buy(q *trade.Quote, now time.Time) trade.Receipt {
	start := now.Add(max(0, b.opts.Latency))
	c := &contract{terms: q.Terms, commission: q.Commission, Contract: trade.Contract{
		Symbol: q.Symbol, Kind: q.Kind, Price: q.Ask, Payout: q.Payout, Purchased: start, Expiry: expiry(q, start),
		Shortcode: shortcode(&q.Terms, q.Payout, start),
	}}
	m := b.book.buy(c)
	b.used = true
	b.say(trade.Event{Movement: &m})
	if b.opts.Feed != nil {
		b.opts.Feed.Watch(c.Symbol)
	}
	return trade.Receipt{
		Contract: c.ID, Transaction: c.Transaction, Price: c.Price, Payout: c.Payout, Balance: b.book.balance,
		Purchased: start, Expiry: c.Expiry, Shortcode: c.Shortcode,
	}
}

// slowestTick is the longest interval of an index that is known.
const slowestTick = 2 * time.Second

// expiry is when a contract ends by itself at the latest, zero for never.
func expiry(q *trade.Quote, start time.Time) time.Time {
	switch {
	case q.Ticks > 0:
		return start.Add(time.Duration(q.Ticks+2) * slowestTick)
	case q.Duration > 0:
		return start.Add(q.Duration)
	}
	return time.Time{}
}

// Sell sells a contract with the first tick after the sell arrives. Only one that
// multiplies can be sold.
func (b *Broker) Sell(_ context.Context, contract int64) error {
	now := b.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.book.byID[contract]
	switch {
	case c == nil:
		return refuse("ContractNotFound", contract, errNone)
	case !c.sellable():
		return refuse("ResaleNotOffered", contract, errResale)
	}
	if c.selling.IsZero() {
		c.selling = now.Add(max(0, b.opts.Latency))
	}
	return nil
}

func refuse(code string, contract int64, err error) error {
	return &trade.Rejection{Code: code, Err: fmt.Errorf("contract %d: %w", contract, err)}
}

// Record is what is on record of the account now.
func (b *Broker) Record(_ context.Context, since time.Time) (*trade.Record, error) {
	now := b.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.book.record(now, since), nil
}

// Contract tells what became of a contract.
func (b *Broker) Contract(_ context.Context, id int64) (trade.Contract, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.book.byID[id]
	if c == nil {
		return trade.Contract{}, refuse("ContractNotFound", id, errNone)
	}
	return *c.told(), nil
}

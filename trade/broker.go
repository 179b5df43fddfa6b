package trade

import (
	"context"
	"errors"
	"time"
)

// Market is what is for sale, and at what price.
type Market interface {
	// Now is the broker's clock, by which everything is timed.
	Now() time.Time
	// Health is how well it is heard.
	Health() Health
	// Instrument says what can be traded of an asset that a space is named after.
	// ErrNotTraded is for a name that means nothing to the venue.
	Instrument(ctx context.Context, asset string) (Instrument, error)
	// Quote asks for a price, good for a moment.
	Quote(ctx context.Context, t Terms) (Quote, error)
	// Tick is the newest price of a symbol that was quoted or watched; false before
	// the first.
	Tick(symbol string) (Tick, bool)
}

// Broker is an account on a market.
type Broker interface {
	Market
	Account() Account
	// Buy buys what was quoted, for no more than its ask. It is sent once, or not at
	// all. An error that is ErrRejected means that there is no contract; after every
	// other error there may be one.
	Buy(ctx context.Context, q *Quote) (Receipt, error)
	// Sell sells a contract for what it brings. Also sent once. An error that is
	// ErrRejected means that it was not sold.
	Sell(ctx context.Context, contract int64) error
	// Record asks the venue what it has on record, on a connection that was made
	// after the call: the balance, what is open, and all movements since a time.
	Record(ctx context.Context, since time.Time) (*Record, error)
	// Contract asks what became of one contract.
	Contract(ctx context.Context, id int64) (Contract, error)
	// Run keeps the account connected until ctx ends, and tells what happens to it.
	// One goroutine calls tell, which must not wait for the broker.
	Run(ctx context.Context, tell func(Event)) error
}

// Restorer is a Broker whose account is nowhere but in the journal. A trader restores
// it when it opens the journal, before all else.
type Restorer interface {
	Restore(l *Ledger) error
}

// Errors of brokers. ErrRejected wraps what the venue said.
var (
	ErrRejected  = errors.New("rejected")
	ErrNotTraded = errors.New("never traded")
)

// Rejection is ErrRejected with the venue's reason.
type Rejection struct {
	// Code is the venue's: "InsufficientBalance", "PriceMoved".
	Code string
	Err  error
}

func (r *Rejection) Error() string { return r.Err.Error() }

// Unwrap makes a Rejection ErrRejected, and what the venue said.
func (r *Rejection) Unwrap() []error { return []error{ErrRejected, r.Err} }

// Receipt is what the venue gives for a buy.
type Receipt struct {
	Contract    int64     `json:"contract"`
	Transaction int64     `json:"transaction"`
	Price       Money     `json:"price"`
	Payout      Money     `json:"payout,omitzero"`
	Balance     Money     `json:"balance"`
	Purchased   time.Time `json:"purchased"`
	// Expiry is when it ends by itself, zero for not known or never.
	Expiry time.Time `json:"expiry,omitzero"`
	// Shortcode describes the contract in the venue's own form.
	Shortcode string `json:"shortcode,omitempty"`
}

// Contract is a contract as the venue has it.
type Contract struct {
	ID          int64     `json:"id"`
	AppID       int64     `json:"app_id,omitzero"`
	Symbol      string    `json:"symbol,omitempty"`
	Kind        Kind      `json:"kind,omitempty"`
	Transaction int64     `json:"transaction,omitzero"` // of the buy
	Price       Money     `json:"price"`
	Payout      Money     `json:"payout,omitzero"`
	Purchased   time.Time `json:"purchased,omitzero"`
	Expiry      time.Time `json:"expiry,omitzero"`
	Shortcode   string    `json:"shortcode,omitempty"`
	// Bid is what it would bring now, nil for not known; Sellable tells whether it can
	// be sold.
	Bid      *Money `json:"bid,omitempty"`
	Sellable bool   `json:"sellable,omitzero"`
	// Settlement is how it ended, nil while it is open.
	Settlement *Settlement `json:"settlement,omitempty"`
}

// Result is how a contract ended.
type Result string

// The results.
const (
	Won       Result = "won"
	Lost      Result = "lost"
	Sold      Result = "sold"
	Cancelled Result = "cancelled"
)

// Settlement is the end of a contract.
type Settlement struct {
	Result Result `json:"result"`
	// Transaction is that of the sell, which each settlement has, also a lost one;
	// 0 where the venue has not told it yet.
	Transaction int64 `json:"transaction,omitzero"`
	// Brought is what was paid out, 0 for a lost one.
	Brought Money     `json:"brought"`
	At      time.Time `json:"at"`
	// Entry and Exit are the prices that decided, nil where they are not known.
	Entry *float64 `json:"entry,omitempty"`
	Exit  *float64 `json:"exit,omitempty"`
}

// Movement is one row of the venue's statement.
type Movement struct {
	Transaction int64 `json:"transaction"`
	// Action is "buy", "sell", "deposit", "withdrawal" or what else the venue says.
	Action   string    `json:"action"`
	Amount   Money     `json:"amount"` // below 0 for what went out
	Balance  Money     `json:"balance"`
	Contract int64     `json:"contract,omitzero"`
	AppID    int64     `json:"app_id,omitzero"`
	At       time.Time `json:"at"`
}

// Record is what a venue has on record of an account at one moment.
type Record struct {
	At      time.Time
	Balance Money
	// Open are the open contracts of everybody, Closed those that ended since.
	Open, Closed []Contract
	// Movements are all since, the oldest first.
	Movements []Movement
}

// Event is something that happened at a broker. One of its fields is set.
type Event struct {
	// Connected counts connections: the account is there, and what was known of it
	// may be out of date. 0 is none.
	Connected uint64
	// Lost says why the connection is gone.
	Lost error
	// Contract is how a contract is now.
	Contract *Contract
	// Movement is a change of the balance as it happens.
	Movement *Movement
}

package trade

import (
	"slices"
	"time"
)

// Ledger is what the entries of a journal add up to. It is not safe for concurrent
// use.
type Ledger struct {
	// Account, Opening and Watermark are what the journal began with; Watermark rises
	// to the highest transaction that is known.
	Account   Account
	Opening   Money
	OpenedAt  time.Time
	Watermark int64
	// Adjusted is what moved the balance and is no contract of ours.
	Adjusted Money
	// Halt is why nothing is bought, nil for no halt.
	Halt *Halted
	// HaltedAt is since when.
	HaltedAt time.Time
	// Foreign are the open contracts of other apps, as they last were.
	Foreign []Contract
	// Reconciled is when journal and venue last agreed, Accounted the highest
	// transaction that was taken into account then.
	Reconciled time.Time
	Accounted  int64
	// Started is when the newest process began to trade.
	Started time.Time
	// Seq is the newest entry's number, At its time.
	Seq int64
	At  time.Time

	orders []*Order // in the order of their first entry
	active []*Order // of them: unresolved, or with a live contract
	earned Money    // what contracts brought, less what they cost
	before int64    // the watermark that it opened with

	tightened bool // while the newest process ran, or the one before it if none began yet

	past history

	byID      map[string]*Order
	contracts map[int64]*Order
	sells     map[int64]bool  // transactions that settled an order
	decisions map[string]bool // of intents
	refused   []*Entry        // the newest refusals, the newest last
}

// NewLedger returns a ledger of no entries.
func NewLedger() *Ledger {
	return &Ledger{
		byID: make(map[string]*Order), contracts: make(map[int64]*Order),
		sells: make(map[int64]bool), decisions: make(map[string]bool),
	}
}

// Orders are all orders, the oldest first. The slice and its orders are the ledger's
// own.
func (l *Ledger) Orders() []*Order { return l.orders }

// Order returns an order by its name, nil for none.
func (l *Ledger) Order(id string) *Order { return l.byID[id] }

// ByContract returns the order that a contract belongs to, nil for none.
func (l *Ledger) ByContract(id int64) *Order { return l.contracts[id] }

// Decided tells whether there is an intent of a decision.
func (l *Ledger) Decided(decision string) bool { return l.decisions[decision] }

// Unresolved is the order of which nobody knows whether it was bought, nil for none.
// A trader leaves at most one.
func (l *Ledger) Unresolved() *Order {
	at := slices.IndexFunc(l.active, func(o *Order) bool { return o.State.Unresolved() })
	if at < 0 {
		return nil
	}
	return l.active[at]
}

// Active are the orders that are unresolved or have a contract that has not ended, the
// oldest first.
func (l *Ledger) Active() []*Order { return slices.Clone(l.active) }

// Live are the orders with a contract that has not ended, the oldest first.
func (l *Ledger) Live() []*Order {
	return slices.DeleteFunc(slices.Clone(l.active), func(o *Order) bool { return !o.State.Live() })
}

// Refused are the newest refusals, the newest last.
func (l *Ledger) Refused() []*Entry { return l.refused }

// Balance is what the account should have: what it began with, what the orders
// brought and cost, and what was adjusted. An order without an answer counts as not
// bought.
func (l *Ledger) Balance() Money { return l.Opening + l.Adjusted + l.earned }

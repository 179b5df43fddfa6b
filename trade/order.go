package trade

import (
	"strconv"
	"time"
)

// State is how far an order has come.
type State string

// The states. An order is Planned, Sent, Open and Settled, in this order, or leaves:
// it is Rejected where the venue said no, Unknown where nobody knows whether it was
// bought (and becomes Open or Abandoned when the venue's record tells), and Abandoned
// where it was never sent or never bought. An Orphan is a contract that no intent
// explains; it ends Settled.
const (
	StatePlanned   State = "PLANNED"
	StateSent      State = "SENT"
	StateOpen      State = "OPEN"
	StateSettled   State = "SETTLED"
	StateRejected  State = "REJECTED"
	StateUnknown   State = "UNKNOWN"
	StateAbandoned State = "ABANDONED"
	StateOrphan    State = "ORPHAN"
)

// States are all states, in the order in which an order may have them.
var States = []State{StatePlanned, StateSent, StateUnknown, StateOpen, StateOrphan, StateSettled, StateRejected, StateAbandoned}

// Unresolved tells whether there may be a contract of which nothing is on record.
func (s State) Unresolved() bool {
	return s == StatePlanned || s == StateSent || s == StateUnknown
}

// Live tells whether there is a contract that has not ended.
func (s State) Live() bool { return s == StateOpen || s == StateOrphan }

// Order is an intent and what became of it, or an orphan.
type Order struct {
	// Intent is nil of an orphan, Orphan of everything else.
	Intent *Intent   `json:"intent,omitempty"`
	Orphan *Contract `json:"orphan,omitempty"`
	State  State     `json:"state"`
	// Sent is when the buy left, zero for never.
	Sent time.Time `json:"sent,omitzero"`
	// Receipt is there from Open on, Settlement once it is Settled.
	Receipt    *Receipt    `json:"receipt,omitempty"`
	Settlement *Settlement `json:"settlement,omitempty"`
	// Reason is why it was rejected, unknown or abandoned.
	Reason string `json:"reason,omitempty"`
	// Changed is when the state began.
	Changed time.Time `json:"changed"`
}

// ID names the order: the intent's name, or that of the orphan's contract.
func (o *Order) ID() string {
	if o.Intent != nil {
		return o.Intent.ID
	}
	return "orphan-" + strconv.FormatInt(o.Orphan.ID, 10)
}

// Contract is the number of the order's contract, 0 while there is none.
func (o *Order) Contract() int64 {
	switch {
	case o.Receipt != nil:
		return o.Receipt.Contract
	case o.Orphan != nil:
		return o.Orphan.ID
	}
	return 0
}

// Price is what was paid, or may have been: of an order without a receipt the most
// that it could have cost.
func (o *Order) Price() Money {
	switch {
	case o.Receipt != nil:
		return o.Receipt.Price
	case o.Orphan != nil:
		return o.Orphan.Price
	}
	return o.Intent.Most
}

// Payout is what it pays if it wins, as far as that is known.
func (o *Order) Payout() Money {
	switch {
	case o.Receipt != nil && o.Receipt.Payout > 0:
		return o.Receipt.Payout
	case o.Orphan != nil:
		return o.Orphan.Payout
	case o.Intent != nil:
		return o.Intent.Quote.Payout
	}
	return 0
}

// Profit is what a settled order brought less what it cost, 0 before.
func (o *Order) Profit() Money {
	if o.Settlement == nil {
		return 0
	}
	return o.Settlement.Brought - o.Price()
}

// Asset is the space whose signal it followed, "" of an orphan.
func (o *Order) Asset() string {
	if o.Intent == nil {
		return ""
	}
	return o.Intent.Signal.Asset
}

// Symbol is the index that it is on.
func (o *Order) Symbol() string {
	if o.Intent == nil {
		return o.Orphan.Symbol
	}
	return o.Intent.Quote.Symbol
}

// Kind is the kind of its contract.
func (o *Order) Kind() Kind {
	if o.Intent == nil {
		return o.Orphan.Kind
	}
	return o.Intent.Quote.Kind
}

// Expiry is when its contract ends by itself; zero for never, or not known.
func (o *Order) Expiry() time.Time {
	switch {
	case o.Receipt != nil:
		return o.Receipt.Expiry
	case o.Orphan != nil:
		return o.Orphan.Expiry
	}
	return time.Time{}
}

package app

import (
	"strconv"
	"time"

	"github.com/karlquant/quasar/trade"
)

// orderLine is an order as --json and CSV have it. What is not known, or not yet, is
// null, and empty in CSV.
type orderLine struct {
	Account    trade.Mode    `json:"account"`
	Intent     string        `json:"intent"`
	Decision   *string       `json:"decision"`
	ContractID *int64        `json:"contract_id"`
	State      trade.State   `json:"state"`
	Asset      *string       `json:"asset"`
	Symbol     string        `json:"symbol"`
	Side       trade.Side    `json:"side"`
	Kind       trade.Kind    `json:"kind"`
	Stake      *trade.Money  `json:"stake"`
	Most       *trade.Money  `json:"most"`
	Price      *trade.Money  `json:"price"`
	Payout     *trade.Money  `json:"payout"`
	Result     *trade.Result `json:"result"`
	Brought    *trade.Money  `json:"brought"`
	Profit     *trade.Money  `json:"profit"`
	Reason     *string       `json:"reason"`
	DecidedAt  *time.Time    `json:"decided_at"`
	SentAt     *time.Time    `json:"sent_at"`
	BoughtAt   *time.Time    `json:"bought_at"`
	ExpiresAt  *time.Time    `json:"expires_at"`
	SettledAt  *time.Time    `json:"settled_at"`
	ChangedAt  *time.Time    `json:"changed_at"`
	BuyID      *int64        `json:"buy_transaction"`
	SellID     *int64        `json:"sell_transaction"`
}

func newOrderLine(mode trade.Mode, o *trade.Order) *orderLine {
	line := &orderLine{
		Account: mode, Intent: o.ID(), ContractID: notZero(o.Contract()), State: o.State, Asset: notZero(o.Asset()), Symbol: o.Symbol(),
		Side: o.Kind().Side(), Kind: o.Kind(), Payout: notZero(o.Payout()), Reason: notZero(o.Reason),
		DecidedAt: inUTC(decidedAt(o)), SentAt: inUTC(o.Sent), ExpiresAt: inUTC(o.Expiry()), ChangedAt: inUTC(o.Changed),
	}
	if in := o.Intent; in != nil {
		line.Decision, line.Stake, line.Most = notZero(in.Signal.Decision), &in.Quote.Stake, &in.Most
	}
	switch {
	case o.Receipt != nil:
		line.Price, line.BoughtAt, line.BuyID = &o.Receipt.Price, inUTC(o.Receipt.Purchased), notZero(o.Receipt.Transaction)
	case o.Orphan != nil:
		line.Price, line.BoughtAt, line.BuyID = &o.Orphan.Price, inUTC(o.Orphan.Purchased), notZero(o.Orphan.Transaction)
	}
	if s := o.Settlement; s != nil {
		profit := o.Profit()
		line.Result, line.Brought, line.Profit = &s.Result, &s.Brought, &profit
		line.SettledAt, line.SellID = inUTC(s.At), notZero(s.Transaction)
	}
	return line
}

func notZero[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func inUTC(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// csvColumns are the columns of an export, by the names of JSON.
var csvColumns = []struct {
	name string
	cell func(l *orderLine) string
}{
	{"account", func(l *orderLine) string { return cellText(&l.Account) }},
	{"intent", func(l *orderLine) string { return cellText(&l.Intent) }},
	{"decision", func(l *orderLine) string { return cellText(l.Decision) }},
	{"contract_id", func(l *orderLine) string { return cellInt(l.ContractID) }},
	{"state", func(l *orderLine) string { return cellText(&l.State) }},
	{"asset", func(l *orderLine) string { return cellText(l.Asset) }},
	{"symbol", func(l *orderLine) string { return cellText(&l.Symbol) }},
	{"side", func(l *orderLine) string { return l.Side.String() }},
	{"kind", func(l *orderLine) string { return cellText(&l.Kind) }},
	{"stake", func(l *orderLine) string { return cellMoney(l.Stake) }},
	{"most", func(l *orderLine) string { return cellMoney(l.Most) }},
	{"price", func(l *orderLine) string { return cellMoney(l.Price) }},
	{"payout", func(l *orderLine) string { return cellMoney(l.Payout) }},
	{"result", func(l *orderLine) string { return cellText(l.Result) }},
	{"brought", func(l *orderLine) string { return cellMoney(l.Brought) }},
	{"profit", func(l *orderLine) string { return cellMoney(l.Profit) }},
	{"reason", func(l *orderLine) string { return cellText(l.Reason) }},
	{"decided_at", func(l *orderLine) string { return cellTime(l.DecidedAt) }},
	{"sent_at", func(l *orderLine) string { return cellTime(l.SentAt) }},
	{"bought_at", func(l *orderLine) string { return cellTime(l.BoughtAt) }},
	{"expires_at", func(l *orderLine) string { return cellTime(l.ExpiresAt) }},
	{"settled_at", func(l *orderLine) string { return cellTime(l.SettledAt) }},
	{"changed_at", func(l *orderLine) string { return cellTime(l.ChangedAt) }},
	{"buy_transaction", func(l *orderLine) string { return cellInt(l.BuyID) }},
	{"sell_transaction", func(l *orderLine) string { return cellInt(l.SellID) }},
}

func cellInt(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func cellMoney(m *trade.Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

func cellTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

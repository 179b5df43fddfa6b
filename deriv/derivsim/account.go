package derivsim

import (
	"cmp"
	"maps"
	"slices"

	"github.com/karlquant/quasar/deriv"
)

// account is the ledger of one account. Its balance is its opening one and all
// movements since, to the unit.
type account struct {
	Account
	balance   deriv.Money
	opening   deriv.Money // before the oldest movement that is kept
	movements []movement  // the oldest first
	contracts map[deriv.ContractID]*contract
	open      []*contract
	ended     []*contract // the oldest first

	rows        *ledgerBudget
	connections int // those that were let in
	sessions    map[*session]bool
}

// movement is one change of the balance.
type movement struct {
	id       deriv.TransactionID
	action   string
	amount   deriv.Money
	balance  deriv.Money // after it
	at       int64       // epoch
	app      int64
	contract *contract // nil of deposits and withdrawals
}

const (
	// maxMovements and maxEnded are how much of the past is kept.
	maxMovements = 400_000
	maxEnded     = 200_000
)

func newAccount(a Account, b *deriv.Budgets) *account {
	return &account{Account: a, rows: newLedgerBudget(b), balance: a.Balance, opening: a.Balance, contracts: make(map[deriv.ContractID]*contract), sessions: make(map[*session]bool)}
}

// move changes the balance and tells all who listen.
func (s *Sim) move(a *account, action string, amount deriv.Money, app int64, c *contract) deriv.TransactionID {
	a.balance += amount
	m := movement{s.ids.nextTransaction(), action, amount, a.balance, s.at / second, app, c}
	a.movements = append(a.movements, m)
	if len(a.movements) > maxMovements {
		a.opening = a.movements[maxMovements/4-1].balance
		a.movements = slices.Clone(a.movements[maxMovements/4:])
	}
	s.notices = append(s.notices, func() { s.tellMovement(a, &m) })
	return m.id
}

// tellMovement sends it to the streams of transactions and of the balance.
func (s *Sim) tellMovement(a *account, m *movement) {
	for c := range a.sessions {
		if stream := c.keys["transaction"]; stream != nil {
			stream.send("transaction", encode(deriv.TransactionAnswer{Transaction: m.transaction(a, stream.id)}))
		}
		if stream := c.keys["balance"]; stream != nil {
			stream.send("balance", encode(deriv.BalanceAnswer{Balance: deriv.Balance{Amount: m.balance, Currency: a.Currency}}))
		}
	}
}

func (m *movement) transaction(a *account, stream string) deriv.Transaction {
	t := deriv.Transaction{
		Action: m.action, Amount: m.amount, Balance: m.balance, Currency: a.Currency, Stream: stream,
		ID: m.id, Time: deriv.Epoch(m.at),
	}
	if c := m.contract; c != nil {
		t.Contract, t.Expiry, t.Longcode, t.Symbol = c.id, c.expiry, c.longcode(), c.Symbol
		if m.action == "sell" {
			t.Purchased = c.bought
		}
	}
	return t
}

func (m *movement) row(description bool) deriv.Movement {
	r := deriv.Movement{
		Action: m.action, Amount: m.amount, AppID: m.app, BalanceAfter: m.balance, Transaction: m.id, Time: deriv.Epoch(m.at),
	}
	c := m.contract
	if c == nil {
		return r
	}
	r.Contract, r.Payout = c.id, new(c.payout)
	if m.action == "sell" {
		r.Purchased, r.Reference = c.bought, c.buyTransaction
	}
	if description {
		r.Shortcode = new(c.shortcode)
	}
	return r
}

// inOrder are all contracts that are kept, in the order of their purchase.
func (a *account) inOrder() []*contract {
	list := slices.AppendSeq(make([]*contract, 0, len(a.contracts)), maps.Values(a.contracts))
	slices.SortFunc(list, func(x, y *contract) int { return cmp.Compare(x.id, y.id) })
	return list
}

// archive takes a contract from the open ones to the ended ones.
func (a *account) archive(c *contract) {
	a.open = slices.DeleteFunc(a.open, func(o *contract) bool { return o == c })
	a.ended = append(a.ended, c)
	if len(a.ended) > maxEnded {
		for _, old := range a.ended[:maxEnded/4] {
			delete(a.contracts, old.id)
		}
		a.ended = slices.Clone(a.ended[maxEnded/4:])
	}
}

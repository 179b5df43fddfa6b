package derivsim

import (
	"fmt"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// Ledger is everything that happened to one account, as the venue itself knows
// it: what a client's view, a journal or a bot's books are held against. It is a
// copy, of one moment.
type Ledger struct {
	// Account is what the account was opened with.
	Account Account
	// Opening is the balance before the first of Movements, Balance that after the
	// last. They are all that there were up to 400,000; then the oldest go.
	Opening, Balance deriv.Money
	Movements        []Movement
	// Contracts are the open ones and, of those that have ended, the newest 200,000
	// or so, in the order in which they were bought.
	Contracts []Contract
}

// Movement is one change of the balance.
type Movement struct {
	ID deriv.TransactionID
	// Action is "buy", "sell", "deposit" or "withdrawal"; Amount is below 0 for
	// what is taken from the account.
	Action          string
	Amount, Balance deriv.Money
	At              time.Time
	// App is 0 and Contract 0 for deposits and withdrawals.
	App      int64
	Contract deriv.ContractID
}

// Contract is one that was bought on an account.
type Contract struct {
	ID deriv.ContractID
	// App is that of whoever bought it, as AppID makes it of the header.
	App int64
	// Injected is true if no client bought it, but a fault.
	Injected  bool
	Selection deriv.Selection
	Shortcode string
	Status    deriv.Status
	// Price is what was paid, Brought what came back: 0 while it is open.
	Price, Brought deriv.Money
	// Buy and Sell are the transactions; Sell is 0 and Ended zero while it is open.
	Buy, Sell     deriv.TransactionID
	Bought, Ended time.Time
}

// Totals add contracts up.
type Totals struct {
	Contracts, Open int
	Paid, Brought   deriv.Money
}

// AppID is the number that contracts carry for an app. An id that is no number
// gets one that is made from its letters.
func AppID(text string) int64 { return appID(text) }

// Ledger returns that of an account, and an error if there is none of that id.
func (s *Sim) Ledger(id string) (*Ledger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byID[id]
	if a == nil {
		return nil, fmt.Errorf("derivsim: ledger: got the account %.40q, want one that is there", id)
	}
	s.advance()
	l := &Ledger{Account: a.Account, Opening: a.opening, Balance: a.balance}
	for i := range a.movements {
		l.Movements = append(l.Movements, a.movements[i].public())
	}
	for _, c := range a.inOrder() {
		l.Contracts = append(l.Contracts, c.public())
	}
	return l, nil
}

func (m *movement) public() Movement {
	p := Movement{ID: m.id, Action: m.action, Amount: m.amount, Balance: m.balance, At: time.Unix(m.at, 0).UTC(), App: m.app}
	if m.contract != nil {
		p.Contract = m.contract.id
	}
	return p
}

func (c *contract) public() Contract {
	p := Contract{
		ID: c.id, App: c.app, Injected: c.injected, Selection: c.Selection, Shortcode: c.shortcode, Status: c.status,
		Price: c.stake, Brought: c.sold, Buy: c.buyTransaction, Sell: c.sellTransaction, Bought: c.bought.Time().UTC(),
	}
	if c.status != deriv.Open {
		p.Ended = c.soldAt.Time().UTC()
	}
	return p
}

// Of returns the contracts of an app, in their order.
func (l *Ledger) Of(app int64) (list []Contract) {
	for _, c := range l.Contracts {
		if c.App == app {
			list = append(list, c)
		}
	}
	return list
}

// Total adds contracts up.
func Total(list []Contract) Totals {
	var t Totals
	for i := range list {
		t.Contracts++
		if list[i].Status == deriv.Open {
			t.Open++
		}
		t.Paid += list[i].Price
		t.Brought += list[i].Brought
	}
	return t
}

// Check says what in the ledger does not add up: nothing ever, unless the
// simulator is wrong.
func (l *Ledger) Check() error {
	balance := l.Opening
	last := deriv.TransactionID(0)
	amounts := make(map[deriv.TransactionID]deriv.Money)
	for _, m := range l.Movements {
		if balance += m.Amount; m.Balance != balance || balance < 0 || m.ID <= last {
			return fmt.Errorf("derivsim: ledger: got movement %+v after %d, want a balance of %v", m, last, balance)
		}
		last, amounts[m.ID] = m.ID, m.Amount
	}
	if balance != l.Balance {
		return fmt.Errorf("derivsim: ledger: got a balance of %v, want all movements: %v", l.Balance, balance)
	}
	return l.checkContracts(amounts)
}

// checkContracts wants each contract's buy and sell among the movements.
func (l *Ledger) checkContracts(amounts map[deriv.TransactionID]deriv.Money) error {
	for i := range l.Contracts {
		c := &l.Contracts[i]
		paid, wasPaid := amounts[c.Buy]
		brought, hasBrought := amounts[c.Sell]
		old := len(l.Movements) > 0 && c.Buy < l.Movements[0].ID
		switch {
		case !old && (!wasPaid || paid != -c.Price), hasBrought && brought != c.Brought, !old && hasBrought == (c.Status == deriv.Open):
			return fmt.Errorf("derivsim: ledger: got contract %+v, want its buy and its sell among the movements: %v and %v", *c, paid, brought)
		}
	}
	return nil
}

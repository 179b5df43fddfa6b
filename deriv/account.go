package deriv

import (
	"context"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// Account trades on one account. What it quotes can be bought, on the connection
// that quoted it. Buys and sells are sent once and never again: OutcomeOf says
// what their error means.
type Account struct {
	*Client
	rest *rest
	kind AccountKind
	apps *appID
	turn turn // had while a fresh connection is open

	mu   sync.Mutex // guards what follows
	info AccountInfo
	used map[string]bool // proposals of this connection that a buy was sent for
	on   uint64          // that connection
}

// NewAccount returns a client of a trading socket: a demo account's, unless
// Options.RealMoney. It connects to nothing: Run does, which ends with an error
// when the venue refuses the token or the account is of another kind.
func NewAccount(opts *Options) (*Account, error) {
	r, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	if err := r.credentials(); err != nil {
		return nil, err
	}
	a := newAccount(string(r.kind()), r)
	a.rest = &rest{opts: r, limit: a.socket.limit}
	a.apps = newAppID(r.AppID)
	return a, nil
}

func newAccount(name string, r *resolved) *Account {
	a := &Account{kind: r.kind(), turn: newTurn(), used: make(map[string]bool)}
	s := newSocket(name, r, a.dial)
	s.halts = true
	a.Client = newClient(s)
	a.Client.account = func() string { return a.Info().ID }
	return a
}

// dial asks for a URL that is good for one connection, and uses it up. The kind
// of the account is asked for anew each time, and the URL checked.
func (a *Account) dial(ctx context.Context) (*websocket.Conn, error) {
	token, err := a.rest.token(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := a.rest.accounts(ctx, token)
	if err != nil {
		return nil, err
	}
	info, err := pick(accounts, a.socket.opts.Account, a.kind)
	if err != nil {
		return nil, err
	}
	address, err := a.rest.socketURL(ctx, token, info.ID, a.kind)
	if err != nil {
		return nil, err
	}
	ws, err := a.socket.opts.dialSocket(ctx, address)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.info = info
	a.mu.Unlock()
	return ws, nil
}

// Kind is demo or real.
func (a *Account) Kind() AccountKind { return a.kind }

// Info is the account as it was at the last connection; zero before the first.
func (a *Account) Info() AccountInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.info
}

// Accounts asks for all accounts of the token.
func (a *Account) Accounts(ctx context.Context) ([]AccountInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, a.socket.opts.CallTimeout)
	defer cancel()
	token, err := a.rest.token(ctx)
	if err != nil {
		return nil, err
	}
	return a.rest.accounts(ctx, token)
}

// Buy buys what was quoted, for at most that price. It is sent once, on the
// connection of the quote, or not at all: a quote of another account, another
// connection or the public socket, and one that a buy was sent for, is
// ErrStaleQuote. An error is NotMade or Unknown by OutcomeOf; Unknown wants the
// venue's record read, and no second try.
func (a *Account) Buy(ctx context.Context, q Quote, most Money) (Bought, error) {
	if q.ID == "" || most <= 0 {
		return Bought{}, errRequest("buy", fmt.Sprintf("the quote %.40q and the price %v", q.ID, most), "a quote of this account and a price above 0")
	}
	c, err := a.claim(q)
	if err != nil {
		return Bought{}, err
	}
	answer, err := a.socket.callOn(ctx, c, BuyRequest{ID: q.ID, Price: most}, nil)
	a.socket.registry.renewQuote(q.ID, err == nil)
	if err != nil {
		return Bought{}, a.cache.note(q.Selection, err)
	}
	var body BuyAnswer
	if err := answer.Into(&body); err != nil {
		return Bought{}, &CallError{Call: "buy", Sent: true, Err: err}
	}
	if body.Buy.Contract == 0 {
		return Bought{}, &CallError{Call: "buy", Sent: true, Err: errNoContract}
	}
	a.apps.bought(body.Buy.Transaction)
	return body.Buy, nil
}

var errNoContract = fmt.Errorf("got a receipt without a contract")

// claim marks a quote as used, and returns the connection that it is good on.
func (a *Account) claim(q Quote) (*conn, error) {
	c, err := a.socket.usable("buy")
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.tradable(); err != nil {
		return nil, &CallError{Call: "buy", Err: err}
	}
	if a.on != c.generation {
		a.on = c.generation
		clear(a.used)
	}
	if q.Account != a.info.ID || q.Generation != c.generation || a.used[q.ID] {
		return nil, &CallError{Call: "buy", Err: ErrStaleQuote}
	}
	a.used[q.ID] = true
	return c, nil
}

// tradable is the last assertion before an order: it wants the lock.
func (a *Account) tradable() error {
	if a.info.Kind != a.kind {
		return fmt.Errorf("%w: %.40q is %s, want %s", ErrWrongAccount, a.info.ID, a.info.Kind, a.kind)
	}
	return nil
}

// Sell sells a contract for at least that price; 0 takes what the market gives.
// It is sent once; see Buy.
func (a *Account) Sell(ctx context.Context, id ContractID, least Money) (Sold, error) {
	if id <= 0 || least < 0 {
		return Sold{}, errRequest("sell", fmt.Sprintf("the contract %d and the price %v", id, least), "a contract and a price not below 0")
	}
	c, err := a.socket.usable("sell")
	if err != nil {
		return Sold{}, err
	}
	a.mu.Lock()
	err = a.tradable()
	a.mu.Unlock()
	if err != nil {
		return Sold{}, &CallError{Call: "sell", Err: err}
	}
	answer, err := a.socket.callOn(ctx, c, SellRequest{Contract: id, Price: least}, nil)
	if err != nil {
		return Sold{}, err
	}
	var body SellAnswer
	if err := answer.Into(&body); err != nil {
		return Sold{}, &CallError{Call: "sell", Sent: true, Err: err}
	}
	if body.Sell.Contract != 0 && body.Sell.Contract != id {
		return Sold{}, errOther("sell", body.Sell.Contract, id)
	}
	return body.Sell, nil
}

// Contract asks once how a contract is, also when it has ended.
func (a *Account) Contract(ctx context.Context, id ContractID) (OpenContract, error) {
	answer, err := ask[OpenContractAnswer](ctx, a.socket, OpenContractRequest{Contract: id})
	if err == nil && answer.Contract.ID != id {
		return OpenContract{}, errOther("proposal_open_contract", answer.Contract.ID, id)
	}
	return answer.Contract, err
}

// WatchContract subscribes to a contract until it is settled, which is the last
// event. No change of its state is lost: a reader that is too slow is told how
// it is now.
func (a *Account) WatchContract(ctx context.Context, id ContractID) (*Stream[OpenContract], error) {
	if id <= 0 {
		return nil, errRequest("proposal_open_contract", itoa(int64(id)), "the id of a contract")
	}
	stream := newStream[OpenContract](a.socket.opts.EventQueue, nil)
	return subscribe(ctx, a.socket, newContractTopic(a.socket, id), stream)
}

// Transactions subscribes to the movements of the balance, from now on: each
// once, none lost, those of a time without connection read from the statement.
func (a *Account) Transactions(ctx context.Context) (*Stream[Transaction], error) {
	t := newTransactionTopic(a.socket)
	stream := newStream(a.socket.opts.EventQueue, func(s *Stream[Transaction]) { a.refill(s) })
	return subscribe(ctx, a.socket, t, stream)
}

// refill goes to the topic that the stream really is of.
func (a *Account) refill(s *Stream[Transaction]) {
	a.socket.registry.later(func(ctx context.Context) {
		if t, ok := a.socket.registry.find("transaction").(*transactionTopic); ok {
			t.refill(ctx, s)
		}
	})
}

// WatchBalance subscribes to the balance, the newest of which counts.
func (a *Account) WatchBalance(ctx context.Context) (*Stream[Balance], error) {
	t := &latestTopic[Balance]{
		name: "balance", stream: "balance", ask: BalanceRequest{Subscribe: true}, socket: a.socket,
		read: func(_ uint64, answer *Answer) (Balance, error) {
			var body BalanceAnswer
			err := answer.Into(&body)
			return body.Balance, err
		},
	}
	return subscribe(ctx, a.socket, t, newStream[Balance](1, nil))
}

package deriv

import (
	"context"
	"slices"
	"time"
)

// transactionTopic is the movements of the balance: each of them once, with what
// happened while there was no connection read from the statement.
type transactionTopic struct {
	fan[Transaction]
	socket *socket

	// Guarded by the fan's lock.
	seen     map[TransactionID]bool
	order    []mark // of seen, the oldest first
	newest   Epoch  // of what was seen, or when it began
	currency string
	cursors  map[*Stream[Transaction]]*cursor
}

type mark struct {
	id TransactionID
	at Epoch
}

// cursor is where a stream stopped that was full.
type cursor struct {
	since     Epoch                  // of the first that it did not get
	delivered map[TransactionID]bool // that are near it in time, and it has
	skipped   int
}

const (
	// seenMost is how many transactions are remembered, to drop what comes twice.
	seenMost = 8192

	// statementSlack is how far before the newest known transaction a statement
	// is read, in seconds: two of one second need not come in order.
	statementSlack = 5

	// statementPause is how long to wait after a statement could not be read.
	statementPause = 2 * time.Second

	// secondLook is how long after a reconnection the statement is read once
	// more. [?] How late a transaction comes into the statement is not known.
	secondLook = 15 * time.Second
)

func newTransactionTopic(s *socket) *transactionTopic {
	return &transactionTopic{socket: s, seen: make(map[TransactionID]bool), cursors: make(map[*Stream[Transaction]]*cursor)}
}

func (t *transactionTopic) key() string      { return "transaction" }
func (t *transactionTopic) kind() string     { return "transaction" }
func (t *transactionTopic) request() Request { return TransactionRequest{Subscribe: true} }

func (t *transactionTopic) started(_ uint64, again bool) {
	t.mu.Lock()
	if t.newest == 0 {
		t.newest = EpochOf(t.socket.clock.now())
	}
	since := t.newest
	t.mu.Unlock()
	if again {
		t.socket.registry.later(func(ctx context.Context) { t.catchUp(ctx, since) })
	}
}

func (t *transactionTopic) receive(generation uint64, a *Answer) {
	var body TransactionAnswer
	if a.Into(&body) != nil {
		t.socket.counters.malformed.Add(1)
		return
	}
	if body.Transaction.ID == 0 {
		return // it only confirms the subscription
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.currency = body.Transaction.Currency
	t.accept(Event[Transaction]{Value: body.Transaction, Generation: generation})
}

// accept passes on what is new. It wants the lock.
func (t *transactionTopic) accept(e Event[Transaction]) {
	id := e.Value.ID
	if t.seen[id] {
		if !e.Filled {
			t.socket.counters.duplicates.Add(1)
		}
		return
	}
	t.seen[id] = true
	for _, s := range t.streams {
		if s.push(e, false) > 0 {
			t.stopped(s, e.Value.Time)
		}
	}
	t.order = append(t.order, mark{id, e.Value.Time})
	if len(t.order) > seenMost {
		delete(t.seen, t.order[0].id)
		t.order = t.order[1:]
	}
	t.newest = max(t.newest, e.Value.Time)
}

// stopped notes what a full stream does not get. It wants the lock.
func (t *transactionTopic) stopped(s *Stream[Transaction], at Epoch) {
	c := t.cursors[s]
	if c == nil {
		c = &cursor{since: at, delivered: make(map[TransactionID]bool)}
		for _, m := range t.order {
			if m.at >= at-2*statementSlack {
				c.delivered[m.id] = true
			}
		}
		t.cursors[s] = c
	}
	c.skipped++
}

// refillTries is how often a statement is read that does not have all yet.
const refillTries = 30

// refill brings a stream that has been read to its end what it did not get.
func (t *transactionTopic) refill(ctx context.Context, s *Stream[Transaction]) {
	for range refillTries {
		t.mu.Lock()
		c := t.cursors[s]
		t.mu.Unlock()
		if c == nil {
			return
		}
		rows, err := t.socket.statementSince(ctx, c.since-statementSlack)
		if err == nil && t.deliver(s, c, rows) {
			return
		}
		if !sleep(ctx, time.Second) {
			t.socket.registry.later(func(ctx context.Context) { t.refill(ctx, s) })
			return
		}
	}
	t.socket.opts.Logger.Error("transactions missing from the statement", "tries", refillTries)
}

// deliver says whether the stream has all now, and takes part again.
func (t *transactionTopic) deliver(s *Stream[Transaction], c *cursor, rows []Movement) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range rows {
		if m.Time >= c.since-statementSlack && !c.delivered[m.Transaction] {
			c.delivered[m.Transaction] = true
			c.skipped--
			s.push(Event[Transaction]{Value: transactionOf(m, t.currency), Filled: true}, true)
		}
	}
	if c.skipped > 0 {
		return false
	}
	delete(t.cursors, s)
	s.resume()
	return true
}

func (t *transactionTopic) leave(s *Stream[Transaction]) {
	t.fan.leave(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.cursors, s)
}

// catchUp reads what happened since a moment, now and a little later. What the
// connection's end interrupts goes on with the next.
func (t *transactionTopic) catchUp(ctx context.Context, since Epoch) {
	err := t.readSince(ctx, since)
	if err == nil && sleep(ctx, time.Duration(float64(secondLook)/t.socket.clock.rate())) {
		err = t.readSince(ctx, since)
	}
	if err != nil || ctx.Err() != nil {
		sleep(ctx, statementPause) // a budget that is used up says so at once
		t.socket.registry.later(func(ctx context.Context) { t.catchUp(ctx, since) })
	}
}

func (t *transactionTopic) readSince(ctx context.Context, since Epoch) error {
	rows, err := t.socket.statementSince(ctx, since-statementSlack)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range rows {
		if m.Time >= since-statementSlack {
			t.accept(Event[Transaction]{Value: transactionOf(m, t.currency), Filled: true})
		}
	}
	return nil
}

// statementPage is the most that the venue gives at once.
const statementPage = 999

// statementSince returns all movements from a moment on, the oldest first.
func (s *socket) statementSince(ctx context.Context, from Epoch) ([]Movement, error) {
	var found []Movement
	for {
		a, err := ask[StatementAnswer](WithPriority(ctx), s, StatementRequest{From: from, Limit: statementPage, Offset: len(found), Description: true})
		if err != nil {
			return nil, err
		}
		found = append(found, a.Statement.Transactions...)
		if len(a.Statement.Transactions) < statementPage {
			slices.Reverse(found)
			slices.SortStableFunc(found, func(a, b Movement) int { return int(a.Time - b.Time) })
			return found, nil
		}
	}
}

// transactionOf makes of a row of the statement what the stream would have sent.
func transactionOf(m Movement, currency string) Transaction {
	return Transaction{
		Action: m.Action, Amount: m.Amount, Balance: m.BalanceAfter, Contract: m.Contract, Currency: currency,
		Purchased: m.Purchased, ID: m.Transaction, Time: m.Time,
	}
}

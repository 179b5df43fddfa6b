package deriv

import (
	"context"
	"time"
)

// transactionTopic is the movements of the balance: each of them once, with what
// happened while there was no connection read from the statement.
type transactionTopic struct {
	fan[Transaction]
	socket *socket

	// Guarded by the fan's lock.
	seen     map[TransactionID]bool
	order    []mark    // of seen, the oldest first
	sure     Epoch     // what is older has been compared with the statement
	checked  time.Time // when that was, by the venue's clock
	checking bool
	missing  bool // a connection was lost since the last comparison
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
	// seenMost is how many transactions are remembered, to drop what comes twice;
	// those since the last comparison are, up to ten times as many.
	seenMost = 8192

	// statementSlack is how many seconds apart two transactions may be that came
	// in the wrong order.
	statementSlack = 5

	// statementPause is how long to wait after a statement could not be read.
	statementPause = 2 * time.Second

	// secondLook is how long after a reconnection the statement is read once
	// more. [?] How late a transaction comes into the statement is not known.
	secondLook = 15 * time.Second

	// compareEvery is how often the stream is compared with the statement, even
	// if no connection was lost: a message may be.
	compareEvery = 5 * time.Minute

	// lateMost is how late, in seconds, a transaction may come into the statement
	// and still be found, the error of our clock included.
	lateMost = 180
)

func newTransactionTopic(s *socket) *transactionTopic {
	return &transactionTopic{socket: s, seen: make(map[TransactionID]bool), cursors: make(map[*Stream[Transaction]]*cursor)}
}

func (t *transactionTopic) key() string      { return "transaction" }
func (t *transactionTopic) kind() string     { return "transaction" }
func (t *transactionTopic) request() Request { return TransactionRequest{Subscribe: true} }

// started compares with the statement after a connection was lost, now and a
// little later.
func (t *transactionTopic) started(_ uint64, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !again {
		t.checked = t.socket.clock.now()
		t.sure = EpochOf(t.checked) - statementSlack
		return
	}
	t.missing = true
	t.later(0, secondLook)
}

func (t *transactionTopic) behind() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missing
}

// look has the stream compared from time to time.
func (t *transactionTopic) look() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.socket.clock.now().Sub(t.checked).Abs() > compareEvery {
		t.later(0)
	}
	return false
}

// later compares after each of some times, which count by the venue's clock. What
// the end of a connection interrupts goes on with the next. It wants the lock.
func (t *transactionTopic) later(waits ...time.Duration) {
	if t.checking {
		return
	}
	t.checking = true
	t.socket.registry.later(func(ctx context.Context) { t.compare(ctx, waits) })
}

func (t *transactionTopic) compare(ctx context.Context, waits []time.Duration) {
	for i, wait := range waits {
		left := waits[i:]
		if !sleep(ctx, time.Duration(float64(wait)/t.socket.clock.rate())) {
			left = []time.Duration{0, wait} // the next connection has something to compare now
		} else if t.compareOnce(ctx) == nil {
			continue
		}
		sleep(ctx, statementPause) // a budget that is used up says so at once
		t.socket.registry.later(func(ctx context.Context) { t.compare(ctx, left) })
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.checking = false
}

// compareOnce reads the statement from where it is not sure, and passes on what
// the stream did not have.
func (t *transactionTopic) compareOnce(ctx context.Context) error {
	t.mu.Lock()
	since := t.sure
	t.mu.Unlock()
	now := t.socket.clock.now()
	rows, err := t.socket.statementSince(ctx, since)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range rows {
		if m.Time >= since {
			t.accept(Event[Transaction]{Value: transactionOf(m, t.currency), Filled: true})
		}
	}
	t.checked, t.missing = now, false
	t.sure = max(t.sure, EpochOf(now)-lateMost)
	return nil
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
	for len(t.order) > 10*seenMost || len(t.order) > seenMost && t.order[0].at < t.sure-statementSlack {
		delete(t.seen, t.order[0].id)
		t.order = t.order[1:]
	}
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

// transactionOf makes of a row of the statement what the stream would have sent.
func transactionOf(m Movement, currency string) Transaction {
	return Transaction{
		Action: m.Action, Amount: m.Amount, Balance: m.BalanceAfter, Contract: m.Contract, Currency: currency,
		Purchased: m.Purchased, ID: m.Transaction, Time: m.Time,
	}
}

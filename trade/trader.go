package trade

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/karlquant/quasar/internal/failpoint"
)

// Trader moves orders from signal to settlement. Its methods may be called by any
// number of goroutines. It starts none but in Run; without Run, whoever calls Handle
// and Tend drives it, and then the same calls make the same journal.
type Trader struct {
	opts   *Options
	broker Broker

	// acting is held by whoever buys, sells or reconciles: a record that is read while
	// a buy is under way would say nothing.
	acting chan struct{}

	mu     sync.Mutex // guards what is below; never held while the broker or a person is waited for
	ledger *Ledger
	limits *Limits
	began  bool // that this process trades is on record
	// owed is what happened and could not be written down, the oldest first, and
	// journalErr why.
	owed       []*Entry
	journalErr error
	// generation counts the broker's connections, reconciled is that at which journal
	// and venue last agreed; different means that nothing is bought.
	generation, reconciled uint64
	connected              bool
	retry                  time.Time // no record is asked for before
	absent                 time.Time // when the unknown order was first not on record
	mismatch               int       // records in a row with another balance than ours
	disagreement           string    // what was last said of it
	look                   map[int64]*Movement
	asked                  map[int64]time.Time // when a contract was last asked for
	worths                 map[int64]Worth     // what open contracts would bring
}

// New returns a trader. It starts nothing and reads nothing.
func New(opts *Options) (*Trader, error) {
	o, err := opts.filled()
	if err != nil {
		return nil, err
	}
	return &Trader{
		opts: o, broker: o.Broker, limits: o.Limits, acting: make(chan struct{}, 1),
		ledger: NewLedger(), look: make(map[int64]*Movement), asked: make(map[int64]time.Time), worths: make(map[int64]Worth),
	}, nil
}

// Open reads the journal. It has to be called once before all else, and refuses a
// journal of another account.
func (t *Trader) Open(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.recall(ctx); err != nil {
		return err
	}
	if t.ledger.tightened {
		t.opts.Logger.Warn("limits were tightened while the last process ran: from now on those of this start are in force")
	}
	if have, want := t.ledger.Account, t.broker.Account(); t.ledger.Seq > 0 && !have.same(&want) {
		return fmt.Errorf("the journal is of %s, the broker trades on %s", have, want)
	}
	if r, ok := t.broker.(Restorer); ok {
		if err := r.Restore(t.ledger); err != nil {
			return err
		}
	}
	for _, o := range t.ledger.active {
		if t.opts.OnChange != nil {
			t.opts.OnChange(*o) // whoever follows the orders has to know what is open
		}
	}
	return nil
}

// recall makes the ledger what the journal adds up to. t.mu must be held.
func (t *Trader) recall(ctx context.Context) error {
	if j, ok := t.opts.Journal.(Recaller); ok {
		if ledger := j.Recall(); ledger != nil {
			t.ledger = ledger
			return nil
		}
	}
	for e, err := range t.opts.Journal.Entries(ctx) {
		if err != nil {
			return err
		}
		if err := t.ledger.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether two accounts may share a journal.
func (a *Account) same(b *Account) bool {
	return a.Mode == b.Mode && a.ID == b.ID && a.Currency == b.Currency && a.Venue == b.Venue
}

func (a Account) String() string {
	return fmt.Sprintf("%s account %s (%s) at %s", a.Mode, a.ID, a.Currency, a.Venue)
}

// act waits for its turn to do something at the venue.
func (t *Trader) act(ctx context.Context) (done func(), err error) {
	select {
	case t.acting <- struct{}{}:
		return func() { <-t.acting }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// append makes entries durable and enters them. It is for what has not happened yet:
// if it fails, nothing did. t.mu must be held.
func (t *Trader) append(ctx context.Context, entries ...*Entry) error {
	now := t.broker.Now()
	for _, e := range entries {
		e.At = now
	}
	for _, e := range entries {
		// What the ledger would refuse must not get into the journal. Opened, the first
		// of two, is all that another here builds on.
		if err := t.ledger.Check(e); err != nil {
			return err
		}
	}
	if err := t.settleDebts(ctx); err != nil {
		return err
	}
	// Whoever gave up waiting must not leave half of it behind.
	if err := t.opts.Journal.Append(context.WithoutCancel(ctx), entries...); err != nil {
		if !errors.Is(err, ErrDecided) {
			t.journalFailed(ctx, err)
		}
		return err
	}
	t.journalErr = nil
	for _, e := range entries {
		if err := t.enter(e); err != nil {
			return err
		}
	}
	return nil
}

// happened enters what cannot be undone, whether or not it can be written down now.
// It is false for what cannot have happened. t.mu must be held.
func (t *Trader) happened(ctx context.Context, e *Entry) bool {
	e.At = t.broker.Now()
	if err := t.enter(e); err != nil {
		t.opts.Logger.LogAttrs(ctx, slog.LevelError, "an entry does not fit", slog.Any("reason", err))
		return false
	}
	failpoint.Hit("happened") // known, and not on record
	t.owed = append(t.owed, e)
	_ = t.settleDebts(ctx) // says so itself
	failpoint.Hit("written")
	t.enforce(ctx)
	return true
}

// enforce halts as soon as a limit is reached that wants a person, and not with the next
// signal only: by then it may be another day. t.mu must be held.
func (t *Trader) enforce(ctx context.Context) {
	if t.ledger.Seq == 0 || t.ledger.Halt != nil {
		return
	}
	if _, v := t.limits.Standing(t.ledger, t.broker.Now(), t.broker.Health()); v.Halt != "" {
		t.happened(ctx, &Entry{Halted: &Halted{Reason: v.Halt, Detail: v.detail(v.Halt), By: "gate"}})
	}
}

// settleDebts writes down what is owed to the journal. t.mu must be held.
func (t *Trader) settleDebts(ctx context.Context) error {
	if len(t.owed) == 0 || t.ledger.Seq == 0 { // a journal begins with whose it is
		return nil
	}
	if err := t.opts.Journal.Append(context.WithoutCancel(ctx), t.owed...); err != nil {
		t.journalFailed(ctx, err)
		return err
	}
	t.ledger.Seq = t.owed[len(t.owed)-1].Seq
	t.owed, t.journalErr = nil, nil
	return nil
}

func (t *Trader) journalFailed(ctx context.Context, err error) {
	if t.journalErr == nil {
		t.opts.Logger.LogAttrs(ctx, slog.LevelError, "the journal cannot be written: nothing is bought until it can", slog.Any("reason", err))
		t.notify(NoticeHalted, "the journal cannot be written: "+err.Error(), nil)
	}
	t.journalErr = err
}

// enter applies an entry, and tells of it.
func (t *Trader) enter(e *Entry) error {
	if err := t.ledger.Apply(e); err != nil {
		return err
	}
	if o := t.concerned(e); o != nil && t.opts.OnChange != nil {
		t.opts.OnChange(*o)
	}
	t.tell(e)
	return nil
}

// concerned is the order that an entry changed, nil for none.
func (t *Trader) concerned(e *Entry) *Order {
	switch {
	case e.Planned != nil:
		return t.ledger.Order(e.Planned.ID)
	case e.Sent != nil:
		return t.ledger.Order(e.Sent.Intent)
	case e.Bought != nil:
		return t.ledger.Order(e.Bought.Intent)
	case e.Rejected != nil:
		return t.ledger.Order(e.Rejected.Intent)
	case e.Unknown != nil:
		return t.ledger.Order(e.Unknown.Intent)
	case e.Abandoned != nil:
		return t.ledger.Order(e.Abandoned.Intent)
	case e.Settled != nil:
		return t.ledger.ByContract(e.Settled.Contract)
	case e.Adopted != nil:
		return t.ledger.ByContract(e.Adopted.Contract.ID)
	}
	return nil
}

// Account is what is traded on.
func (t *Trader) Account() Account { return t.broker.Account() }

// View calls look with the ledger, which it must not keep or change.
func (t *Trader) View(look func(l *Ledger)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	look(t.ledger)
}

// Status is how a trader is doing.
type Status struct {
	Account Account
	// Connected and Reconciled tell whether the venue is there, and agrees.
	Connected, Reconciled bool
	// Unresolved names the order of which nobody knows, "" for none.
	Unresolved string
	// Halt is why nothing is bought, nil for no halt, HaltedAt since when.
	Halt     *Halted
	HaltedAt time.Time
	// JournalErr is why the journal cannot be written, nil if it can; Owed is how much
	// waits for it.
	JournalErr error
	Owed       int
	Balance    Money
	// Standing is whether anything is bought at all, and Why not.
	Standing Standing
	Why      Verdict
	Limits   Limits
	Health   Health
	At       time.Time
}

// Status returns how the trader is doing.
func (t *Trader) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Status{
		Account: t.broker.Account(), Connected: t.connected, Reconciled: t.agreed(), Halt: t.ledger.Halt, HaltedAt: t.ledger.HaltedAt,
		JournalErr: t.journalErr, Owed: len(t.owed), Balance: t.ledger.Balance(), Health: t.broker.Health(), At: t.broker.Now(),
	}
	if o := t.ledger.Unresolved(); o != nil {
		s.Unresolved = o.ID()
	}
	s.Limits = *t.limits
	s.Standing, s.Why = t.limits.Standing(t.ledger, s.At, s.Health)
	if t.journalErr != nil {
		s.Standing = HaltedNow
		s.Why.no(ReasonJournal, t.journalErr.Error())
	}
	return s
}

// agreed tells whether journal and venue agree since the last connection.
func (t *Trader) agreed() bool { return t.connected && t.reconciled == t.generation }

// Orders returns copies of the newest orders, the newest first: at most so many.
func (t *Trader) Orders(most int) []Order {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.ledger.Orders()
	most = min(max(0, most), len(all))
	out := make([]Order, 0, most)
	for _, o := range slices.Backward(all) {
		if len(out) == most {
			break
		}
		out = append(out, *o)
	}
	return out
}

package trade

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/karlquant/quasar/internal/failpoint"
)

// errRefused ends an attempt that the gate refused; the journal has why.
var errRefused = errors.New("refused")

// Follow makes an order of a signal, or writes down why not. It returns when the
// venue has answered, or the deadline has passed; whatever happened to the order, the
// ledger says it. An error is one that kept the trader from trying.
func (t *Trader) Follow(ctx context.Context, s *Signal) error {
	done, err := t.act(ctx)
	if err != nil {
		return err
	}
	defer done()
	signal := s.known()
	signal.At = t.broker.Now()
	f, err := t.price(ctx, &signal)
	if err == nil {
		err = t.buy(ctx, f)
	}
	if errors.Is(err, errRefused) {
		return nil
	}
	return err
}

// price asks the gate, the venue for a price, and the gate again. It returns the facts,
// with the quote.
func (t *Trader) price(ctx context.Context, s *Signal) (*Facts, error) {
	f, err := t.judge(ctx, &Facts{Signal: s})
	if err != nil {
		return nil, err
	}
	terms, err := t.choose(ctx, f)
	if err != nil {
		return nil, t.refuse(ctx, s, Verdict{Reasons: []Reason{ReasonTerms}, Details: []string{err.Error()}})
	}
	wait, cancel := t.wait(ctx, 1)
	defer cancel()
	quote, err := t.broker.Quote(wait, terms)
	if err != nil {
		return nil, t.refuse(ctx, s, Verdict{Reasons: []Reason{ReasonQuote}, Details: []string{err.Error()}})
	}
	f.Quote = &quote
	return t.judge(ctx, f)
}

// choose asks for terms. Whoever chooses and panics halts trading.
func (t *Trader) choose(ctx context.Context, f *Facts) (terms Terms, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
			t.opts.Logger.LogAttrs(ctx, slog.LevelError, "who chooses the terms broke down", slog.Any("reason", err), slog.String("stack", string(debug.Stack())))
			t.haltFor(ctx, ReasonPolicy, err.Error(), "trader")
		}
	}()
	return t.opts.Terms(f)
}

// judge completes the facts and shows them to the gate. Where it says no, that is
// written down, and the error is errRefused.
func (t *Trader) judge(ctx context.Context, f *Facts) (*Facts, error) {
	if f.Instrument == nil {
		wait, cancel := t.wait(ctx, 1)
		defer cancel()
		in, err := t.broker.Instrument(wait, f.Signal.Asset)
		if err != nil {
			return nil, t.refuse(ctx, f.Signal, Verdict{Reasons: []Reason{noInstrument(err)}, Details: []string{err.Error()}})
		}
		f.Instrument = &in
	}
	v := t.check(f)
	if v.Halt != "" {
		t.haltFor(ctx, v.Halt, v.detail(v.Halt), "gate")
	}
	if len(v.Reasons) > 0 {
		return nil, t.refuse(ctx, f.Signal, v)
	}
	return f, nil
}

func noInstrument(err error) Reason {
	if errors.Is(err, ErrNotTraded) {
		return ReasonNotTraded
	}
	return ReasonVenue
}

// check shows the gate how things are at this moment.
func (t *Trader) check(f *Facts) Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.checkNow(f)
}

// checkNow is check for who holds t.mu.
func (t *Trader) checkNow(f *Facts) Verdict {
	f.Now, f.Ledger, f.Health, f.Limits = t.broker.Now(), t.ledger, t.broker.Health(), t.limits
	f.Health.Connected = f.Health.Connected && t.connected
	f.Reconciled, f.JournalErr = t.agreed(), t.journalErr
	if tick, ok := t.broker.Tick(f.Instrument.Symbol); ok {
		f.Tick = &tick
	}
	return t.limits.Check(f)
}

// refuse writes down that a signal came to nothing, and why.
func (t *Trader) refuse(ctx context.Context, s *Signal, v Verdict) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refuseNow(ctx, s, v)
}

// refuseNow is refuse for who holds t.mu.
func (t *Trader) refuseNow(ctx context.Context, s *Signal, v Verdict) error {
	if t.ledger.Seq == 0 {
		return errRefused // there is no account to refuse it for yet
	}
	e := &Entry{Refused: &Refused{Signal: *s, Reasons: v.Reasons, Details: v.Details}}
	if err := t.append(ctx, e); err != nil {
		t.ledger.refuse(&Entry{At: t.broker.Now(), Refused: e.Refused}) // shown, if not kept
	}
	return errRefused
}

// buy sends what was quoted, after it is on record that it will be.
func (t *Trader) buy(ctx context.Context, f *Facts) error {
	in, err := t.plan(ctx, f)
	if err != nil {
		return err
	}
	failpoint.Hit("sent") // the journal says so, the venue does not know
	wait, cancel := t.wait(ctx, 1)
	defer cancel()
	receipt, err := t.broker.Buy(wait, f.Quote)
	failpoint.Hit("answered")
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := answer(in, &receipt, err); !t.happened(ctx, e) {
		t.happened(ctx, &Entry{Unknown: &Unknown{Intent: in.ID, Reason: "the venue's answer fits nothing"}})
	}
	failpoint.Hit("recorded")
	return nil
}

// plan writes down the intent, and that it is sent now. The gate looks once more: since
// it did a contract may have been lost, somebody may have halted, or a limit is tighter.
func (t *Trader) plan(ctx context.Context, f *Facts) (*Intent, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.checkNow(f); !v.OK() {
		return nil, t.refuseNow(ctx, f.Signal, v)
	}
	s, q := f.Signal, f.Quote
	theirs, _ := t.deadline()
	in := &Intent{ID: s.Decision, Signal: *s, Quote: *q, Most: q.Ask, Watermark: t.ledger.Watermark, Deadline: theirs}
	failpoint.Hit("deciding")
	if err := t.append(ctx, &Entry{Planned: in}); err != nil {
		return nil, fmt.Errorf("nothing is bought: %w", err)
	}
	failpoint.Hit("planned")
	if err := t.append(ctx, &Entry{Sent: &Sent{Intent: in.ID}}); err != nil {
		// It was not sent, and never will be.
		t.happened(ctx, &Entry{Abandoned: &Abandoned{Intent: in.ID, Reason: "the journal could not be written: not sent"}})
		return nil, fmt.Errorf("nothing is bought: %w", err)
	}
	return in, nil
}

// answer is what the outcome of a buy means to its intent.
func answer(in *Intent, r *Receipt, err error) *Entry {
	var no *Rejection
	switch {
	case err == nil:
		return &Entry{Bought: &Bought{Intent: in.ID, Receipt: *r}}
	case errors.As(err, &no):
		return &Entry{Rejected: &Rejected{Intent: in.ID, Code: no.Code, Reason: err.Error()}}
	}
	return &Entry{Unknown: &Unknown{Intent: in.ID, Reason: err.Error()}}
}

// Halt stops all buying until a person resumes it. It is on record before it returns
// nil; where it cannot be written down, nothing is bought either, and the error says
// why.
func (t *Trader) Halt(ctx context.Context, reason Reason, detail, by string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ledger.Halt != nil {
		return nil
	}
	t.happened(ctx, &Entry{Halted: &Halted{Reason: reason, Detail: detail, By: by}})
	return t.journalErr
}

func (t *Trader) haltFor(ctx context.Context, reason Reason, detail, by string) {
	if err := t.Halt(ctx, reason, detail, by); err != nil {
		t.opts.Logger.LogAttrs(ctx, slog.LevelError, "halted, and not on record", slog.Any("reason", err))
	}
}

// ErrUnresolved refuses to resume while nobody knows what became of an order.
var ErrUnresolved = errors.New("an order is unresolved: nobody knows whether it was bought")

// Resume ends a halt. There must be a person behind it.
func (t *Trader) Resume(ctx context.Context, by, note string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.ledger.Unresolved(); o != nil {
		return fmt.Errorf("%s: %w", o.ID(), ErrUnresolved)
	}
	if t.ledger.Halt == nil {
		return nil
	}
	return t.append(ctx, &Entry{Resumed: &Resumed{By: by, Note: note}})
}

// Flattened is what a Flatten came to: how many contracts were sold, and how many the
// venue does not take back, which run to their end.
type Flattened struct{ Sold, Left int }

// Flatten halts, and sells what can be sold. Each contract is sold once; what became of
// it comes as for all others. The error is of those of which nobody knows.
func (t *Trader) Flatten(ctx context.Context, by string) (f Flattened, err error) {
	t.haltFor(ctx, ReasonPerson, "flatten", by)
	done, err := t.act(ctx)
	if err != nil {
		return f, err
	}
	defer done()
	var failed []error
	for _, id := range t.liveContracts() {
		wait, cancel := t.wait(ctx, 1)
		err := t.broker.Sell(wait, id)
		cancel()
		switch {
		case err == nil:
			f.Sold++
		case errors.Is(err, ErrRejected):
			f.Left++
		default:
			failed = append(failed, fmt.Errorf("contract %d: %w", id, err))
		}
	}
	return f, errors.Join(failed...)
}

func (t *Trader) liveContracts() (ids []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.ledger.Live() {
		ids = append(ids, o.Contract())
	}
	return ids
}

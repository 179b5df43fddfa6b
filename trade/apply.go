package trade

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrOutOfOrder is the error of an entry that cannot follow what was before it.
var ErrOutOfOrder = errors.New("cannot follow what was before it")

// maxRefused is how many refusals a ledger keeps to be shown.
const maxRefused = 500

// Apply enters what happened. An entry that cannot be leaves the ledger as it was.
func (l *Ledger) Apply(e *Entry) error {
	if err := l.Check(e); err != nil {
		return err
	}
	l.enter(e)
	l.Seq, l.At = max(l.Seq, e.Seq), e.At
	l.past.saw(e.At)
	return nil
}

// Check tells whether an entry can follow what was before it, and changes nothing.
func (l *Ledger) Check(e *Entry) error {
	if err := l.check(e); err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	return nil
}

func (l *Ledger) check(e *Entry) error {
	switch {
	case e.Opened != nil && l.Seq != 0:
		return fmt.Errorf("opened: %w", ErrOutOfOrder)
	case e.Planned != nil:
		return l.checkPlanned(e.Planned)
	case e.Sent != nil:
		return l.follows(e.Sent.Intent, StateSent, StatePlanned)
	case e.Bought != nil:
		return l.checkBought(e.Bought)
	case e.Rejected != nil:
		return l.follows(e.Rejected.Intent, StateRejected, StateSent)
	case e.Unknown != nil:
		return l.follows(e.Unknown.Intent, StateUnknown, StateSent)
	case e.Abandoned != nil:
		return l.follows(e.Abandoned.Intent, StateAbandoned, StatePlanned, StateSent, StateUnknown)
	case e.Settled != nil:
		return l.checkSettled(e.Settled)
	case e.Adopted != nil && l.contracts[e.Adopted.Contract.ID] != nil:
		return fmt.Errorf("contract %d: adopted: %w", e.Adopted.Contract.ID, ErrOutOfOrder)
	case e.What() == "":
		return errors.New("it says nothing, want one thing that happened")
	}
	return nil
}

func (l *Ledger) checkPlanned(in *Intent) error {
	if l.byID[in.ID] != nil || l.decisions[in.Signal.Decision] {
		return fmt.Errorf("intent %s: %w", in.ID, ErrDecided)
	}
	if o := l.Unresolved(); o != nil {
		return fmt.Errorf("intent %s while %s is unresolved: %w", in.ID, o.ID(), ErrOutOfOrder)
	}
	return nil
}

// follows tells whether an intent is in one of the states that another may follow.
func (l *Ledger) follows(id string, to State, from ...State) error {
	o := l.byID[id]
	if o != nil && slices.Contains(from, o.State) {
		return nil
	}
	was := "nothing"
	if o != nil {
		was = string(o.State)
	}
	return fmt.Errorf("intent %.40q: got %s after %s: %w", id, to, was, ErrOutOfOrder)
}

func (l *Ledger) checkBought(b *Bought) error {
	if l.contracts[b.Receipt.Contract] != nil || b.Receipt.Contract == 0 {
		return fmt.Errorf("intent %.40q: contract %d is another's, or none: %w", b.Intent, b.Receipt.Contract, ErrOutOfOrder)
	}
	return l.follows(b.Intent, StateOpen, StateSent, StateUnknown)
}

func (l *Ledger) checkSettled(s *Settled) error {
	o := l.contracts[s.Contract]
	if o == nil || !o.State.Live() || s.Settlement.Transaction != 0 && l.sells[s.Settlement.Transaction] {
		return fmt.Errorf("contract %d: settled: %w", s.Contract, ErrOutOfOrder)
	}
	return nil
}

// enter takes over an entry that was checked.
func (l *Ledger) enter(e *Entry) {
	switch {
	case e.Opened != nil:
		l.opened(e)
	case e.Started != nil:
		if !e.Started.Again {
			l.Started, l.tightened = e.At, false
		}
	case e.Tightened != nil:
		l.tightened = true
	case e.Planned != nil:
		l.add(e.Planned.ID, &Order{Intent: e.Planned, State: StatePlanned, Changed: e.At})
		l.decisions[e.Planned.Signal.Decision] = true
		l.past.planned = append(l.past.planned, l.past.saw(e.At))
	case e.Sent != nil:
		l.move(e, e.Sent.Intent, StateSent, "")
	case e.Bought != nil:
		l.bought(e)
	case e.Rejected != nil:
		l.move(e, e.Rejected.Intent, StateRejected, cmp.Or(e.Rejected.Reason, e.Rejected.Code))
	case e.Unknown != nil:
		l.move(e, e.Unknown.Intent, StateUnknown, e.Unknown.Reason)
	case e.Abandoned != nil:
		l.move(e, e.Abandoned.Intent, StateAbandoned, e.Abandoned.Reason)
	case e.Settled != nil:
		l.settled(e)
	case e.Adopted != nil:
		l.adopted(e)
	case e.Refused != nil:
		l.refuse(e)
	case e.Halted != nil:
		l.halt(e)
	case e.Resumed != nil:
		l.resume(e)
	case e.Reconciled != nil:
		l.reconciled(e)
	}
}

func (l *Ledger) opened(e *Entry) {
	o := e.Opened
	l.Account, l.Opening, l.Watermark, l.Accounted = o.Account, o.Balance, o.Watermark, o.Watermark
	l.before, l.OpenedAt = o.Watermark, e.At
}

func (l *Ledger) add(id string, o *Order) {
	l.orders, l.active = append(l.orders, o), append(l.active, o)
	l.byID[id] = o
}

// changed takes an order that has ended out of those that are watched.
func (l *Ledger) changed(o *Order, to State, e *Entry) {
	o.State, o.Changed = to, e.At
	if !to.Unresolved() && !to.Live() {
		l.active = slices.DeleteFunc(l.active, func(a *Order) bool { return a == o })
	}
}

// move takes an intent to another state.
func (l *Ledger) move(e *Entry, id string, to State, reason string) {
	o := l.byID[id]
	o.Reason = reason
	l.changed(o, to, e)
	if to == StateRejected || to == StateUnknown {
		l.past.failed = append(l.past.failed, l.past.saw(e.At))
	}
	if to == StateSent {
		o.Sent = e.At
	}
}

func (l *Ledger) bought(e *Entry) {
	b := e.Bought
	l.move(e, b.Intent, StateOpen, "")
	o := l.byID[b.Intent]
	o.Receipt = &b.Receipt
	l.earned -= b.Receipt.Price
	l.contracts[b.Receipt.Contract] = o
	l.Watermark = max(l.Watermark, b.Receipt.Transaction)
}

func (l *Ledger) settled(e *Entry) {
	s := e.Settled
	o := l.contracts[s.Contract]
	o.Settlement = &s.Settlement
	l.earned += s.Settlement.Brought
	l.changed(o, StateSettled, e)
	l.past.ended(o, e.At)
	if s.Settlement.Transaction != 0 {
		l.sells[s.Settlement.Transaction] = true
	}
	l.Watermark = max(l.Watermark, s.Settlement.Transaction)
}

func (l *Ledger) adopted(e *Entry) {
	c := &e.Adopted.Contract
	o := &Order{Orphan: c, State: StateOrphan, Changed: e.At}
	l.add(o.ID(), o)
	if c.Transaction > l.before {
		l.earned -= c.Price // what was bought before is not in what it opened with
	}
	l.contracts[c.ID] = o
	l.Watermark = max(l.Watermark, c.Transaction)
}

func (l *Ledger) refuse(e *Entry) {
	if len(l.refused) == maxRefused {
		l.refused = slices.Delete(l.refused, 0, 1)
	}
	l.refused = append(l.refused, e)
}

// halt keeps the first reason: what comes after it is often its consequence.
func (l *Ledger) halt(e *Entry) {
	if l.Halt == nil {
		l.Halt, l.HaltedAt = e.Halted, e.At
	}
}

func (l *Ledger) resume(e *Entry) {
	var why Reason
	if l.Halt != nil {
		why = l.Halt.Reason
	}
	l.past.resumed(why, e.At)
	l.Halt = nil
}

func (l *Ledger) reconciled(e *Entry) {
	r := e.Reconciled
	l.Watermark, l.Accounted = max(l.Watermark, r.Watermark), max(l.Accounted, r.Watermark)
	l.Adjusted += r.Adjusted
	l.Foreign, l.Reconciled = r.Foreign, e.At
}

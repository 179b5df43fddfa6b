package trade

import "fmt"

// tell tells people what an entry means to them.
func (t *Trader) tell(e *Entry) {
	switch {
	case e.Bought != nil && e.Bought.Found:
		o := t.ledger.Order(e.Bought.Intent)
		t.notify(NoticeResolved, fmt.Sprintf("%s was bought: contract %d", o.ID(), o.Contract()), o)
	case e.Bought != nil:
		o := t.ledger.Order(e.Bought.Intent)
		t.notify(NoticeBought, fmt.Sprintf("%s %s for %s: contract %d", o.Kind(), o.Symbol(), o.Price(), o.Contract()), o)
	case e.Settled != nil:
		o := t.ledger.ByContract(e.Settled.Contract)
		t.notify(NoticeSettled, fmt.Sprintf("%s %s %s: %s", o.Kind(), o.Symbol(), o.Settlement.Result, o.Profit()), o)
	case e.Unknown != nil:
		o := t.ledger.Order(e.Unknown.Intent)
		t.notify(NoticeUnknown, fmt.Sprintf("nobody knows whether %s was bought: %s", o.ID(), e.Unknown.Reason), o)
	case e.Abandoned != nil:
		o := t.ledger.Order(e.Abandoned.Intent)
		t.notify(NoticeResolved, fmt.Sprintf("%s was not bought: %s", o.ID(), e.Abandoned.Reason), o)
	case e.Halted != nil:
		t.notify(NoticeHalted, fmt.Sprintf("%s by %s: %s", e.Halted.Reason, e.Halted.By, e.Halted.Detail), nil)
	case e.Tightened != nil:
		t.notify(NoticeTightened, "limits tightened by "+e.Tightened.By, nil)
	case e.Resumed != nil:
		t.notify(NoticeResumed, "resumed by "+e.Resumed.By, nil)
	}
}

func (t *Trader) notify(kind NoticeKind, text string, o *Order) {
	if t.opts.OnNotice == nil {
		return
	}
	n := Notice{At: t.broker.Now(), Account: t.broker.Account(), Kind: kind, Text: text}
	if o != nil {
		n.Order = new(*o)
	}
	t.opts.OnNotice(n)
}

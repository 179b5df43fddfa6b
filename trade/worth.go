package trade

import "time"

// Worth is what an open contract would bring if it were sold.
type Worth struct {
	Bid Money
	// At is the broker's time when it said so.
	At time.Time
}

// Worths returns what the broker last said that open contracts of ours would bring, by
// their number. Those of which it has said nothing, or last that it does not know, are
// not in it.
func (t *Trader) Worths() map[int64]Worth {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[int64]Worth)
	for _, o := range t.ledger.Live() {
		if w, ok := t.worths[o.Contract()]; ok {
			out[o.Contract()] = w
		}
	}
	return out
}

// value keeps what a contract of ours would bring, and forgets those that have ended.
// t.mu must be held.
func (t *Trader) value(c *Contract) {
	for id := range t.worths {
		if o := t.ledger.ByContract(id); o == nil || !o.State.Live() {
			delete(t.worths, id)
		}
	}
	o := t.ledger.ByContract(c.ID)
	if o == nil || !o.State.Live() || c.Settlement != nil || c.Bid == nil {
		delete(t.worths, c.ID)
		return
	}
	t.worths[c.ID] = Worth{Bid: *c.Bid, At: t.broker.Now()}
}

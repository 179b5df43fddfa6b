package trade

import (
	"maps"
	"slices"
	"sync"
)

// inbox holds what a broker tells until there is time for it. It keeps the newest of
// each contract and each kind of movement, and so no more than there are contracts.
type inbox struct {
	mu        sync.Mutex // guards what is below
	link      []Event    // connected and lost, as they came: at most two
	contracts map[int64]*Contract
	sells     map[int64]*Movement
	wake      chan struct{}
}

func newInbox() *inbox {
	return &inbox{contracts: make(map[int64]*Contract), sells: make(map[int64]*Movement), wake: make(chan struct{}, 1)}
}

// put takes an event. It never waits.
func (b *inbox) put(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Contract != nil:
		// A contract that has ended stays so, whatever comes late.
		if was := b.contracts[e.Contract.ID]; was == nil || was.Settlement == nil {
			b.contracts[e.Contract.ID] = e.Contract
		}
	case e.Movement != nil:
		if e.Movement.Action == "sell" {
			b.sells[e.Movement.Contract] = e.Movement
		}
	default:
		if len(b.link) == 2 {
			b.link = b.link[1:]
		}
		b.link = append(b.link, e)
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take empties the inbox: connections first, then contracts and movements by number.
func (b *inbox) take() (events []Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events, b.link = b.link, nil
	for _, id := range slices.Sorted(maps.Keys(b.contracts)) {
		events = append(events, Event{Contract: b.contracts[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(b.sells)) {
		events = append(events, Event{Movement: b.sells[id]})
	}
	clear(b.contracts)
	clear(b.sells)
	return events
}

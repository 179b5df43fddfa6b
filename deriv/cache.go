package deriv

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// cache keeps what the venue offers.
type cache struct {
	socket *socket

	symbolsTurn turn       // had while symbols are asked for
	mu          sync.Mutex // guards what follows
	symbols     entry[[]ActiveSymbol]
	offers      map[string]*entry[ContractsFor]
}

// entry is one answer and when, by the venue's clock, it came.
type entry[T any] struct {
	value    T
	at       time.Time
	turn     turn // had while it is asked for
	disabled map[string]error
}

// turn is a mutex that who waits for can give up.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return cause(ctx)
	}
}

func (t turn) leave() { <-t }

func newCache(s *socket) *cache {
	return &cache{socket: s, symbolsTurn: newTurn(), offers: make(map[string]*entry[ContractsFor])}
}

// fresh wants the lock.
func (c *cache) fresh(at time.Time) bool {
	age := c.socket.clock.now().Sub(at)
	return !at.IsZero() && age >= 0 && age < c.socket.opts.CacheFor
}

func (c *cache) activeSymbols(ctx context.Context) ([]ActiveSymbol, error) {
	ctx, cancel := context.WithTimeout(ctx, c.socket.opts.CallTimeout)
	defer cancel()
	if err := c.symbolsTurn.take(ctx); err != nil {
		return nil, &CallError{Call: "active_symbols", Err: err}
	}
	defer c.symbolsTurn.leave()
	c.mu.Lock()
	kept, fresh := c.symbols.value, c.fresh(c.symbols.at)
	c.mu.Unlock()
	if fresh {
		return kept, nil
	}
	a, err := ask[ActiveSymbolsAnswer](ctx, c.socket, ActiveSymbolsRequest{ActiveSymbols: "brief"})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.symbols.value, c.symbols.at = a.ActiveSymbols, c.socket.clock.now()
	return a.ActiveSymbols, nil
}

// offersMost bounds how many symbols' offers are kept.
const offersMost = 512

func (c *cache) offer(symbol string) *entry[ContractsFor] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.offers[symbol]
	if e == nil {
		if len(c.offers) >= offersMost {
			clear(c.offers)
		}
		e = &entry[ContractsFor]{turn: newTurn(), disabled: make(map[string]error)}
		c.offers[symbol] = e
	}
	return e
}

func (c *cache) contractsFor(ctx context.Context, symbol string) (ContractsFor, error) {
	e := c.offer(symbol)
	ctx, cancel := context.WithTimeout(ctx, c.socket.opts.CallTimeout)
	defer cancel()
	if err := e.turn.take(ctx); err != nil {
		return ContractsFor{}, &CallError{Call: "contracts_for", Err: err}
	}
	defer e.turn.leave()
	c.mu.Lock()
	kept, fresh := e.value, c.fresh(e.at)
	c.mu.Unlock()
	if fresh {
		return kept, nil
	}
	a, err := ask[ContractsForAnswer](ctx, c.socket, ContractsForRequest{Symbol: symbol})
	if err != nil {
		return ContractsFor{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.value, e.at = a.ContractsFor, c.socket.clock.now()
	clear(e.disabled)
	return e.value, nil
}

// check refuses a selection that is not offered, or was refused since the offers
// were read.
func (c *cache) check(ctx context.Context, sel Selection) error {
	offers, err := c.contractsFor(ctx, sel.Symbol)
	if err != nil {
		return err
	}
	if err := offers.Check(sel); err != nil {
		return &CallError{Call: "proposal", Err: err}
	}
	e := c.offer(sel.Symbol)
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := e.disabled[selectionKey(sel)]; before != nil {
		return &CallError{Call: "proposal", Err: fmt.Errorf("%w: refused before: %w", ErrNotOffered, before)}
	}
	return nil
}

// note remembers that the venue refused a selection for what it is, until the
// offers are read again.
func (c *cache) note(sel Selection, err error) error {
	if IsClass(err, ClassValidation) {
		e := c.offer(sel.Symbol)
		c.mu.Lock()
		e.disabled[selectionKey(sel)] = err
		c.mu.Unlock()
	}
	return err
}

// selectionKey is what the venue judged, with the stake: another may be allowed.
func selectionKey(sel Selection) string {
	return fmt.Sprintf("%s %d%s %v %v %s", sel.ContractType, sel.Duration, sel.DurationUnit, sel.Amount, sel.Multiplier, sel.Barrier)
}

// Check refuses a selection whose type, duration, multiplier or growth rate is not
// among the offers. The error wraps ErrNotOffered and says what there is. It does
// not know about stakes.
func (f *ContractsFor) Check(sel Selection) error {
	var types, spans []string
	var wrong error
	for i := range f.Available {
		o := &f.Available[i]
		if o.ContractType != sel.ContractType {
			if !slices.Contains(types, o.ContractType) {
				types = append(types, o.ContractType)
			}
			continue
		}
		if wrong = o.check(sel); wrong == nil {
			if o.lasts(sel) {
				return nil
			}
			spans = append(spans, o.MinDuration+" to "+o.MaxDuration)
		}
	}
	if len(spans) > 0 {
		wrong = fmt.Errorf("got a duration of %d%s, want %s", sel.Duration, sel.DurationUnit, strings.Join(spans, " or "))
	}
	if wrong != nil {
		return fmt.Errorf("%w: %s on %s: %w", ErrNotOffered, sel.ContractType, sel.Symbol, wrong)
	}
	return fmt.Errorf("%w: got %s on %s, want one of %v", ErrNotOffered, sel.ContractType, sel.Symbol, types)
}

func (o *Offer) check(sel Selection) error {
	if len(o.Multipliers) > 0 && sel.Multiplier != 0 && !slices.Contains(o.Multipliers, sel.Multiplier) {
		return fmt.Errorf("got a multiplier of %v, want one of %v", sel.Multiplier, o.Multipliers)
	}
	if len(o.GrowthRates) > 0 && sel.GrowthRate != 0 && !slices.Contains(o.GrowthRates, sel.GrowthRate) {
		return fmt.Errorf("got a growth rate of %v, want one of %v", sel.GrowthRate, o.GrowthRates)
	}
	return nil
}

// lasts tells whether a duration is among those offered.
func (o *Offer) lasts(sel Selection) bool {
	least, unit, known := parseDuration(o.MinDuration)
	most, mostUnit, ends := parseDuration(o.MaxDuration)
	if sel.Duration == 0 || !known || !ends {
		return true // an offer without an end: the venue decides
	}
	got, low, high := seconds(sel.Duration, sel.DurationUnit), seconds(least, unit), seconds(most, mostUnit)
	return (sel.DurationUnit == "t") == (unit == "t") && got >= low && got <= high
}

// seconds of a duration; ticks are counted as they are.
func seconds(n int, unit string) int {
	switch unit {
	case "m":
		return 60 * n
	case "h":
		return 3600 * n
	case "d":
		return 86400 * n
	}
	return n
}

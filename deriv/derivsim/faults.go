package derivsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// maxFaults bounds what is switched on at once.
const maxFaults = 200

// faults decide what goes wrong. Each kind has chance of its own, so that one
// does not shift another.
type faults struct {
	list   []*Fault
	rng    map[Kind]*rand.Rand
	chance *rand.Rand // of what a fault does
	told   map[Kind]int

	lateBy           time.Duration
	skew             int64
	skewUntil        int64
	maintenanceUntil int64
	burst            int
}

func newFaults(seed uint64) *faults {
	f := &faults{rng: make(map[Kind]*rand.Rand), told: make(map[Kind]int), chance: rand.New(rand.NewPCG(seed, seedForeign))}
	for i, k := range kinds {
		f.rng[k] = rand.New(rand.NewPCG(seed, uint64(seedFaults)<<32+uint64(i)))
	}
	return f
}

// checkFault wants what a fault names to be there.
func (s *Sim) checkFault(f *Fault) error {
	switch err := f.check(); {
	case err != nil:
		return err
	case f.Symbol != "" && s.bySymbol[f.Symbol] == nil:
		return f.errorf("the symbol %.40q, want one that is traded", f.Symbol)
	case f.Account != "" && s.byID[f.Account] == nil:
		return f.errorf("the account %.40q, want one that is there", f.Account)
	}
	return nil
}

func (s *Sim) addFaults(list []Fault) error {
	for _, f := range list {
		if err := s.checkFault(&f); err != nil {
			return err
		}
		s.faults.list = append(s.faults.list, &f)
	}
	return nil
}

// Inject switches a fault on. One of minutes with a Count happens at once, unless
// it has an After.
func (s *Sim) Inject(f Fault) error {
	if err := s.checkFault(&f); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	defer s.flush()
	if classes[f.Kind] == ofMinutes && f.After == 0 {
		for ; f.Count > 0; f.Count-- {
			s.befall(&f)
		}
		if f.Rate == 0 {
			return nil
		}
	}
	if len(s.faults.list) >= maxFaults {
		return fmt.Errorf("derivsim: got one fault more than %d; clear some", maxFaults)
	}
	s.faults.list = append(s.faults.list, &f)
	return nil
}

// Clear switches all faults off, and ends those that last.
func (s *Sim) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults
	f.list, f.skew, f.skewUntil, f.maintenanceUntil, f.burst = nil, 0, 0, 0, 0
	clear(s.revoked)
	for _, y := range s.symbols {
		y.closedUntil = 0
	}
	for c := range s.sessions {
		c.lagUntil = 0
	}
}

// Happened tells how often each fault has happened.
func (s *Sim) Happened() map[Kind]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := make(map[Kind]int)
	for k, n := range s.faults.told {
		told[k] = n
	}
	return told
}

// occasion is one at which a fault may happen.
type occasion struct {
	call, symbol string
	account      *account // nil of a public connection
}

// fits tells whether a fault is for the occasion. Of one of minutes the symbol
// and the account are what it befalls.
func (f *Fault) fits(kind Kind, o occasion) bool {
	switch {
	case f.Kind != kind:
		return false
	case classes[kind] == ofMinutes:
		return true
	case f.Account != "" && (o.account == nil || o.account.ID != f.Account):
		return false
	}
	return (f.Call == "" || f.Call == o.call) && (f.Symbol == "" || f.Symbol == o.symbol)
}

// find decides at an occasion. A fault with a count is used up by it.
func (f *faults) find(kind Kind, o occasion) *Fault {
	for i, fault := range f.list {
		if !fault.fits(kind, o) {
			continue
		}
		if fault.After > 0 {
			fault.After--
			continue
		}
		if fault.Count > 0 {
			if fault.Count--; fault.Count == 0 && fault.Rate == 0 {
				f.list = slices.Delete(f.list, i, i+1)
			}
			return fault
		}
		if fault.Rate > 0 && f.rng[kind].Float64() < fault.Rate {
			return fault
		}
	}
	return nil
}

// happens decides at an occasion, and keeps count.
func (f *faults) happens(kind Kind, o occasion) bool {
	if f.find(kind, o) == nil {
		return false
	}
	f.told[kind]++
	return true
}

// strikes decides for a call.
func (s *Sim) strikes(kind Kind, k *call) bool {
	if classes[kind] == ofBuys && k.name != "buy" {
		return false
	}
	fault := s.faults.find(kind, k.occasion())
	if fault == nil {
		return false
	}
	s.faults.told[kind]++
	switch kind {
	case LateAnswer:
		s.faults.lateBy = orElse(fault.For, 12*time.Second)
	case RateLimitBurst:
		s.faults.burst = burstCalls
	}
	s.log.Info("fault", "kind", kind, "call", k.name)
	return true
}

func (k *call) occasion() occasion {
	return occasion{call: k.name, symbol: k.symbol, account: k.session.account}
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// burstCalls is how many calls in a row a burst of rate limits refuses.
const burstCalls = 10

// rateLimited counts down a burst. Pings are let through: they keep alive.
func (f *faults) rateLimited(k *call) bool {
	if f.burst == 0 || k.name == "ping" {
		return false
	}
	f.burst--
	return true
}

package derivsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// Kind names a fault.
type Kind string

// The faults, and what the occasions of each are.
const (
	// DropBefore ends the connection instead of executing a call.
	DropBefore Kind = "drop-before"
	// DropAfter executes a call and ends the connection instead of answering.
	DropAfter Kind = "drop-after"
	// LateAnswer keeps an answer back for Fault.For of our time, 12 s if 0.
	LateAnswer Kind = "late-answer"
	// DuplicateAnswer sends an answer twice.
	DuplicateAnswer Kind = "duplicate-answer"
	// ContractBeforeBuy tells of what a buy did before answering it.
	ContractBeforeBuy Kind = "contract-before-buy"
	// SettlementByTransaction sends nothing of a contract that is bought to those
	// who follow it. Only the transaction tells of its end.
	SettlementByTransaction Kind = "settlement-by-transaction"
	// NoFinalContract keeps the last message of a contract's stream back.
	NoFinalContract Kind = "no-final-contract"
	// TickGap leaves a tick of a stream out; the history has it.
	TickGap Kind = "tick-gap"
	// TickDuplicate sends a tick twice.
	TickDuplicate Kind = "tick-duplicate"
	// TickOutOfOrder sends a tick behind the next.
	TickOutOfOrder Kind = "tick-out-of-order"
	// Lag keeps back all that a connection gets by two of the simulator's
	// minutes, for Fault.For of its time, 5 minutes if 0.
	Lag Kind = "lag"
	// RateLimitBurst refuses a call and the nine after it.
	RateLimitBurst Kind = "rate-limit"
	// PriceMoved refuses a buy.
	PriceMoved Kind = "price-moved"
	// MarketClosed closes all markets, or one, for Fault.For of the simulator's time, 2
	// minutes if 0.
	MarketClosed Kind = "market-closed"
	// TokenRevoked makes all tokens invalid that are connected.
	TokenRevoked Kind = "token-revoked"
	// OTPFailure answers a request for a one-time URL with 502.
	OTPFailure Kind = "otp-failure"
	// Maintenance closes all connections, and refuses new ones for Fault.For of
	// the simulator's time, 2 minutes if 0.
	Maintenance Kind = "maintenance"
	// Malformed sends a message that is no JSON before an answer.
	Malformed Kind = "malformed"
	// Oversized sends a message of 5 MiB before an answer.
	Oversized Kind = "oversized"
	// ClockSkew has the clock that is told be ahead by Fault.For, 90 s if 0,
	// until it is switched off.
	ClockSkew Kind = "clock-skew"
	// BalanceAdjusted has 25 units of the currency deposited, or withdrawn.
	BalanceAdjusted Kind = "balance-adjusted"
	// ForeignContract has another app buy a contract for 1 unit.
	ForeignContract Kind = "foreign-contract"
)

// Kinds returns all faults, in the order of their list.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	DropBefore, DropAfter, LateAnswer, DuplicateAnswer, ContractBeforeBuy, SettlementByTransaction, NoFinalContract,
	TickGap, TickDuplicate, TickOutOfOrder, Lag, RateLimitBurst, PriceMoved, MarketClosed, TokenRevoked, OTPFailure,
	Maintenance, Malformed, Oversized, ClockSkew, BalanceAdjusted, ForeignContract,
}

// minutely are the faults whose occasions are the minutes of the simulator's
// time; those of the others are calls, ticks, contracts and requests.
var minutely = []Kind{Lag, MarketClosed, TokenRevoked, Maintenance, ClockSkew, BalanceAdjusted, ForeignContract}

// Fault says when something goes wrong: at each of the next Count occasions, or
// at any occasion with a probability.
type Fault struct {
	Kind Kind
	// Rate is the probability at each occasion, 0 to 1.
	Rate float64
	// Count is how many occasions in a row it happens at. One that is minutely
	// happens at once.
	Count int
	// Call limits it to calls of that name, Symbol to one symbol. Empty is all.
	Call, Symbol string
	// For is how long it lasts, where that has a meaning.
	For time.Duration
}

// check says what is wrong with a fault.
func (f *Fault) check() error {
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("derivsim: fault: got %.40q, want one of %s", f.Kind, joinKinds())
	case !(f.Rate >= 0 && f.Rate <= 1) || f.Count < 0 || f.For < 0 || f.For > 24*time.Hour:
		return fmt.Errorf("derivsim: fault %s: got a rate of %v, a count of %d and a time of %v, want 0 to 1, 0 or more, and at most a day", f.Kind, f.Rate, f.Count, f.For)
	}
	return nil
}

func joinKinds() string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

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

func newFaults(seed uint64, list []Fault) (*faults, error) {
	f := &faults{rng: make(map[Kind]*rand.Rand), told: make(map[Kind]int), chance: rand.New(rand.NewPCG(seed, seedForeign))}
	for i, k := range kinds {
		f.rng[k] = rand.New(rand.NewPCG(seed, uint64(seedFaults)<<32+uint64(i)))
	}
	for _, fault := range list {
		if err := fault.check(); err != nil {
			return nil, err
		}
		f.list = append(f.list, &fault)
	}
	return f, nil
}

// Inject switches a fault on. One that is minutely and has a Count happens at once.
func (s *Sim) Inject(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	defer s.flush()
	if slices.Contains(minutely, f.Kind) && f.Count > 0 {
		for range f.Count {
			s.befall(&f)
		}
		return nil
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

// happens decides at an occasion. Faults with a count come first, and are used up.
func (f *faults) happens(kind Kind, call, symbol string) bool {
	fault := f.find(kind, call, symbol)
	if fault == nil {
		return false
	}
	f.told[kind]++
	return true
}

func (f *faults) find(kind Kind, call, symbol string) *Fault {
	for i, fault := range f.list {
		if fault.Kind != kind || fault.Call != "" && fault.Call != call || fault.Symbol != "" && fault.Symbol != symbol {
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

// strikes decides for a call.
func (s *Sim) strikes(kind Kind, k *call) bool { return s.strikesOn(kind, k, "") }

func (s *Sim) strikesOn(kind Kind, k *call, symbol string) bool {
	if kind == ContractBeforeBuy && k.name != "buy" {
		return false
	}
	fault := s.faults.find(kind, k.name, symbol)
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

// everyMinute gives the minutely faults their occasions.
func (s *Sim) everyMinute() {
	s.timers.set(s.at-s.at%minute+minute, func() {
		for _, kind := range minutely {
			if fault := s.faults.find(kind, "", ""); fault != nil {
				s.befall(fault)
			}
		}
		if s.faults.skewUntil <= s.at {
			s.faults.skew = 0
		}
		s.everyMinute()
	})
}

// befall has a minutely fault happen now.
func (s *Sim) befall(f *Fault) {
	s.faults.told[f.Kind]++
	s.log.Info("fault", "kind", f.Kind)
	switch f.Kind {
	case Lag:
		for c := range s.sessions {
			c.lagUntil = s.at + int64(orElse(f.For, 5*time.Minute))
		}
	case MarketClosed:
		for _, y := range s.symbols {
			if f.Symbol == "" || f.Symbol == y.index.Symbol {
				y.closedUntil = s.at + int64(orElse(f.For, 2*time.Minute))
			}
		}
	case TokenRevoked:
		for c := range s.sessions {
			if c.account != nil {
				s.revoked[c.user.token] = true
			}
		}
	case Maintenance:
		s.faults.maintenanceUntil = s.at + int64(orElse(f.For, 2*time.Minute))
		for c := range s.sessions {
			c.close(closeRestart, "maintenance")
		}
	case ClockSkew:
		s.faults.skew, s.faults.skewUntil = int64(orElse(f.For, 90*time.Second)), s.at+10*minute
	case BalanceAdjusted:
		s.adjust()
	case ForeignContract:
		s.foreign(f.Symbol)
	}
}

// adjust has money come or go that nobody here moved.
func (s *Sim) adjust() {
	for _, a := range s.accounts {
		amount, action := 25*deriv.Unit, "deposit"
		if s.faults.chance.Uint64()&1 == 0 && a.balance >= amount {
			amount, action = -amount, "withdrawal"
		}
		s.move(a, action, amount, 0, nil)
	}
}

// foreignApp is the app that contracts of nobody here carry.
const foreignApp = 1

// foreign has each account buy a contract of five ticks that nobody here asked for.
func (s *Sim) foreign(symbol string) {
	for _, a := range s.accounts {
		y := s.bySymbol[symbol]
		if y == nil {
			y = s.symbols[s.faults.chance.IntN(len(s.symbols))]
		}
		contractType := "CALL"
		if s.faults.chance.Uint64()&1 == 0 {
			contractType = "PUT"
		}
		t, problem := s.price(&deriv.Selection{
			Symbol: y.index.Symbol, ContractType: contractType, Currency: a.Currency, Amount: deriv.Unit, Basis: "stake", Duration: 5, DurationUnit: "t",
		}, a.Currency)
		if problem == nil && t.stake <= a.balance {
			s.open(a, foreignApp, t)
		}
	}
}

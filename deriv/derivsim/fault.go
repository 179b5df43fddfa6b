package derivsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
	// ForeignContract has another app buy a contract for 1 unit: Fault.App, or app 1.
	ForeignContract Kind = "foreign-contract"
	// SecondInstance has somebody else buy a contract for 1 unit with the app id
	// of a connected client, as a second copy of it would. Without one nothing
	// happens.
	SecondInstance Kind = "second-instance"
	// ContractCancelled gives the price of a contract back at its end, whatever it
	// would have come to. One that is sold early is not cancelled.
	ContractCancelled Kind = "contract-cancelled"
)

// Kinds returns all faults, in the order of their list.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	DropBefore, DropAfter, LateAnswer, DuplicateAnswer, ContractBeforeBuy, SettlementByTransaction, NoFinalContract,
	TickGap, TickDuplicate, TickOutOfOrder, Lag, RateLimitBurst, PriceMoved, MarketClosed, TokenRevoked, OTPFailure,
	Maintenance, Malformed, Oversized, ClockSkew, BalanceAdjusted, ForeignContract, SecondInstance, ContractCancelled,
}

// class is what the occasions of a fault are.
type class int

const (
	ofCalls class = iota // a call of any kind
	ofBuys
	ofEnds // of contracts
	ofTicks
	ofOTPs    // requests for a one-time URL
	ofMinutes // of the simulator's time
)

var classes = map[Kind]class{
	ContractBeforeBuy: ofBuys, SettlementByTransaction: ofBuys, PriceMoved: ofBuys, NoFinalContract: ofEnds, ContractCancelled: ofEnds,
	TickGap: ofTicks, TickDuplicate: ofTicks, TickOutOfOrder: ofTicks, OTPFailure: ofOTPs,
	Lag: ofMinutes, MarketClosed: ofMinutes, TokenRevoked: ofMinutes, Maintenance: ofMinutes, ClockSkew: ofMinutes,
	BalanceAdjusted: ofMinutes, ForeignContract: ofMinutes, SecondInstance: ofMinutes,
}

// onlyCall is the one call that a class is of, empty for none.
var onlyCall = map[class]string{ofBuys: "buy", ofEnds: "proposal_open_contract", ofTicks: "ticks", ofOTPs: "otp"}

// Fault says when something goes wrong: at each of the next Count occasions, or
// at any occasion with a probability. A simulator's owner may have one happen to
// one account, or at the third buy from now.
type Fault struct {
	Kind Kind
	// Rate is the probability at each occasion, 0 to 1.
	Rate float64
	// Count is how many occasions in a row it happens at, 10,000 at most. One whose
	// occasions are minutes happens at once, so many times.
	Count int
	// After is how many occasions pass before it begins, 1,000,000 at most. With
	// it a fault of minutes waits as well.
	After int
	// Call limits it to calls of that name, Symbol to one symbol, Account to one
	// account. Empty is all. Call is for faults of calls; Symbol for those of
	// buys, contracts and ticks, MarketClosed and whatever buys; Account for all
	// but MarketClosed, Maintenance and ClockSkew.
	Call, Symbol, Account string
	// App is the app id that a ForeignContract is bought with; 0 is 1.
	App int64
	// For is how long it lasts, where that has a meaning; a day at most.
	For time.Duration
}

const (
	maxCount = 10_000
	maxAfter = 1_000_000
)

// check says what is wrong with a fault.
func (f *Fault) check() error {
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("derivsim: fault: got %.40q, want one of %s", f.Kind, joinKinds())
	case !(f.Rate >= 0 && f.Rate <= 1):
		return f.errorf("a rate of %v, want 0 to 1", f.Rate)
	case f.Count < 0 || f.Count > maxCount:
		return f.errorf("a count of %d, want 0 to %d", f.Count, maxCount)
	case f.After < 0 || f.After > maxAfter:
		return f.errorf("%d occasions to pass, want 0 to %d", f.After, maxAfter)
	case f.For < 0 || f.For > 24*time.Hour:
		return f.errorf("a time of %v, want 0 to a day", f.For)
	}
	return f.checkLimits()
}

// checkLimits refuses what would never fit an occasion.
func (f *Fault) checkLimits() error {
	of := classes[f.Kind]
	switch {
	case f.Call != "" && of == ofCalls && handlers[f.Call] == nil && tradingHandlers[f.Call] == nil:
		return f.errorf("the call %.40q, want the name of one", f.Call)
	case f.Call != "" && of != ofCalls && f.Call != onlyCall[of]:
		return f.errorf("the call %.40q, want %s", f.Call, orNone(onlyCall[of]))
	case f.Symbol != "" && (of == ofCalls || of == ofOTPs || of == ofMinutes && !slices.Contains([]Kind{MarketClosed, ForeignContract, SecondInstance}, f.Kind)):
		return f.errorf("the symbol %.40q, want none: it is of no symbol", f.Symbol)
	case f.Account != "" && slices.Contains([]Kind{MarketClosed, Maintenance, ClockSkew}, f.Kind):
		return f.errorf("the account %.40q, want none: it is everybody's", f.Account)
	case f.App != 0 && f.Kind != ForeignContract || f.App < 0:
		return f.errorf("the app %d, want none, or one of %s", f.App, ForeignContract)
	}
	return nil
}

func orNone(call string) string {
	if call == "" {
		return "none"
	}
	return "none or " + call
}

func (f *Fault) errorf(format string, args ...any) error {
	return fmt.Errorf("derivsim: fault %s: got "+format, append([]any{f.Kind}, args...)...)
}

func joinKinds() string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

package derivsim

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price"
)

// Options of a simulator. Nil is fine, and so is every zero.
type Options struct {
	// Seed fixes all chance: prices, and when faults happen.
	Seed uint64
	// Speed is how many of the simulator's seconds pass in one of ours, 0.001 to
	// 100,000; 0 is 1.
	Speed float64
	// Start is the simulator's time when Run begins, in whole seconds, from 2000 to
	// 2099; zero is the time of New.
	Start time.Time
	// Indices are what is traded, one or more; nil is all of price.Indices. Their
	// intervals are whole seconds.
	Indices []price.Index
	// History is how many ticks of each index are kept, and there before Start;
	// 0 is 20,000.
	History int
	// Accounts are those of every token; nil is a demo account of 10,000 USD
	// and a real one of 1,000.
	Accounts []Account
	// Payouts are what Rise and Fall pay; the first that fits counts. Where none
	// does, it is 1.954 times the stake for what has an even chance, and in
	// inverse proportion to the chance otherwise.
	Payouts []PayoutRule
	// Commission is that of multipliers as a share of stake × multiplier, by
	// symbol. One that is missing follows from the index's volatility.
	Commission map[string]float64
	// MinStake is 0.35 if 0, MaxPayout 50,000; a million at most.
	MinStake, MaxPayout deriv.Money
	// Limits are the venue's.
	Limits Limits
	// Faults are what goes wrong from the beginning, beside what Inject asks for.
	Faults []Fault
	// Logger is told of connections and faults; nil discards.
	Logger *slog.Logger
}

// Account is one that a user finds.
type Account struct {
	ID       string
	Kind     deriv.AccountKind
	Currency string
	// Balance is a billion at most.
	Balance deriv.Money
}

// PayoutRule says what a contract pays that wins, as a multiple of its stake.
type PayoutRule struct {
	// Symbol and ContractType are those of the contract; empty is any.
	Symbol, ContractType string
	// Unit is that of the duration (t, s, m, h, d), empty any; Min and Max
	// bound its number, Max 0 is without end.
	Unit     string
	Min, Max int
	// Ratio is the payout over the stake, above 1 and at most 100.
	Ratio float64
}

// Limits are how much the venue bears. Each zero is the smaller of what two of
// its documents say.
type Limits struct {
	// Budgets are the calls of a minute and an hour, over all connections of an
	// account, or of each public connection; REST is of each token. They count the
	// simulator's time.
	Budgets deriv.Budgets
	// PerSecond is how many calls of any kind a connection may make in a second
	// of the simulator's time (100), Pings how many of them may be pings (10).
	PerSecond, Pings int
	// Subscriptions is how many streams a connection may have (100), Connections
	// how many trading connections an account may have (5).
	Subscriptions, Connections int
	// OpenContracts is how many an account may have open (1,000).
	OpenContracts int
	// OTPLife is how long a one-time URL is good (1 minute), Idle how long a
	// connection may send nothing (2 minutes). Both count our time.
	OTPLife, Idle time.Duration
}

func (l *Limits) defaults() {
	for _, d := range []struct {
		value *int
		zero  int
	}{{&l.PerSecond, 100}, {&l.Pings, 10}, {&l.Subscriptions, 100}, {&l.Connections, 5}, {&l.OpenContracts, 1000}} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if l.OTPLife == 0 {
		l.OTPLife = time.Minute
	}
	if l.Idle == 0 {
		l.Idle = 2 * time.Minute
	}
}

func (l *Limits) check() error {
	if l.PerSecond < 0 || l.Pings < 0 || l.Subscriptions < 0 || l.Connections < 0 || l.OpenContracts < 0 || l.OTPLife < 0 || l.Idle < 0 {
		return fmt.Errorf("derivsim: limits: got %+v, want none below 0", *l)
	}
	return nil
}

// Ids of the accounts that a simulator has if it is told of none.
const (
	DemoAccount = "DOT90000001"
	RealAccount = "ROT90000001"
)

func usualAccounts() []Account {
	return []Account{
		{ID: DemoAccount, Kind: deriv.Demo, Currency: "USD", Balance: 10_000 * deriv.Unit},
		{ID: RealAccount, Kind: deriv.Real, Currency: "USD", Balance: 1_000 * deriv.Unit},
	}
}

const (
	maxHistory = 1_000_000
	maxBalance = 1_000_000_000 * deriv.Unit
	maxPayout  = 1_000_000 * deriv.Unit
)

// resolve replaces each zero by what it means, and tells what cannot be.
func (o *Options) resolve() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	r.defaults()
	if err := checkSpeed(r.Speed); err != nil {
		return r, err
	}
	if r.History < 100 || r.History > maxHistory {
		return r, fmt.Errorf("derivsim: history: got %d, want 100 to %d", r.History, maxHistory)
	}
	if r.MinStake < 0 || r.MaxPayout < r.MinStake || r.MaxPayout > maxPayout {
		return r, fmt.Errorf("derivsim: got a least stake of %v and a highest payout of %v, want 0 or more, and more than the stake, a million at most", r.MinStake, r.MaxPayout)
	}
	if r.Start.Before(time.Unix(0, beginOfTime)) || !r.Start.Before(time.Unix(0, latestStart)) {
		return r, fmt.Errorf("derivsim: start: got %s, want 2000 to 2099", r.Start.UTC().Format(time.RFC3339))
	}
	for _, check := range []func() error{r.checkIndices, r.checkAccounts, r.checkPrices, r.Limits.check} {
		if err := check(); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (o *Options) defaults() {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	if o.Indices == nil {
		o.Indices = price.Indices()
	}
	if o.History == 0 {
		o.History = 20_000
	}
	if o.Accounts == nil {
		o.Accounts = usualAccounts()
	}
	if o.MinStake == 0 {
		o.MinStake = deriv.Cents(35)
	}
	if o.MaxPayout == 0 {
		o.MaxPayout = 50_000 * deriv.Unit
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Limits.defaults()
}

func (o *Options) checkIndices() error {
	if len(o.Indices) == 0 {
		return errors.New("derivsim: indices: got none, want one or more")
	}
	seen := make(map[string]bool)
	for i := range o.Indices {
		x := &o.Indices[i]
		switch err := x.Check(); {
		case err != nil:
			return fmt.Errorf("derivsim: %w", err)
		case x.Interval%time.Second != 0 || x.Interval > time.Minute:
			return fmt.Errorf("derivsim: index %q: interval: got %v, want whole seconds, at most a minute", x.Name, x.Interval)
		case seen[x.Symbol] || x.Symbol == "":
			return fmt.Errorf("derivsim: index %q: symbol: got %q, want one of its own", x.Name, x.Symbol)
		}
		seen[x.Symbol] = true
	}
	return nil
}

func (o *Options) checkAccounts() error {
	seen := make(map[string]bool)
	for _, a := range o.Accounts {
		switch {
		case a.ID == "" || seen[a.ID]:
			return fmt.Errorf("derivsim: account: got the id %q, want one of its own", a.ID)
		case a.Kind != deriv.Demo && a.Kind != deriv.Real:
			return fmt.Errorf("derivsim: account %s: kind: got %q, want demo or real", a.ID, a.Kind)
		case a.Currency == "":
			return fmt.Errorf("derivsim: account %s: got no currency, want one: USD", a.ID)
		case a.Balance < 0 || a.Balance > maxBalance || a.Balance.Round(deriv.CurrencyDecimals(a.Currency)) != a.Balance:
			return fmt.Errorf("derivsim: account %s: balance: got %v, want 0 to a billion in whole cents", a.ID, a.Balance)
		}
		seen[a.ID] = true
	}
	return nil
}

func (o *Options) checkPrices() error {
	for _, p := range o.Payouts {
		if !(p.Ratio > 1 && p.Ratio <= 100) || p.Min < 0 || p.Max < 0 || p.Unit != "" && !slices.Contains(units, p.Unit) {
			return fmt.Errorf("derivsim: payout: got %+v, want a ratio above 1 and at most 100, and a duration in %v", p, units)
		}
	}
	for symbol, c := range o.Commission {
		if !(c >= 0 && c < 1) {
			return fmt.Errorf("derivsim: commission of %s: got %v, want 0 or more and less than 1", symbol, c)
		}
	}
	return nil
}

var units = []string{"t", "s", "m", "h", "d"}

package trade

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"
)

// Limits bound what may be risked. The zero of a field is its default; a negative one,
// where that has a meaning, switches the limit off. Money is in the account's currency.
type Limits struct {
	// MaxStake is the most that a contract may cost: 5. MaxStakeShare is the most of
	// the balance that it may be: 0.01.
	MaxStake      Money   `json:"max_stake"`
	MaxStakeShare float64 `json:"max_stake_share"`
	// MaxOpen is how many contracts may be open, those of others on the account
	// counted: 3. MaxOpenAsset is how many of one asset: 1. MaxOpenSide is how many
	// that expect the same direction: 2. MaxOpenPayout is what all may pay in all: 30.
	MaxOpen       int   `json:"max_open"`
	MaxOpenAsset  int   `json:"max_open_asset"`
	MaxOpenSide   int   `json:"max_open_side"`
	MaxOpenPayout Money `json:"max_open_payout"`
	// PerMinute, PerHour and PerDay are how many orders may be made in such a time: 6,
	// 60 and 300.
	PerMinute int `json:"per_minute"`
	PerHour   int `json:"per_hour"`
	PerDay    int `json:"per_day"`
	// DailyLoss is the most that may be lost in a day of the broker's clock, in UTC:
	// 20. RollingLoss is that of any 24 hours: 30. What is open counts as lost.
	DailyLoss   Money `json:"daily_loss"`
	RollingLoss Money `json:"rolling_loss"`
	// MaxDrawdown is how far, as a share of the highest, the account may fall: 0.1.
	MaxDrawdown float64 `json:"max_drawdown"`
	// LossStreak is after how many losses in a row nothing is bought for CoolDown: 5,
	// and half an hour. MaxCoolDowns is how many of that a day may have: 3.
	LossStreak   int           `json:"loss_streak"`
	CoolDown     time.Duration `json:"cool_down"`
	MaxCoolDowns int           `json:"max_cool_downs"`
	// Session is for how long after its start a trader buys: 24 hours.
	Session time.Duration `json:"session"`
	// MinPayout is what a Rise or Fall has to pay for a stake of 1: 1.7. MaxCost is
	// what a contract may cost on average if nothing is known, as a share of the
	// stake: 0.06.
	MinPayout float64 `json:"min_payout"`
	MaxCost   float64 `json:"max_cost"`
	// AllowIncrease lets a stake be higher than one that was just lost.
	AllowIncrease bool `json:"allow_increase"`
	// MaxSnapshotAge and MaxVotesAge bound the age of what the space said: 30 s.
	// MaxTickAge and MaxQuoteAge that of what the venue said: 10 s. MaxLag is how late
	// its ticks may be: 5 s. MaxOffset is how wrong its clock may be: 2 s.
	MaxSnapshotAge time.Duration `json:"max_snapshot_age"`
	MaxVotesAge    time.Duration `json:"max_votes_age"`
	MaxTickAge     time.Duration `json:"max_tick_age"`
	MaxQuoteAge    time.Duration `json:"max_quote_age"`
	MaxLag         time.Duration `json:"max_lag"`
	MaxOffset      time.Duration `json:"max_offset"`
	// MaxFrozen is for how long the count of training steps may stand still: 10
	// minutes.
	MaxFrozen time.Duration `json:"max_frozen"`
	// MaxPriceGap is how far the space's price may be from the venue's, as a share of
	// it: 0.005.
	MaxPriceGap float64 `json:"max_price_gap"`
	// MaxErrors is how many buys in an hour may be rejected or stay without an answer:
	// 10.
	MaxErrors int `json:"max_errors"`
	// NeedEvidence wants an edge that is proven before anything is bought. Real money
	// always does.
	NeedEvidence bool `json:"need_evidence"`
}

// DefaultLimits are conservative.
func DefaultLimits() *Limits {
	return &Limits{
		MaxStake: 5 * Unit, MaxStakeShare: 0.01, MaxOpen: 3, MaxOpenAsset: 1, MaxOpenSide: 2, MaxOpenPayout: 30 * Unit,
		PerMinute: 6, PerHour: 60, PerDay: 300, DailyLoss: 20 * Unit, RollingLoss: 30 * Unit, MaxDrawdown: 0.1,
		LossStreak: 5, CoolDown: 30 * time.Minute, MaxCoolDowns: 3, Session: 24 * time.Hour, MinPayout: 1.7, MaxCost: 0.06,
		MaxSnapshotAge: 30 * time.Second, MaxVotesAge: 30 * time.Second, MaxTickAge: 10 * time.Second, MaxQuoteAge: 10 * time.Second,
		MaxLag: 5 * time.Second, MaxOffset: 2 * time.Second, MaxFrozen: 10 * time.Minute, MaxPriceGap: 0.005, MaxErrors: 10,
	}
}

// Filled returns the limits with defaults in place of zeros, or what is wrong with
// them.
func (l *Limits) Filled() (*Limits, error) {
	out := *l
	d := DefaultLimits()
	for _, f := range out.fields() {
		f.fill(f.of(d))
	}
	var errs []error
	for _, f := range out.fields() {
		errs = append(errs, f.check())
	}
	return &out, errors.Join(errs...)
}

// Tighten returns next, filled from l where it says nothing, if it allows nothing that l
// does not.
func (l *Limits) Tighten(next *Limits) (*Limits, error) {
	out := *next
	for _, f := range out.fields() {
		f.fill(f.of(l))
	}
	out.NeedEvidence = out.NeedEvidence || l.NeedEvidence
	var errs []error
	for _, f := range out.fields() {
		errs = append(errs, f.check(), f.looser(f.of(l)))
	}
	if out.AllowIncrease && !l.AllowIncrease {
		errs = append(errs, errors.New("allow_increase: got true, which is looser; want a restart for that"))
	}
	return &out, errors.Join(errs...)
}

// field is one limit as a number, whatever its unit.
type field struct {
	name string
	get  func(*Limits) float64
	set  func(float64)
	from *Limits
	// least is true where a limit is tighter the higher it is.
	least bool
	// fixed is a limit that cannot be switched off; most is its highest value, 0 for
	// any.
	fixed bool
	most  float64
}

func (f *field) of(l *Limits) float64 { return f.get(l) }

func (f *field) fill(value float64) {
	if f.get(f.from) == 0 {
		f.set(value)
	}
}

func (f *field) check() error {
	switch v := f.get(f.from); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("%s: got %v, want a number", f.name, v)
	case v < 0 && f.fixed:
		return fmt.Errorf("%s: got less than 0, want more; this limit cannot be switched off", f.name)
	case f.most > 0 && v > f.most:
		return fmt.Errorf("%s: got %v, want at most %v", f.name, v, f.most)
	}
	return nil
}

// looser refuses what allows more than was.
func (f *field) looser(was float64) error {
	now := f.get(f.from)
	off, wasOff := now < 0, was < 0
	loose := now > was
	if f.least {
		loose = now < was
	}
	if off && !wasOff || !off && !wasOff && loose {
		return fmt.Errorf("%s: got a looser limit than the one in force; want a restart for that", f.name)
	}
	return nil
}

// fields are all limits that are numbers.
func (l *Limits) fields() []*field {
	money := func(name string, p func(*Limits) *Money) *field {
		return &field{name: name, get: func(l *Limits) float64 { return float64(*p(l)) }, set: func(v float64) { *p(l) = Money(v) }, from: l, fixed: true}
	}
	count := func(name string, p func(*Limits) *int) *field {
		return &field{name: name, get: func(l *Limits) float64 { return float64(*p(l)) }, set: func(v float64) { *p(l) = int(v) }, from: l}
	}
	share := func(name string, most float64, p func(*Limits) *float64) *field {
		return &field{name: name, get: func(l *Limits) float64 { return *p(l) }, set: func(v float64) { *p(l) = v }, from: l, fixed: true, most: most}
	}
	long := func(name string, p func(*Limits) *time.Duration) *field {
		return &field{name: name, get: func(l *Limits) float64 { return float64(*p(l)) }, set: func(v float64) { *p(l) = time.Duration(v) }, from: l}
	}
	payout := share("min_payout", 0, func(l *Limits) *float64 { return &l.MinPayout })
	cool := long("cool_down", func(l *Limits) *time.Duration { return &l.CoolDown })
	payout.least, cool.least = true, true
	return []*field{
		money("max_stake", func(l *Limits) *Money { return &l.MaxStake }),
		share("max_stake_share", 1, func(l *Limits) *float64 { return &l.MaxStakeShare }),
		count("max_open", func(l *Limits) *int { return &l.MaxOpen }),
		count("max_open_asset", func(l *Limits) *int { return &l.MaxOpenAsset }),
		count("max_open_side", func(l *Limits) *int { return &l.MaxOpenSide }),
		money("max_open_payout", func(l *Limits) *Money { return &l.MaxOpenPayout }),
		count("per_minute", func(l *Limits) *int { return &l.PerMinute }),
		count("per_hour", func(l *Limits) *int { return &l.PerHour }),
		count("per_day", func(l *Limits) *int { return &l.PerDay }),
		money("daily_loss", func(l *Limits) *Money { return &l.DailyLoss }),
		money("rolling_loss", func(l *Limits) *Money { return &l.RollingLoss }),
		share("max_drawdown", 1, func(l *Limits) *float64 { return &l.MaxDrawdown }),
		count("loss_streak", func(l *Limits) *int { return &l.LossStreak }),
		cool,
		count("max_cool_downs", func(l *Limits) *int { return &l.MaxCoolDowns }),
		long("session", func(l *Limits) *time.Duration { return &l.Session }),
		payout,
		share("max_cost", 1, func(l *Limits) *float64 { return &l.MaxCost }),
		long("max_snapshot_age", func(l *Limits) *time.Duration { return &l.MaxSnapshotAge }),
		long("max_votes_age", func(l *Limits) *time.Duration { return &l.MaxVotesAge }),
		long("max_tick_age", func(l *Limits) *time.Duration { return &l.MaxTickAge }),
		long("max_quote_age", func(l *Limits) *time.Duration { return &l.MaxQuoteAge }),
		long("max_lag", func(l *Limits) *time.Duration { return &l.MaxLag }),
		long("max_offset", func(l *Limits) *time.Duration { return &l.MaxOffset }),
		long("max_frozen", func(l *Limits) *time.Duration { return &l.MaxFrozen }),
		share("max_price_gap", 0, func(l *Limits) *float64 { return &l.MaxPriceGap }),
		count("max_errors", func(l *Limits) *int { return &l.MaxErrors }),
	}
}

// exceeds tells whether a value is above a limit that is not switched off. What is no
// number exceeds everything.
func exceeds[T cmp.Ordered](value, limit T) bool {
	var zero T
	return limit >= zero && !(value <= limit)
}

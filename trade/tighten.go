package trade

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Filled returns the limits with defaults in place of zeros, or all that is wrong with
// them.
func (l *Limits) Filled() (*Limits, error) {
	out := *l
	out.fill(DefaultLimits())
	var errs []error
	for _, f := range out.fields() {
		errs = append(errs, f.check())
	}
	return &out, errors.Join(errs...)
}

// Tighten returns next with l in place of its zeros, if that allows nothing that l does
// not, or else what would be looser. AllowIncrease is what next says.
func (l *Limits) Tighten(next *Limits) (*Limits, error) {
	out := *next
	out.fill(l)
	out.NeedEvidence = out.NeedEvidence || l.NeedEvidence
	was := l.fields()
	var errs []error
	for i, f := range out.fields() {
		errs = append(errs, f.check(), f.looser(was[i]))
	}
	if out.AllowIncrease && !l.AllowIncrease {
		errs = append(errs, errors.New("allow_increase: got true, want false, or a restart: it is looser than what is in force"))
	}
	return &out, errors.Join(errs...)
}

// fill puts another's limits in place of zeros.
func (l *Limits) fill(from *Limits) {
	other := from.fields()
	for i, f := range l.fields() {
		if f.get() == 0 {
			f.set(other[i].get())
		}
	}
}

// field is one limit as a number, whatever its unit.
type field struct {
	name string
	get  func() float64
	set  func(float64)
	text func(float64) string
	// least is true where a limit is tighter the higher it is.
	least bool
	// fixed is a limit that cannot be switched off; most is its highest value, 0 for
	// any.
	fixed bool
	most  float64
}

func (f *field) check() error {
	switch v := f.get(); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("%s: got %v, want a number", f.name, v)
	case v < 0 && f.fixed:
		return fmt.Errorf("%s: got %s, want more than 0; this limit cannot be switched off", f.name, f.text(v))
	case f.most > 0 && v > f.most:
		return fmt.Errorf("%s: got %s, want at most %s", f.name, f.text(v), f.text(f.most))
	}
	return nil
}

// looser refuses what allows more than was.
func (f *field) looser(was *field) error {
	now, before, bound := f.get(), was.get(), "at most"
	loose := now > before
	if f.least {
		loose, bound = now < before, "at least"
	}
	if off := now < 0; before < 0 || !off && !loose {
		return nil
	}
	return fmt.Errorf("%s: got %s, want %s %s, or a restart: it is looser than what is in force", f.name, f.text(now), bound, f.text(before))
}

// The highest limits of each kind. All have to be exact as a float64.
const (
	mostMoney = 90_000_000 * Unit
	mostCount = 1_000_000_000
	mostLong  = 100 * 365 * day
)

func money(name string, p *Money) *field {
	return &field{
		name: name, get: func() float64 { return float64(*p) }, set: func(v float64) { *p = Money(v) },
		text: func(v float64) string { return Money(whole(v)).String() }, fixed: true, most: float64(mostMoney),
	}
}

func count(name string, p *int) *field {
	return &field{name: name, get: func() float64 { return float64(*p) }, set: func(v float64) { *p = int(v) }, text: shortest, most: mostCount}
}

func share(name string, most float64, p *float64) *field {
	return &field{name: name, get: func() float64 { return *p }, set: func(v float64) { *p = v }, text: shortest, fixed: true, most: most}
}

func long(name string, p *time.Duration) *field {
	return &field{
		name: name, get: func() float64 { return float64(*p) }, set: func(v float64) { *p = time.Duration(v) },
		text: func(v float64) string { return time.Duration(whole(v)).String() }, most: float64(mostLong),
	}
}

// whole is v as a whole number, or the nearest that there is.
func whole(v float64) int64 {
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(v)
}

func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// atLeast turns a limit around: it is tighter the higher it is.
func atLeast(f *field) *field {
	f.least = true
	return f
}

// fields are all limits that are numbers, always in the same order.
func (l *Limits) fields() []*field {
	return []*field{
		money("max_stake", &l.MaxStake),
		share("max_stake_share", 1, &l.MaxStakeShare),
		count("max_open", &l.MaxOpen),
		count("max_open_asset", &l.MaxOpenAsset),
		count("max_open_side", &l.MaxOpenSide),
		money("max_open_payout", &l.MaxOpenPayout),
		count("per_minute", &l.PerMinute),
		count("per_hour", &l.PerHour),
		count("per_day", &l.PerDay),
		money("daily_loss", &l.DailyLoss),
		money("rolling_loss", &l.RollingLoss),
		share("max_drawdown", 1, &l.MaxDrawdown),
		count("loss_streak", &l.LossStreak),
		atLeast(long("cool_down", &l.CoolDown)),
		count("max_cool_downs", &l.MaxCoolDowns),
		long("session", &l.Session),
		atLeast(share("min_payout", 0, &l.MinPayout)),
		share("max_cost", 1, &l.MaxCost),
		long("max_snapshot_age", &l.MaxSnapshotAge),
		long("max_votes_age", &l.MaxVotesAge),
		long("max_tick_age", &l.MaxTickAge),
		long("max_quote_age", &l.MaxQuoteAge),
		long("max_lag", &l.MaxLag),
		long("max_offset", &l.MaxOffset),
		long("max_frozen", &l.MaxFrozen),
		share("max_price_gap", 0, &l.MaxPriceGap),
		count("max_errors", &l.MaxErrors),
	}
}

package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

// riskFlags are the limits of trading, money as text.
type riskFlags struct {
	stake, payout, daily, rolling string
	limits                        trade.Limits
}

// addRiskFlags adds a flag for each limit; docs/risk.md says more of each.
func addRiskFlags(cmd *cobra.Command, r *riskFlags) {
	f, l, d := cmd.Flags(), &r.limits, trade.DefaultLimits()
	f.StringVar(&r.stake, "max-stake", d.MaxStake.String(), "the most that a contract may cost")
	f.Float64Var(&l.MaxStakeShare, "max-stake-share", d.MaxStakeShare, "the most of the balance that a contract may cost, 0 to 1")
	f.IntVar(&l.MaxOpen, "max-open", d.MaxOpen, "how many contracts may be open; -1 for any number, also below")
	f.IntVar(&l.MaxOpenAsset, "max-open-asset", d.MaxOpenAsset, "how many of one asset")
	f.IntVar(&l.MaxOpenSide, "max-open-side", d.MaxOpenSide, "how many that expect the same direction")
	f.StringVar(&r.payout, "max-open-payout", d.MaxOpenPayout.String(), "what all that is open may pay in all")
	f.IntVar(&l.PerMinute, "per-minute", d.PerMinute, "how many orders in a minute of the broker's clock")
	f.IntVar(&l.PerHour, "per-hour", d.PerHour, "how many in an hour")
	f.IntVar(&l.PerDay, "per-day", d.PerDay, "how many in a day")
	f.StringVar(&r.daily, "daily-loss", d.DailyLoss.String(), "the most that may be lost in a day, in UTC; then it halts")
	f.StringVar(&r.rolling, "rolling-loss", d.RollingLoss.String(), "the most that may be lost in 24 hours; then it halts")
	f.Float64Var(&l.MaxDrawdown, "max-drawdown", d.MaxDrawdown, "how far the account may fall from its highest, 0 to 1; then it halts")
	f.IntVar(&l.LossStreak, "loss-streak", d.LossStreak, "after how many losses in a row it pauses; -1 for never")
	f.DurationVar(&l.CoolDown, "cool-down", d.CoolDown, "for how long")
	f.IntVar(&l.MaxCoolDowns, "max-cool-downs", d.MaxCoolDowns, "how many pauses a day may have; then it halts")
	f.DurationVar(&l.Session, "session", d.Session, "for how long after its start it buys; -1s for ever")
	f.Float64Var(&l.MinPayout, "min-payout", d.MinPayout, "what a Rise or Fall has to pay for a stake of 1")
	f.Float64Var(&l.MaxCost, "max-cost", d.MaxCost, "what a contract may cost on average without an edge, as a share of its stake")
	f.BoolVar(&l.AllowIncrease, "allow-increase", false, "let a stake be higher than one that was just lost")
	addAgeFlags(cmd, l, d)
	f.IntVar(&l.MaxErrors, "max-errors", d.MaxErrors, "how many buys in an hour may be rejected or stay without an answer; then it halts")
	f.BoolVar(&l.NeedEvidence, "need-evidence", false, "buy only while an edge is proven; live always does")
}

func addAgeFlags(cmd *cobra.Command, l, d *trade.Limits) {
	f := cmd.Flags()
	f.DurationVar(&l.MaxSnapshotAge, "max-snapshot-age", d.MaxSnapshotAge, "how old what a space said may be")
	f.DurationVar(&l.MaxVotesAge, "max-votes-age", d.MaxVotesAge, "how old its votes may be")
	f.DurationVar(&l.MaxTickAge, "max-tick-age", d.MaxTickAge, "how old the venue's newest tick may be")
	f.DurationVar(&l.MaxQuoteAge, "max-quote-age", d.MaxQuoteAge, "how old a quote may be")
	f.DurationVar(&l.MaxLag, "max-lag", d.MaxLag, "how late the venue's ticks may be")
	f.DurationVar(&l.MaxOffset, "max-offset", d.MaxOffset, "how wrong its clock may be")
	f.DurationVar(&l.MaxFrozen, "max-frozen", d.MaxFrozen, "for how long a space's training steps may stand still; -1s for ever")
	f.Float64Var(&l.MaxPriceGap, "max-price-gap", d.MaxPriceGap, "how far a space's price may be from the venue's, as a share of it")
}

// read returns the limits that the flags say.
func (r *riskFlags) read() (*trade.Limits, error) {
	l := r.limits
	var errs []error
	for _, m := range []struct {
		flag, text string
		to         *trade.Money
	}{
		{"max-stake", r.stake, &l.MaxStake}, {"max-open-payout", r.payout, &l.MaxOpenPayout},
		{"daily-loss", r.daily, &l.DailyLoss}, {"rolling-loss", r.rolling, &l.RollingLoss},
	} {
		var err error
		if *m.to, err = amount(m.flag, m.text); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := noZeros(&l); err != nil {
		return nil, err
	}
	out, err := l.Filled()
	if err != nil {
		return nil, misconfigured(fmt.Errorf("limits: %w", err))
	}
	return out, nil
}

// noZeros refuses a limit of 0, which to one reader is none and to another nothing at
// all.
func noZeros(l *trade.Limits) error {
	for flag, zero := range map[string]bool{
		"max-stake-share": l.MaxStakeShare == 0, "max-open": l.MaxOpen == 0, "max-open-asset": l.MaxOpenAsset == 0, "max-open-side": l.MaxOpenSide == 0,
		"per-minute": l.PerMinute == 0, "per-hour": l.PerHour == 0, "per-day": l.PerDay == 0, "max-drawdown": l.MaxDrawdown == 0,
		"loss-streak": l.LossStreak == 0, "cool-down": l.CoolDown == 0, "max-cool-downs": l.MaxCoolDowns == 0, "session": l.Session == 0,
		"min-payout": l.MinPayout == 0, "max-cost": l.MaxCost == 0, "max-errors": l.MaxErrors == 0, "max-price-gap": l.MaxPriceGap == 0,
		"max-snapshot-age": l.MaxSnapshotAge == 0, "max-votes-age": l.MaxVotesAge == 0, "max-tick-age": l.MaxTickAge == 0,
		"max-quote-age": l.MaxQuoteAge == 0, "max-lag": l.MaxLag == 0, "max-offset": l.MaxOffset == 0, "max-frozen": l.MaxFrozen == 0,
	} {
		if zero {
			return misconfigured(fmt.Errorf("%s: got 0, want more; --trade off trades nothing", flag))
		}
	}
	return nil
}

// sizingFlags say what is staked and on what.
type sizingFlags struct {
	stake, mode        string
	part               float64
	ticks              int
	duration           time.Duration
	multiplier         float64
	stopLoss, takeGain float64
}

func addSizingFlags(cmd *cobra.Command, s *sizingFlags) {
	f := cmd.Flags()
	f.StringVar(&s.stake, "stake", "1", "what each contract costs, in the account's currency; with --sizing share or kelly, the most")
	f.StringVar(&s.mode, "sizing", string(trade.Fixed), "fixed, share (of the balance) or kelly (on the lower end of the win rate; nothing until it earns)")
	f.Float64Var(&s.part, "stake-share", 0.005, "share of the balance for --sizing share, and the most for kelly")
	f.IntVar(&s.ticks, "ticks", 0, "how many ticks a Rise or Fall lives (default 5, unless there is a --duration)")
	f.DurationVar(&s.duration, "duration", 0, "how long a Rise or Fall lives, instead of --ticks")
	f.Float64Var(&s.multiplier, "multiplier", 0, "the multiplier where Rise and Fall are not offered (default the smallest that is)")
	f.Float64Var(&s.stopLoss, "stop-loss", 0.5, "the most that a contract that multiplies may lose, as a share of its stake; the venue keeps watch")
	f.Float64Var(&s.takeGain, "take-profit", 1, "the gain at which it is sold, as a share of its stake")
}

// chooser makes the terms of contracts of what the flags say.
func (s *sizingFlags) chooser() (*trade.Chooser, error) {
	stake, err := amount("stake", s.stake)
	if err != nil {
		return nil, err
	}
	c := &trade.Chooser{
		Sizing: trade.Sizing{Mode: trade.SizingMode(s.mode), Stake: stake, Part: s.part},
		Ticks:  s.ticks, Duration: s.duration, Multiplier: s.multiplier, StopLoss: s.stopLoss, TakeProfit: s.takeGain,
	}
	if err := c.Check(); err != nil {
		return nil, misconfigured(err)
	}
	if !(s.stopLoss > 0 && s.stopLoss <= 1) || !(s.takeGain > 0) {
		return nil, misconfigured(fmt.Errorf("stop-loss, take-profit: got %v and %v, want shares of the stake above 0, the first at most 1", s.stopLoss, s.takeGain))
	}
	return c, nil
}

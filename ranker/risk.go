package ranker

import (
	"net/http"
	"time"

	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
)

// riskAnswer is what may be risked, and what is.
type riskAnswer struct {
	Account accountAnswer   `json:"account"`
	Reasons []trade.Reason  `json:"reasons"`
	Limits  *limitsAnswer   `json:"limits"`
	Used    usedAnswer      `json:"used"`
	Refused []refusedAnswer `json:"refused"`
}

// limitsAnswer are the limits in force: money as decimal text, durations in seconds; one
// below 0 is switched off.
type limitsAnswer struct {
	MaxStake       trade.Money `json:"max_stake"`
	MaxStakeShare  float64     `json:"max_stake_share"`
	MaxOpen        int         `json:"max_open"`
	MaxOpenAsset   int         `json:"max_open_asset"`
	MaxOpenSide    int         `json:"max_open_side"`
	MaxOpenPayout  trade.Money `json:"max_open_payout"`
	PerMinute      int         `json:"per_minute"`
	PerHour        int         `json:"per_hour"`
	PerDay         int         `json:"per_day"`
	DailyLoss      trade.Money `json:"daily_loss"`
	RollingLoss    trade.Money `json:"rolling_loss"`
	MaxDrawdown    float64     `json:"max_drawdown"`
	LossStreak     int         `json:"loss_streak"`
	CoolDown       float64     `json:"cool_down"`
	MaxCoolDowns   int         `json:"max_cool_downs"`
	Session        float64     `json:"session"`
	MinPayout      float64     `json:"min_payout"`
	MaxCost        float64     `json:"max_cost"`
	AllowIncrease  bool        `json:"allow_increase"`
	MaxSnapshotAge float64     `json:"max_snapshot_age"`
	MaxVotesAge    float64     `json:"max_votes_age"`
	MaxTickAge     float64     `json:"max_tick_age"`
	MaxQuoteAge    float64     `json:"max_quote_age"`
	MaxLag         float64     `json:"max_lag"`
	MaxOffset      float64     `json:"max_offset"`
	MaxFrozen      float64     `json:"max_frozen"`
	MaxPriceGap    float64     `json:"max_price_gap"`
	MaxErrors      int         `json:"max_errors"`
	NeedEvidence   bool        `json:"need_evidence"`
}

func newLimits(l *trade.Limits) *limitsAnswer {
	return &limitsAnswer{
		l.MaxStake, l.MaxStakeShare, l.MaxOpen, l.MaxOpenAsset, l.MaxOpenSide, l.MaxOpenPayout, l.PerMinute, l.PerHour, l.PerDay,
		l.DailyLoss, l.RollingLoss, l.MaxDrawdown, l.LossStreak, l.CoolDown.Seconds(), l.MaxCoolDowns, l.Session.Seconds(), l.MinPayout, l.MaxCost,
		l.AllowIncrease, l.MaxSnapshotAge.Seconds(), l.MaxVotesAge.Seconds(), l.MaxTickAge.Seconds(), l.MaxQuoteAge.Seconds(), l.MaxLag.Seconds(),
		l.MaxOffset.Seconds(), l.MaxFrozen.Seconds(), l.MaxPriceGap, l.MaxErrors, l.NeedEvidence,
	}
}

// usedAnswer is how much of the limits is used.
type usedAnswer struct {
	Open        int         `json:"open"`
	Foreign     int         `json:"foreign"`
	OpenPayout  trade.Money `json:"open_payout"`
	Minute      int         `json:"minute"`
	Hour        int         `json:"hour"`
	Day         int         `json:"day"`
	DailyLoss   trade.Money `json:"daily_loss"`
	RollingLoss trade.Money `json:"rolling_loss"`
	Drawdown    float64     `json:"drawdown"`
	// LossesInARow counts up to loss_streak, AtStake is what the open contracts cost.
	LossesInARow int         `json:"losses_in_a_row"`
	AtStake      trade.Money `json:"at_stake"`
}

func newUsed(l *trade.Ledger, at time.Time) usedAnswer {
	u := l.Usage(at)
	a := usedAnswer{u.Open, u.Foreign, u.OpenPayout, u.Minute, u.Hour, u.Day, u.DailyLoss, u.RollingLoss, u.Drawdown, u.LossesInARow, 0}
	for _, o := range l.Active() {
		a.AtStake += o.Price()
	}
	return a
}

// serveRisk answers with the limits, how much of them is used, and what was refused.
func (r *Ranker) serveRisk(w http.ResponseWriter, req *http.Request) {
	rows, ok := readRows(w, req)
	if !ok || r.tradesNothing(w) {
		return
	}
	status := r.opts.Trader.Status()
	answer := riskAnswer{
		Account: newAccount(&status), Reasons: append([]trade.Reason{}, status.Why.Reasons...), Limits: newLimits(&status.Limits), Refused: r.refused(rows),
	}
	r.opts.Trader.View(func(l *trade.Ledger) {
		answer.Used = newUsed(l, status.At)
	})
	rest.Write(w, answer)
}

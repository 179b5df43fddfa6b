package trade

import "time"

// Limits bound what may be risked. They are on by default: the zero of a field is the
// default that its comment ends with. A number or duration below 0 switches its limit
// off, if the comment says so. Money is in the account's currency, shares are 0 to 1,
// times are the broker's.
type Limits struct {
	// MaxStake is the most that a contract may cost; 5.
	MaxStake Money `json:"max_stake"`
	// MaxStakeShare is the most of the balance that it may be; 0.01.
	MaxStakeShare float64 `json:"max_stake_share"`

	// MaxOpen is how many contracts may be open, orders that nobody knows of and
	// contracts of other apps counted; 3, below 0 for any number.
	MaxOpen int `json:"max_open"`
	// MaxOpenAsset is how many of them on one index; 1, below 0 for any number.
	MaxOpenAsset int `json:"max_open_asset"`
	// MaxOpenSide is how many of them that expect the same direction; 2, below 0 for
	// any number.
	MaxOpenSide int `json:"max_open_side"`
	// MaxOpenPayout is what all of them may pay in all; 30.
	MaxOpenPayout Money `json:"max_open_payout"`

	// PerMinute is how many orders may be made in any minute, those that came to
	// nothing counted; 6, below 0 for any number.
	PerMinute int `json:"per_minute"`
	// PerHour is how many in any hour; 60, below 0 for any number.
	PerHour int `json:"per_hour"`
	// PerDay is how many in any 24 hours; 300, below 0 for any number.
	PerDay int `json:"per_day"`

	// DailyLoss is the most that may be lost in a calendar day, in UTC; what is open
	// counts as lost; 20. Who reaches it is halted.
	DailyLoss Money `json:"daily_loss"`
	// RollingLoss is the same of any 24 hours; 30. Who reaches it is halted.
	RollingLoss Money `json:"rolling_loss"`
	// MaxDrawdown is how far the account may fall from its highest, as a share of
	// that; 0.1. Who reaches it is halted.
	MaxDrawdown float64 `json:"max_drawdown"`
	// LossStreak is after how many losses in a row nothing is bought for CoolDown; 5,
	// below 0 for never.
	LossStreak int `json:"loss_streak"`
	// CoolDown is how long that is; 30 minutes, below 0 for not at all.
	CoolDown time.Duration `json:"cool_down"`
	// MaxCoolDowns is how many of them 24 hours may have; 3, below 0 for any number.
	// Who has one more is halted.
	MaxCoolDowns int `json:"max_cool_downs"`
	// Session is for how long after its start a trader buys; 24 hours, below 0 for
	// ever.
	Session time.Duration `json:"session"`

	// MinPayout is what a Rise or Fall has to pay for a stake of 1; 1.7.
	MinPayout float64 `json:"min_payout"`
	// MaxCost is what a contract may cost on average if nothing is known of the
	// future, as a share of the stake: 1 less half of what a stake of 1 pays, or the
	// commission of one that multiplies; 0.06.
	MaxCost float64 `json:"max_cost"`
	// AllowIncrease lets a stake be higher than the one that was lost last.
	AllowIncrease bool `json:"allow_increase"`

	// MaxSnapshotAge is how old what the space said may be; 30 s, below 0 for any age,
	// as for all ages.
	MaxSnapshotAge time.Duration `json:"max_snapshot_age"`
	// MaxVotesAge is how old its votes may be; 30 s.
	MaxVotesAge time.Duration `json:"max_votes_age"`
	// MaxTickAge is how old the venue's newest tick of the index may be; 10 s.
	MaxTickAge time.Duration `json:"max_tick_age"`
	// MaxQuoteAge is how old the quote may be; 10 s.
	MaxQuoteAge time.Duration `json:"max_quote_age"`
	// MaxLag is how late the venue's ticks may come; 5 s.
	MaxLag time.Duration `json:"max_lag"`
	// MaxOffset is how wrong the clock may be: what the venue's is off by, how far a
	// tick may be ahead of it, and how far it may go back; 2 s.
	MaxOffset time.Duration `json:"max_offset"`
	// MaxFrozen is for how long the space's count of training steps may stand still;
	// 10 minutes.
	MaxFrozen time.Duration `json:"max_frozen"`
	// MaxPriceGap is how far the space's price may be from the venue's, as a share of
	// it; 0.005.
	MaxPriceGap float64 `json:"max_price_gap"`

	// MaxErrors is how many buys in any hour may be rejected or stay without an
	// answer; 10, below 0 for any number. Who has one more is halted.
	MaxErrors int `json:"max_errors"`
	// NeedEvidence wants an edge that is proven before anything is bought. Real money
	// always does.
	NeedEvidence bool `json:"need_evidence"`
}

// DefaultLimits are conservative.
func DefaultLimits() *Limits {
	return &Limits{
		MaxStake: 5 * Unit, MaxStakeShare: 0.01,
		MaxOpen: 3, MaxOpenAsset: 1, MaxOpenSide: 2, MaxOpenPayout: 30 * Unit,
		PerMinute: 6, PerHour: 60, PerDay: 300,
		DailyLoss: 20 * Unit, RollingLoss: 30 * Unit, MaxDrawdown: 0.1,
		LossStreak: 5, CoolDown: 30 * time.Minute, MaxCoolDowns: 3, Session: 24 * time.Hour,
		MinPayout: 1.7, MaxCost: 0.06,
		MaxSnapshotAge: 30 * time.Second, MaxVotesAge: 30 * time.Second, MaxTickAge: 10 * time.Second, MaxQuoteAge: 10 * time.Second,
		MaxLag: 5 * time.Second, MaxOffset: 2 * time.Second, MaxFrozen: 10 * time.Minute, MaxPriceGap: 0.005,
		MaxErrors: 10,
	}
}

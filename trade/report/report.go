package report

import (
	"time"

	"github.com/karlquant/quasar/trade"
)

// Report is what the trades of one account come to. As JSON it is what /performance
// serves of each account.
type Report struct {
	Account trade.Account `json:"account"`
	// Verdict is about the account as a whole.
	Verdict Verdict `json:"verdict"`
	// Since is from when on orders are looked at, nil for all.
	Since *time.Time `json:"since"`
	// From is when the first of the settled orders was decided, To when the last of
	// them ended; nil without one.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Start is what the account had before the orders, nil for not known.
	Start *trade.Money `json:"start"`
	// Correction says how the intervals allow for the number of rows.
	Correction Correction `json:"correction"`
	// Total is of all settled orders. The other rows are the same orders again, by
	// asset, by kind of contract and by the policy that chose, each in the order of
	// names.
	Total    Row   `json:"total"`
	Assets   []Row `json:"assets"`
	Kinds    []Row `json:"kinds"`
	Policies []Row `json:"policies"`
	// Apart is what is no result.
	Apart Apart `json:"apart"`
	// Seed is of everything that was drawn by chance, Runs how often that was.
	Seed uint64 `json:"seed"`
	Runs int    `json:"runs"`
}

// Correction is what looking at many rows costs: of a number of records without an
// edge the luckiest looks like one.
type Correction struct {
	// Method is "bonferroni": the chance of being wrong is shared among the rows.
	Method string `json:"method"`
	// Tests is among how many: the account, and each asset, kind and policy where there
	// is more than one, or as many as Options.Tried says if that is more.
	Tests int `json:"tests"`
	// Level is the chance that the interval of one row is wrong: 0.05 / Tests.
	Level float64 `json:"level"`
}

// Row is what some of the orders come to. N and what follows is of those that are
// settled.
type Row struct {
	// Name is an asset, a kind or a policy; "" of the whole account, and of orders that
	// do not say.
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	N       int     `json:"n"`
	// Won and Lost are of contracts that win or lose and ended by themselves; Sold are
	// those that were sold before, Multiplied those of kinds that multiply, Cancelled
	// those that the venue undid. They add up to N.
	Won        int `json:"won"`
	Lost       int `json:"lost"`
	Sold       int `json:"sold"`
	Multiplied int `json:"multiplied"`
	Cancelled  int `json:"cancelled"`
	// Ties are those of Lost whose price ended where it began, as far as prices are
	// known. A coin has none: they cost more than Margin.
	Ties int `json:"ties"`
	// WinRate is the share of Won in Won and Lost, nil without one.
	WinRate *WinRate `json:"win_rate"`
	// BreakEven is the win rate at which the orders that win or lose would have earned
	// nothing: the mean of price / payout. Nil without one that was not cancelled.
	BreakEven *float64 `json:"break_even"`
	// Expectancy is what an order brings on average, nil without one.
	Expectancy *Expectancy `json:"expectancy"`
	// Positive is how likely it is that the true expectancy is above 0, for somebody who
	// thought nothing of it before; it allows for nothing else. Nil where that cannot
	// be said.
	Positive *float64 `json:"p_positive"`
	// Turnover is what the orders cost in all.
	Turnover trade.Money `json:"turnover"`
	// Margin is what the house takes of it on average, of the orders of which that is
	// known; MarginUnknown is how many others there are. Nil if it is known of none.
	Margin        *trade.Money `json:"margin"`
	MarginUnknown int          `json:"margin_unknown"`
	// Profit is what they brought less what they cost, nil without one.
	Profit *trade.Money `json:"profit"`
	// Drawdown is the deepest fall of the profit from its highest, nil without an order.
	Drawdown *Drawdown `json:"drawdown"`
	// LosingStreak is how many in a row, as they ended, brought less than they cost.
	LosingStreak int `json:"losing_streak"`
	// Coin is the same stakes on fair coins, nil without an order that wins or loses.
	Coin *Coin `json:"coin"`
	// Needed is how many orders like these would prove, in one look, an expectancy that
	// is as high as theirs was; nil where it was not above 0.
	Needed *int64 `json:"needed"`
	// Curve is the profit after orders as they ended, at most Options.Points of them in
	// Total and at most 60 in other rows.
	Curve []Point `json:"curve"`
}

// WinRate is a share of wins with the 95 % interval of Wilson (1927), for one look.
type WinRate struct {
	Rate float64 `json:"rate"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Expectancy is the mean of profit / price, a contract of 0.35 counting like one of 5.
type Expectancy struct {
	// Mean is of all settled orders.
	Mean float64 `json:"mean"`
	// Low and High are the ends of its interval: that at every look, of all rows
	// together, the true means are within theirs is 95 % likely. What is lost is at most
	// 1, and what is won beyond 10 counts as 10.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Counted is how many orders the interval is made of. Overlapping are left out, for
	// they were bought while one that counts was open on the same index, and may be the
	// same luck; so are Waiting, for an order from before them is still open, and those
	// that end soon may be those that win.
	Counted     int `json:"counted"`
	Overlapping int `json:"overlapping"`
	Waiting     int `json:"waiting"`
}

// Drawdown is a fall of the profit.
type Drawdown struct {
	Amount trade.Money `json:"amount"`
	// Share is of what the account had with the profit at its highest before; nil where
	// that is not known, or was not above 0.
	Share *float64 `json:"share"`
}

// Coin is what fair coins would have done: each order that wins or loses, with its
// price and its payout, and with a chance of a half, but for those that were cancelled.
// Ties, which the house keeps, are not in it.
type Coin struct {
	// Orders is how many there are, Profit what they really brought.
	Orders int         `json:"orders"`
	Profit trade.Money `json:"profit"`
	// Mean and SD are those of the profit on coins, in the account's currency, exact.
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	// AtLeast is how likely coins earn as much as that or more: exact where Exact is
	// set, since all orders are alike, and otherwise from Report.Runs tries.
	AtLeast float64 `json:"p_at_least"`
	Exact   bool    `json:"exact"`
}

// Point is the profit after N orders. Money is in the account's currency. The bands
// are at each point for itself, 95 % wide, and nil where there is nothing to draw from.
type Point struct {
	At     time.Time `json:"at"`
	N      int       `json:"n"`
	Profit float64   `json:"profit"`
	// Low and High are what the same record might have come to in another order of its
	// blocks, drawn with replacement.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// CoinLow and CoinHigh are what the same stakes come to on fair coins, CoinMean is
	// the mean of that, exact; nil from the first order on that multiplies.
	CoinLow  *float64 `json:"coin_low"`
	CoinHigh *float64 `json:"coin_high"`
	CoinMean *float64 `json:"coin_mean"`
}

// Apart is what is neither won nor lost.
type Apart struct {
	// Open are contracts that have not ended, AtStake is what they cost.
	Open    int         `json:"open"`
	AtStake trade.Money `json:"at_stake"`
	// Unresolved are orders of which nobody knows whether they were bought, MayCost is
	// what they cost if they were.
	Unresolved int         `json:"unresolved"`
	MayCost    trade.Money `json:"may_cost"`
	Rejected   int         `json:"rejected"`
	Abandoned  int         `json:"abandoned"`
	// Orphans are contracts that no decision explains, OrphansEnded those of them that
	// have ended, OrphansProfit what these brought less what they cost.
	Orphans       int         `json:"orphans"`
	OrphansEnded  int         `json:"orphans_ended"`
	OrphansProfit trade.Money `json:"orphans_profit"`
	// Free are settled orders that cost nothing, of which there is no return.
	Free int `json:"free"`
}

// Performance is what /performance answers: a report of each account, never added up.
type Performance struct {
	Accounts []*Report `json:"accounts"`
}

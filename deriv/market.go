package deriv

// TimeRequest asks for the venue's clock (docs: time).
type TimeRequest struct{}

// Call is "time".
func (TimeRequest) Call() string { return "time" }

// TimeAnswer is the venue's clock.
type TimeAnswer struct {
	// Time is in whole seconds.
	Time Epoch `json:"time"`
	// Millis is the same moment in milliseconds since 1970, and Speed how many
	// of the venue's seconds pass in one of ours. Only a simulator sends them;
	// 0 is not sent, and a speed of 1.
	Millis int64   `json:"time_ms,omitzero"`
	Speed  float64 `json:"speed,omitzero"`
}

// PingRequest asks for a sign of life, at most 10 a second (docs: ping).
type PingRequest struct{}

// Call is "ping".
func (PingRequest) Call() string { return "ping" }

// PingAnswer is that sign.
type PingAnswer struct {
	// Ping is "pong".
	Ping string `json:"ping"`
}

// ActiveSymbolsRequest asks what can be traded (docs: active_symbols).
type ActiveSymbolsRequest struct {
	// ActiveSymbols is "brief" or "full".
	ActiveSymbols string `json:"active_symbols"`
	// ContractTypes keeps the symbols that offer one of these types.
	ContractTypes []string `json:"contract_type,omitempty"`
}

// Call is "active_symbols".
func (ActiveSymbolsRequest) Call() string { return "active_symbols" }

// ActiveSymbolsAnswer is the list.
type ActiveSymbolsAnswer struct {
	ActiveSymbols []ActiveSymbol `json:"active_symbols"`
}

// ActiveSymbol is one underlying.
type ActiveSymbol struct {
	// Symbol is the venue's name for it: "R_75", "1HZ100V".
	Symbol string `json:"underlying_symbol"`
	// Name is for people: "Volatility 75 Index".
	Name      string `json:"underlying_symbol_name"`
	Type      string `json:"underlying_symbol_type"`
	Market    string `json:"market"`
	Submarket string `json:"submarket"`
	Subgroup  string `json:"subgroup"`
	// Step is the smallest change of the price, 0.0001. It is called pip_size
	// here, as the number of decimals is elsewhere.
	Step       Price `json:"pip_size"`
	Open       Flag  `json:"exchange_is_open"`
	Suspended  Flag  `json:"is_trading_suspended"`
	TradeCount Count `json:"trade_count"`
}

// ContractsForRequest asks what contracts a symbol offers (docs: contracts_for).
type ContractsForRequest struct {
	// Symbol is the underlying.
	Symbol string `json:"contracts_for"`
}

// Call is "contracts_for".
func (ContractsForRequest) Call() string { return "contracts_for" }

// ContractsForAnswer holds the offers.
type ContractsForAnswer struct {
	ContractsFor ContractsFor `json:"contracts_for"`
}

// ContractsFor is what a symbol offers.
type ContractsFor struct {
	Available []Offer `json:"available"`
	HitCount  Count   `json:"hit_count,omitzero"`
}

// Offer is one kind of contract that can be bought on a symbol.
type Offer struct {
	// ContractType is "CALL", "PUT", "MULTUP", "ACCU", …
	ContractType string `json:"contract_type"`
	Category     string `json:"contract_category"`
	// MinDuration and MaxDuration are a number and a unit: "1t", "15s", "1m",
	// "1h", "365d". Both are empty or "0" where a contract has no end.
	MinDuration string `json:"min_contract_duration"`
	MaxDuration string `json:"max_contract_duration"`
	// ExpiryType is "tick", "intraday" or "daily", StartType "spot" or "forward".
	ExpiryType string `json:"expiry_type"`
	StartType  string `json:"start_type"`
	// Barriers is how many a contract needs; Barrier is a proposed one, empty
	// for none.
	Barriers Count  `json:"barriers"`
	Barrier  string `json:"barrier,omitempty"`
	// Multipliers, GrowthRates (0.01 is 1 %) and Cancellations ("5m") are there
	// for the types that have them.
	Multipliers   []float64 `json:"multiplier_range,omitempty"`
	GrowthRates   []float64 `json:"growth_rate_range,omitempty"`
	Cancellations []string  `json:"cancellation_range,omitempty"`
	DefaultStake  *Money    `json:"default_stake,omitzero"`
	PayoutLimit   *Money    `json:"payout_limit,omitzero"`
	Symbol        string    `json:"underlying_symbol"`
}

// TicksRequest asks for the newest tick and, with Subscribe, all that follow
// (docs: ticks).
type TicksRequest struct {
	// Symbols are one or several underlyings.
	Symbols   Names `json:"ticks"`
	Subscribe Flag  `json:"subscribe,omitzero"`
}

// Call is "ticks".
func (TicksRequest) Call() string { return "ticks" }

// TickAnswer is one tick.
type TickAnswer struct {
	Tick Tick `json:"tick"`
}

// Tick is one price of a symbol.
type Tick struct {
	// Ask and Bid are 0 where the venue does not send them.
	Ask   Price `json:"ask,omitzero"`
	Bid   Price `json:"bid,omitzero"`
	Quote Price `json:"quote,omitzero"`
	Epoch Epoch `json:"epoch,omitzero"`
	// ID is that of the subscription.
	ID string `json:"id,omitzero"`
	// Decimals is how many a price of this symbol has. It is called pip_size
	// here, as the price step is elsewhere.
	Decimals Count `json:"pip_size"`
	// Symbol is the underlying.
	Symbol string `json:"symbol,omitzero"`
}

// MaxHistory is how many ticks the venue sends at most for one TicksHistoryRequest;
// what is beyond is cut without a word.
const MaxHistory = 1000

// TicksHistoryRequest asks for ticks or candles of the past (docs: ticks_history).
type TicksHistoryRequest struct {
	// Symbol is the underlying.
	Symbol string `json:"ticks_history"`
	// End is "latest" or an epoch in digits, inclusive.
	End string `json:"end"`
	// Start is the first moment wanted; 0 lets Count decide.
	Start Epoch `json:"start,omitzero"`
	// Count is how many of the newest are wanted, at most MaxHistory.
	Count int `json:"count,omitzero"`
	// Style is "ticks", the venue's default, or "candles".
	Style string `json:"style,omitzero"`
	// Granularity of candles in seconds: 60, 120, … 86400.
	Granularity int `json:"granularity,omitzero"`
	// AdjustStart takes an earlier start where the market was closed.
	AdjustStart Flag `json:"adjust_start_time,omitzero"`
	Subscribe   Flag `json:"subscribe,omitzero"`
}

// Call is "ticks_history".
func (TicksHistoryRequest) Call() string { return "ticks_history" }

// HistoryAnswer has message type "history" and a History, or "candles" and Candles.
type HistoryAnswer struct {
	History *History `json:"history,omitzero"`
	Candles []Candle `json:"candles,omitzero"`
	// Decimals is how many a price of this symbol has.
	Decimals Count `json:"pip_size"`
}

// History is ticks of the past, the oldest first, two slices of one length.
type History struct {
	Prices []Price `json:"prices"`
	Times  []Epoch `json:"times"`
}

// Candle is the course of one period that begins at Epoch.
type Candle struct {
	Epoch Epoch `json:"epoch"`
	Open  Price `json:"open"`
	High  Price `json:"high"`
	Low   Price `json:"low"`
	Close Price `json:"close"`
}

// ForgetRequest ends one stream (docs: forget).
type ForgetRequest struct {
	// ID is that of the subscription.
	ID string `json:"forget"`
}

// Call is "forget".
func (ForgetRequest) Call() string { return "forget" }

// ForgetAnswer says whether there was such a stream.
type ForgetAnswer struct {
	Forget Flag `json:"forget"`
}

// ForgetAllRequest ends all streams of some kinds (docs: forget_all).
type ForgetAllRequest struct {
	// Streams are "ticks", "proposal", "proposal_open_contract", "balance",
	// "transaction", …
	Streams Names `json:"forget_all"`
}

// Call is "forget_all".
func (ForgetAllRequest) Call() string { return "forget_all" }

// ForgetAllAnswer names the streams that ended.
type ForgetAllAnswer struct {
	IDs []string `json:"forget_all"`
}

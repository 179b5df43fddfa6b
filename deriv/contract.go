package deriv

// Selection says what contract is wanted: the fields that a proposal and a buy
// with parameters share.
type Selection struct {
	// Symbol is the underlying.
	Symbol string `json:"underlying_symbol"`
	// ContractType is "CALL", "PUT", "MULTUP", "MULTDOWN", "ACCU", …
	ContractType string `json:"contract_type"`
	// Currency is that of the account: "USD".
	Currency string `json:"currency"`
	// Amount is the stake, or the payout if Basis is "payout".
	Amount Money  `json:"amount,omitzero"`
	Basis  string `json:"basis,omitzero"`
	// Duration is counted in DurationUnit: t (ticks), s, m, h or d.
	Duration     int    `json:"duration,omitzero"`
	DurationUnit string `json:"duration_unit,omitzero"`
	// Expiry is an absolute end in place of a duration.
	Expiry Epoch `json:"date_expiry,omitzero"`
	// Barrier and Barrier2 are absolute prices or offsets: "+0.35".
	Barrier  string `json:"barrier,omitzero"`
	Barrier2 string `json:"barrier2,omitzero"`
	// Multiplier is that of MULTUP and MULTDOWN.
	Multiplier float64 `json:"multiplier,omitzero"`
	// GrowthRate is that of ACCU: 0.01 is 1 % a tick.
	GrowthRate float64 `json:"growth_rate,omitzero"`
	// LimitOrder is kept by the venue, so that it holds while we are away.
	LimitOrder *LimitOrder `json:"limit_order,omitzero"`
	// Cancellation is how long the deal may be cancelled: "5m".
	Cancellation   string `json:"cancellation,omitzero"`
	PayoutPerPoint Money  `json:"payout_per_point,omitzero"`
	// SelectedTick is that of the high and low tick contracts, 1 to 5.
	SelectedTick int `json:"selected_tick,omitzero"`
}

// LimitOrder closes a multiplier or an accumulator by itself. Both are amounts
// of profit and of loss, above 0; nil is none.
type LimitOrder struct {
	TakeProfit *Money `json:"take_profit,omitzero"`
	StopLoss   *Money `json:"stop_loss,omitzero"`
}

// ProposalRequest asks for a price (docs: proposal). On the public socket the
// answer is indicative; only one of the trading socket can be bought, on the
// same connection.
type ProposalRequest struct {
	Selection
	Subscribe Flag `json:"subscribe,omitzero"`
}

// Call is "proposal".
func (ProposalRequest) Call() string { return "proposal" }

// ProposalAnswer is a price, or a new one of a stream.
type ProposalAnswer struct {
	Proposal Proposal `json:"proposal"`
}

// Proposal is a price of a selection.
type Proposal struct {
	// ID buys it, on the connection that asked, until that ends.
	ID string `json:"id"`
	// Ask is what it costs, Payout what it pays if it wins (0 for multipliers).
	Ask    Money `json:"ask_price"`
	Payout Money `json:"payout"`
	// Spot is the price of the underlying at SpotTime.
	Spot     Price `json:"spot"`
	SpotTime Epoch `json:"spot_time"`
	Start    Epoch `json:"date_start"`
	Expiry   Epoch `json:"date_expiry,omitzero"`
	// Longcode describes the contract in words.
	Longcode   string     `json:"longcode"`
	Commission *Money     `json:"commission,omitzero"`
	LimitOrder Object     `json:"limit_order,omitzero"`
	Details    Object     `json:"contract_details,omitzero"`
	Validation Validation `json:"validation_params"`
}

// Validation tells what may be staked on a selection.
type Validation struct {
	Stake     StakeRange `json:"stake"`
	Payout    Object     `json:"payout,omitzero"`
	MaxPayout *Money     `json:"max_payout,omitzero,string"`
	MaxTicks  Count      `json:"max_ticks,omitzero"`
}

// StakeRange is the least and the most that may be staked; nil is unknown.
type StakeRange struct {
	Min *Money `json:"min,omitzero,string"`
	Max *Money `json:"max,omitzero,string"`
}

// BuyRequest buys a contract (docs: buy; scope trade). There is no id of ours in
// it that the venue would keep: sent twice, it buys twice.
type BuyRequest struct {
	// ID is that of a Proposal of the same connection, or "1" with Parameters.
	ID string `json:"buy"`
	// Price is the most to pay.
	Price      Money          `json:"price"`
	Parameters *BuyParameters `json:"parameters,omitzero"`
	// Subscribe starts the contract's stream as well.
	Subscribe Flag `json:"subscribe,omitzero"`
}

// BuyParameters are a selection that is bought without a proposal.
type BuyParameters struct {
	Selection
	// Markup is the app's share in per cent, 0 to 3.
	Markup float64 `json:"app_markup_percentage,omitzero"`
}

// Call is "buy".
func (BuyRequest) Call() string { return "buy" }

// BuyAnswer is a contract that was bought.
type BuyAnswer struct {
	Buy Bought `json:"buy"`
}

// Bought is the receipt of a buy.
type Bought struct {
	Contract     ContractID    `json:"contract_id"`
	Transaction  TransactionID `json:"transaction_id"`
	Price        Money         `json:"buy_price"`
	BalanceAfter Money         `json:"balance_after"`
	Payout       Money         `json:"payout"`
	Purchased    Epoch         `json:"purchase_time"`
	Start        Epoch         `json:"start_time"`
	Longcode     string        `json:"longcode"`
	// Shortcode describes the contract in a fixed form:
	// "CALL_R_10_19.54_1691443851_1691444751_S0P_0".
	Shortcode string `json:"shortcode"`
}

// SellRequest sells a contract before its end (docs: sell; scope trade).
type SellRequest struct {
	Contract ContractID `json:"sell"`
	// Price is the least to take; 0 takes what the market gives.
	Price Money `json:"price"`
}

// Call is "sell".
func (SellRequest) Call() string { return "sell" }

// SellAnswer is a contract that was sold.
type SellAnswer struct {
	Sell Sold `json:"sell"`
}

// Sold is the receipt of a sell.
type Sold struct {
	Contract     ContractID    `json:"contract_id"`
	Transaction  TransactionID `json:"transaction_id"`
	Price        Money         `json:"sold_for"`
	BalanceAfter Money         `json:"balance_after"`
	// Reference is the transaction of the buy.
	Reference TransactionID `json:"reference_id"`
}

// OpenContractRequest asks for the state of a contract (docs:
// proposal_open_contract; scope trade).
type OpenContractRequest struct {
	// Contract is the one wanted; 0 is all that are open.
	Contract  ContractID `json:"contract_id,omitzero"`
	Subscribe Flag       `json:"subscribe,omitzero"`
}

// Call is "proposal_open_contract".
func (OpenContractRequest) Call() string { return "proposal_open_contract" }

// OpenContractAnswer is the state of one contract.
type OpenContractAnswer struct {
	Contract OpenContract `json:"proposal_open_contract"`
}

// OpenContract is a contract and what became of it. Its money is sent as decimal
// strings. What the venue does not send is zero, or nil where zero would say
// something.
type OpenContract struct {
	// ID is 0 in the answer to a request for all contracts when none is open.
	ID        ContractID `json:"contract_id,omitzero"`
	Type      string     `json:"contract_type,omitzero"`
	Symbol    string     `json:"underlying_symbol,omitzero"`
	Currency  string     `json:"currency,omitzero"`
	Shortcode string     `json:"shortcode,omitzero"`
	Longcode  string     `json:"longcode,omitzero"`
	// Status is "open", "sold", "won", "lost" or "cancelled"; empty is null.
	Status     Status `json:"status"`
	Sold       Flag   `json:"is_sold"`
	Expired    Flag   `json:"is_expired"`
	Settleable Flag   `json:"is_settleable"`
	CanSell    Flag   `json:"is_valid_to_sell"`
	CanCancel  Flag   `json:"is_valid_to_cancel"`

	BuyPrice Money `json:"buy_price,omitzero,string"`
	// Bid is what a sell would bring now.
	Bid              *Money   `json:"bid_price,omitzero,string"`
	SellPrice        *Money   `json:"sell_price,omitzero,string"`
	Payout           *Money   `json:"payout,omitzero,string"`
	Profit           *Money   `json:"profit,omitzero,string"`
	ProfitPercentage *float64 `json:"profit_percentage,omitzero"`
	Commission       *Money   `json:"commission,omitzero,string"`

	Purchased  Epoch `json:"purchase_time,omitzero"`
	Start      Epoch `json:"date_start,omitzero"`
	Expiry     Epoch `json:"date_expiry,omitzero"`
	Settlement Epoch `json:"date_settlement,omitzero"`
	ExpiryTime Epoch `json:"expiry_time,omitzero"`
	SellTime   Epoch `json:"sell_time,omitzero"`

	// Entry is the first price after the start, Exit the one that settled it.
	Entry       Price `json:"entry_spot,omitzero,string"`
	EntryTime   Epoch `json:"entry_spot_time,omitzero"`
	Current     Price `json:"current_spot,omitzero,string"`
	CurrentTime Epoch `json:"current_spot_time,omitzero"`
	Exit        Price `json:"exit_spot,omitzero,string"`
	ExitTime    Epoch `json:"exit_spot_time,omitzero"`
	Barrier     Price `json:"barrier,omitzero,string"`

	TickCount  Count       `json:"tick_count,omitzero"`
	TickPassed Count       `json:"tick_passed,omitzero"`
	Ticks      []TickPoint `json:"tick_stream,omitempty"`

	Multiplier   float64      `json:"multiplier,omitzero"`
	GrowthRate   float64      `json:"growth_rate,omitzero"`
	LimitOrder   Object       `json:"limit_order,omitzero"`
	Transactions Transactions `json:"transaction_ids,omitzero"`

	AutoRunID           string `json:"auto_run_id,omitzero"`
	ValidationError     string `json:"validation_error,omitzero"`
	ValidationErrorCode string `json:"validation_error_code,omitzero"`
}

// Settled tells whether nothing about the contract will change any more.
func (c *OpenContract) Settled() bool { return bool(c.Sold) }

// TickPoint is one tick in the life of a contract.
type TickPoint struct {
	Epoch Epoch `json:"epoch,omitzero"`
	Tick  Price `json:"tick,omitzero"`
}

// Transactions are those that opened and closed a contract, 0 for not yet.
type Transactions struct {
	Buy  TransactionID `json:"buy,omitzero"`
	Sell TransactionID `json:"sell,omitzero"`
}

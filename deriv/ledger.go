package deriv

// PortfolioRequest asks for the contracts that are open (docs: portfolio; scope
// trade).
type PortfolioRequest struct {
	// ContractTypes keeps those; empty is all.
	ContractTypes []string `json:"contract_type,omitempty"`
}

// Call is "portfolio".
func (PortfolioRequest) Call() string { return "portfolio" }

// PortfolioAnswer is a snapshot; there is no stream of it.
type PortfolioAnswer struct {
	Portfolio Portfolio `json:"portfolio"`
}

// Portfolio is the contracts that are open.
type Portfolio struct {
	Contracts []Holding `json:"contracts"`
}

// Holding is one open contract.
type Holding struct {
	// AppID is the app that bought it.
	AppID       int64         `json:"app_id"`
	Contract    ContractID    `json:"contract_id"`
	Transaction TransactionID `json:"transaction_id"`
	Type        string        `json:"contract_type"`
	Symbol      string        `json:"underlying_symbol"`
	Currency    string        `json:"currency"`
	BuyPrice    Money         `json:"buy_price"`
	Payout      Money         `json:"payout"`
	Purchased   Epoch         `json:"purchase_time"`
	Start       Epoch         `json:"date_start"`
	ExpiryTime  Epoch         `json:"expiry_time"`
	Longcode    string        `json:"longcode"`
	Shortcode   string        `json:"shortcode"`
}

// ProfitTableRequest asks for contracts that have ended (docs: profit_table;
// scope trade).
type ProfitTableRequest struct {
	// From and To are epochs in digits or dates.
	From string `json:"date_from,omitzero"`
	To   string `json:"date_to,omitzero"`
	// Limit is at most 500, 0 the venue's default of 50.
	Limit  int `json:"limit,omitzero"`
	Offset int `json:"offset,omitzero"`
	// Sort is "ASC" or "DESC", the venue's default.
	Sort string `json:"sort,omitzero"`
	// Description asks for shortcode and symbol too.
	Description   Flag     `json:"description,omitzero"`
	ContractTypes []string `json:"contract_type,omitempty"`
}

// Call is "profit_table".
func (ProfitTableRequest) Call() string { return "profit_table" }

// ProfitTableAnswer is the table.
type ProfitTableAnswer struct {
	ProfitTable ProfitTable `json:"profit_table"`
}

// ProfitTable is a page of ended contracts; Count is how many the page has.
type ProfitTable struct {
	Count        Count      `json:"count"`
	Transactions []Finished `json:"transactions"`
}

// Finished is one contract that has ended.
type Finished struct {
	AppID       int64         `json:"app_id"`
	Contract    ContractID    `json:"contract_id"`
	Transaction TransactionID `json:"transaction_id"`
	BuyPrice    Money         `json:"buy_price"`
	SellPrice   Money         `json:"sell_price"`
	Payout      Money         `json:"payout"`
	Purchased   Epoch         `json:"purchase_time"`
	SellTime    Epoch         `json:"sell_time"`
	Shortcode   string        `json:"shortcode,omitzero"`
	Symbol      string        `json:"underlying_symbol,omitzero"`
}

// StatementRequest asks for movements of the balance (docs: statement; scope
// trade).
type StatementRequest struct {
	// Action keeps "buy", "sell", "deposit" or "withdrawal"; empty is all.
	Action string `json:"action_type,omitzero"`
	From   Epoch  `json:"date_from,omitzero"`
	To     Epoch  `json:"date_to,omitzero"`
	// Limit is at most 999, 0 the venue's default of 100.
	Limit  int `json:"limit,omitzero"`
	Offset int `json:"offset,omitzero"`
	// Description asks for the shortcode too.
	Description Flag `json:"description,omitzero"`
}

// Call is "statement".
func (StatementRequest) Call() string { return "statement" }

// StatementAnswer is the statement.
type StatementAnswer struct {
	Statement Statement `json:"statement"`
}

// Statement is a page of movements, the newest first.
type Statement struct {
	Count        Count      `json:"count"`
	Transactions []Movement `json:"transactions"`
}

// Movement is one row of a statement.
type Movement struct {
	Action string `json:"action_type"`
	// Amount is below 0 for buys, as far as is known.
	Amount       Money         `json:"amount"`
	AppID        int64         `json:"app_id"`
	BalanceAfter Money         `json:"balance_after"`
	Contract     ContractID    `json:"contract_id"`
	Payout       *Money        `json:"payout"`
	Purchased    Epoch         `json:"purchase_time,omitzero"`
	Reference    TransactionID `json:"reference_id"`
	Shortcode    *string       `json:"shortcode"`
	Transaction  TransactionID `json:"transaction_id"`
	Time         Epoch         `json:"transaction_time"`
}

// BalanceRequest asks for the balance and, with Subscribe, its changes (docs:
// balance; scope trade).
type BalanceRequest struct {
	Subscribe Flag `json:"subscribe,omitzero"`
}

// Call is "balance".
func (BalanceRequest) Call() string { return "balance" }

// BalanceAnswer is the balance.
type BalanceAnswer struct {
	Balance Balance `json:"balance"`
}

// Balance is what an account holds.
type Balance struct {
	Amount   Money  `json:"balance"`
	Currency string `json:"currency"`
}

// TransactionRequest asks for the stream of movements, whatever caused them
// (docs: transaction; scope trade).
type TransactionRequest struct {
	// Subscribe has to be set: there is no other use of it.
	Subscribe Flag `json:"subscribe"`
}

// Call is "transaction".
func (TransactionRequest) Call() string { return "transaction" }

// TransactionAnswer is one movement.
type TransactionAnswer struct {
	Transaction Transaction `json:"transaction"`
}

// Transaction is one movement of the balance as it happens.
type Transaction struct {
	// Action is "buy", "sell", "deposit" or "withdrawal"; empty in an answer
	// that only confirms the subscription.
	Action   string     `json:"action"`
	Amount   Money      `json:"amount"`
	Balance  Money      `json:"balance"`
	Contract ContractID `json:"contract_id"`
	Currency string     `json:"currency"`
	Expiry   Epoch      `json:"date_expiry,omitzero"`
	// Stream is the id of the subscription.
	Stream    string        `json:"id"`
	Longcode  string        `json:"longcode"`
	Purchased Epoch         `json:"purchase_time,omitzero"`
	ID        TransactionID `json:"transaction_id"`
	Time      Epoch         `json:"transaction_time"`
	Symbol    string        `json:"underlying_symbol"`
}

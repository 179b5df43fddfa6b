package ranker

import (
	"net/http"
	"time"

	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
)

// accountAnswer is how trading stands. Money is decimal text in the account's
// currency.
type accountAnswer struct {
	Mode trade.Mode `json:"mode"`
	// Banner says so where it is real money.
	Banner     *string          `json:"banner"`
	ID         string           `json:"id"`
	Currency   string           `json:"currency"`
	Venue      string           `json:"venue"`
	Connected  bool             `json:"connected"`
	Reconciled bool             `json:"reconciled"`
	Balance    trade.Money      `json:"balance"`
	Timestamp  rest.UnixSeconds `json:"timestamp"` // the broker's clock
	Unresolved *string          `json:"unresolved"`
	// Standing is ACTIVE, REDUCING or HALTED, Why says why it is not the first.
	Standing trade.Standing `json:"standing"`
	Why      []string       `json:"why"`
	Halted   *haltAnswer    `json:"halted"`
	// JournalError is why nothing can be written down, and so nothing is bought.
	JournalError *string `json:"journal_error"`
}

type haltAnswer struct {
	Reason trade.Reason     `json:"reason"`
	Detail string           `json:"detail"`
	By     string           `json:"by"`
	Since  rest.UnixSeconds `json:"since"`
}

func newAccount(s *trade.Status) accountAnswer {
	a := accountAnswer{
		Mode: s.Account.Mode, Banner: some(s.Account.Banner()), ID: s.Account.ID, Currency: s.Account.Currency, Venue: s.Account.Venue,
		Connected: s.Connected, Reconciled: s.Reconciled, Balance: s.Balance, Timestamp: rest.UnixSeconds(s.At), Unresolved: some(s.Unresolved),
		Standing: s.Standing, Why: append([]string{}, s.Why.Details...),
	}
	if s.Halt != nil {
		a.Halted = &haltAnswer{s.Halt.Reason, s.Halt.Detail, s.Halt.By, rest.UnixSeconds(s.HaltedAt)}
	}
	if s.JournalErr != nil {
		a.JournalError = new(s.JournalErr.Error())
	}
	return a
}

// orderAnswer is an order as people look at it.
type orderAnswer struct {
	ID        string        `json:"id"`
	State     trade.State   `json:"state"`
	SpaceName *string       `json:"space_name"`
	Side      *trade.Side   `json:"side"`
	Symbol    string        `json:"symbol"`
	Kind      trade.Kind    `json:"kind"`
	Contract  *int64        `json:"contract_id"`
	Price     trade.Money   `json:"price"`
	Payout    *trade.Money  `json:"payout"`
	Profit    *trade.Money  `json:"profit"`
	Result    *trade.Result `json:"result"`
	// RunningProfit is what a sale of an open contract would bring beyond its price, as
	// the venue said at RunningAt of its clock; null while it has not said.
	RunningProfit *trade.Money      `json:"running_profit"`
	RunningAt     *rest.UnixSeconds `json:"running_at"`
	Reason        *string           `json:"reason"`
	Propensity    *float64          `json:"propensity"`
	Planned       *rest.UnixSeconds `json:"planned_at"`
	Purchased     *rest.UnixSeconds `json:"purchased_at"`
	Expiry        *rest.UnixSeconds `json:"expires_at"`
	Changed       rest.UnixSeconds  `json:"changed_at"`
}

func newOrder(o *trade.Order) orderAnswer {
	a := orderAnswer{
		ID: o.ID(), State: o.State, SpaceName: some(o.Asset()), Symbol: o.Symbol(), Kind: o.Kind(), Contract: some(o.Contract()),
		Price: o.Price(), Payout: some(o.Payout()), Reason: some(o.Reason), Expiry: moment(o.Expiry()), Changed: rest.UnixSeconds(o.Changed),
	}
	if in := o.Intent; in != nil {
		a.Side, a.Propensity, a.Planned = new(in.Signal.Side), new(in.Signal.Propensity), moment(in.Signal.At)
	}
	if o.Receipt != nil {
		a.Purchased = moment(o.Receipt.Purchased)
	}
	if o.Settlement != nil {
		a.Profit, a.Result = new(o.Profit()), new(o.Settlement.Result)
	}
	return a
}

// newPosition is an order that is open or unresolved.
func newPosition(o *trade.Order, worths map[int64]trade.Worth) orderAnswer {
	a := newOrder(o)
	if w, ok := worths[o.Contract()]; ok && o.State.Live() {
		a.RunningProfit, a.RunningAt = new(w.Bid-o.Price()), moment(w.At)
	}
	return a
}

// moment is nil for no time.
func moment(t time.Time) *rest.UnixSeconds {
	if t.IsZero() {
		return nil
	}
	return new(rest.UnixSeconds(t))
}

type positionsAnswer struct {
	Account accountAnswer `json:"account"`
	// Positions are unresolved or open, Foreign the open contracts of others, Recent
	// the newest orders that have ended, the newest first.
	Positions []orderAnswer    `json:"positions"`
	Foreign   []trade.Contract `json:"foreign"`
	Recent    []orderAnswer    `json:"recent"`
}

// servePositions answers with what is open, and with the newest orders that ended: 50,
// or as many as ?limit says.
func (r *Ranker) servePositions(w http.ResponseWriter, req *http.Request) {
	rows, ok := readRows(w, req)
	if !ok || r.tradesNothing(w) {
		return
	}
	status := r.opts.Trader.Status()
	answer := positionsAnswer{Account: newAccount(&status), Positions: []orderAnswer{}, Foreign: []trade.Contract{}, Recent: []orderAnswer{}}
	worths := r.opts.Trader.Worths()
	r.opts.Trader.View(func(l *trade.Ledger) {
		answer.Foreign = append(answer.Foreign, l.Foreign...)
		for _, o := range l.Active() {
			answer.Positions = append(answer.Positions, newPosition(o, worths))
		}
	})
	for _, o := range r.opts.Trader.Orders(rows + len(answer.Positions)) {
		if !o.State.Live() && !o.State.Unresolved() && len(answer.Recent) < rows {
			answer.Recent = append(answer.Recent, newOrder(&o))
		}
	}
	rest.Write(w, answer)
}

// tradesNothing answers for what needs a trader where there is none.
func (r *Ranker) tradesNothing(w http.ResponseWriter) bool {
	if r.opts.Trader != nil {
		return false
	}
	problem.Write(w, http.StatusNotFound, "this ranker trades nothing: start it with --trade paper")
	return true
}

type refusedAnswer struct {
	Timestamp rest.UnixSeconds `json:"timestamp"`
	Decision  string           `json:"decision"`
	SpaceName string           `json:"space_name"`
	Side      trade.Side       `json:"side"`
	Reasons   []trade.Reason   `json:"reasons"`
	Details   []string         `json:"details"`
}

func newRefused(e *trade.Entry) refusedAnswer {
	s := e.Refused
	return refusedAnswer{rest.UnixSeconds(e.At), s.Signal.Decision, s.Signal.Asset, s.Signal.Side, s.Reasons, s.Details}
}

// refused are the newest signals that did not become orders, the newest first.
func (r *Ranker) refused(most int) []refusedAnswer {
	out := []refusedAnswer{}
	if r.opts.Trader == nil {
		return out
	}
	r.opts.Trader.View(func(l *trade.Ledger) {
		all := l.Refused()
		for i := len(all) - 1; i >= 0 && len(out) < most; i-- {
			out = append(out, newRefused(all[i]))
		}
	})
	return out
}

package derivsim

import (
	"slices"
	"strconv"
	"time"

	"github.com/karlquant/quasar/deriv"
)

func (s *Sim) callBalance(k *call) (*answer, error) {
	var r deriv.BalanceRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	a := k.session.account
	out := &answer{msgType: "balance", body: deriv.BalanceAnswer{Balance: deriv.Balance{Amount: a.balance, Currency: a.Currency}}}
	if r.Subscribe {
		m, problem := k.session.begin("balance", "balance", &k.envelope)
		if problem != nil {
			return nil, problem
		}
		out.stream = m
	}
	return out, nil
}

// callTransaction answers with the subscription alone: movements follow.
func (s *Sim) callTransaction(k *call) (*answer, error) {
	m, problem := k.session.begin("transaction", "transaction", &k.envelope)
	if problem != nil {
		return nil, problem
	}
	return &answer{msgType: "transaction", stream: m, body: map[string]any{"transaction": map[string]any{"id": m.id}}}, nil
}

func (s *Sim) callPortfolio(k *call) (*answer, error) {
	var r deriv.PortfolioRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	list := []deriv.Holding{}
	for _, c := range k.session.account.open {
		if len(r.ContractTypes) > 0 && !slices.Contains(r.ContractTypes, c.ContractType) {
			continue
		}
		list = append(list, deriv.Holding{
			AppID: c.app, Contract: c.id, Transaction: c.buyTransaction, Type: c.ContractType, Symbol: c.Symbol, Currency: c.Currency,
			BuyPrice: c.stake, Payout: c.payout, Purchased: c.bought, Start: c.bought, ExpiryTime: c.expiry,
			Longcode: c.longcode(), Shortcode: c.shortcode,
		})
	}
	return &answer{msgType: "portfolio", body: deriv.PortfolioAnswer{Portfolio: deriv.Portfolio{Contracts: list}}}, nil
}

// page is a part of a table, the newest row first.
type page struct{ limit, offset, usual, most int }

// check refuses what the venue would.
func (p *page) check() *deriv.Error {
	if p.limit < 0 || p.limit > p.most {
		return wrongField("limit", strconv.Itoa(p.limit), "0 to "+strconv.Itoa(p.most))
	}
	if p.offset < 0 {
		return wrongField("offset", strconv.Itoa(p.offset), "0 or more")
	}
	if p.limit == 0 {
		p.limit = p.usual
	}
	return nil
}

// cut goes over the rows of a table in an order and passes those of the page.
func cut[T any](p *page, rows []T, oldestFirst bool, keep func(*T) bool, pass func(*T)) {
	skip, left := p.offset, p.limit
	for i := range rows {
		if !oldestFirst {
			i = len(rows) - 1 - i
		}
		row := &rows[i]
		switch {
		case left == 0:
			return
		case !keep(row):
		case skip > 0:
			skip--
		default:
			pass(row)
			left--
		}
	}
}

func (s *Sim) callStatement(k *call) (*answer, error) {
	var r deriv.StatementRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	p := page{limit: r.Limit, offset: r.Offset, usual: 100, most: 999}
	if problem := p.check(); problem != nil {
		return nil, problem
	}
	rows := []deriv.Movement{}
	cut(&p, k.session.account.movements, false, func(m *movement) bool {
		return (r.Action == "" || r.Action == m.action) && m.at >= int64(r.From) && (r.To == 0 || m.at <= int64(r.To))
	}, func(m *movement) { rows = append(rows, m.row(bool(r.Description))) })
	return &answer{msgType: "statement", body: deriv.StatementAnswer{
		Statement: deriv.Statement{Count: deriv.Count(len(rows)), Transactions: rows},
	}}, nil
}

func (s *Sim) callProfitTable(k *call) (*answer, error) {
	var r deriv.ProfitTableRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	p := page{limit: r.Limit, offset: r.Offset, usual: 50, most: 500}
	if problem := p.check(); problem != nil {
		return nil, problem
	}
	from, wrongFrom := moment("date_from", r.From, 0)
	to, wrongTo := moment("date_to", r.To, 1<<62)
	if wrongFrom != nil || wrongTo != nil {
		return nil, cmpError(wrongFrom, wrongTo)
	}
	rows := []deriv.Finished{}
	cut(&p, k.session.account.ended, r.Sort == "ASC", func(c **contract) bool {
		at := int64((*c).soldAt)
		return at >= from && at <= to && (len(r.ContractTypes) == 0 || slices.Contains(r.ContractTypes, (*c).ContractType))
	}, func(c **contract) { rows = append(rows, (*c).finished(bool(r.Description))) })
	return &answer{msgType: "profit_table", body: deriv.ProfitTableAnswer{
		ProfitTable: deriv.ProfitTable{Count: deriv.Count(len(rows)), Transactions: rows},
	}}, nil
}

func cmpError(a, b *deriv.Error) *deriv.Error {
	if a != nil {
		return a
	}
	return b
}

func (c *contract) finished(description bool) deriv.Finished {
	f := deriv.Finished{
		AppID: c.app, Contract: c.id, Transaction: c.buyTransaction, BuyPrice: c.stake, SellPrice: c.sold, Payout: c.payout,
		Purchased: c.bought, SellTime: c.soldAt,
	}
	if description {
		f.Shortcode, f.Symbol = c.shortcode, c.Symbol
	}
	return f
}

// moment reads an epoch in digits or a date.
func moment(field, text string, otherwise int64) (int64, *deriv.Error) {
	if text == "" {
		return otherwise, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return n, nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Unix(), nil
		}
	}
	return 0, wrongField(field, strconv.QuoteToASCII(text), "an epoch in digits or a date")
}

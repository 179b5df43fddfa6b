package derivsim

import (
	"github.com/karlquant/quasar/deriv"
)

func (s *Sim) callBuy(k *call) (*answer, error) {
	var r deriv.BuyRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	t, p, problem := s.wanted(k, &r)
	if problem != nil {
		return nil, problem
	}
	k.symbol = t.Symbol
	a := k.session.account
	switch {
	case r.Price < 0:
		return nil, wrongField("price", r.Price.String(), "0 or more")
	case t.stake > r.Price || s.strikes(PriceMoved, k):
		return nil, fail("PriceMoved", "The underlying market has moved too much since you priced the contract.")
	case len(a.open) >= s.opts.Limits.OpenContracts:
		return nil, fail("OpenPositionLimit", "You have reached the limit of open contracts.")
	case t.stake > a.balance:
		return nil, fail("InsufficientBalance", "Your account balance is insufficient to buy this contract.")
	}
	var m *stream
	if r.Subscribe {
		// The contract's key is known only once it is there.
		if m, problem = k.session.begin("proposal_open_contract", "buy "+s.ids.uuid(), &k.envelope); problem != nil {
			return nil, problem
		}
	}
	if p != nil {
		k.session.bought(p)
	}
	c := s.open(a, k.session.user.app, t)
	if m != nil {
		m.followContract(c)
	}
	return &answer{msgType: "buy", stream: m, body: deriv.BuyAnswer{Buy: deriv.Bought{
		Contract: c.id, Transaction: c.buyTransaction, Price: c.stake, BalanceAfter: a.balance, Payout: c.payout,
		Purchased: c.bought, Start: c.bought, Longcode: c.longcode(), Shortcode: c.shortcode,
	}}, then: func() { s.notices = append(s.notices, func() { s.tellContract(c) }) }}, nil
}

// wanted finds what a buy is for: a proposal of its connection, or parameters
// with "1" for an id.
func (s *Sim) wanted(k *call, r *deriv.BuyRequest) (*terms, *proposal, *deriv.Error) {
	if r.Parameters == nil {
		p := k.session.proposals[r.ID]
		if p == nil {
			return nil, nil, fail("InvalidContractProposal", "Unknown contract proposal.")
		}
		t, problem := s.price(&p.terms.Selection, k.session.currency())
		if problem != nil {
			return nil, nil, problem
		}
		if t.family == riseFall {
			t.stake, t.payout = p.terms.stake, p.terms.payout // as it was offered
		}
		return t, p, nil
	}
	if r.ID != "1" {
		return nil, nil, wrongField("buy", "an id and parameters", "1 with parameters, or an id alone")
	}
	if !(r.Parameters.Markup >= 0 && r.Parameters.Markup <= 3) {
		return nil, nil, wrongField("parameters.app_markup_percentage", number(r.Parameters.Markup), "0 to 3")
	}
	t, problem := s.price(&r.Parameters.Selection, k.session.currency())
	if problem == nil && t.family == riseFall {
		t.payout = floorMoney(t.payout.Float()*(1-r.Parameters.Markup/100), deriv.CurrencyDecimals(t.Currency))
	}
	return t, nil, problem
}

// bought takes a proposal out: it is good once, and its stream ends.
func (c *session) bought(p *proposal) {
	delete(c.proposals, p.id)
	if p.stream != nil {
		p.stream.end()
	}
}

func (s *Sim) callSell(k *call) (*answer, error) {
	var r deriv.SellRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	a := k.session.account
	c := a.contracts[r.Contract]
	if c == nil {
		return nil, fail("ContractNotFound", "The contract was not found.")
	}
	amount, problem := c.bid()
	switch {
	case r.Price < 0:
		return nil, wrongField("price", r.Price.String(), "0 or more")
	case problem != nil:
		return nil, problem
	case c.symbol.closedUntil > s.at:
		return nil, fail("MarketIsClosed", "This market is presently closed.")
	case amount < r.Price:
		return nil, fail("PriceMoved", "The contract's price has fallen below what you asked for.")
	}
	s.close(c, deriv.SoldEarly, amount)
	return &answer{msgType: "sell", body: deriv.SellAnswer{Sell: deriv.Sold{
		Contract: c.id, Transaction: c.sellTransaction, Price: amount, BalanceAfter: a.balance, Reference: c.buyTransaction,
	}}}, nil
}

// callOpenContract answers with one contract, ended ones too, or a message for
// each that is open.
func (s *Sim) callOpenContract(k *call) (*answer, error) {
	var r deriv.OpenContractRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	if r.Contract == 0 {
		return s.allOpen(k, bool(r.Subscribe))
	}
	c := k.session.account.contracts[r.Contract]
	if c == nil {
		return nil, fail("ContractNotFound", "The contract was not found.")
	}
	a := &answer{msgType: "proposal_open_contract", body: deriv.OpenContractAnswer{Contract: s.look(c)}}
	if !r.Subscribe || c.status != deriv.Open {
		return a, nil
	}
	if k.session.following(c) {
		return nil, &deriv.Error{Code: "AlreadySubscribed", Message: "You are already subscribed to proposal_open_contract."}
	}
	m, problem := k.session.begin("proposal_open_contract", "proposal_open_contract "+c.shortcode+" "+s.ids.uuid(), &k.envelope)
	if problem != nil {
		return nil, problem
	}
	m.followContract(c)
	a.stream = m
	return a, nil
}

func (c *session) following(k *contract) bool {
	for _, m := range k.followers {
		if m.session == c {
			return true
		}
	}
	return false
}

func (m *stream) followContract(c *contract) {
	m.contract = c
	c.followers = append(c.followers, m)
}

// allOpen answers for all open contracts; subscribed, those that are bought
// later are told of as well.
func (s *Sim) allOpen(k *call, subscribe bool) (*answer, error) {
	a := &answer{msgType: "proposal_open_contract", body: map[string]any{"proposal_open_contract": map[string]any{}}}
	if subscribe {
		m, problem := k.session.begin("proposal_open_contract", "proposal_open_contract", &k.envelope)
		if problem != nil {
			return nil, problem
		}
		a.stream = m
	}
	open := k.session.account.open
	if len(open) == 0 {
		return a, nil
	}
	a.body = deriv.OpenContractAnswer{Contract: s.look(open[0])}
	a.then = func() {
		for _, c := range open[1:] {
			s.reply(k, &answer{msgType: "proposal_open_contract", stream: a.stream, body: deriv.OpenContractAnswer{Contract: s.look(c)}})
		}
	}
	return a, nil
}

// tellContract sends a contract to all who follow it. After its end they follow
// it no more.
func (s *Sim) tellContract(c *contract) {
	ended := c.status != deriv.Open
	if c.silent || ended && s.faults.happens(NoFinalContract, c.occasion("proposal_open_contract")) {
		if ended {
			c.unfollow()
		}
		return
	}
	var text []byte
	tell := func(m *stream) {
		if text == nil {
			text = encode(deriv.OpenContractAnswer{Contract: s.look(c)})
		}
		m.send("proposal_open_contract", text)
	}
	for _, m := range c.followers {
		tell(m)
	}
	for session := range c.account.sessions {
		if m := session.keys["proposal_open_contract"]; m != nil {
			tell(m)
		}
	}
	if ended {
		c.unfollow()
	}
}

func (c *contract) unfollow() {
	for len(c.followers) > 0 {
		c.followers[0].end()
	}
}

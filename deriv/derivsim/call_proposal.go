package derivsim

import (
	"fmt"
	"strconv"

	"github.com/karlquant/quasar/deriv"
)

// proposal is a price that a connection may buy.
type proposal struct {
	id     string
	terms  *terms
	stream *stream // nil if it was not subscribed to
}

// maxProposals is how many a connection has; the oldest give way.
const maxProposals = 1000

func (s *Sim) callProposal(k *call) (*answer, error) {
	var r deriv.ProposalRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	t, problem := s.price(&r.Selection, k.session.currency())
	if problem != nil {
		return nil, problem
	}
	p := &proposal{id: s.ids.uuid(), terms: t}
	a := &answer{msgType: "proposal"}
	if r.Subscribe {
		key := "proposal " + string(encode(r.Selection))
		if a.stream, problem = k.session.begin("proposal", key, &k.envelope); problem != nil {
			return nil, problem
		}
		p.stream = a.stream
		if t.varies() {
			a.stream.follow(t.symbol, func(tick, *tickText) { s.requote(k.session, p) })
		}
	}
	k.session.offer(p)
	a.body = deriv.ProposalAnswer{Proposal: s.describe(p)}
	return a, nil
}

func (c *session) currency() string {
	if c.account == nil {
		return ""
	}
	return c.account.Currency
}

// varies tells whether the price moves with the ticks. That of a Rise or Fall at
// the money does not, and the venue streams none.
func (t *terms) varies() bool { return t.family != riseFall || t.length >= 86400 }

// requote sends a subscribed proposal's new price. Its id stays, as that of its
// stream does.
func (s *Sim) requote(c *session, p *proposal) {
	t, problem := s.price(&p.terms.Selection, c.currency())
	if problem != nil {
		p.stream.send("proposal", encode(map[string]any{"error": problem}))
		delete(c.proposals, p.id)
		p.stream.end()
		return
	}
	p.terms = t
	p.stream.send("proposal", encode(deriv.ProposalAnswer{Proposal: s.describe(p)}))
}

// offer makes a proposal buyable on the connection.
func (c *session) offer(p *proposal) {
	c.proposals[p.id] = p
	c.order = append(c.order, p.id)
	for len(c.order) > maxProposals {
		delete(c.proposals, c.order[0])
		c.order = c.order[1:]
	}
}

func (s *Sim) describe(p *proposal) deriv.Proposal {
	t, spot := p.terms, p.terms.symbol.last()
	d := deriv.Proposal{
		ID: p.id, Ask: t.stake, Payout: t.payout, Spot: spot.price, SpotTime: deriv.Epoch(spot.epoch),
		Start: deriv.Epoch(s.at / second), Longcode: t.longcode(),
		Validation: deriv.Validation{Stake: deriv.StakeRange{Min: new(t.least), Max: new(t.most)}, MaxPayout: new(s.opts.MaxPayout)},
	}
	switch t.family {
	case riseFall:
		if t.length > 0 {
			d.Expiry = d.Start + deriv.Epoch(t.length)
		}
	case multiplierFamily:
		d.Commission, d.LimitOrder = new(t.commission), t.limitOrder(spot.price)
	case accumulatorFamily:
		low, high := t.corridor(spot.price)
		d.Validation.MaxTicks = deriv.Count(t.maxTicks)
		d.LimitOrder = t.limitOrder(spot.price)
		d.Details = deriv.Object{
			"tick_size_barrier": encode(t.barrier), "maximum_ticks": encode(t.maxTicks), "maximum_payout": encode(s.opts.MaxPayout),
			"low_barrier": encode(low.Text(t.symbol.index.Decimals)), "high_barrier": encode(high.Text(t.symbol.index.Decimals)),
		}
	}
	return d
}

// limitOrder tells the orders that the venue keeps: amounts of profit, and the
// prices at which they are reached.
func (t *terms) limitOrder(entry deriv.Price) deriv.Object {
	o := make(deriv.Object)
	add := func(name string, amount deriv.Money) {
		order := map[string]any{"order_amount": amount, "display_name": name}
		if t.family == multiplierFamily {
			order["value"] = t.levelOf(entry, amount).Text(t.symbol.index.Decimals)
		}
		o[name] = encode(order)
	}
	if t.family == multiplierFamily {
		add("stop_out", -t.stake)
	}
	if l := t.LimitOrder; l != nil && l.TakeProfit != nil {
		add("take_profit", *l.TakeProfit)
	}
	if l := t.LimitOrder; l != nil && l.StopLoss != nil {
		add("stop_loss", -*l.StopLoss)
	}
	return o
}

// levelOf is the price at which a multiplier's profit is an amount.
func (t *terms) levelOf(entry deriv.Price, profit deriv.Money) deriv.Price {
	share := (profit + t.commission).Float() / (t.stake.Float() * t.Multiplier)
	if t.ContractType == "MULTDOWN" {
		share = -share
	}
	p, _ := deriv.RoundPrice(max(entry.Float()*(1+share), 0), t.symbol.index.Decimals) // near the entry
	return p
}

// corridor is between which prices the next tick has to be.
func (t *terms) corridor(from deriv.Price) (low, high deriv.Price) {
	low, _ = deriv.RoundPrice(from.Float()*(1-t.barrier), deriv.CurrencyDecimals("BTC")) // near the price
	high, _ = deriv.RoundPrice(from.Float()*(1+t.barrier), deriv.CurrencyDecimals("BTC"))
	return low, high
}

// longcode describes a contract in words.
func (t *terms) longcode() string {
	name := t.symbol.index.Display
	switch t.family {
	case multiplierFamily:
		direction := "rises"
		if t.ContractType == "MULTDOWN" {
			direction = "falls"
		}
		return fmt.Sprintf("If %s %s, your profit is the change in percent times your stake and %s.", name, direction, number(t.Multiplier))
	case accumulatorFamily:
		return fmt.Sprintf("Your value grows by %s %% with each tick of %s that stays in its corridor; otherwise it is lost.", number(100*t.GrowthRate), name)
	}
	compare := map[string]string{
		"CALL": "strictly higher than", "PUT": "strictly lower than", "CALLE": "higher than or equal to", "PUTE": "lower than or equal to",
	}[t.ContractType]
	return fmt.Sprintf("Win payout if %s after %s is %s the entry spot.", name, t.span(), compare)
}

func (t *terms) span() string {
	if t.ticks > 0 {
		return strconv.Itoa(t.ticks) + " ticks"
	}
	return strconv.FormatInt(t.length, 10) + " seconds"
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 10, 64) }

package derivsim

import (
	"slices"
	"strconv"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price/house"
)

func (s *Sim) callTime(*call) (*answer, error) {
	at := s.at + s.faults.skew
	return &answer{msgType: "time", body: deriv.TimeAnswer{
		Time: deriv.Epoch(at / second), Millis: at / int64(time.Millisecond), Speed: s.clock.speed,
	}}, nil
}

func (s *Sim) callPing(*call) (*answer, error) {
	return &answer{msgType: "ping", body: deriv.PingAnswer{Ping: "pong"}}, nil
}

func (s *Sim) callActiveSymbols(k *call) (*answer, error) {
	var r deriv.ActiveSymbolsRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	list := []deriv.ActiveSymbol{}
	for _, y := range s.symbols {
		if len(r.ContractTypes) == 0 || slices.ContainsFunc(r.ContractTypes, func(t string) bool { return house.Offers(&y.index, t) }) {
			list = append(list, s.symbolInfo(y))
		}
	}
	return &answer{msgType: "active_symbols", body: deriv.ActiveSymbolsAnswer{ActiveSymbols: list}}, nil
}

func (s *Sim) symbolInfo(y *symbol) deriv.ActiveSymbol {
	step, _ := deriv.RoundPrice(y.index.Unit(), y.index.Decimals)
	submarket, group := place(&y.index)
	return deriv.ActiveSymbol{
		Symbol: y.index.Symbol, Name: y.index.Display, Type: "synthetic_index", Market: "synthetic_index",
		Submarket: submarket, Subgroup: group, Step: step, Open: deriv.Flag(y.closedUntil <= s.at), Suspended: false,
		TradeCount: deriv.Count(len(y.open)),
	}
}

func (s *Sim) callContractsFor(k *call) (*answer, error) {
	var r deriv.ContractsForRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	y := s.bySymbol[r.Symbol]
	if y == nil {
		return nil, invalidSymbol(r.Symbol)
	}
	list := s.offersOf(&y.index)
	return &answer{msgType: "contracts_for", body: deriv.ContractsForAnswer{
		ContractsFor: deriv.ContractsFor{Available: list, HitCount: deriv.Count(len(list))},
	}}, nil
}

func invalidSymbol(name string) *deriv.Error {
	return &deriv.Error{Code: "InvalidSymbol", Message: "Symbol " + strconv.QuoteToASCII(name) + " is invalid."}
}

// maxSymbols is how many a single request for ticks may name.
const maxSymbols = 100

// callTicks answers with a message for each symbol. All of them are refused
// together, or none.
func (s *Sim) callTicks(k *call) (*answer, error) {
	var r deriv.TicksRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	if len(r.Symbols) == 0 || len(r.Symbols) > maxSymbols {
		return nil, wrongField("ticks", strconv.Itoa(len(r.Symbols))+" symbols", "1 to 100")
	}
	for i, name := range r.Symbols {
		if s.bySymbol[name] == nil {
			return nil, invalidSymbol(name)
		}
		if bool(r.Subscribe) && (k.session.keys["ticks "+name] != nil || slices.Contains(r.Symbols[:i], name)) {
			return nil, &deriv.Error{Code: "AlreadySubscribed", Message: "You are already subscribed to " + name + "."}
		}
	}
	first, err := s.tickAnswer(k, r.Symbols[0], bool(r.Subscribe))
	if err != nil {
		return nil, err
	}
	first.then = func() {
		for _, name := range r.Symbols[1:] {
			a, err := s.tickAnswer(k, name, bool(r.Subscribe))
			if err != nil {
				k.refuse(problemOf(err))
				return
			}
			s.reply(k, a)
		}
	}
	return first, nil
}

func (s *Sim) tickAnswer(k *call, name string, subscribe bool) (*answer, error) {
	y := s.present(name)
	t := y.last()
	a := &answer{msgType: "tick"}
	id := ""
	if subscribe {
		m, err := k.session.begin("ticks", "ticks "+name, &k.envelope)
		if err != nil {
			return nil, err
		}
		m.follow(y, m.sendTick)
		a.stream, id = m, m.id
	}
	unit, _ := deriv.RoundPrice(y.index.Unit(), y.index.Decimals)
	a.body = deriv.TickAnswer{Tick: deriv.Tick{
		Ask: t.price + unit, Bid: max(t.price-unit, unit), Quote: t.price, Epoch: deriv.Epoch(t.epoch), ID: id,
		Decimals: deriv.Count(y.index.Decimals), Symbol: name,
	}}
	return a, nil
}

// sendTick passes a tick on, in the way that the faults have it.
func (m *stream) sendTick(_ tick, text *tickText) {
	m.session.sim.spoil(m, frame("tick", m.common, text.of(m.id)))
}

func (s *Sim) callForget(k *call) (*answer, error) {
	var r deriv.ForgetRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	m := k.session.streams[r.ID]
	if m != nil {
		m.end()
	}
	return &answer{msgType: "forget", body: deriv.ForgetAnswer{Forget: m != nil}}, nil
}

// streamKinds are what forget_all knows.
var streamKinds = []string{"ticks", "candles", "proposal", "proposal_open_contract", "balance", "transaction"}

func (s *Sim) callForgetAll(k *call) (*answer, error) {
	var r deriv.ForgetAllRequest
	if err := k.read(&r); err != nil {
		return nil, err
	}
	for _, kind := range r.Streams {
		if !slices.Contains(streamKinds, kind) {
			return nil, wrongField("forget_all", strconv.QuoteToASCII(kind), "ticks, candles, proposal, proposal_open_contract, balance or transaction")
		}
	}
	ids := []string{}
	for id, m := range k.session.streams {
		if slices.Contains(r.Streams, m.kind) {
			ids = append(ids, id)
			m.end()
		}
	}
	slices.Sort(ids)
	return &answer{msgType: "forget_all", body: deriv.ForgetAllAnswer{IDs: ids}}, nil
}

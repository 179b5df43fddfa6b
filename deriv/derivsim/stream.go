package derivsim

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/deriv"
)

// stream is one subscription of one connection.
type stream struct {
	id, key, kind string
	session       *session
	common        []byte // the envelope's fields after msg_type, from a comma on
	symbol        *symbol
	onTick        func(t tick, text *tickText) // nil for what has no ticks
	contract      *contract                    // of a stream of one contract
	ended         bool
}

// envelope holds what an answer repeats of its request.
type envelope struct {
	echo  jsontext.Value
	reqID jsontext.Value // nil if there was none
}

// common is the envelope's fields after msg_type.
func (e *envelope) common(subscription string) []byte {
	b := append([]byte(`,"echo_req":`), e.echo...)
	if e.reqID != nil {
		b = append(append(b, `,"req_id":`...), e.reqID...)
	}
	if subscription != "" {
		b = append(append(b, `,"subscription":{"id":"`...), subscription...)
		b = append(b, `"}`...)
	}
	return b
}

// frame makes a message of the envelope's fields and those of a body.
func frame(msgType string, common, body []byte) []byte {
	b := make([]byte, 0, len(common)+len(body)+len(msgType)+16)
	b = append(append(append(b, `{"msg_type":"`...), msgType...), '"')
	b = append(b, common...)
	if len(body) > 2 {
		b = append(b, ',')
		b = append(b, body[1:len(body)-1]...)
	}
	return append(b, '}')
}

// encode writes what this package made itself: it cannot fail.
func encode(body any) []byte {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		panic("derivsim: " + err.Error())
	}
	return text
}

// begin makes a stream of the connection. A refusal is the venue's.
func (c *session) begin(kind, key string, e *envelope) (*stream, *deriv.Error) {
	if c.keys[key] != nil {
		return nil, &deriv.Error{Code: "AlreadySubscribed", Message: "You are already subscribed to " + key + "."}
	}
	if len(c.streams) >= c.sim.opts.Limits.Subscriptions {
		return nil, &deriv.Error{Code: "RateLimit", Message: "You have reached the limit of " + strconv.Itoa(c.sim.opts.Limits.Subscriptions) + " subscriptions of a connection."}
	}
	m := &stream{id: c.sim.ids.uuid(), key: key, kind: kind, session: c}
	m.common = e.common(m.id)
	c.streams[m.id], c.keys[key] = m, m
	return m, nil
}

// follow has a stream told of each tick of a symbol.
func (m *stream) follow(y *symbol, onTick func(t tick, text *tickText)) {
	m.symbol, m.onTick = y, onTick
	m.session.sim.watch(y)
	y.streams = append(y.streams, m)
}

func (m *stream) tick(t tick, text *tickText) {
	if !m.ended {
		m.onTick(t, text)
	}
}

// end is idempotent.
func (m *stream) end() {
	if m.ended {
		return
	}
	m.ended = true
	delete(m.session.streams, m.id)
	delete(m.session.keys, m.key)
	if late := m.session.spoiled; late != nil && late.stream == m {
		m.session.spoiled = nil
	}
	if m.symbol != nil {
		m.session.sim.unwatch(m.symbol)
		m.symbol.streams = slices.DeleteFunc(m.symbol.streams, func(o *stream) bool { return o == m })
	}
	if m.contract != nil {
		m.contract.followers = slices.DeleteFunc(m.contract.followers, func(o *stream) bool { return o == m })
	}
}

func (m *stream) send(msgType string, body []byte) {
	m.session.push(frame(msgType, m.common, body))
}

// tickText is a tick as it is sent, but for the id of the subscription.
type tickText struct{ body []byte }

func newTickText(y *symbol, t tick) *tickText {
	if len(y.streams) == 0 {
		return nil
	}
	unit, _ := deriv.RoundPrice(y.index.Unit(), y.index.Decimals)
	b := append([]byte(`{"tick":{"ask":`), (t.price + unit).String()...)
	b = append(append(b, `,"bid":`...), max(t.price-unit, unit).String()...)
	b = append(append(b, `,"quote":`...), t.price.String()...)
	b = strconv.AppendInt(append(b, `,"epoch":`...), t.epoch, 10)
	b = strconv.AppendInt(append(b, `,"pip_size":`...), int64(y.index.Decimals), 10)
	b = append(append(append(b, `,"symbol":"`...), y.index.Symbol...), '"')
	return &tickText{b}
}

// of completes the text for one subscription, none if its id is empty.
func (t *tickText) of(subscription string) []byte {
	b := slices.Clone(t.body)
	if subscription != "" {
		b = append(append(append(b, `,"id":"`...), subscription...), '"')
	}
	return append(b, "}}"...)
}

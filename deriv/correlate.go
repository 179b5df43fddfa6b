package deriv

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// receive brings a message to whom it is for. What is for nobody is counted.
func (c *conn) receive(frame []byte) {
	c.counters.received.Add(1)
	a, err := DecodeAnswer(frame)
	if err != nil {
		c.counters.malformed.Add(1)
		return
	}
	switch k, route := c.find(a); {
	case k != nil:
		if k.route != nil && a.Error == nil {
			k.route(a) // here, so that nothing of the stream overtakes its beginning
		}
		k.answer <- a
	case route != nil:
		route(a)
	default:
		c.stray(a)
	}
}

// find looks for the call that a answers, or else for the route of its stream.
func (c *conn) find(a *Answer) (*call, func(*Answer)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.pending[a.ReqID]; k != nil && answers(k.request, a) {
		delete(c.pending, k.id)
		if k.route != nil && a.Subscription != nil && a.Error == nil {
			c.streams[a.Subscription.ID] = k.id
		}
		return k, nil
	}
	if route := c.routes[a.ReqID]; route != nil {
		return nil, route
	}
	if a.Subscription != nil {
		return nil, c.routes[c.streams[a.Subscription.ID]]
	}
	return nil, nil
}

// answers tells whether a is what r asks for, and not an update of the stream
// that it begins.
func answers(r Request, a *Answer) bool {
	switch r := r.(type) {
	case BuyRequest:
		return answersOrder("buy", r.ID, a)
	case SellRequest:
		return answersOrder("sell", itoa(int64(r.Contract)), a)
	}
	if a.Error != nil {
		return true
	}
	switch call := r.Call(); call {
	case "ticks":
		return a.MsgType == "tick"
	case "ticks_history":
		return a.MsgType == "history" || a.MsgType == "candles"
	default:
		return a.MsgType == call
	}
}

// answersOrder is stricter than the number of a request: the request that an answer
// repeats must be the one that was sent, if it repeats any. The answer to another
// order, taken for ours, would be money.
func answersOrder(call, of string, a *Answer) bool {
	if a.MsgType != call && (a.Error == nil || a.MsgType != "error") {
		return false
	}
	var echo map[string]jsontext.Value
	if json.Unmarshal(a.Echo, &echo) != nil || echo[call] == nil {
		return true
	}
	said := []byte(echo[call])
	if text, err := jsontext.AppendUnquote(nil, said); err == nil {
		said = text
	}
	return string(said) == of
}

// stray deals with an answer that nobody waits for: late, sent twice, or unknown.
func (c *conn) stray(a *Answer) {
	c.mu.Lock()
	k := c.late[a.ReqID]
	known := k != nil && answers(k.request, a)
	if known {
		delete(c.late, a.ReqID)
	}
	c.mu.Unlock()
	if !known {
		c.counters.unknown.Add(1)
		return
	}
	c.counters.late.Add(1)
	if c.onLate != nil {
		c.onLate(k, a)
	}
}

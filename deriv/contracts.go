package deriv

import (
	"context"
	"io"
	"strconv"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// contractTopic is the life of one contract. It ends with its settlement.
type contractTopic struct {
	fan[OpenContract]
	socket *socket
	id     ContractID

	// Guarded by the fan's lock.
	last    *Event[OpenContract]
	asking  bool
	newsAt  time.Time // of the venue: when there was news, or it was asked for
	asked   int       // how often in a row without a change
	settled bool
}

func newContractTopic(s *socket, id ContractID) *contractTopic {
	return &contractTopic{socket: s, id: id}
}

func (t *contractTopic) key() string  { return "proposal_open_contract " + itoa(int64(t.id)) }
func (t *contractTopic) kind() string { return "proposal_open_contract" }
func (t *contractTopic) request() Request {
	return OpenContractRequest{Contract: t.id, Subscribe: true}
}

func (t *contractTopic) started(uint64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newsAt = t.socket.clock.now()
}

// join tells a reader at once how things are.
func (t *contractTopic) join(s *Stream[OpenContract]) {
	t.mu.Lock()
	if t.last != nil {
		s.push(*t.last, true)
	}
	t.mu.Unlock()
	t.fan.join(s)
}

func (t *contractTopic) receive(generation uint64, a *Answer) {
	var body OpenContractAnswer
	if a.Into(&body) != nil || body.Contract.ID != t.id || !body.Contract.Settled() && t.socket.clock.ahead(body.Contract.CurrentTime) {
		t.socket.counters.malformed.Add(1)
		return
	}
	t.news(Event[OpenContract]{Value: body.Contract, Generation: generation})
}

// news passes on how the contract is, whichever way it became known.
func (t *contractTopic) news(e Event[OpenContract]) {
	if t.tell(e) {
		t.socket.registry.finished(t) // whose lock must not be waited for with ours
	}
}

// tell says whether that was the end.
func (t *contractTopic) tell(e Event[OpenContract]) (settled bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settled || t.last != nil && e.Value.CurrentTime < t.last.Value.CurrentTime && !e.Value.Settled() {
		t.socket.counters.duplicates.Add(1)
		return false
	}
	t.newsAt = t.socket.clock.now()
	if !e.Filled {
		t.asked = 0
	}
	t.last = &e
	t.settled = e.Value.Settled()
	t.send(e, t.settled)
	if t.settled {
		t.end(io.EOF)
	}
	return t.settled
}

// look asks for a contract that has been silent for too long: the feed may be
// down, or its last message lost. Each time in vain it waits twice as long.
func (t *contractTopic) look() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	patience := t.socket.opts.ContractSilence << min(t.asked, 4)
	if t.asking || t.settled || t.socket.clock.now().Sub(t.newsAt) < patience {
		return false
	}
	t.asking = true
	t.asked++
	t.socket.registry.later(t.ask)
	return false
}

func (t *contractTopic) ask(ctx context.Context) {
	a, err := ask[OpenContractAnswer](WithPriority(ctx), t.socket, OpenContractRequest{Contract: t.id})
	t.mu.Lock()
	t.asking = false
	t.newsAt = t.socket.clock.now()
	t.mu.Unlock()
	if err == nil && a.Contract.ID == t.id {
		t.news(Event[OpenContract]{Value: a.Contract, Filled: true})
	}
}

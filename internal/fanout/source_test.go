package fanout

import (
	"sync"
	"testing"
)

// pairOf is a Fanout, and one behind it that began later and tells the same.
type pairOf struct {
	mu          sync.Mutex // guards what follows, and publishing
	source, fan *Fanout
	newest      map[string]int
	published   int
}

func newPair() *pairOf {
	p := &pairOf{source: New(Options{First: first}), newest: make(map[string]int)}
	for range 50 {
		p.publish()
	}
	p.fan = New(Options{First: first, Source: p.source, Together: &p.mu})
	return p
}

func (p *pairOf) publish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	space := string(rune('A' + p.published%5))
	p.published++
	p.newest[space]++
	f := frame(space, p.newest[space], 100)
	p.source.Publish(space, f)
	if p.fan != nil {
		p.fan.Publish(space, f)
	}
}

// begin publishes n frames to both beside what the test does.
func (p *pairOf) begin(n int) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			p.publish()
		}
	}()
	return done
}

// Who joins while both are published to gets the state from the source, and every
// frame behind it, none twice.
func TestAFanoutGoesOnFromItsSource(t *testing.T) {
	pair := newPair()
	wants := []map[string]bool{nil, {"A": true, "C": true}}
	var peers []*peer
	done := pair.begin(2000)
	for i := range 20 {
		peers = append(peers, join(t, pair.fan, "tcp", wants[i%2]))
	}
	<-done
	for i, p := range peers {
		if err := settled(p, pair.newest, wants[i%2], true); err != nil {
			t.Errorf("member %d: %v", i, err)
		}
		p.member.Leave(nil, ErrLeft)
		<-p.left
	}
}

// The state is of the moment that the log goes on from: as many frames were
// published to the source until then as to the one behind it, and 50.
func TestTheStateOfASourceIsOfTheSameMoment(t *testing.T) {
	pair := newPair()
	done := pair.begin(100_000)
	for {
		frames, start := pair.fan.cut(nil)
		h, err := parse(string(first(frames)))
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, seq := range h.initial {
			total += seq
		}
		if total != 50+int(start.number) {
			t.Fatalf("got the state behind %d frames at frame %d, want it %d frames later", total, start.number, 50)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

package hub

import (
	"sync"

	"github.com/karlquant/quasar/internal/fanout"
)

// compressed hands every update to the subscribers who agreed to compression,
// compressed once for all of them. It is a fan-out of its own beside the plain one,
// which lives as long as there is such a subscriber: an option that nobody uses
// costs nothing.
//
// Compressing takes several times as long as all else that Hub.mu is held for, so it
// is done behind that. Whoever broadcasts takes mu while it holds Hub.mu, and keeps it
// until it has published: the order of the one is the order of the other.
type compressed struct {
	users int          // subscribers, and those who are about to be; guarded by Hub.mu
	taken bool         // who holds Hub.mu holds mu; guarded by Hub.mu
	past  fanout.Stats // of the fan-outs that are no more; guarded by Hub.mu

	mu       sync.Mutex     // taken after Hub.mu; guards what follows
	fanout   *fanout.Fanout // nil while there is no user; changed by who holds both
	deflater *deflater      // likewise
	space    string         // of the newest update
	payload  []byte         // likewise, to be written over
	frame    []byte         // likewise
}

// take keeps an update, if there is anybody to hand it to, for Hub.unlock to publish.
// Guarded by Hub.mu.
func (c *compressed) take(space string, payload []byte) {
	switch {
	case c.users == 0:
		return
	case c.taken:
		c.publish() // two at once are in order, too
	default:
		c.mu.Lock()
		c.taken = true
	}
	c.space, c.payload = space, append(c.payload[:0], payload...)
}

// publish hands on what was taken. Guarded by mu.
func (c *compressed) publish() {
	c.frame = c.deflater.appendFrame(c.frame[:0], c.payload)
	c.fanout.Publish(c.space, c.frame)
}

// unlock is for h.mu where there was a broadcast: it hands that on compressed, too.
func (h *Hub) unlock() {
	c := &h.compressed
	taken := c.taken
	c.taken = false
	h.mu.Unlock()
	if taken {
		c.publish()
		c.mu.Unlock()
	}
}

// together holds up both fan-outs: what is in one is then in the other.
type together struct{ hub *Hub }

func (t together) Lock() {
	t.hub.mu.Lock()
	t.hub.compressed.mu.Lock()
}

func (t together) Unlock() {
	t.hub.compressed.mu.Unlock()
	t.hub.mu.Unlock()
}

// fanoutFor returns what a subscriber is to be a member of. If it is the compressed
// one every update is published there too from now on, until doneWith.
func (h *Hub) fanoutFor(sub *subscription) *fanout.Fanout {
	if !sub.compressed {
		return h.fanout
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &h.compressed
	c.users++
	if c.users == 1 {
		c.mu.Lock()
		defer c.mu.Unlock()
		opts := h.fanoutOptions()
		opts.First, opts.Source, opts.Together = deflatedInitialState, h.fanout, together{h}
		c.fanout, c.deflater = fanout.New(opts), deflaters.Get().(*deflater)
	}
	return c.fanout
}

// doneWith ends what fanoutFor began. Guarded by h.mu.
func (h *Hub) doneWith(sub *subscription) {
	c := &h.compressed
	if !sub.compressed {
		return
	}
	c.users--
	if c.users == 0 {
		c.mu.Lock() // waits for what is being published
		defer c.mu.Unlock()
		c.past = sum(c.past, c.fanout.Stats())
		deflaters.Put(c.deflater)
		c.fanout, c.deflater = nil, nil
	}
}

// fanoutStats counts what all subscribers together were sent; Published are the
// updates. Guarded by h.mu.
func (h *Hub) fanoutStats() fanout.Stats {
	plain := h.fanout.Stats()
	total := sum(plain, h.compressed.past)
	if h.compressed.fanout != nil {
		total = sum(total, h.compressed.fanout.Stats())
	}
	total.Published = plain.Published
	return total
}

func sum(a, b fanout.Stats) fanout.Stats {
	return fanout.Stats{
		Published: a.Published + b.Published, Frames: a.Frames + b.Frames, Skipped: a.Skipped + b.Skipped,
		Writes: a.Writes + b.Writes, Bytes: a.Bytes + b.Bytes,
		Conflations: a.Conflations + b.Conflations, Stalled: a.Stalled + b.Stalled,
	}
}

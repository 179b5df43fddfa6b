package hub

import "github.com/karlquant/quasar/internal/fanout"

// compressed hands every update to the subscribers who agreed to compression,
// compressed once for all of them. It is a fan-out of its own beside the plain one,
// which lives as long as there is such a subscriber: an option that nobody uses
// costs nothing.
type compressed struct {
	fanout   *fanout.Fanout // nil while there is no user
	users    int            // subscribers, and those who are about to be
	deflater *deflater      // nil while there is no user
	frame    []byte         // of the newest update, to be written over
	past     fanout.Stats   // of the fan-outs that are no more
}

// publish hands on one update, if there is anybody to hand it to.
func (c *compressed) publish(space string, payload []byte) {
	if c.users == 0 {
		return
	}
	c.frame = c.deflater.appendFrame(c.frame[:0], payload)
	c.fanout.Publish(space, c.frame)
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
		opts := h.fanoutOptions()
		opts.First, opts.Source, opts.Together = deflatedInitialState, h.fanout, &h.mu
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

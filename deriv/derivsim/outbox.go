package derivsim

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"
)

// outbox is what is to be written. The writer takes all of it at once.
type outbox struct {
	mu     sync.Mutex // guards what follows
	buffer []byte
	ended  bool // nothing is added any more
	abrupt bool // and nothing is written
	wake   chan struct{}
	all    *atomic.Int64 // what waits in all outboxes
}

func (o *outbox) add(op ws.OpCode, payload []byte) (fits bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return true
	}
	if len(o.buffer)+len(payload) > maxQueue || o.all.Load() > maxQueues {
		return false
	}
	before := len(o.buffer)
	o.buffer = appendFrame(o.buffer, op, payload)
	o.all.Add(int64(len(o.buffer) - before))
	o.signal()
	return true
}

// finish lets what is queued leave, and nothing after it; abrupt drops that too.
func (o *outbox) finish(abrupt bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.abrupt = true, o.abrupt || abrupt
	o.signal()
}

// discard forgets what nobody writes any more.
func (o *outbox) discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Add(-int64(len(o.buffer)))
	o.buffer, o.ended = nil, true
}

// signal wants the lock.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take returns what is to be written, and whether it is the last.
func (o *outbox) take(spare []byte) (frames []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Add(-int64(len(o.buffer)))
	if cap(spare) > maxSpare {
		spare = nil
	}
	frames, o.buffer = o.buffer, spare[:0]
	if o.abrupt {
		return nil, true
	}
	return frames, o.ended
}

func appendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	buffer := bytes.NewBuffer(dst)
	_ = ws.WriteHeader(buffer, ws.Header{Fin: true, OpCode: op, Length: int64(len(payload))}) // memory takes all
	buffer.Write(payload)
	return buffer.Bytes()
}

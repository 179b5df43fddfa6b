package deriv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// readLimit is what one message may have: contracts_for and histories go far
	// beyond the library's 32 KiB.
	readLimit = 4 << 20

	// writeTimeout bounds each write: a peer that takes nothing for so long is
	// not there, or no use.
	writeTimeout = 10 * time.Second

	// sendQueue is how many calls may wait for the writer, of each kind.
	sendQueue = 128

	// lateCalls is how many calls are remembered after their deadline.
	lateCalls = 1024
)

// conn is one connection, from its dial to its end. Its reader never waits for
// anybody: what it reads goes to a channel that has room, or to a route that
// does not block.
type conn struct {
	ws         *websocket.Conn
	generation uint64
	counters   *counters
	frames     func(sent bool, frame []byte) // nil records nothing
	onLate     func(*call, *Answer)

	urgent, queue chan *call
	ended         chan struct{} // closed when the connection is of no more use

	mu      sync.Mutex // guards what follows
	err     error      // why it ended
	lastID  int64
	pending map[int64]*call
	late    map[int64]*call
	order   []int64 // of late, the oldest first
	routes  map[int64]func(*Answer)
	streams map[string]int64 // ids of subscriptions, to those of requests
}

// call is one request on its way.
type call struct {
	id      int64
	request Request
	frame   []byte
	urgent  bool
	// route takes the first answer, unless it is an error, and all that follow,
	// for calls that subscribe. It runs in the reader and must not block.
	route  func(*Answer)
	answer chan *Answer // has room for one
	state  atomic.Int32
}

const (
	waiting   = iota // for the writer
	leaving          // given to the socket: it counts as sent
	abandoned        // its caller went before the writer took it
)

func newConn(ws *websocket.Conn, generation uint64, n *counters) *conn {
	ws.SetReadLimit(readLimit)
	return &conn{
		ws: ws, generation: generation, counters: n,
		urgent: make(chan *call, sendQueue), queue: make(chan *call, sendQueue), ended: make(chan struct{}),
		pending: make(map[int64]*call), late: make(map[int64]*call),
		routes: make(map[int64]func(*Answer)), streams: make(map[string]int64),
	}
}

// serve reads and writes until the connection ends, and says why it did. All
// pending calls have failed when it returns.
func (c *conn) serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
	defer stop()
	var others sync.WaitGroup
	others.Go(c.write)
	others.Go(func() {
		<-c.ended
		_ = c.ws.CloseNow() // makes reads and writes return, and frees what the library holds
	})
	c.end(c.read())
	others.Wait()
	return c.err
}

// end makes the connection unusable. Only the first reason counts.
func (c *conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	close(c.ended)
}

// alive tells whether the connection can still be used.
func (c *conn) alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// do sends a request and waits for its answer, which may be an error of the
// venue's, until ctx ends.
func (c *conn) do(ctx context.Context, r Request, urgent bool, route func(*Answer)) (*Answer, error) {
	k, err := c.register(r, urgent, route)
	if err != nil {
		return nil, err
	}
	lane := c.queue
	if urgent {
		lane = c.urgent
	}
	select {
	case lane <- k:
	case <-c.ended:
		return nil, c.giveUp(k, ErrDropped)
	case <-ctx.Done():
		return nil, c.giveUp(k, cause(ctx))
	}
	select {
	case a := <-k.answer:
		return a, nil
	case <-c.ended:
		return c.lastWord(k)
	case <-ctx.Done():
		return nil, c.giveUp(k, cause(ctx))
	}
}

// lastWord takes an answer that came just before the connection ended.
func (c *conn) lastWord(k *call) (*Answer, error) {
	select {
	case a := <-k.answer:
		return a, nil
	default:
		return nil, c.giveUp(k, ErrDropped)
	}
}

func (c *conn) register(r Request, urgent bool, route func(*Answer)) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	frame, err := EncodeRequest(r, c.lastID, nil)
	if err != nil {
		return nil, &CallError{Call: r.Call(), Err: err}
	}
	k := &call{id: c.lastID, request: r, frame: frame, urgent: urgent, route: route, answer: make(chan *Answer, 1)}
	c.pending[k.id] = k
	if route != nil {
		c.routes[k.id] = route
	}
	return k, nil
}

// giveUp forgets a call that nobody waits for any more. If it left, its answer
// may still come and is remembered as late.
func (c *conn) giveUp(k *call, err error) error {
	sent := !k.state.CompareAndSwap(waiting, abandoned)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, k.id)
	delete(c.routes, k.id)
	if sent {
		c.rememberLate(k)
	}
	return &CallError{Call: k.request.Call(), Sent: sent, Err: err}
}

// rememberLate wants the lock.
func (c *conn) rememberLate(k *call) {
	c.late[k.id] = k
	c.order = append(c.order, k.id)
	if len(c.order) > lateCalls {
		delete(c.late, c.order[0])
		c.order = c.order[1:]
	}
}

// unroute ends the way of a stream's updates, which are unknown from then on: of
// the subscription of that name, which a request began.
func (c *conn) unroute(request int64, subscription string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.routes, request)
	delete(c.streams, subscription)
}

// write sends what is asked for, the urgent first, until the connection ends.
func (c *conn) write() {
	for {
		k := c.nextCall()
		if k == nil {
			return
		}
		if !k.state.CompareAndSwap(waiting, leaving) {
			continue
		}
		if err := c.send(k.frame); err != nil {
			c.end(err)
			return
		}
	}
}

func (c *conn) nextCall() *call {
	select {
	case <-c.ended:
		return nil
	case k := <-c.urgent:
		return k
	default:
	}
	select {
	case <-c.ended:
		return nil
	case k := <-c.urgent:
		return k
	case k := <-c.queue:
		return k
	}
}

func (c *conn) send(frame []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if c.frames != nil {
		c.frames(true, frame)
	}
	if err := c.ws.Write(ctx, websocket.MessageText, frame); err != nil {
		return fmt.Errorf("%w: %w", ErrDropped, closeReason(err))
	}
	return nil
}

// read takes messages until the connection ends, and says why it did.
func (c *conn) read() error {
	for {
		_, frame, err := c.ws.Read(context.Background())
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDropped, closeReason(err))
		}
		if c.frames != nil {
			c.frames(false, frame)
		}
		c.receive(frame)
	}
}

// closeReason keeps of a socket's error what is worth telling.
func closeReason(err error) error {
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Errorf("closed by the venue: %d %.100q", closed.Code, closed.Reason)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("got a message of more than %d bytes", readLimit)
	}
	return errLost
}

var errLost = errors.New("lost without a close frame")

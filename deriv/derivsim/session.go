package derivsim

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/karlquant/quasar/deriv"
)

const (
	// maxRequest is what a request may have, in bytes. It is echoed with each
	// answer, those of its stream too.
	maxRequest = 16 << 10

	// maxQueue is what may wait for a client that does not read, maxQueues what
	// may wait for all of them. Then the connection is closed.
	maxQueue  = 8 << 20
	maxQueues = 256 << 20

	// maxSpare is how much room a writer keeps for the next time.
	maxSpare = 64 << 10

	// maxSessions bounds all connections together.
	maxSessions = 1000

	writeTimeout = 10 * time.Second

	closeGoingAway = ws.StatusGoingAway
	closeRestart   = ws.StatusCode(1012)
)

// session is one connection. What is not under its own lock is guarded by the
// world's.
type session struct {
	sim     *Sim
	conn    net.Conn
	account *account // nil on the public socket
	user    user

	streams   map[string]*stream
	keys      map[string]*stream
	proposals map[string]*proposal
	order     []string // of proposals, the oldest first
	rows      *ledgerBudget
	calls     *budget
	pings     *budget
	held      []heldFrame // what a lag keeps back, in order
	heldBytes int
	lagUntil  int64
	spoiled   *heldFrame // a tick that waits for the next one to overtake it

	closing atomic.Bool // nothing is written any more
	out     outbox
}

func (s *Sim) servePublic(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.admitSocket()
	s.mu.Unlock()
	if p != nil {
		restFailed(w, r, p)
		return
	}
	s.serve(w, r, nil, user{})
}

func (s *Sim) serveTrading(w http.ResponseWriter, r *http.Request, kind deriv.AccountKind) {
	s.mu.Lock()
	o, p := s.admitTrading(r.URL.Query().Get("otp"), kind)
	s.mu.Unlock()
	if p != nil {
		restFailed(w, r, p)
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.account.connections--
	}()
	s.serve(w, r, o.account, o.user)
}

// admitTrading counts a trading connection if it may come.
func (s *Sim) admitTrading(secret string, kind deriv.AccountKind) (otp, *restProblem) {
	o, ok := s.useOTP(secret, kind)
	if !ok {
		return o, &restProblem{http.StatusUnauthorized, "InvalidOTP", "The one-time password is invalid, used or expired."}
	}
	if o.account.connections >= s.opts.Limits.Connections {
		return o, &restProblem{http.StatusTooManyRequests, "RateLimit", "You have reached the limit of connections of an account."}
	}
	if p := s.admitSocket(); p != nil {
		return o, p
	}
	o.account.connections++
	return o, nil
}

// serve keeps a connection until it ends. All that it started has ended then.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request, a *account, u user) {
	defer s.gone()
	conn, rw, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return // it has been answered
	}
	c := s.newSession(conn, a, u)
	_ = conn.SetDeadline(time.Time{}) // those of the request
	var writer sync.WaitGroup
	writer.Go(c.write)
	s.enter(c)
	s.log.Info("connected", "socket", c.name(), "remote", r.RemoteAddr)
	reason := c.read(rw.Reader)
	s.leave(c)
	c.drain(rw.Reader)
	writer.Wait()
	c.out.discard()
	_ = conn.Close()
	s.log.Info("disconnected", "socket", c.name(), "reason", reason)
}

// admitSocket counts a connection if it may come.
func (s *Sim) admitSocket() *restProblem {
	s.advance()
	if s.ended || s.faults.maintenanceUntil > s.at {
		return &restProblem{http.StatusServiceUnavailable, "ServiceUnavailable", "The service is under maintenance."}
	}
	if s.admitted >= maxSessions {
		return &restProblem{http.StatusTooManyRequests, "RateLimit", "Too many connections."}
	}
	s.admitted++
	s.live.Add(1)
	return nil
}

// gone is for whoever was admitted.
func (s *Sim) gone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admitted--
	s.live.Done()
}

func (s *Sim) newSession(conn net.Conn, a *account, u user) *session {
	l := &s.opts.Limits
	return &session{
		sim: s, conn: conn, account: a, user: u,
		streams: make(map[string]*stream), keys: make(map[string]*stream), proposals: make(map[string]*proposal),
		calls: newBudget(window{l.PerSecond, second}), pings: newBudget(window{l.Pings, second}),
		out: outbox{wake: make(chan struct{}, 1), all: &s.queued},
	}
}

func (s *Sim) enter(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[c] = true
	if a := c.account; a == nil {
		c.rows = newLedgerBudget(&s.opts.Limits.Budgets)
	} else {
		c.rows, a.sessions[c] = a.rows, true
	}
	if s.ended {
		c.close(closeGoingAway, "simulator ends")
	}
}

// leave ends all that the connection had. What is queued may still leave: the
// reason of a close, say.
func (s *Sim) leave(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
	if c.account != nil {
		delete(c.account.sessions, c)
	}
	for _, m := range c.streams {
		m.end()
	}
	c.out.finish(false)
}

func (c *session) name() string {
	if c.account == nil {
		return "public"
	}
	return string(c.account.Kind)
}

// linger is how long a client has to answer a close, and to send what would
// otherwise have the close lost on its way.
const linger = time.Second

// write takes what is queued until there will be no more.
func (c *session) write() {
	var spare []byte
	for range c.out.wake {
		frames, last := c.out.take(spare)
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.conn.Write(frames); err != nil {
			_ = c.conn.Close() // has the reader return
			return
		}
		if last {
			c.closing.Store(true)
			_ = c.conn.SetReadDeadline(time.Now().Add(linger))
			return
		}
		spare = frames
	}
}

// drain reads for a moment what nobody wants any more.
func (c *session) drain(source io.Reader) {
	_ = c.conn.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.Copy(io.Discard, io.LimitReader(source, maxQueue)) // it ends with an error, or is too much
}

var errIdle = errors.New("idle for too long")

// read takes requests until the connection ends, and says why it did.
func (c *session) read(source io.Reader) error {
	reader := wsutil.Reader{
		Source: source, State: ws.StateServerSide, CheckUTF8: true, MaxFrameSize: maxRequest, MaxMessageSize: maxRequest,
		OnIntermediate: c.control,
	}
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(c.sim.opts.Limits.Idle))
		if c.closing.Load() { // after the deadline: the writer sets them in the other order
			return errClosed
		}
		header, err := reader.NextFrame()
		if err != nil {
			return c.unreadable(err)
		}
		if header.OpCode.IsControl() {
			if err := c.control(header, &reader); err != nil {
				return err
			}
			continue
		}
		request, err := io.ReadAll(&reader)
		if err != nil {
			return c.unreadable(err)
		}
		c.sim.handle(c, request)
	}
}

var errClosed = errors.New("closed")

// control answers pings and closes.
func (c *session) control(h ws.Header, body io.Reader) error {
	payload, err := io.ReadAll(io.LimitReader(body, ws.MaxControlFramePayloadSize))
	if err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpPing:
		c.out.add(ws.OpPong, payload)
	case ws.OpClose:
		c.out.add(ws.OpClose, payload[:min(len(payload), 2)])
		c.out.finish(false)
		return errClosed
	}
	return nil
}

// unreadable says to the client what was wrong, if it can be said.
func (c *session) unreadable(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, wsutil.ErrFrameTooLarge), errors.Is(err, wsutil.ErrMessageTooLarge):
		c.close(ws.StatusMessageTooBig, "want at most 16 KiB")
	case errors.Is(err, wsutil.ErrInvalidUTF8):
		c.close(ws.StatusInvalidFramePayloadData, "want UTF-8")
	case errors.As(err, &timeout) && timeout.Timeout():
		c.close(ws.StatusNormalClosure, "idle for too long")
		return errIdle
	case errors.As(err, new(ws.ProtocolError)):
		c.close(ws.StatusProtocolError, "")
	}
	return err
}

// close lets what is queued leave, with a close frame behind it.
func (c *session) close(code ws.StatusCode, reason string) {
	c.out.add(ws.OpClose, ws.NewCloseFrameBody(code, reason))
	c.out.finish(false)
}

// drop ends the connection without a word.
func (c *session) drop() {
	c.out.finish(true)
	_ = c.conn.Close()
}

// push sends a message, behind what a lag keeps back.
func (c *session) push(frame []byte) {
	if c.lagUntil > c.sim.at || len(c.held) > 0 {
		c.hold(frame)
		return
	}
	c.deliver(frame)
}

func (c *session) deliver(frame []byte) {
	if !c.out.add(ws.OpText, frame) {
		c.sim.log.Warn("client does not read", "socket", c.name(), "bytes", maxQueue)
		c.drop()
	}
}

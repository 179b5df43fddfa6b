package publisher

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial"
	"github.com/karlquant/quasar/internal/wire"
)

const (
	// heartbeatAfter is how long a space may say nothing before it says that it
	// lives.
	heartbeatAfter = 20 * time.Second

	// maxSilence is three of the pings that a hub sends every 20 seconds.
	maxSilence = 60 * time.Second
)

// session is the sender's half of one connection.
type session struct {
	*Publisher
	conn    *dial.Conn
	lastOut time.Time
	frame   []byte // reused
	logged  quasar.Fields

	gone chan struct{} // closed when the reader has ended
	why  error         // the reader's; set before gone is closed
}

func newSession(p *Publisher, conn *dial.Conn) *session {
	return &session{Publisher: p, conn: conn, gone: make(chan struct{})}
}

// run sends until the connection ends. It leaves nothing behind. parted says
// that it ended by a goodbye of ours.
func (s *session) run() (parted bool, err error) {
	release := s.conn.CloseAfter(s.ctx, 0)
	go func() {
		defer close(s.gone)
		s.why = s.conn.Discard(s.discarded())
	}()
	parted, err = s.send()
	release()
	<-s.gone
	closed := (*dial.ClosedError)(nil)
	switch {
	case parted:
		return true, err
	case s.ctx.Err() != nil: // it was us
		return false, context.Cause(s.ctx)
	case errors.As(s.why, &closed), errors.Is(err, net.ErrClosed):
		return false, s.why // says more than that the socket is closed
	}
	return false, err
}

// discarded returns what counts the hub's data frames of this connection.
func (s *session) discarded() func() {
	first := true
	return func() {
		s.note(func(stats *Stats) { stats.Discarded++ })
		if first {
			s.opts.Logger.LogAttrs(s.ctx, slog.LevelWarn, "the hub sends data to a publisher; it is discarded",
				slog.String("space", s.space))
		}
		first = false
	}
}

func (s *session) send() (parted bool, err error) {
	if err := s.write(wire.AppendIdentify(s.frame[:0], s.space)); err != nil {
		return false, err
	}
	for {
		sent, err := s.flush()
		switch {
		case err != nil:
			return false, err
		case sent:
			err = s.rest()
		case s.isClosing():
			return true, s.conn.Close(s.ctx)
		default:
			err = s.wait()
		}
		if err != nil {
			return false, err
		}
	}
}

// flush sends what is pending, as one frame, and says whether anything was.
func (s *session) flush() (bool, error) {
	s.complain()
	update, calls, expired := s.take()
	if expired {
		s.opts.Logger.LogAttrs(s.ctx, slog.LevelInfo, "votes are too old to send",
			slog.String("space", s.space), slog.Duration("max_vote_age", s.opts.MaxVoteAge))
	}
	if update.Fields == 0 {
		return false, nil
	}
	if err := s.write(wire.AppendUpdate(s.frame[:0], update)); err != nil {
		s.giveBack(calls)
		return false, err
	}
	s.note(func(stats *Stats) { stats.count(calls) })
	return true, nil
}

func (p *Publisher) take() (u quasar.Update, calls int64, expired bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, calls, expired = p.slot.take(time.Now(), p.opts.MaxVoteAge)
	if expired {
		p.stats.ExpiredVotes++
	}
	return u, calls, expired
}

// giveBack says that calls which were taken did not leave. Their fields need no
// giving back: a lost connection makes all of them pending.
func (p *Publisher) giveBack(calls int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slot.merged += calls
}

// count records one frame that stands for so many calls.
func (s *Stats) count(calls int64) {
	if calls == 0 {
		s.Resent++
		return
	}
	s.Sent++
	s.Merged += calls - 1
}

// complain logs dropped fields, each field once per connection.
func (s *session) complain() {
	for _, e := range s.rejections() {
		if s.logged.Has(e.Field) {
			continue
		}
		s.logged = s.logged.With(e.Field)
		s.opts.Logger.LogAttrs(s.ctx, slog.LevelWarn, "a field was dropped",
			slog.String("space", s.space), slog.String("field", e.Field.String()), slog.String("reason", e.Reason))
	}
}

// rest waits until the next frame may leave; a close does not wait for that.
func (s *session) rest() error {
	if s.gap <= 0 {
		return nil
	}
	timer := time.NewTimer(time.Until(s.lastOut.Add(s.gap)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.closing:
		return nil
	case <-s.gone:
		return s.why
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// wait waits until there is something to do, and sends heartbeats meanwhile.
func (s *session) wait() error {
	timer := time.NewTimer(time.Until(s.lastOut.Add(heartbeatAfter)))
	defer timer.Stop()
	select {
	case <-s.wake:
		return nil
	case <-timer.C:
		s.note(func(stats *Stats) { stats.Heartbeats++ })
		return s.write(wire.AppendHeartbeat(s.frame[:0]))
	case <-s.closing:
		return nil
	case <-s.gone:
		return s.why
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

func (s *session) write(frame []byte) error {
	s.frame = frame
	err := s.conn.Write(frame)
	s.lastOut = time.Now()
	return err
}

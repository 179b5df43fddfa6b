package publisher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial"
)

// hurry is the longest wait between the attempts of a publisher that closes: it
// has little time.
const hurry = time.Second

// run connects, again and again, until Close.
func (p *Publisher) run() {
	defer close(p.done)
	backoff := dial.NewBackoff(p.opts.Rand)
	var last string // the error that was logged last
	for {
		lived, parted, err := p.connect()
		if parted || p.over(err) {
			return
		}
		delay := backoff.Next(lived, err)
		level := slog.LevelWarn
		if lived == 0 && err.Error() == last {
			level = slog.LevelDebug // once is enough
		}
		last = err.Error()
		p.opts.Logger.LogAttrs(p.ctx, level, "no connection to the hub", slog.String("space", p.space),
			slog.String("hub", p.dialer.URL()), slog.Any("error", err), slog.Duration("retry_in", delay))
		if !p.sleep(delay) {
			p.over(err)
			return
		}
	}
}

// connect makes one connection and keeps it until it ends. parted says that we
// said goodbye, and that p.result is set.
func (p *Publisher) connect() (lived time.Duration, parted bool, err error) {
	p.note(func(s *Stats) { s.Attempts++ })
	conn, err := p.dialer.Dial(p.ctx)
	if err != nil {
		p.note(func(s *Stats) { s.LastError = err })
		return 0, false, err
	}
	since := time.Now()
	p.note(func(s *Stats) { s.Connected, s.ConnectedAt, s.Connects = true, since, s.Connects+1 })
	p.opts.Logger.LogAttrs(p.ctx, slog.LevelInfo, "connected to the hub",
		slog.String("space", p.space), slog.String("hub", p.dialer.URL()))
	parted, err = newSession(p, conn).run()
	p.lost(parted, err)
	return time.Since(since), parted, err
}

// lost records the end of a connection. Unless it was by our own will the hub
// may have forgotten everything, and is told everything again.
func (p *Publisher) lost(parted bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Connected = false
	if err != nil {
		p.stats.LastError = err
	}
	if !parted {
		p.slot.recall()
	} else if err != nil {
		p.result = fmt.Errorf("publisher: the newest state of %s may not have arrived: %w", p.space, err)
	}
}

// over tells whether a closing publisher has to give up after err, and sets
// what Close then returns.
func (p *Publisher) over(err error) bool {
	if p.ctx.Err() != nil {
		p.result = p.unsent(p.late(err))
		return true
	}
	if !p.isClosing() {
		return false
	}
	refused := (*dial.RefusedError)(nil)
	if errors.As(err, &refused) && refused.Final() {
		p.result = p.unsent(err)
		return true
	}
	return !p.owes()
}

// late says that Close ran out of time, and what it was waiting for.
func (p *Publisher) late(err error) error {
	cause := context.Cause(p.ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, cause) {
		return cause
	}
	return fmt.Errorf("%w, after: %w", cause, err)
}

// sleep waits for d, or until Close begins, which makes the next attempt urgent.
// It is false when Close has no more use for another attempt.
func (p *Publisher) sleep(d time.Duration) bool {
	if p.isClosing() {
		return dial.Sleep(p.ctx, min(d, hurry))
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closing:
		return p.owes()
	}
}

// owes tells whether the hub has still to be told something.
func (p *Publisher) owes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slot.pending != 0
}

func (p *Publisher) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

func (p *Publisher) note(change func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.stats)
}

// rejections returns the fields that were dropped and not yet logged.
func (p *Publisher) rejections() []*quasar.FieldError {
	p.mu.Lock()
	defer p.mu.Unlock()
	rejected := p.rejected
	p.rejected = nil
	return rejected
}

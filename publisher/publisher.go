// Package publisher sends the metrics of one asset space to a hub. It cannot
// receive: what a hub sends to a publisher is counted and thrown away.
//
//	pub, err := publisher.New("V75", "ws://localhost:7860", nil)
//	if err != nil {
//		return err
//	}
//	pub.Start()
//	defer pub.Close(ctx)
//	for step := range training {
//		pub.PublishTraining(quasar.Training{TrainingSteps: &step.N, ActorLoss: &step.Loss})
//	}
//
// Training must not wait for a network, so publishing never blocks and never
// fails: a call merges its values into the newest state of the space, field by
// field, and returns. One goroutine sends what has changed; it connects again
// for ever. There is no queue: after an outage the hub gets the newest state,
// and never the votes of before. What went wrong is in Stats and in the log.
package publisher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial"
)

// Publisher sends the metrics of one space. Its methods may be called by any
// number of goroutines.
type Publisher struct {
	space  string
	opts   Options
	gap    time.Duration // least time between two frames
	dialer *dial.Dialer

	ctx    context.Context // ends when Close has no more time
	cancel context.CancelCauseFunc

	wake    chan struct{} // has room for one: something is pending
	closing chan struct{} // closed by the first Close
	done    chan struct{} // closed when the sender has ended
	result  error         // of Close; set before done is closed

	mu       sync.Mutex // guards what follows
	started  bool
	closed   bool
	slot     slot
	stats    Stats
	rejected []*quasar.FieldError // of the newest call that had any; not yet logged
}

// New returns a publisher of the named space for the hub at hubURL, which is ws,
// wss, http or https with a host, and has either no path or the whole path of
// the endpoint, /ws/publish/ and the space. It starts nothing and connects to
// nothing. Publishing may begin before Start.
func New(space, hubURL string, opts *Options) (*Publisher, error) {
	settled, err := opts.settle()
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	address, err := dial.PublishURL(hubURL, space)
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	dialer, err := dial.New(address, &dial.Options{
		Header: settled.Header, Token: settled.Token, Authorization: settled.Authorization, Role: "publisher", HTTPClient: settled.HTTPClient,
		Silence: maxSilence, ReadLimit: -1, // what comes is never kept
	})
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	settled.Header, settled.Token, settled.Authorization = nil, "", "" // the dialer hides them
	p := &Publisher{
		space: space, opts: settled, dialer: dialer, gap: time.Duration(float64(time.Second) / settled.MaxRate),
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	return p, nil
}

// Start launches the one goroutine that connects and sends; Close ends it. Only
// the first call does something, and none after Close.
func (p *Publisher) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.closed {
		return
	}
	p.started = true
	go p.run()
}

// Close sends what is pending, says goodbye and waits until the goroutine has
// ended, at the latest when ctx ends. If the hub cannot be reached it goes on
// trying for as long, unless nothing is pending or the hub refuses; so give ctx
// a deadline.
//
// Without an error the hub has read the newest state. With one it may not have;
// the error says why. Publishing after Close does nothing but count. A second
// Close waits for the first and returns the same.
func (p *Publisher) Close(ctx context.Context) error {
	if !p.shut() {
		return p.unsent(errors.New("closed without a start"))
	}
	stop := context.AfterFunc(ctx, func() { p.cancel(context.Cause(ctx)) })
	defer stop()
	<-p.done
	p.cancel(nil)
	return p.result
}

// shut turns publishing off and says whether there is a goroutine to wait for.
func (p *Publisher) shut() (started bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	return p.started
}

// unsent is the error of a Close that leaves something behind, or nil.
func (p *Publisher) unsent(why error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slot.pending == 0 {
		return nil
	}
	return fmt.Errorf("publisher: the newest state of %s was not sent: %w", p.space, why)
}

// Stats returns what has happened so far.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Pending = p.slot.merged
	return s
}

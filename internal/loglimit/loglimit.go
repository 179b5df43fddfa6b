// Package loglimit bounds how many lines of one kind go into a log, so that
// strangers who knock all night do not fill a disk. What it leaves out it counts,
// and says so in the next line of that kind.
//
// A kind is a message: those are constants of the program, and what strangers
// bring stands in the attributes. It does not tell strangers apart.
package loglimit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// Burst is how many lines of a kind may follow each other: enough for all the
	// connections of a usual hub to come at once.
	Burst = 200
	// Every is how long it takes until another may. A kind that never ends costs
	// some 20 MB a day.
	Every = time.Second
	// maxKinds bounds how many kinds are told apart, should a message not be a
	// constant after all. Further ones share a bound.
	maxKinds = 256
)

// Attr is the key of the attribute that says how many lines of the kind were
// left out before this one.
const Attr = "left_out"

// Handler passes records on to another handler, within the bounds.
type Handler struct {
	next  slog.Handler
	kinds *kinds
}

// New returns a handler in front of next.
func New(next slog.Handler) *Handler {
	return &Handler{next: next, kinds: &kinds{of: make(map[string]*kind)}}
}

// kinds are shared by a handler and all that With made of it.
type kinds struct {
	total atomic.Int64

	mu sync.Mutex // guards what follows
	of map[string]*kind
}

type kind struct {
	allowed *rate.Limiter
	leftOut int64
}

// LeftOut counts the records that were left out, of all kinds.
func (h *Handler) LeftOut() int64 { return h.kinds.total.Load() }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler. It leaves the record out if there were too many
// of its kind, by the record's own time.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	leftOut, ok := h.kinds.pass(r.Message, r.Time)
	if !ok {
		return nil
	}
	if leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64(Attr, leftOut))
	}
	return h.next.Handle(ctx, r)
}

// pass tells whether a record may pass, and how many of its kind did not since
// the last that did.
func (k *kinds) pass(message string, now time.Time) (leftOut int64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one := k.named(message)
	if !one.allowed.AllowN(now, 1) {
		one.leftOut++
		k.total.Add(1)
		return 0, false
	}
	leftOut, one.leftOut = one.leftOut, 0
	return leftOut, true
}

func (k *kinds) named(message string) *kind {
	if one, ok := k.of[message]; ok {
		return one
	}
	if len(k.of) >= maxKinds {
		message = ""
		if one, ok := k.of[message]; ok {
			return one
		}
	}
	one := &kind{allowed: rate.NewLimiter(rate.Every(Every), Burst)}
	k.of[message] = one
	return one
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.kinds}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.kinds}
}

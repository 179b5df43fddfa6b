package space

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/price"
)

// Options say what a space is. Name and Sink are wanted; the rest may be zero.
type Options struct {
	// Name of the space. It is the name of an index too, unless Index or Process
	// says what the ticks are of.
	Name string
	// Index gives the law and the interval of the ticks. Zero is the one that
	// Name stands for.
	Index price.Index
	// Process makes the ticks. Nil is the seeded process of the index.
	Process Process
	// Interval is the time from tick to tick at speed 1. Zero is the index's
	// own; it is wanted where there is a Process and no index.
	Interval time.Duration

	// Seed fixes all chance: the ticks, the networks and the bets.
	Seed uint64
	// Agents and Horizon are those of EnsembleOptions.
	Agents  int
	Horizon int

	// Speed is how many times faster than the index the space lives: 1000 makes
	// a second of a quarter of an hour. Zero is 1. It may not make the ticks
	// closer than MinInterval.
	Speed float64
	// PublishEvery is the least time between two publications. Zero publishes
	// after each tick or, where ticks come closer than 50 ms, each 50 ms.
	PublishEvery time.Duration
	// Sink takes what the space publishes.
	Sink Sink
	// Logger is told when the space starts, ends and cannot keep up. Nil discards.
	Logger *slog.Logger
}

// MinInterval is the least time between two ticks at any speed.
const MinInterval = time.Microsecond

// Process makes ticks. A price.Process is one.
type Process interface {
	// Next returns the next price: finite and above 0.
	Next() float64
}

// Sink takes what a space publishes. A publisher.Publisher is one. It gives
// nothing back, not even an error: what becomes of a publication is none of the
// space's business.
type Sink interface {
	// PublishUpdate takes the newest state of the space, all ten fields, unknown
	// ones as nil. It does not block; it may keep what u points to.
	PublishUpdate(u quasar.Update)
}

// settled returns the options with every zero replaced, or what is wrong with
// them.
func (o *Options) settled() (Options, error) {
	if o == nil {
		o = &Options{}
	}
	s := *o
	if err := quasar.CheckSpaceName(s.Name); err != nil {
		return s, err
	}
	if s.Sink == nil {
		return s, errors.New("space: sink: got nil, want a publisher or another Sink")
	}
	if s.PublishEvery < 0 {
		return s, fmt.Errorf("space: publish every: got %v, want 0 or more", s.PublishEvery)
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if err := s.settleTicks(); err != nil {
		return s, err
	}
	err := s.settleSpeed()
	return s, err
}

// settleTicks finds the index and its process where they are needed.
func (o *Options) settleTicks() error {
	if o.Index == (price.Index{}) && o.Process == nil {
		index, err := price.Lookup(o.Name)
		if err != nil {
			return err
		}
		o.Index = index
	}
	if o.Process == nil {
		process, err := price.New(o.Index, o.Seed)
		if err != nil {
			return err
		}
		o.Process = process
	}
	if o.Interval == 0 {
		o.Interval = o.Index.Interval
	}
	if o.Interval <= 0 {
		return fmt.Errorf("space: interval: got %v, want above 0", o.Interval)
	}
	return nil
}

// settleSpeed checks the interval that the speed makes.
func (o *Options) settleSpeed() error {
	if o.Speed == 0 {
		o.Speed = 1
	}
	lived := float64(o.Interval) / o.Speed
	if !(lived >= float64(MinInterval)) || lived > float64(maxInterval) {
		return fmt.Errorf("space: speed: got %g, want %g to %g with a tick each %v",
			o.Speed, float64(o.Interval)/float64(maxInterval), float64(o.Interval)/float64(MinInterval), o.Interval)
	}
	return nil
}

// maxInterval keeps sums of intervals far from the end of time.Duration.
const maxInterval = 24 * time.Hour

package rank

import (
	"fmt"
	"math"
	"time"
)

// Options of Features. Nil stands for the zero value.
type Options struct {
	// Horizon is how long a signal is followed before its outcome counts; the times
	// of the features go by it. 0 for a minute.
	Horizon time.Duration
	// Tolerance is how far from the end of the horizon a price may be to count, and
	// how old one may be when a decision is made: at most half the horizon; 0 for a
	// sixth of it.
	Tolerance time.Duration
	// Stall is how long a learner may make no step before it counts as stalled; 0 for
	// two minutes.
	Stall time.Duration
	// Cost is what following a signal costs, in the unit of labels: standard
	// deviations of the move over the horizon. 0 or more.
	Cost float64
	// HalfLife is how many labels it takes until an older one counts half in the
	// verified skill; 0 for 350.
	HalfLife float64
	// Pending is how many decisions of one asset may wait for their outcomes; 0 for
	// 128.
	Pending int
	// MaxAssets is how many assets there may be; 0 for 10,000. They keep their
	// numbers for good, so none makes room for another.
	MaxAssets int
	// Settled is told of the outcome of each decision while Update or Expire runs. It
	// must not call the Features and not keep the outcome; nil for nothing.
	Settled func(*Outcome)
}

// settle returns checked options with their defaults filled in.
func (o *Options) settle() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	fill(&out.Horizon, time.Minute)
	fill(&out.Tolerance, out.Horizon/6)
	fill(&out.Stall, 2*time.Minute)
	fill(&out.HalfLife, 350)
	fill(&out.Pending, 128)
	fill(&out.MaxAssets, 10_000)
	err := out.check()
	return out, err
}

func fill[T comparable](option *T, value T) {
	if *option == *new(T) {
		*option = value
	}
}

func (o *Options) check() error {
	switch {
	case o.Horizon < time.Millisecond || o.Horizon > 365*24*time.Hour:
		return fmt.Errorf("features: Horizon: got %v, want a millisecond to a year", o.Horizon)
	case o.Tolerance <= 0 || o.Tolerance > o.Horizon/2:
		return fmt.Errorf("features: Tolerance: got %v, want above 0 and at most half the horizon, %v", o.Tolerance, o.Horizon/2)
	case o.Stall < 0:
		return fmt.Errorf("features: Stall: got %v, want a duration above 0", o.Stall)
	case !(o.Cost >= 0) || math.IsInf(o.Cost, 1):
		return fmt.Errorf("features: Cost: got %v, want a finite number, 0 or more", o.Cost)
	case !(o.HalfLife >= 1) || math.IsInf(o.HalfLife, 1):
		return fmt.Errorf("features: HalfLife: got %v, want a finite number of labels, 1 or more", o.HalfLife)
	case o.Pending < 1 || o.Pending > maxPending:
		return fmt.Errorf("features: Pending: got %d, want 1 to %d", o.Pending, maxPending)
	case o.MaxAssets < 1 || o.MaxAssets > math.MaxInt32:
		return fmt.Errorf("features: MaxAssets: got %d, want 1 to %d", o.MaxAssets, math.MaxInt32)
	}
	return nil
}

// maxPending bounds what one asset may hold in memory.
const maxPending = 1 << 16

package bench

import (
	"math"
	"slices"
	"time"
)

// Measurement is what happened in one run of a workload. What was not measured is
// nil.
type Measurement struct {
	Server   string `json:"server"`
	Workload string `json:"workload"`
	Round    int    `json:"round"`

	// Seconds is from the first message of the span until the last delivery.
	Seconds   float64 `json:"seconds"`
	Published int64   `json:"published"`
	// Delivered counts messages that arrived at subscribers.
	Delivered int64 `json:"delivered"`
	// Accepted counts messages that the server took, where it was sent as many as
	// it takes: by its own count if it has one, else those that arrived.
	Accepted *int64 `json:"accepted"`
	// Conflated counts deliveries that the server says it left out because a
	// newer one followed.
	Conflated *int64 `json:"conflated"`
	// Lost counts deliveries that neither came nor were conflated.
	Lost *int64 `json:"lost"`
	// OutOfOrder counts messages that came after a newer one of their space, at
	// the Sampled subscribers.
	OutOfOrder int64 `json:"out_of_order"`
	Sampled    int   `json:"sampled_subscribers"`
	// Closed is how many subscribers the server closed, and why the first.
	Closed    int    `json:"closed"`
	ClosedWhy string `json:"closed_why,omitempty"`

	CPUSeconds float64 `json:"cpu_seconds"` // of the server, user and system
	// PerCPUSecond is deliveries, or accepted messages, per second of the
	// server's processor time.
	PerCPUSecond *float64 `json:"per_cpu_second"`
	// GeneratorCPU is the share of a core that the generator took. Near 1 the
	// generator itself is what limits.
	GeneratorCPU float64 `json:"generator_cpu"`
	// ForeignCPU is how many cores others took meanwhile, the kernel's own threads
	// among them. Much of it says that the machine was not ours.
	ForeignCPU float64 `json:"foreign_cpu"`

	Delay *Delay `json:"delay"`
	// Lateness is how far behind its plan the generator sent, where it has one.
	Lateness *Delay `json:"lateness"`

	Memory Memory `json:"memory"`
	Stall  *Stall `json:"stall"`
	// Problem says why the measurement is not worth anything, "" if it is.
	Problem string `json:"problem,omitempty"`
}

// Delay is how long messages took, in milliseconds, from just before they were
// written to the publisher's socket until they were read from the subscriber's, to
// those who do not stall and while the others do.
type Delay struct {
	Median float64 `json:"median_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	Count  int     `json:"count"`
}

// Memory is the server's resident memory, in bytes.
type Memory struct {
	Fresh int64 `json:"fresh"` // before the first connection
	Begin int64 `json:"begin"` // when the span began, all connections open
	End   int64 `json:"end"`   // when it ended
	Peak  int64 `json:"peak"`
	// PerSubscriber is what each idle subscriber added.
	PerSubscriber *float64 `json:"per_subscriber"`
}

// Stall is how those fared that read nothing for a while.
type Stall struct {
	Subscribers int     `json:"subscribers"`
	Seconds     float64 `json:"seconds"`
	// CaughtUp is how many of them, at the end, held the newest message of every
	// space.
	CaughtUp int `json:"caught_up"`
}

// delays collects durations.
type delays []time.Duration

// summary returns nil for no delay: there is no median of nothing.
func (d delays) summary() *Delay {
	if len(d) == 0 {
		return nil
	}
	slices.Sort(d)
	return &Delay{
		Median: milliseconds(d.quantile(0.5)), P99: milliseconds(d.quantile(0.99)),
		Max: milliseconds(d[len(d)-1]), Count: len(d),
	}
}

// quantile is the smallest of the sorted delays that a share q of all is not
// above.
func (d delays) quantile(q float64) time.Duration {
	return d[max(0, int(math.Ceil(q*float64(len(d))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Spread is the middle and the ends of what several rounds gave.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Rounds int     `json:"rounds"`
}

// SpreadOf returns the spread of values, nil for none. Of an even number the
// median is the mean of the two in the middle.
func SpreadOf(values []float64) *Spread {
	n := len(values)
	if n == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	return &Spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1], Rounds: n}
}

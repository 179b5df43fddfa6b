package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// act is a stretch of the test, with what was measured in it.
type act struct {
	name    string
	delays  histogram
	samples []sample
}

// act lets time go by and measures.
func (c *crowd) act(ctx context.Context, h *hub, name string, length time.Duration) *act {
	a := &act{name: name}
	c.delays.Store(&a.delays)
	end := time.Now().Add(length)
	every := max(length/60, 250*time.Millisecond)
	for time.Now().Before(end) && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
		s, err := h.sample(ctx)
		if err != nil {
			c.broke(fmt.Errorf("the hub cannot be looked at: %w", err))
			break
		}
		a.samples = append(a.samples, s)
		if len(a.samples)%6 == 0 {
			fmt.Println("soak:", a)
		}
	}
	fmt.Println("soak:", a)
	return a
}

func (a *act) String() string {
	text := fmt.Sprintf("%s: %d deliveries, delay median %v, p99 %v", a.name, a.delays.count(),
		a.delays.quantile(0.5).Round(10*time.Microsecond), a.delays.quantile(0.99).Round(10*time.Microsecond))
	if len(a.samples) > 0 {
		last := a.samples[len(a.samples)-1]
		text += fmt.Sprintf("; %.1f MB, %.0f goroutines, %.0f files", last.value[memory]/(1<<20), last.value[goroutines], last.value[files])
	}
	return text
}

// growth says whether a quantity rose over the act, its first third aside, in
// which things fill that stay full.
func (a *act) growth(q quantity) error {
	var x, y []float64
	for _, s := range a.samples[len(a.samples)/3:] {
		x = append(x, s.at.Sub(a.samples[0].at).Seconds())
		y = append(y, s.value[q])
	}
	if len(x) < 3 {
		return nil
	}
	rose := slope(x, y) * (x[len(x)-1] - x[0])
	share, least := q.slack()
	if limit := max(share*median(y), least); rose > limit {
		return fmt.Errorf("%v: rose by %.0f over two thirds of the act, want at most %.0f (median %.0f)", q, rose, limit, median(y))
	}
	return nil
}

// slope is the median of the slopes between all pairs of points (Theil and Sen):
// a single spike does not move it.
func slope(x, y []float64) float64 {
	var slopes []float64
	for i := range x {
		for j := range i {
			if x[i] != x[j] {
				slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	return median(slopes)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// histogram counts delays in steps of an eighth of an octave, from a microsecond
// on. It may be used by many goroutines.
type histogram struct{ buckets [8 * 32]atomic.Int64 }

func (h *histogram) add(d time.Duration) {
	i := int(8 * math.Log2(max(1, float64(d.Microseconds()))))
	h.buckets[min(i, len(h.buckets)-1)].Add(1)
}

func (h *histogram) count() (n int64) {
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

// quantile returns the upper end of the step that the quantile q lies in.
func (h *histogram) quantile(q float64) time.Duration {
	rank := int64(math.Ceil(q * float64(h.count())))
	for i := range h.buckets {
		if rank -= h.buckets[i].Load(); rank <= 0 {
			return time.Duration(math.Exp2(float64(i+1)/8)) * time.Microsecond
		}
	}
	return 0
}

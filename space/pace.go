package space

import "time"

// batchEvery is how often ticks are made that come closer than that: often enough
// to look alive, rarely enough to cost nothing.
const batchEvery = 50 * time.Millisecond

// patience is how many wakes of ticks may be owed. What was owed beyond, after the
// machine slept or was too slow, is forgiven: the market stood still meanwhile.
const patience = 4

// pace turns the time that has passed into ticks that are due.
type pace struct {
	start    time.Time
	interval float64 // nanoseconds from tick to tick
	done     int64
}

// wakeEvery is the time from one batch to the next.
func (p *pace) wakeEvery() time.Duration { return max(time.Duration(p.interval), batchEvery) }

// due returns how many ticks are due at now and counts them as done; dropped is
// how many were forgiven.
func (p *pace) due(now time.Time) (ticks, dropped int64) {
	owed := int64(float64(now.Sub(p.start))/p.interval) - p.done
	p.done += owed
	most := max(int64(patience*float64(p.wakeEvery())/p.interval), 1)
	return min(owed, most), max(owed-most, 0)
}

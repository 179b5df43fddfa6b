package calibration

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
)

// tick is one price.
type tick struct {
	epoch int64
	price float64
}

// series is the ticks of one symbol.
type series struct {
	ticks    []tick
	decimals int
	// disordered is set by a tick that is older than the one before it.
	disordered bool
	// duplicates are ticks that were there already, conflicts those among them that
	// had another price.
	duplicates, conflicts int

	// interval is the seconds from one tick to the next, gaps how many longer ones
	// there are, and lost how many ticks would fit into these. They are there after
	// settle.
	interval   *Estimate
	gaps, lost int
}

func (s *series) add(t tick, decimals int) {
	if n := len(s.ticks); n > 0 && t.epoch <= s.ticks[n-1].epoch {
		s.disordered = true
	}
	s.decimals = max(s.decimals, decimals)
	s.ticks = append(s.ticks, t)
}

// leastDistances is from how many on the interval is known.
const leastDistances = 30

// settle puts the ticks in order, each once, and measures the interval.
func (s *series) settle() {
	if s.disordered {
		slices.SortStableFunc(s.ticks, func(a, b tick) int { return cmp.Compare(a.epoch, b.epoch) })
		s.ticks = slices.CompactFunc(s.ticks, s.same)
	}
	if len(s.ticks) <= leastDistances {
		return
	}
	distances := make(tally)
	for i := 1; i < len(s.ticks); i++ {
		distances[s.ticks[i].epoch-s.ticks[i-1].epoch]++
	}
	s.interval, s.gaps, s.lost = distances.median(), 0, 0
	for distance, times := range distances {
		if !s.neighbours(distance) {
			s.gaps += times
			s.lost += times * max(1, int(math.Round(float64(distance)/s.interval.Value))-1)
		}
	}
}

// same tells whether two ticks are of one moment, and counts that.
func (s *series) same(a, b tick) bool {
	if a.epoch != b.epoch {
		return false
	}
	s.duplicates++
	if a.price != b.price {
		s.conflicts++
	}
	return true
}

// neighbours tells whether there is no tick between two that are so far apart.
func (s *series) neighbours(distance int64) bool {
	return 2*float64(distance) <= 3*s.interval.Value
}

// move is from one tick to the next.
type move struct {
	from, to float64
	// joined is true if it begins where the move before it ended, and false after a
	// gap.
	joined bool
}

// moves yields those between neighbours. It wants settle.
func (s *series) moves() iter.Seq[move] {
	return func(yield func(move) bool) {
		joined := false
		for i := 1; i < len(s.ticks); i++ {
			a, b := s.ticks[i-1], s.ticks[i]
			if !s.neighbours(b.epoch - a.epoch) {
				joined = false
				continue
			}
			if !yield(move{from: a.price, to: b.price, joined: joined}) {
				return
			}
			joined = true
		}
	}
}

// count is how many moves there are.
func (s *series) count() int { return len(s.ticks) - 1 - s.gaps }

// unit is the last digit of a price.
func (s *series) unit() float64 { return 1 / math.Pow10(s.decimals) }

// units are how many of them a move goes.
func (s *series) units(m move) int64 {
	return int64(math.Round((m.to - m.from) * math.Pow10(s.decimals)))
}

// lasting is how long so many ticks take.
func (s *series) lasting(ticks float64) string { return lasting(ticks * s.interval.Value) }

// lasting writes seconds for people: 45s, 7m, 2h40m.
func lasting(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	if d < time.Minute {
		return d.String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

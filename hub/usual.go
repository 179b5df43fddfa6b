package hub

import "time"

// What plausibility remembers of the past of a value.

const (
	// memory is how many values a mean is of where no other number says so, and
	// enough how many are enough to judge by it.
	memory = 64
	enough = 10
)

// average is the mean of its first values, and then forgets the old ones.
type average struct {
	mean float64
	n    int
}

// add adds a value as one of at most so many.
func (a *average) add(x float64, most int) {
	if a.n == most {
		a.mean += (x - a.mean) / float64(most) // a constant where it is called: no division is left
		return
	}
	a.n++
	a.mean += (x - a.mean) / float64(a.n)
}

// budget is what time gives and excesses take: full at first, and full again after
// quarantine.
type budget struct {
	used float64
	at   seconds
}

// spend takes x off the budget, if it is there.
func (b *budget) spend(x, most float64, now seconds) bool {
	b.used = max(0, b.used-most*float64(now-b.at)/quarantine.Seconds())
	b.at = now
	if b.used+x > most {
		return false
	}
	b.used += x
	return true
}

// streak is a row of implausible values without a plausible one between them.
type streak struct{ began seconds }

// outlasts tells, of one more of them, whether they have lasted for quarantine.
func (s *streak) outlasts(now seconds) bool {
	if s.began == 0 {
		s.began = now
	}
	return float64(now-s.began) >= quarantine.Seconds()
}

func (s *streak) end() { s.began = 0 }

// standing is a row of one and the same value.
type standing struct {
	began seconds
	n     int
}

// lasts tells, of one more of them, whether they have lasted for that long. A value
// that came seldom says nothing.
func (s *standing) lasts(long time.Duration, now seconds) bool {
	const seldom = 20
	if s.n == 0 {
		s.began = now
	}
	s.n = min(s.n+1, seldom)
	return s.n == seldom && float64(now-s.began) >= long.Seconds()
}

// since is how long ago something was, and at least 1: what was held up on its way
// comes at once.
func (s seconds) since(at seconds) float64 { return max(1, float64(s-at)) }

package deriv

import "time"

// delayed are topics that know how old their newest value is by a moment of the
// venue's, and whether that is too old.
type delayed interface {
	age(now time.Time) (age time.Duration, late bool)
}

// catching are topics that have to read what they missed without a connection.
type catching interface{ behind() bool }

// condition is how the subscriptions are.
type condition struct {
	wanted, alive int
	lag           time.Duration // of the most delayed
	late, behind  bool
}

func (r *registry) condition(generation uint64, now time.Time) condition {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all condition
	for _, s := range r.subs {
		if s.refs > 0 {
			all.add(s, s.generation == generation, now)
		}
	}
	return all
}

func (all *condition) add(s *subscription, alive bool, now time.Time) {
	all.wanted++
	if alive {
		all.alive++
	}
	if c, ok := s.topic.(catching); ok && s.begun {
		all.behind = all.behind || !alive || c.behind()
	}
	if d, ok := s.topic.(delayed); ok {
		age, late := d.age(now)
		all.lag, all.late = max(all.lag, age), all.late || late
	}
}

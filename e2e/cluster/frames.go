//go:build unix

package main

import (
	"fmt"
	"sync"
	"time"
)

// sent is a frame that a hub's socket took.
type sent struct {
	step int64
	at   time.Time
	conn int // of the trainer's connections
}

// seen are the steps of each space that came to a subscriber. A nil one notes
// nothing.
type seen struct {
	mu    sync.Mutex // guards steps
	steps map[string]map[int64]bool
}

func (s *seen) add(space string, step int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.steps == nil {
		s.steps = make(map[string]map[int64]bool)
	}
	if s.steps[space] == nil {
		s.steps[space] = make(map[int64]bool)
	}
	s.steps[space][step] = true
}

// missing are the frames of a space, in the order that they were sent in, that did
// not come: lost where nothing newer of their connection came either, else passed by
// a newer one, which is what a hub does that has no time for each.
func (s *seen) missing(space string, frames []sent) (lost []sent, passed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := make(map[int]int64) // that came, by connection
	for _, f := range frames {
		if s.steps[space][f.step] {
			newest[f.conn] = f.step
		}
	}
	for _, f := range frames {
		switch {
		case s.steps[space][f.step]:
		case f.step < newest[f.conn]:
			passed++
		default:
			lost = append(lost, f)
		}
	}
	return lost, passed
}

// torn is how long the sockets of a process that ends may take frames that it does
// not read any more.
const torn = 50 * time.Millisecond

// losses are the frames that did not come to a hub that stayed, the most of any
// subscriber there and any trainer: of the trainers that were at the hub that went,
// those sent before, those that its sockets took at the very end, and those sent
// otherwise; and those of all other trainers.
type losses struct{ inFlight, torn, otherwise, elsewhere, passed, of int }

func (l losses) String() string {
	return fmt.Sprintf("of %d frames a publisher there lost at most %d in flight, %d that only its socket took and %d otherwise, another one %d; %d were passed by newer ones",
		l.of, l.inFlight, l.torn, l.otherwise, l.elsewhere, l.passed)
}

// losses looks at what was sent from began to ended, of which hub n went at went. at
// says where each trainer was then.
func (w *watched) losses(n int, at []int, began, went, ended time.Time) (l losses) {
	for i, t := range w.trainers {
		frames := t.between(began, ended)
		l.of += len(frames)
		for _, s := range w.subs {
			if s.n == n {
				continue
			}
			lost, passed := s.seen.missing(t.space, frames)
			l.passed = max(l.passed, passed)
			l.add(lost, at[i] == n, went)
		}
	}
	return l
}

func (l *losses) add(lost []sent, there bool, went time.Time) {
	if !there {
		l.elsewhere = max(l.elsewhere, len(lost))
		return
	}
	last := make(map[int]time.Time) // of each connection, whose end they are
	for _, f := range lost {
		last[f.conn] = f.at
	}
	var inFlight, dead, otherwise int
	for _, f := range lost {
		switch {
		case f.at.Before(went):
			inFlight++
		case last[f.conn].Sub(f.at) < torn:
			dead++
		default:
			otherwise++
		}
	}
	l.inFlight, l.torn, l.otherwise = max(l.inFlight, inFlight), max(l.torn, dead), max(l.otherwise, otherwise)
}

// at are the hubs that the trainers are at.
func (w *watched) at() (out []int) {
	for _, t := range w.trainers {
		t.mu.Lock()
		out = append(out, t.at)
		t.mu.Unlock()
	}
	return out
}

// holds tells what was lost when hub n went, and holds the cluster to its promise:
// of each publisher at that hub the frame in flight, and of others none.
func (w *watched) holds(n int, at []int, began, went time.Time) error {
	l := w.losses(n, at, began, went, time.Now().Add(-300*time.Millisecond)) // what was sent just now may be on its way
	fmt.Printf("          %v\n", l)
	if l.inFlight > 1 || l.otherwise > 0 || l.elsewhere > 0 || l.of == 0 {
		return fmt.Errorf("hub %d went: %v; want at most the one in flight", n, l)
	}
	return nil
}

// noting has all frames noted from now on, at both ends.
func (w *watched) noting() {
	for _, t := range w.trainers {
		t.mu.Lock()
		t.keep = true
		t.mu.Unlock()
	}
	for _, s := range w.subs {
		s.mu.Lock()
		s.seen = &seen{}
		s.mu.Unlock()
	}
}

// took notes a frame that a hub's socket took.
func (t *trainer) took(step int64, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keep {
		t.sent = append(t.sent, sent{step, at, t.conn})
	}
}

// between are the frames sent in a span of time.
func (t *trainer) between(began, ended time.Time) (out []sent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.sent {
		if f.at.After(began) && f.at.Before(ended) {
			out = append(out, f)
		}
	}
	return out
}

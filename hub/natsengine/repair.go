package natsengine

import (
	"encoding/binary"
	"time"
)

const (
	// pullEvery is the least time between two pulls from one hub.
	pullEvery = 200 * time.Millisecond
	// pullTimeout is how long a part of an answer may take.
	pullTimeout = time.Second
	// patience is how many beats in a row may show other sums than ours while the
	// state changes all the time.
	patience = 10
	// maxWait is how long a hub is left alone whose answers bring nothing new.
	maxWait = time.Minute
)

// repair is how the state is brought in line with that of another hub. It is guarded
// by Engine.mu.
type repair struct {
	wanted  bool
	pull    uint64    // the pull under way; 0 for none
	next    uint64    // the number of the part that is to come
	began   time.Time // the newest pull, or the part of it that came last
	done    bool      // one came to its end
	news    bool      // the pull under way brought some
	useless int       // pulls in a row that brought none
	// theirs and ours are the sums at the newest beat, and differing how many beats
	// in a row they were not the same.
	theirs, ours digests
	differing    int
}

// compare takes note of the sums of a beat. What is not the same and stands still,
// on both sides, is really another; what moves may only be on its way. A hub that
// hears hubs that we do not hear is asked at once.
func (s *repair) compare(theirs, ours *digests, relays bool) {
	settled := false
	for i := range theirs {
		if theirs[i] != ours[i] && theirs[i] == s.theirs[i] && ours[i] == s.ours[i] {
			settled = true
		}
	}
	same := *theirs == *ours
	s.theirs, s.ours = *theirs, *ours
	s.differing++
	if same {
		s.differing, s.useless = 0, 0
		return
	}
	if settled || relays || s.differing >= patience {
		s.wanted, s.differing = true, 0
	}
}

// due tells whether it is time for a pull.
func (s *repair) due(now time.Time) bool {
	if s.pull != 0 && now.Sub(s.began) >= pullTimeout { // its end was lost
		s.pull, s.wanted = 0, true
	}
	if !s.wanted || s.pull != 0 {
		return false
	}
	wait := pullEvery
	if s.useless > 1 {
		wait = min(maxWait, time.Second<<min(s.useless, 10))
	}
	return now.Sub(s.began) >= wait
}

func (s *repair) begin(pull uint64, now time.Time) {
	s.wanted, s.pull, s.next, s.began, s.news = false, pull, 0, now, false
}

// took takes note of a part, and tells whether all are there now.
func (s *repair) took(p *part, news bool, now time.Time) (complete bool) {
	if p.pull != s.pull || s.pull == 0 {
		return false
	}
	s.news = s.news || news
	switch {
	case p.number < s.next: // twice
		return false
	case p.number > s.next:
		s.pull, s.wanted = 0, true
		return false
	}
	s.next, s.began = s.next+1, now
	if !p.last {
		return false
	}
	s.pull, s.done = 0, true
	s.useless++
	if s.news {
		s.useless = 0
	}
	return true
}

// pullDue asks every hub for what it may have and we lack, where it is time to.
func (e *Engine) pullDue(now time.Time) {
	e.mu.Lock()
	var ask []*member
	for _, m := range e.members {
		if m.hears(now) && m.sync.due(now) {
			ask = append(ask, m)
		}
	}
	var messages [][]byte
	for _, m := range ask {
		e.pulls++
		m.sync.begin(e.pulls, now)
		message := appendHeader(nil, e.header(kindPull))
		message = binary.AppendUvarint(message, e.pulls)
		messages = append(messages, e.replica.digests().append(message))
	}
	e.mu.Unlock()
	for i, m := range ask {
		_ = e.bus.publish(e.prefix+toOne+escape(m.hub), messages[i]) // it is asked again
	}
}

// answers are the pulls that wait for an answer, the newest of each hub.
type answers struct {
	wake    chan struct{} // of capacity one
	waiting map[string]request
}

type request struct {
	pull   uint64
	theirs digests
}

// answer sends what a hub lacks, a part at a time. Offers get their turn between.
func (e *Engine) answer(to string, asked *request) {
	e.mu.Lock()
	left := e.replica.differing(&asked.theirs, to, func(id string) bool { return id == e.hub || e.members.alive(id) })
	e.mu.Unlock()
	for p := (part{pull: asked.pull}); !p.last; p.number++ {
		var body []byte
		for len(body) < maxPart && len(left.claims)+len(left.records) > 0 {
			e.mu.Lock()
			body = e.replica.appendSome(body, &left, 64, maxPart)
			e.mu.Unlock()
		}
		p.last = len(left.claims)+len(left.records) == 0
		e.mu.Lock()
		message := appendHeader(make([]byte, 0, len(body)+200), e.header(kindPush))
		e.mu.Unlock()
		message = append(appendPart(message, &p), body...)
		if e.bus.publish(e.prefix+toOne+escape(to), message) != nil || e.bus.flush(flushTimeout) != nil {
			return // it asks again
		}
	}
}

// takeWaiting takes one pull that waits off the list.
func (e *Engine) takeWaiting() (to string, asked request, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for to, asked := range e.answers.waiting {
		delete(e.answers.waiting, to)
		return to, asked, true
	}
	return "", request{}, false
}

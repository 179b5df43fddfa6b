package natsengine

import (
	"sync"
	"time"
)

// tellEvery is how often one thing is told.
const tellEvery = time.Minute

// maxTold bounds what is remembered as told.
const maxTold = 100

// seldom keeps a log short where the same happens again and again.
type seldom struct {
	mu   sync.Mutex // guards told
	told map[string]time.Time
}

// due tells whether that was not told in the last minute, and counts it as told.
func (s *seldom) due(what string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.told[what]; ok && now.Sub(last) < tellEvery {
		return false
	}
	if s.told == nil || len(s.told) >= maxTold {
		s.told = make(map[string]time.Time)
	}
	s.told[what] = now
	return true
}

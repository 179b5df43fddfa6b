package deriv

import "sync"

// fan hands the values of one topic to its readers.
type fan[T any] struct {
	mu      sync.Mutex // guards what follows, and the state of the topic around it
	streams []*Stream[T]
	ended   error
}

// join adds a reader, or ends it if the topic is over.
func (f *fan[T]) join(s *Stream[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended != nil {
		s.finish(f.ended)
		return
	}
	f.streams = append(f.streams, s)
}

func (f *fan[T]) leave(s *Stream[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range f.streams {
		if other == s {
			f.streams = append(f.streams[:i:i], f.streams[i+1:]...)
			return
		}
	}
}

// send gives e to all readers and says how many values they lost by it. It wants
// the lock.
func (f *fan[T]) send(e Event[T], beyond bool) (lost int) {
	for _, s := range f.streams {
		lost += s.push(e, beyond)
	}
	return lost
}

func (f *fan[T]) finish(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end(err)
}

// end wants the lock.
func (f *fan[T]) end(err error) {
	if f.ended != nil {
		return
	}
	f.ended = err
	for _, s := range f.streams {
		s.finish(err)
	}
}

package deriv

// latestTopic is something of which only the newest value matters.
type latestTopic[T any] struct {
	fan[T]
	name, stream string
	ask          Request
	read         func(generation uint64, a *Answer) (T, error)
	socket       *socket
	last         *Event[T] // guarded by the fan's lock
}

func (t *latestTopic[T]) key() string          { return t.name }
func (t *latestTopic[T]) kind() string         { return t.stream }
func (t *latestTopic[T]) request() Request     { return t.ask }
func (t *latestTopic[T]) started(uint64, bool) {}

func (t *latestTopic[T]) join(s *Stream[T]) {
	t.mu.Lock()
	if t.last != nil {
		s.push(*t.last, true)
	}
	t.mu.Unlock()
	t.fan.join(s)
}

func (t *latestTopic[T]) receive(generation uint64, a *Answer) {
	value, err := t.read(generation, a)
	if err != nil {
		t.socket.counters.malformed.Add(1)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := Event[T]{Value: value, Generation: generation}
	t.last = &e
	t.send(e, false)
}

// shows tells whether the newest value is the quote of that id.
func (t *latestTopic[T]) shows(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return false
	}
	q, ok := any(t.last.Value).(Quote)
	return ok && q.ID == id
}

package deriv

import (
	"context"
	"sync"
)

// todo is what a registry has to do besides its subscriptions. Nothing is called
// while its lock is held.
type todo struct {
	kick chan struct{} // has room for one: there is something to do

	mu      sync.Mutex // guards what follows
	jobs    []func(context.Context)
	orphans []string // subscriptions that nobody waits for any more
}

func newTodo() todo { return todo{kick: make(chan struct{}, 1)} }

func (t *todo) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

func (t *todo) job(job func(context.Context)) {
	t.mu.Lock()
	t.jobs = append(t.jobs, job)
	t.mu.Unlock()
	t.wake()
}

func (t *todo) orphan(id string) {
	t.mu.Lock()
	t.orphans = append(t.orphans, id)
	t.mu.Unlock()
	t.wake()
}

// take returns all of it, and leaves nothing.
func (t *todo) take() (jobs []func(context.Context), orphans []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	jobs, orphans = t.jobs, t.orphans
	t.jobs, t.orphans = nil, nil
	return jobs, orphans
}

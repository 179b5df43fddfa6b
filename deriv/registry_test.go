package deriv

import (
	"sync"
	"testing"
	"time"
)

// A connection that has ended says nothing about a subscription. It once refused
// them thousands of times in the moment before its session ended, which kept them
// from the next one for half a minute and spent the budget.
func TestNothingIsBegunOnAConnectionThatHasEnded(t *testing.T) {
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := c.socket.registry
	s := &subscription{topic: newTickTopic(c.socket, "R_75"), refs: 1, changed: make(chan struct{})}
	r.subs[s.topic.key()] = s
	r.orphan("x")
	dead := &conn{generation: 1, ended: make(chan struct{}), pending: make(map[int64]*call), routes: make(map[int64]func(*Answer)), queue: make(chan *call)}
	close(dead.ended)
	var tasks sync.WaitGroup
	if next := r.pass(t.Context(), dead, &tasks); next != idlePass || s.busy || len(r.todo.orphans) != 1 {
		t.Errorf("got %v to wait, busy %v and %d orphans, want all left as it is", next, s.busy, len(r.todo.orphans))
	}
	tasks.Wait()
	r.subscribe(t.Context(), dead, s) // its task had begun before
	if !s.retryAt.IsZero() || s.attempts != 0 || s.busy || time.Until(s.retryAt) > 0 {
		t.Errorf("got %d attempts and the next at %v, want none counted", s.attempts, s.retryAt)
	}
}

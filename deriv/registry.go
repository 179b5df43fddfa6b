package deriv

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// topic is one thing that can be subscribed to, with its readers.
type topic interface {
	// key is the same for what the venue takes for the same subscription.
	key() string
	// kind is its name in forget_all.
	kind() string
	request() Request
	// receive takes the first answer and every update. It must not block.
	receive(generation uint64, a *Answer)
	// started is called when the subscription has begun on a connection, again
	// after one that was lost.
	started(generation uint64, again bool)
	// finish ends all streams.
	finish(err error)
}

// subscription is a topic, and whether the venue sends it at the moment.
type subscription struct {
	topic      topic
	refs       int
	generation uint64 // of the connection on which it is alive, 0 for none
	on         *conn  // that connection
	request    int64  // the id of the request that began it there
	id         string // the venue's, empty if it streams nothing
	busy       bool   // a task works on it
	begins     bool   // that task begins it: its first answer may be there already
	stale      bool   // what is alive is to be forgotten and begun again
	over       bool   // what begins has ended already, and is to be begun again
	done       bool   // it ended by itself
	begun      bool   // it was alive before
	err        error  // why it was refused for good
	attempts   int
	retryAt    time.Time
	changed    chan struct{} // closed and replaced at each change
}

// forgotten notes that it is not alive any more. It wants the registry's lock.
func (s *subscription) forgotten() {
	if s.on != nil {
		s.on.unroute(s.request, s.id)
	}
	s.generation, s.on, s.request, s.id, s.stale, s.over = 0, nil, 0, "", false, false
}

func (s *subscription) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// registry holds what a socket is subscribed to, over all its connections. What
// is wanted is compared with what is there until they agree.
//
// Its lock comes before those of its topics, and theirs before those of their
// streams: a topic that holds its own lock may call later, and nothing else here.
type registry struct {
	socket *socket
	limit  int
	todo   todo

	// repair is held in part while something subscribes, and whole while all of
	// a kind is forgotten. Who waits for it can give up.
	repair *semaphore.Weighted

	mu     sync.Mutex // guards what follows
	subs   map[string]*subscription
	closed error
}

// repairWhole is more than there can be subscriptions.
const repairWhole = 1 << 30

func newRegistry(s *socket, limit int) *registry {
	return &registry{socket: s, limit: limit, repair: semaphore.NewWeighted(repairWhole), todo: newTodo(), subs: make(map[string]*subscription)}
}

// wake says that there is something to do.
func (r *registry) wake() { r.todo.wake() }

// later runs a job in a goroutine of the next session. It never blocks, and may be
// called with any lock but todo's.
func (r *registry) later(job func(context.Context)) { r.todo.job(job) }

// orphan has a subscription forgotten that came too late for its caller.
func (r *registry) orphan(id string) { r.todo.orphan(id) }

// attach counts one more reader of a topic, makes it if there is none, and waits
// until it is alive or refused. join is called with the topic under the lock.
func attach[T topic](ctx context.Context, r *registry, t T, join func(T)) (release func(), err error) {
	r.mu.Lock()
	if r.closed != nil {
		defer r.mu.Unlock()
		return nil, r.closed
	}
	s := r.subs[t.key()]
	if s == nil {
		if len(r.subs) >= r.limit {
			defer r.mu.Unlock()
			return nil, fmt.Errorf("deriv: %w: got one more than %d", ErrTooManyStreams, r.limit)
		}
		s = &subscription{topic: t, changed: make(chan struct{})}
		r.subs[t.key()] = s
	}
	s.refs++
	join(s.topic.(T))
	r.mu.Unlock()
	r.wake()
	release = func() { r.release(s) }
	if err := r.await(ctx, s); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func (r *registry) release(s *subscription) {
	r.mu.Lock()
	s.refs--
	r.mu.Unlock()
	r.wake()
}

// await waits until a subscription is alive, has ended by itself, or is refused.
func (r *registry) await(ctx context.Context, s *subscription) error {
	for {
		r.mu.Lock()
		err, settled, changed := s.err, s.done || s.begun, s.changed
		if r.closed != nil && err == nil {
			err = r.closed
		}
		r.mu.Unlock()
		if err != nil || settled {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return &CallError{Call: s.topic.request().Call(), Err: cause(ctx)}
		}
	}
}

// finished takes a topic out that ended by itself: the venue has forgotten it.
func (r *registry) finished(t topic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.subs[t.key()]
	if s == nil || s.topic != t {
		return
	}
	s.done = true
	s.forgotten()
	delete(r.subs, t.key())
	s.notify()
}

// settle gives up what is over. It wants the registry's lock.
func (s *subscription) settle() {
	if s.over {
		s.forgotten()
	}
}

// renew has a topic subscribed again. If its stream is not surely over, it is
// forgotten before: the venue would refuse a second one. Of one that begins, readers
// may have the first answer before the task that began it goes on: then that sees to it.
func (r *registry) renew(t topic, over bool) {
	r.mu.Lock()
	if s := r.subs[t.key()]; s != nil && s.topic == t && (!s.busy || s.begins) {
		s.stale, s.over = !over, over
		if !s.busy {
			s.settle()
		}
	}
	r.mu.Unlock()
	r.wake()
}

// close refuses all that is there and all that comes.
func (r *registry) close(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = err
	for _, s := range r.subs {
		s.topic.finish(err)
		s.notify()
	}
	clear(r.subs)
}

// topics returns those that are alive on a connection.
func (r *registry) topics(generation uint64) []topic {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []topic
	for _, s := range r.subs {
		if s.generation == generation {
			list = append(list, s.topic)
		}
	}
	return list
}

// serve brings what the venue sends on c to what is wanted, until ctx ends. All
// its tasks have ended when it returns.
func (r *registry) serve(ctx context.Context, c *conn) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for {
		next := r.pass(ctx, c, &tasks)
		timer := time.NewTimer(next)
		select {
		case <-r.todo.kick:
			timer.Stop()
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

const idlePass = time.Minute

// pass begins a task for all that there is to do, and says when to look again. On
// a connection that has ended, all is left to the next one.
func (r *registry) pass(ctx context.Context, c *conn, tasks *sync.WaitGroup) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := idlePass
	if !c.alive() {
		return next
	}
	jobs, orphans := r.todo.take()
	for _, id := range orphans {
		tasks.Go(func() { r.forget(ctx, c, id) })
	}
	for _, job := range jobs {
		tasks.Go(func() { job(ctx) })
	}
	for key, s := range r.subs {
		switch wait := time.Until(s.retryAt); {
		case s.busy:
		case s.refs > 0 && s.generation == c.generation && !s.stale:
		case s.generation == c.generation && s.id != "":
			s.busy = true
			tasks.Go(func() { r.end(ctx, c, s) })
		case s.refs > 0 && wait > 0:
			next = min(next, wait)
		case s.refs > 0:
			s.busy, s.begins = true, true
			tasks.Go(func() { r.subscribe(ctx, c, s) })
		default:
			s.forgotten()
			delete(r.subs, key)
		}
	}
	return next
}

// find returns the topic of a key, nil if there is none.
func (r *registry) find(key string) topic {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.subs[key]; s != nil {
		return s.topic
	}
	return nil
}

// renewQuote has the price asked for again for which a buy was sent. If the
// contract was made, the stream has ended with that.
func (r *registry) renewQuote(id string, made bool) {
	r.mu.Lock()
	var bought topic
	for _, s := range r.subs {
		if q, ok := s.topic.(*latestTopic[Quote]); ok && q.shows(id) {
			bought = q
		}
	}
	r.mu.Unlock()
	if bought != nil {
		r.renew(bought, made)
	}
}

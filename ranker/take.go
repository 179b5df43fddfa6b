package ranker

import (
	"time"

	"github.com/karlquant/quasar"
)

// Take ranks a snapshot as if a hub had sent it at a moment of the hub's clock, and
// decides if that is due: for a record of the past, which plays as fast as it is read.
// It is for a ranker whose Run does not run. OnSignal is called before it returns.
func (r *Ranker) Take(s quasar.Snapshot, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index.Set(s)
	r.learner.take(&s, at)
	r.updates++
	r.version++
}

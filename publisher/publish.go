package publisher

import (
	"time"

	"github.com/karlquant/quasar"
)

// PublishTraining publishes the fields of t that are not nil. It returns at
// once; what t points to may be changed afterwards.
func (p *Publisher) PublishTraining(t quasar.Training) {
	p.PublishUpdate(quasar.UpdateOf(&t, nil))
}

// PublishVoting publishes the fields of v that are not nil. It returns at once;
// what v points to may be changed afterwards.
func (p *Publisher) PublishVoting(v quasar.Voting) {
	p.PublishUpdate(quasar.UpdateOf(nil, &v))
}

// Publish publishes the fields of both that are not nil, in one frame. It
// returns at once; what t and v point to may be changed afterwards.
func (p *Publisher) Publish(t quasar.Training, v quasar.Voting) {
	p.PublishUpdate(quasar.UpdateOf(&t, &v))
}

// PublishUpdate publishes u, which can also say that a value is not known any
// more. It returns at once; what u points to may be changed afterwards.
//
// Values are held to the schema here as the hub does it: NaN and infinities
// become unknown, an accuracy is clamped to [0, 1], and any other value that is
// out of range is dropped and counted, and its neighbours are sent.
func (p *Publisher) PublishUpdate(u quasar.Update) {
	valid, rejected := detach(u).Valid()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.stats.DroppedClosed++
		return
	}
	if len(rejected) > 0 {
		p.stats.DroppedFields += int64(len(rejected))
		p.rejected = rejected
	}
	if valid.Fields != 0 {
		p.stats.Published++
		p.slot.put(valid, time.Now())
	}
	select {
	case p.wake <- struct{}{}:
	default: // it has been told
	}
}

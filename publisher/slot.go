package publisher

import (
	"time"

	"github.com/karlquant/quasar"
)

// slot holds what the space has published: of each field the newest value, and
// whether the hub has still to be told. It is as large after a day's outage as
// after one call.
type slot struct {
	newest  quasar.Update
	pending quasar.Fields // of newest: what no live connection has carried yet
	merged  int64         // calls that pending stands for
	votedAt time.Time     // when a field of the voting group was last published
}

// put lays u over what is known.
func (s *slot) put(u quasar.Update, now time.Time) {
	s.newest = s.newest.Merge(u)
	s.pending |= u.Fields
	s.merged++
	if u.Fields&quasar.VotingFields != 0 {
		s.votedAt = now
	}
}

// take returns what is pending, which is then no longer so, and how many calls
// it stands for. Votes above the given age are left out, for good: an age below
// 0 is no limit.
func (s *slot) take(now time.Time, maxVoteAge time.Duration) (u quasar.Update, calls int64, expired bool) {
	fields := s.pending
	if fields&quasar.VotingFields != 0 && maxVoteAge >= 0 && age(now, s.votedAt) > maxVoteAge {
		fields &^= quasar.VotingFields
		expired = true
	}
	u, calls = s.newest, s.merged
	u.Fields = fields
	s.pending, s.merged = 0, 0
	return u, calls, expired
}

// recall makes everything pending: a hub that was lost may have forgotten all.
func (s *slot) recall() { s.pending = s.newest.Fields }

// age takes the larger of two answers, because the monotonic clock stands still
// while a machine sleeps and the wall clock may be set back.
func age(now, then time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// values is where the values of one update live, so that a caller may change
// what its own pointers point to as soon as Publish has returned.
type values struct {
	steps, buy, sell                    int64
	actor, critic, avn, accuracy, price float64
	signal                              quasar.Signal
	source                              string
}

// detach returns u with values of its own.
func detach(u quasar.Update) quasar.Update {
	v := new(values)
	t, w := &u.Training, &u.Voting
	move(&v.steps, &t.TrainingSteps)
	move(&v.actor, &t.ActorLoss)
	move(&v.critic, &t.CriticLoss)
	move(&v.avn, &t.AVNLoss)
	move(&v.accuracy, &t.AVNAccuracy)
	move(&v.signal, &w.DominantSignal)
	move(&v.buy, &w.BuyCount)
	move(&v.sell, &w.SellCount)
	move(&v.price, &w.LastPrice)
	move(&v.source, &w.SignalSource)
	return u
}

// move copies the value behind p to its new home, and turns p there.
func move[T any](home *T, p **T) {
	if *p != nil {
		*home = **p
		*p = home
	}
}

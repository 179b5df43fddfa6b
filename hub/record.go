package hub

import (
	"cmp"
	"time"

	"github.com/karlquant/quasar"
)

// Record is all that a hub keeps of a space: the snapshot, and beside each of its
// ten fields the stamp of the update that wrote it. The fields are newest-wins
// registers, so records merge field by field, in any order and any number of
// times, with one and the same result.
type Record struct {
	Snapshot quasar.Snapshot
	Stamps   [quasar.NumFields]Stamp
}

// Stamp says which update wrote a field. Stamps of two hubs never tie, since
// their ids differ.
type Stamp struct {
	// Seq is the snapshot's Seq after the update; 0 where nothing was written.
	Seq int64
	// Hub is the id of the hub that accepted the update.
	Hub string
}

// Compare is negative where s is older than t.
func (s Stamp) Compare(t Stamp) int {
	return cmp.Or(cmp.Compare(s.Seq, t.Seq), cmp.Compare(s.Hub, t.Hub))
}

// accept lays a valid update over the record.
func (r *Record) accept(u *quasar.Update, hub string, now time.Time) {
	r.Snapshot.ApplyValid(u, now)
	for f := range u.Fields.All() {
		r.Stamps[f] = Stamp{Seq: r.Snapshot.Seq, Hub: hub}
	}
}

// Merge takes from the other record each field that is newer there, and tells
// whether that changed anything. Merging is commutative, associative and
// idempotent.
func (r *Record) Merge(other *Record) bool {
	newer := quasar.Fields(0)
	for f, stamp := range other.Stamps {
		if r.Stamps[f].Compare(stamp) < 0 {
			newer = newer.With(quasar.Field(f))
			r.Stamps[f] = stamp
		}
	}
	r.Snapshot.Take(newer, &other.Snapshot)
	mine, theirs := &r.Snapshot, &other.Snapshot
	changed := newer != 0 || theirs.Seq > mine.Seq
	mine.SpaceName = max(mine.SpaceName, theirs.SpaceName)
	mine.Seq = max(mine.Seq, theirs.Seq)
	mine.UpdatedAt = later(mine.UpdatedAt, theirs.UpdatedAt)
	mine.TrainingAt = later(mine.TrainingAt, theirs.TrainingAt)
	mine.VotingAt = later(mine.VotingAt, theirs.VotingAt)
	return changed
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

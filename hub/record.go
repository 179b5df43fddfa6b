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

// Merge takes from the other record each field that is newer there, and with the
// newest of all and of each group its time, and tells whether that changed anything.
// Merging is commutative, associative and idempotent.
func (r *Record) Merge(other *Record) bool {
	mine, theirs := &r.Snapshot, &other.Snapshot
	changed := r.mergeTime(other, quasar.AllFields, &mine.UpdatedAt, theirs.UpdatedAt)
	changed = r.mergeTime(other, quasar.TrainingFields, &mine.TrainingAt, theirs.TrainingAt) || changed
	changed = r.mergeTime(other, quasar.VotingFields, &mine.VotingAt, theirs.VotingAt) || changed
	newer := quasar.Fields(0)
	for f, stamp := range other.Stamps {
		if r.Stamps[f].Compare(stamp) < 0 {
			newer = newer.With(quasar.Field(f))
			r.Stamps[f] = stamp
		}
	}
	mine.Take(newer, theirs)
	changed = changed || newer != 0 || theirs.Seq > mine.Seq
	mine.SpaceName = max(mine.SpaceName, theirs.SpaceName)
	mine.Seq = max(mine.Seq, theirs.Seq)
	return changed
}

// mergeTime takes the time of the newest update of some fields. It is not the latest
// one: clocks of hubs differ, and a time to come would stay.
func (r *Record) mergeTime(other *Record, fields quasar.Fields, mine *time.Time, theirs time.Time) (changed bool) {
	age := r.newest(fields).Compare(other.newest(fields))
	if age > 0 || age == 0 && !theirs.After(*mine) {
		return false
	}
	changed = !mine.Equal(theirs)
	*mine = theirs
	return changed
}

// newest returns the stamp of the update that wrote any of the fields last.
func (r *Record) newest(fields quasar.Fields) (newest Stamp) {
	for f := range fields.All() {
		if r.Stamps[f].Compare(newest) > 0 {
			newest = r.Stamps[f]
		}
	}
	return newest
}

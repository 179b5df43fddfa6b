package hub

import (
	"errors"
	"fmt"

	"github.com/karlquant/quasar"
)

// Valid returns the record with its values as quasar.Update.Valid has them, or
// says what of it cannot be. A record that comes from outside the process goes
// through it before a hub gets it.
func (r Record) Valid() (Record, error) {
	s := &r.Snapshot
	if err := quasar.CheckSpaceName(s.SpaceName); err != nil {
		return Record{}, err
	}
	if s.Seq <= 0 || s.Seq > maxClock {
		return Record{}, fmt.Errorf("seq: got %d, want 1 to %d", s.Seq, int64(maxClock))
	}
	if s.UpdatedAt.IsZero() {
		return Record{}, fmt.Errorf("updated_at: got none, want the time of the update with seq %d", s.Seq)
	}
	known := quasar.UpdateOf(&s.Training, &s.Voting).Fields
	for f, stamp := range r.Stamps {
		if err := stamp.valid(s.Seq, known.Has(quasar.Field(f))); err != nil {
			return Record{}, fmt.Errorf("stamp of %s: %w", quasar.Field(f), err)
		}
	}
	values, dropped := quasar.Update{Fields: quasar.AllFields, Training: s.Training, Voting: s.Voting}.Valid()
	if len(dropped) > 0 {
		return Record{}, dropped[0]
	}
	s.Training, s.Voting = values.Training, values.Voting
	return r, nil
}

// valid says what is wrong with the stamp of a field in a snapshot with that seq.
func (s Stamp) valid(seq int64, known bool) error {
	switch {
	case s == Stamp{} && !known:
		return nil
	case s.Seq <= 0 || s.Seq > seq:
		return fmt.Errorf("got the seq %d, want 1 to %d", s.Seq, seq)
	case quasar.CheckSpaceName(s.Hub) != nil:
		return fmt.Errorf("got the hub %+q, want its id", s.Hub)
	}
	return nil
}

// Valid says what of a claim cannot be. A claim that comes from outside the process
// goes through it before a hub gets it: one of the far future would stand above all
// that its hub makes after it.
func (c Claim) Valid() error {
	if err := errors.Join(quasar.CheckSpaceName(c.Space), quasar.CheckSpaceName(c.Hub)); err != nil {
		return err
	}
	if c.Seq <= 0 || c.Seq > maxClock || c.Epoch < 0 || c.Epoch > maxClock {
		return fmt.Errorf("got the seq %d and the epoch %d, want 1 and 0 to %d", c.Seq, c.Epoch, int64(maxClock))
	}
	return nil
}

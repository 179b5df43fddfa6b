package quasar

import (
	"errors"
	"time"
)

// Snapshot is all that is known of a space: for each field the newest value that
// anybody sent, and when.
type Snapshot struct {
	SpaceName string
	Training  Training
	Voting    Voting
	// Seq grows by at least one with each accepted update of the space and
	// never goes back. It is made from Unix microseconds and stays below 2^53.
	Seq int64
	// UpdatedAt is when the newest accepted update came; TrainingAt and VotingAt
	// when that group last came. The zero time is "never".
	UpdatedAt  time.Time
	TrainingAt time.Time
	VotingAt   time.Time
}

// ErrNothingValid says that an update held no field that could be stored.
var ErrNothingValid = errors.New("no valid field")

// Apply returns the snapshot after u, stamped with now: the valid fields of u
// merged over those of s, and the next Seq. Each field of u that was dropped is
// a *FieldError in the error (join them apart with errors.As or
// interface{ Unwrap() []error }); its neighbours are in the answer all the same.
// If nothing of u is valid the answer is s itself and the error is
// ErrNothingValid too.
func (s Snapshot) Apply(u Update, now time.Time) (Snapshot, error) {
	valid, dropped := u.Valid()
	errs := make([]error, 0, len(dropped)+1)
	for _, e := range dropped {
		errs = append(errs, e)
	}
	if valid.Fields == 0 {
		return s, errors.Join(append(errs, ErrNothingValid)...)
	}
	s.ApplyValid(&valid, now)
	return s, errors.Join(errs...)
}

// ApplyValid is Apply in place, for what Valid returned and was not empty: it
// checks nothing again.
func (s *Snapshot) ApplyValid(u *Update, now time.Time) {
	s.Training.take(u.Fields, &u.Training)
	s.Voting.take(u.Fields, &u.Voting)
	s.Seq = NextSeq(s.Seq, now)
	s.UpdatedAt = now
	if u.Fields&TrainingFields != 0 {
		s.TrainingAt = now
	}
	if u.Fields&VotingFields != 0 {
		s.VotingAt = now
	}
}

// Take copies the given fields of from into s and leaves everything else of s
// as it is: the merge of two stores, which keep the time of each field elsewhere.
func (s *Snapshot) Take(fields Fields, from *Snapshot) {
	s.Training.take(fields, &from.Training)
	s.Voting.take(fields, &from.Voting)
}

// NextSeq returns the sequence number that follows last: the clock in Unix
// microseconds, or last+1 where the clock has not moved or has gone back. So it
// needs no disk to survive a restart.
func NextSeq(last int64, now time.Time) int64 {
	return max(last+1, now.UnixMicro())
}

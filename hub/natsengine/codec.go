package natsengine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

// A record is written as
//
//	name, seq, three times,
//	the hubs of its stamps, each once: their number and their ids,
//	two bits for each field: which have a stamp, which a value,
//	for each stamp the number of its hub and how far its seq is below the record's,
//	the values in the order of the fields,
//
// where a number is a varint, a string its length and its bytes, a time the
// nanoseconds since 1970 and 0 for never, and a float its eight bytes, lowest first.

var errShort = errors.New("it ends too early")

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	return binary.AppendVarint(dst, t.UnixNano())
}

// appendRecord appends a record that is valid as hub.Record.Valid has it.
func appendRecord(dst []byte, r *hub.Record) []byte {
	s := &r.Snapshot
	dst = appendString(dst, s.SpaceName)
	dst = binary.AppendUvarint(dst, uint64(s.Seq)) // #nosec G115 -- it is positive
	for _, t := range []time.Time{s.UpdatedAt, s.TrainingAt, s.VotingAt} {
		dst = appendTime(dst, t)
	}
	var room [quasar.NumFields]string
	hubs, stamped := room[:0], quasar.Fields(0)
	for f, stamp := range r.Stamps {
		if stamp.Seq == 0 {
			continue
		}
		stamped = stamped.With(quasar.Field(f))
		if !slices.Contains(hubs, stamp.Hub) {
			hubs = append(hubs, stamp.Hub)
		}
	}
	dst = append(dst, byte(len(hubs)))
	for _, id := range hubs {
		dst = appendString(dst, id)
	}
	known := quasar.UpdateOf(&s.Training, &s.Voting).Fields
	dst = binary.LittleEndian.AppendUint16(dst, uint16(stamped))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(known))
	for f := range stamped.All() {
		dst = append(dst, byte(slices.Index(hubs, r.Stamps[f].Hub)))
		dst = binary.AppendUvarint(dst, uint64(s.Seq-r.Stamps[f].Seq)) // #nosec G115 -- no stamp is above the seq
	}
	for f := range known.All() {
		dst = appendValue(dst, f, s)
	}
	return dst
}

func appendValue(dst []byte, f quasar.Field, s *quasar.Snapshot) []byte {
	switch p := valueOf(f, s).(type) {
	case **int64:
		return binary.AppendUvarint(dst, uint64(**p)) // #nosec G115 -- counts are not negative
	case **float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(**p))
	case **string:
		return appendString(dst, **p)
	case **quasar.Signal:
		return appendString(dst, string(**p))
	}
	return dst
}

// valueOf returns where a field's value is kept: a pointer to its pointer.
func valueOf(f quasar.Field, s *quasar.Snapshot) any {
	switch f {
	case quasar.TrainingSteps:
		return &s.Training.TrainingSteps
	case quasar.ActorLoss:
		return &s.Training.ActorLoss
	case quasar.CriticLoss:
		return &s.Training.CriticLoss
	case quasar.AVNLoss:
		return &s.Training.AVNLoss
	case quasar.AVNAccuracy:
		return &s.Training.AVNAccuracy
	case quasar.DominantSignal:
		return &s.Voting.DominantSignal
	case quasar.BuyCount:
		return &s.Voting.BuyCount
	case quasar.SellCount:
		return &s.Voting.SellCount
	case quasar.LastPrice:
		return &s.Voting.LastPrice
	default:
		return &s.Voting.SignalSource
	}
}

// reader takes a message apart. After the first error it gives zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail(errShort)
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	x, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

// count is a number that fits an int64 and is not negative.
func (r *reader) count() int64 {
	x := r.uvarint()
	if x > math.MaxInt64 {
		r.fail(fmt.Errorf("got the number %d, want less than 2^63", x))
		return 0
	}
	return int64(x)
}

func (r *reader) varint() int64 {
	x, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

func (r *reader) uint16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) string() string { return string(r.bytes(r.uvarint())) }

func (r *reader) time() time.Time {
	if ns := r.varint(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// record reads what appendRecord wrote. What is left of r belongs to whoever wrote
// more than this version knows.
func (r *reader) record() (hub.Record, error) {
	var out hub.Record
	s := &out.Snapshot
	s.SpaceName, s.Seq = r.string(), r.count()
	s.UpdatedAt, s.TrainingAt, s.VotingAt = r.time(), r.time(), r.time()
	hubs := make([]string, min(int(r.byte()), quasar.NumFields))
	for i := range hubs {
		hubs[i] = r.string()
	}
	stamped, known := quasar.Fields(r.uint16()), quasar.Fields(r.uint16())
	if (stamped|known)&^quasar.AllFields != 0 {
		r.fail(fmt.Errorf("got the fields %b and %b, want at most %d", stamped, known, quasar.NumFields))
	}
	for f := range (stamped & quasar.AllFields).All() {
		i := int(r.byte())
		if i >= len(hubs) {
			r.fail(fmt.Errorf("stamp: got hub %d of %d", i, len(hubs)))
			break
		}
		out.Stamps[f] = hub.Stamp{Seq: s.Seq - r.count(), Hub: hubs[i]}
	}
	for f := range (known & quasar.AllFields).All() {
		r.value(f, s)
	}
	if r.err != nil {
		return hub.Record{}, fmt.Errorf("record: %w", r.err)
	}
	valid, err := out.Valid()
	if err != nil {
		return hub.Record{}, fmt.Errorf("record: %w", err)
	}
	return valid, nil
}

func (r *reader) value(f quasar.Field, s *quasar.Snapshot) {
	switch p := valueOf(f, s).(type) {
	case **int64:
		*p = new(r.count())
	case **float64:
		*p = new(math.Float64frombits(r.uint64()))
	case **string:
		*p = new(r.string())
	case **quasar.Signal:
		*p = new(quasar.Signal(r.string()))
	}
}

// claim is what a hub claims of a space, and which life of that hub said so.
type claim struct {
	hub.Claim
	instance int64
}

func appendClaim(dst []byte, c *claim) []byte {
	dst = appendString(appendString(dst, c.Space), c.Hub)
	for _, n := range []int64{c.instance, c.Seq, c.Epoch} {
		dst = binary.AppendUvarint(dst, uint64(n)) // #nosec G115 -- they are not negative
	}
	live := byte(0)
	if c.Live {
		live = 1
	}
	return append(dst, live)
}

func (r *reader) claim() (claim, error) {
	var c claim
	c.Space, c.Hub = r.string(), r.string()
	c.instance, c.Seq, c.Epoch = r.count(), r.count(), r.count()
	c.Live = r.byte() == 1
	if r.err == nil {
		r.err = c.Valid()
	}
	if r.err != nil {
		return claim{}, fmt.Errorf("claim: %w", r.err)
	}
	return c, nil
}

package subscriber

import (
	"bytes"
	"context"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial"
	"github.com/karlquant/quasar/internal/wire"
)

// keptBuffer is the largest buffer that is kept for the next frame, so that one
// large initial state does not stay in memory.
const keptBuffer = 64 << 10

// stream is what one connection has brought.
type stream struct {
	*Client
	conn  *dial.Conn
	yield func(quasar.Snapshot, error) bool
	seqs  map[string]int64 // of each space since the initial state
	buf   bytes.Buffer
}

// read yields what comes until the connection ends, or the loop, or ctx.
func (s *stream) read(ctx context.Context) error {
	for {
		if err := s.conn.Read(&s.buf); err != nil {
			return err
		}
		if !s.take(ctx) {
			return errLeft
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if s.buf.Cap() > keptBuffer {
			s.buf = bytes.Buffer{}
		}
	}
}

// take yields what the frame in the buffer says. It is false when the loop
// wants no more.
func (s *stream) take(ctx context.Context) bool {
	frame, err := wire.DecodeHub(s.buf.Bytes())
	if err != nil {
		s.note(func(status *Status) { status.Frames++; status.Malformed++ })
		return s.yield(quasar.Snapshot{}, &FrameError{Err: err})
	}
	s.note(func(status *Status) {
		status.Frames++
		status.LastFrameAt = time.Now()
		if !frame.HubTimestamp.IsZero() {
			status.HubTime = frame.HubTimestamp
		}
	})
	switch frame.Type {
	case wire.InitialState:
		s.seqs = make(map[string]int64, len(frame.Snapshots))
	case wire.MetricsUpdate:
	default:
		s.note(func(status *Status) { status.Ignored++ })
		return true
	}
	for _, err := range frame.Dropped {
		s.note(func(status *Status) { status.Malformed++ })
		if !s.yield(quasar.Snapshot{}, &FrameError{Err: err}) {
			return false
		}
	}
	return s.snapshots(ctx, frame.Snapshots)
}

// snapshots yields those that are new. It is false when the loop wants no more.
func (s *stream) snapshots(ctx context.Context, snapshots []quasar.Snapshot) bool {
	for i := range snapshots {
		if ctx.Err() != nil {
			return true // read sees it
		}
		if s.admit(&snapshots[i]) && !s.yield(snapshots[i], nil) {
			return false
		}
	}
	return true
}

// admit tells whether a snapshot was asked for and is newer than the last of
// its space, and remembers it.
func (s *stream) admit(snapshot *quasar.Snapshot) bool {
	if len(s.wanted) > 0 && !s.wanted[snapshot.SpaceName] {
		s.note(func(status *Status) { status.Ignored++ })
		return false
	}
	if last, seen := s.seqs[snapshot.SpaceName]; seen && snapshot.Seq <= last {
		s.note(func(status *Status) { status.Stale++ })
		return false
	}
	if s.seqs == nil {
		s.seqs = make(map[string]int64)
	}
	s.seqs[snapshot.SpaceName] = snapshot.Seq
	s.note(func(status *Status) { status.Snapshots++ })
	return true
}

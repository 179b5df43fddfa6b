package hub

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/wire"
)

// Updates are compressed behind the hub's lock. Whoever joins meanwhile still gets each
// space's state at one moment, and from there on each update, once and in order.
func TestWhoJoinsMissesNoCompressedUpdate(t *testing.T) {
	const spaces, updates, joiners = 3, 200, 8
	h, err := New(&Options{Compression: true})
	if err != nil {
		t.Fatal(err)
	}
	stays := &subscription{compressed: true}
	h.fanoutFor(stays)
	var all sync.WaitGroup
	for i := range spaces {
		session, _ := h.open(nil, fmt.Sprint("SPACE_", i), time.Now())
		all.Go(func() {
			for n := range int64(updates) {
				h.take(session, ws.OpText, stepsFrame(n+1))
			}
		})
	}
	for range joiners {
		all.Go(func() { follows(t, h, spaces, updates) })
	}
	all.Wait()
}

// stepsFrame says how far a training is, and nothing else.
func stepsFrame(steps int64) []byte {
	return wire.AppendUpdate(nil, quasar.UpdateOf(&quasar.Training{TrainingSteps: &steps}, nil))
}

// follows reads as a compressed subscriber until each space has been through all its
// updates.
func follows(t *testing.T, h *Hub, spaces int, last int64) {
	near, far := net.Pipe()
	sub := &subscription{compressed: true}
	fan := h.fanoutFor(sub)
	gone := make(chan struct{})
	member := fan.Join(near, fan.Begin(nil), func(error) { close(gone) })
	at := make(map[string]int64)
	for first, ended := true, 0; ended < spaces; first = false {
		for _, s := range readSnapshots(t, far) {
			steps := *s.Training.TrainingSteps
			if was := at[s.SpaceName]; !first && steps != was+1 {
				t.Errorf("%s: got the update %d after %d", s.SpaceName, steps, was)
			}
			if at[s.SpaceName] = steps; steps == last {
				ended++
			}
		}
		if t.Failed() {
			break
		}
	}
	_ = far.Close()
	member.Abort(fanout.ErrLeft)
	<-gone
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doneWith(sub)
}

// readSnapshots reads one frame.
func readSnapshots(t *testing.T, r io.Reader) []quasar.Snapshot {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Error(err)
		return nil
	}
	size := int64(head[1])
	if size == length16 {
		long := make([]byte, 2)
		_, _ = io.ReadFull(r, long)
		size, head = int64(binary.BigEndian.Uint16(long)), append(head, long...)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, size); err != nil {
		t.Error(err)
		return nil
	}
	frame, err := wire.DecodeHub(payloadOf(t, append(head, body.Bytes()...)))
	if err != nil {
		t.Error(err)
	}
	return frame.Snapshots
}

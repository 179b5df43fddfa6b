package hub_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
)

// These are the tests where the kernel's buffers and its ends of connections
// matter, so they take real sockets.

// One reader stalls over a real socket until the kernel's buffers are full and it
// is far behind. The other subscriber gets every update meanwhile, each before the
// next is published. When the stalled one wakes up it has the newest of every
// space, and nothing went backwards.
func TestAStalledReaderIsConflatedAndDelaysNobody(t *testing.T) {
	t.Run("plain", func(t *testing.T) { stalledReader(t, "") })
	t.Run("compressed", func(t *testing.T) { stalledReader(t, offersDeflate) })
}

func stalledReader(t *testing.T, headers string) {
	h, addr := serveTCP(t, unhurried(&hub.Options{Compression: true}))
	spaces := []string{"A", "B", "C"}
	pubs := make([]*peer, len(spaces))
	for i, name := range spaces {
		pubs[i] = dialTCP(t, addr, "/ws/publish/"+name, 0).listen()
	}
	quiet := dialTCP(t, addr, "/ws/publish/QUIET", 0).listen()
	stalled, quick := dialTCPWith(t, addr, "/ws/subscribe", headers, 4096), dialTCPWith(t, addr, "/ws/subscribe", headers, 0)
	quick.nextUpdate()

	publish := func(p *peer, step int) {
		p.text(steps(step))
		if got := stepsOf(t, []wire.HubFrame{quick.nextUpdate()}); got[0] != int64(step) {
			t.Fatalf("the quick one got step %d, want %d", got[0], step)
		}
	}
	publish(quiet, 7)
	last := 0
	for mostPending(t, h) < 6000 {
		for range 100 {
			last++
			for _, p := range pubs {
				publish(p, last)
			}
		}
	}
	total := 3*last + 1

	want := map[string]int64{"A": int64(last), "B": int64(last), "C": int64(last), "QUIET": 7}
	got, seq, frames := make(map[string]int64), make(map[string]int64), 0
	stalled.nextUpdate()
	for !cmp.Equal(want, got) {
		s := stalled.nextUpdate().Snapshots[0]
		if s.Seq <= seq[s.SpaceName] {
			t.Fatalf("%s: got seq %d behind %d", s.SpaceName, s.Seq, seq[s.SpaceName])
		}
		got[s.SpaceName], seq[s.SpaceName] = *s.Training.TrainingSteps, s.Seq
		frames++
	}
	if most := total - 5000; frames > most {
		t.Errorf("the stalled one got %d of %d frames, want at most %d", frames, total, most)
	}
	if n := stateOf(t, h).Stats.Conflated; n < 5000 {
		t.Errorf("got %d frames conflated away, want those that were pending but the last few", n)
	}
	publish(quiet, 8) // from here on it keeps up again
	if got := stepsOf(t, []wire.HubFrame{stalled.nextUpdate()}); got[0] != 8 {
		t.Errorf("the one that woke up got step %d, want 8", got[0])
	}
}

// mostPending is how many frames the subscriber that is most behind lacks.
func mostPending(t *testing.T, h *hub.Hub) int64 {
	t.Helper()
	most := int64(0)
	for _, s := range stateOf(t, h).Subscribers {
		most = max(most, s.Pending)
	}
	return most
}

// publishUntil sends updates until something has come of them, for nobody knows how
// many megabytes of them a kernel takes for a reader that is dead.
func publishUntil(t *testing.T, p *peer, what string, done func() bool) {
	t.Helper()
	n := 0
	eventually(t, what, func() bool {
		for range 20 {
			n++
			p.text(steps(n))
		}
		return done()
	})
}

// A reader that takes nothing for the write timeout is closed with 1013, and finds
// the close and its reason behind whole frames when it wakes up.
func TestADeadReaderFindsTheReasonWhenItWakesUp(t *testing.T) {
	h, addr := serveTCP(t, &hub.Options{WriteTimeout: 500 * time.Millisecond})
	pub := dialTCP(t, addr, "/ws/publish/V75", 0).listen()
	dead, quick := dialTCP(t, addr, "/ws/subscribe", 4096), dialTCP(t, addr, "/ws/subscribe", 0).listen()
	eventually(t, "both subscribers", func() bool { return stateOf(t, h).Stats.Subscribers == 2 })
	publishUntil(t, pub, "the dead one's end", func() bool { return stateOf(t, h).Stats.Subscribers == 1 })
	var last frame
	frames := 0
	for last.op() != opClose {
		last = dead.next()
		if last.op() == opText {
			decode(t, last)
		}
		frames++
	}
	if got := last.closing(); got != "1013 read nothing for 500ms" || frames < 3 {
		t.Errorf("got the end %q behind %d frames", got, frames-1)
	}
	if f, err := dead.read(); err == nil {
		t.Errorf("got %#x %q behind the close frame", f.head, f.payload)
	}
	if got := quick.last(); got.op() == opClose {
		t.Errorf("the quick one was closed, too: %s", got.closing())
	}
}

// A message of ten megabytes is closed with 1009 and never held, whether it says
// its size at once or comes in pieces.
func TestAMessageOfTenMegabytesIsClosedAndNotHeld(t *testing.T) {
	const size = 10 << 20
	piece := make([]byte, 16<<10)
	firstPiece, nextPiece := masked(opText, piece), masked(opContinuation, piece)
	for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
		for _, c := range []struct {
			name string
			send func(*peer) error
		}{
			{"in one frame", func(p *peer) error {
				p.raw(append(lengthOf([]byte{fin | opText}, size, 0x80), 0, 0, 0, 0))
				for range size / len(piece) {
					if err := p.write(piece); err != nil {
						return err
					}
				}
				return nil
			}},
			{"in pieces", func(p *peer) error {
				p.raw(firstPiece)
				for range size / len(piece) {
					if err := p.write(nextPiece); err != nil {
						return err
					}
				}
				return nil
			}},
			{"in a frame that says it has 2^62 bytes", func(p *peer) error {
				p.raw(binary.BigEndian.AppendUint64([]byte{fin | opText, 0x80 | 127}, 1<<62))
				p.raw(make([]byte, 4))
				return nil
			}},
		} {
			t.Run(path+" "+c.name, func(t *testing.T) {
				h, addr := serveTCP(t, nil)
				p := dialTCP(t, addr, path, 0)
				if c.name == "in one frame" {
					p.silent = true // goes on to the end, whatever it is told
				} else {
					p.hangUp = true
				}
				p.listen()
				peak := watchHeap()
				err := c.send(p)
				<-p.done
				if grown := peak(); grown > 6<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
				if got := p.last().closing(); got != "1009 message longer than 65536 bytes" {
					t.Errorf("got the end %q (sending: %v)", got, err)
				}
				if path == "/ws/subscribe" {
					return
				}
				eventually(t, "the publisher's row", func() bool { return stateOf(t, h).Publishers["V75"].Rejected == 1 })
				if row := stateOf(t, h).Publishers["V75"]; row.LastRejection == nil || !strings.Contains(row.LastRejection.Reason, "longer than 65536 bytes") {
					t.Errorf("got the row %+v, want the reason in it", row)
				}
			})
		}
	}
}

// watchHeap returns a function that tells how much the heap grew at most.
func watchHeap() func() int64 {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	runtime.GC()
	before, peak := heap(), int64(0)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				peak = max(peak, heap()-before)
			}
		}
	})
	return func() int64 { close(stop); watching.Wait(); return peak }
}

// A burst of connections that come and go leaves no goroutine behind.
func TestNoGoroutineOutlivesItsConnection(t *testing.T) {
	h, addr := serveTCP(t, nil)
	before := runtime.NumGoroutine()
	for range 5 {
		var storm sync.WaitGroup
		for i := range 20 {
			storm.Go(func() {
				p := dialTCP(t, addr, "/ws/subscribe", 0)
				p.next()
				q := dialTCP(t, addr, fmt.Sprintf("/ws/publish/S%d", i), 0)
				q.text(steps(i))
				if i%2 == 0 {
					p.close(1000)
				}
				p.conn.Close()
				q.conn.Close()
			})
		}
		storm.Wait()
	}
	eventually(t, "everybody's end", func() bool { s := stateOf(t, h).Stats; return s.Publishers+s.Subscribers == 0 })
	eventually(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before+2 })
}

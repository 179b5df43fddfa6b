package hub

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reader is what a test knows of one subscriber: what it was promised and what
// it got.
type reader struct {
	mailbox *mailbox
	only    map[string]bool
	// due are the frames published since it joined and not taken yet, in order.
	due []posted
}

type posted struct {
	space string
	n     int // frames are numbered over all spaces
}

// frame makes a frame of size bytes, at least 9.
func (p posted) frame(size int) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, size), uint64(p.n)), p.space...)[:size:size]
}

func parsePosted(frame []byte) posted {
	return posted{string(frame[8:9]), int(binary.BigEndian.Uint64(frame))}
}

// newestOf keeps the newest of each space, in the order of those.
func newestOf(all []posted) []posted {
	last := make(map[string]int)
	for _, p := range all {
		last[p.space] = p.n
	}
	return slices.DeleteFunc(slices.Clone(all), func(p posted) bool { return last[p.space] != p.n })
}

// take holds what the reader takes against what it was promised: every frame,
// while few wait; else a part of them that has the newest of every space, in order.
func (r *reader) take(t *rapid.T, size int) {
	var got []posted
	for _, frame := range r.mailbox.take(nil) {
		got = append(got, parsePosted(frame))
	}
	due := r.due
	r.due = nil
	if len(due) <= maxPendingFrames && len(due)*size <= maxPendingBytes {
		if !slices.Equal(due, got) {
			t.Fatalf("one that keeps up gets every frame (-due +got):\n%s", cmp.Diff(due, got, cmp.AllowUnexported(posted{})))
		}
		return
	}
	if i, ok := outOfOrder(due, got); !ok {
		t.Fatalf("frame %d of what was taken is not in order or was never due", i)
	}
	if want, got := newestOf(due), newestOf(got); !slices.Equal(want, got) {
		t.Fatalf("one that is behind gets the newest of every space: got %v, want %v", got, want)
	}
}

// outOfOrder tells whether got is a subsequence of due, or which is the first
// that is not.
func outOfOrder(due, got []posted) (at int, ok bool) {
	rest := due
	for i, p := range got {
		j := slices.Index(rest, p)
		if j < 0 {
			return i, false
		}
		rest = rest[j+1:]
	}
	return 0, true
}

// Whatever the interleaving of publishing, taking, joining and leaving, each
// subscriber gets a sequence that section 5 of the contract allows, and what
// waits for it is bounded.
func TestFanoutKeepsItsPromisesInAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f fanout
		var readers []*reader
		spaces := []string{"A", "B", "C", "D", "E"}[:rapid.IntRange(1, 5).Draw(t, "spaces")]
		size := rapid.SampledFrom([]int{9, 300, 3_000, 70_000}).Draw(t, "size")
		published := 0
		pick := func() (*reader, int) {
			if len(readers) == 0 {
				t.Skip("nobody is there")
			}
			i := rapid.IntRange(0, len(readers)-1).Draw(t, "reader")
			return readers[i], i
		}
		publish := func(space string) {
			published++
			p := posted{space, published}
			f.publish(p.space, p.frame(size))
			for _, r := range readers {
				if r.only == nil || r.only[p.space] {
					r.due = append(r.due, p)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) { publish(rapid.SampledFrom(spaces).Draw(t, "space")) },
			"burst": func(*rapid.T) {
				for range min(maxPendingFrames/2+1, maxPendingBytes/size) {
					publish(spaces[published%len(spaces)])
				}
			},
			"join": func(t *rapid.T) {
				var only map[string]bool
				if rapid.Bool().Draw(t, "filtered") {
					only = set(rapid.SliceOfNDistinct(rapid.SampledFrom(spaces), 1, -1, rapid.ID).Draw(t, "only"))
				}
				r := &reader{mailbox: newMailbox(only), only: only}
				f.join(r.mailbox)
				readers = append(readers, r)
			},
			"take": func(t *rapid.T) { r, _ := pick(); r.take(t, size) },
			"leave": func(t *rapid.T) {
				r, i := pick()
				f.leave(r.mailbox)
				r.take(t, size)
				readers = slices.Delete(readers, i, i+1)
			},
			"": func(t *rapid.T) { checkBounds(t, &f, readers, len(spaces), size, int64(published)) },
		})
	})
}

func checkBounds(t *rapid.T, f *fanout, readers []*reader, spaces, size int, published int64) {
	for _, r := range readers {
		m := r.mailbox
		if len(m.pending) > 2*maxPendingFrames+2*spaces+2 {
			t.Fatalf("%d places in a mailbox, want them bounded", len(m.pending))
		}
		if most := max(maxPendingBytes, spaces*size) + size; m.bytes > most {
			t.Fatalf("%d bytes wait, want at most %d", m.bytes, most)
		}
		waiting, bytes := 0, 0
		for _, l := range m.pending {
			bytes += len(l.frame)
			if l.frame != nil {
				waiting++
			}
		}
		if got := m.counts().pending; got != waiting || m.bytes != bytes {
			t.Fatalf("counted %d frames of %d bytes, but %d of %d bytes wait", got, m.bytes, waiting, bytes)
		}
	}
	if broadcast, _ := f.counts(); broadcast != published {
		t.Fatalf("counted %d frames published, want %d", broadcast, published)
	}
}

func TestConflatedFramesAreCountedAlsoOfThoseWhoLeft(t *testing.T) {
	var f fanout
	m := newMailbox(nil)
	f.join(m)
	for range maxPendingFrames + 10 {
		f.publish("A", []byte("frame"))
	}
	want := mailCounts{conflated: maxPendingFrames + 9, pending: 1}
	if diff := cmp.Diff(want, m.counts(), cmp.AllowUnexported(mailCounts{})); diff != "" {
		t.Errorf("the mailbox's counts (-want +got):\n%s", diff)
	}
	f.leave(m)
	f.publish("A", []byte("frame"))
	if broadcast, conflated := f.counts(); broadcast != maxPendingFrames+11 || conflated != maxPendingFrames+9 {
		t.Errorf("got %d and %d, want %d and %d", broadcast, conflated, maxPendingFrames+11, maxPendingFrames+9)
	}
}

func TestAMailboxSaysThatSomethingWaits(t *testing.T) {
	m := newMailbox(map[string]bool{"A": true})
	woken := func() bool {
		select {
		case <-m.wake:
			return true
		default:
			return false
		}
	}
	m.put("B", []byte("not asked for"))
	if woken() {
		t.Error("woken by a frame that was not asked for")
	}
	m.put("A", []byte("one"))
	m.put("A", []byte("two"))
	if !woken() || woken() {
		t.Error("want to be woken once for what waits")
	}
}

package natsengine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

// kind is what a message is for.
type kind byte

const (
	kindDelta kind = 1 + iota // what is new at its sender, to all
	kindBeat                  // a sign of life with the state's digests, to all
	kindBye                   // the sender ends, to all
	kindPull                  // the sender's digests: it wants what differs
	kindPush                  // a part of the answer to that
)

// maxPart is how large a message gets, about: NATS takes 1 MiB and no more.
const maxPart = 256 << 10

var errFormat = errors.New("another format")

// header is how every message begins.
type header struct {
	format   byte
	kind     kind
	hub      string
	instance int64 // Unix microseconds of when the hub's engine began
}

func appendHeader(dst []byte, h *header) []byte {
	dst = appendString(append(dst, h.format, byte(h.kind)), h.hub)
	return binary.AppendUvarint(dst, uint64(h.instance)) // #nosec G115 -- a time after 1970
}

// header reads how a message begins, of the formats up to newest. With errFormat the
// header is good and the rest cannot be read.
func (r *reader) header(newest byte) (header, error) {
	h := header{format: r.byte(), kind: kind(r.byte()), hub: r.string(), instance: r.count()}
	if r.err == nil {
		r.err = quasar.CheckSpaceName(h.hub)
	}
	if r.err != nil {
		return header{}, fmt.Errorf("header: %w", r.err)
	}
	if h.kind != kindBeat && (h.format == 0 || h.format > newest) {
		return h, fmt.Errorf("%w: got %d, want 1 to %d", errFormat, h.format, newest)
	}
	return h, nil
}

// The items of a delta and of a push: each its tag, its length and its body.
const (
	tagRecord = 1
	tagClaim  = 2
)

// maxItem bounds an item: a record with the longest names and 64 wide characters of
// a source is smaller by far.
const maxItem = 8 << 10

func appendItem(dst []byte, tag byte, body []byte) []byte {
	dst = binary.AppendUvarint(append(dst, tag), uint64(len(body)))
	return append(dst, body...)
}

// items are what a delta or a push brings.
type items struct {
	records []hub.Record
	claims  []claim
	// unknown counts the items of other kinds, bad those that make no sense.
	unknown, bad int
}

// items reads what is left.
func (r *reader) items() (items, error) {
	var out items
	for len(r.rest) > 0 && r.err == nil {
		tag, n := r.byte(), r.uvarint()
		if n > maxItem {
			r.fail(fmt.Errorf("got an item of %d bytes, want at most %d", n, maxItem))
			break
		}
		out.add(tag, r.bytes(n))
	}
	if r.err != nil {
		return out, fmt.Errorf("items: %w", r.err)
	}
	return out, nil
}

func (i *items) add(tag byte, body []byte) {
	r := &reader{rest: body}
	switch tag {
	case tagRecord:
		if record, err := r.record(); err == nil {
			i.records = append(i.records, record)
			return
		}
		i.bad++
	case tagClaim:
		if c, err := r.claim(); err == nil {
			i.claims = append(i.claims, c)
			return
		}
		i.bad++
	default:
		i.unknown++
	}
}

// digests are a sum for each part of the state: of what is the same in two hubs,
// the sums are.
type digests [buckets]uint64

const buckets = 256

func (d *digests) append(dst []byte) []byte {
	for _, sum := range d {
		dst = binary.LittleEndian.AppendUint64(dst, sum)
	}
	return dst
}

func (r *reader) digests() (d digests) {
	for i := range d {
		d[i] = r.uint64()
	}
	return d
}

// beat is what a hub tells of itself, about once a second.
type beat struct {
	newest  byte   // format that it reads
	version string // of the program
	hello   bool   // it wants beats at once, for it has just begun
	ready   bool
	sent    uint64 // deltas so far
	// publishers is how many spaces have a live publisher there.
	publishers uint64
	// heard are the hubs that it hears itself, and how long ago.
	heard   []heard
	digests digests
}

type heard struct {
	hub      string
	instance int64
	ago      time.Duration // whole milliseconds
}

const (
	flagHello = 1 << iota
	flagReady
)

// maxHeard bounds the hubs in a beat.
const maxHeard = 1_000

func appendBeat(dst []byte, b *beat) []byte {
	var flags byte
	if b.hello {
		flags |= flagHello
	}
	if b.ready {
		flags |= flagReady
	}
	dst = appendString(append(dst, b.newest, flags), b.version)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, b.sent), b.publishers)
	dst = binary.AppendUvarint(dst, uint64(len(b.heard)))
	for i := range b.heard {
		dst = appendString(dst, b.heard[i].hub)
		dst = binary.AppendUvarint(dst, uint64(b.heard[i].instance))           // #nosec G115 -- a time after 1970
		dst = binary.AppendUvarint(dst, uint64(b.heard[i].ago.Milliseconds())) // #nosec G115 -- the past
	}
	return b.digests.append(dst)
}

// maxAgo is from when on a hub that was heard counts as heard that long ago.
const maxAgo = 1 << 30

// beat reads what appendBeat wrote, and passes over what newer hubs put behind it.
func (r *reader) beat() (beat, error) {
	b := beat{newest: r.byte()}
	flags := r.byte()
	b.hello, b.ready = flags&flagHello != 0, flags&flagReady != 0
	b.version, b.sent, b.publishers = r.string(), r.uvarint(), r.uvarint()
	n := r.uvarint()
	if n > maxHeard || len(b.version) > 128 {
		r.fail(fmt.Errorf("got %d hubs and a version of %d bytes, want at most %d and 128", n, len(b.version), maxHeard))
		n = 0
	}
	for range n {
		h := heard{hub: r.string(), instance: r.count()}
		h.ago = time.Duration(min(r.uvarint(), maxAgo)) * time.Millisecond
		if r.err == nil {
			r.err = quasar.CheckSpaceName(h.hub)
		}
		if r.err != nil {
			break
		}
		b.heard = append(b.heard, h)
	}
	b.digests = r.digests()
	if r.err != nil {
		return beat{}, fmt.Errorf("beat: %w", r.err)
	}
	return b, nil
}

// part is how a part of the answer to a pull begins; items follow.
type part struct {
	pull   uint64 // which the other side chose
	number uint64 // from 0
	last   bool
}

func appendPart(dst []byte, p *part) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.pull), p.number)
	if p.last {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (r *reader) part() part {
	return part{pull: r.uvarint(), number: r.uvarint(), last: r.byte() == 1}
}

package hub_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the hub says of frames that break the protocol.
const (
	badLength      = "1002 bad length of a frame"
	badBits        = "1002 non-zero rsv bits with no extension negotiated"
	badOpcode      = "1002 use of reserved op code"
	notMasked      = "1002 frames from client to server must be masked"
	longControl    = "1002 control frame payload limit exceeded"
	controlInParts = "1002 control frame is not final"
	nothingToGoOn  = "1002 unexpected continuation data frame"
	notFinished    = "1002 unexpected non-continuation data frame"
)

var opcodeNames = map[byte]string{
	opContinuation: "a continuation", opText: "a text", opBinary: "a binary message", opClose: "a close", opPing: "a ping", opPong: "a pong",
}

// Autobahn's section 1: what comes in one frame, at the sizes where the length is
// written another way, and at the limit.
func messagesOfAnySize() (cases []rfcCase) {
	for _, n := range []int{0, 1, 47, 125, 126, 127, 128, 65535, 65536} {
		payload, want := strings.Repeat("1", min(n, 1)), refused
		if n >= len(update) {
			payload, want = padded(n), taken
		}
		cases = append(cases,
			rfcCase{fmt.Sprintf("a text of %d bytes", n), masked(fin|opText, []byte(payload)), want},
			rfcCase{fmt.Sprintf("a binary message of %d bytes is none of the schema", n), masked(fin|opBinary, []byte(payload)), refused},
			rfcCase{fmt.Sprintf("a text of %d bytes in two fragments", n), concat(masked(opText, []byte(payload[:n/2])), masked(fin|opContinuation, []byte(payload[n/2:]))), want},
		)
	}
	return append(cases,
		rfcCase{"a text of one byte above the limit", masked(fin|opText, []byte(padded(limit+1))), ended(tooLong)},
		rfcCase{"a binary message of one byte above the limit", masked(fin|opBinary, make([]byte, limit+1)), ended(tooLong)},
		rfcCase{"two fragments that are one byte above the limit together",
			concat(masked(opText, []byte(padded(limit))), masked(fin|opContinuation, []byte(" "))), ended(tooLong)},
		rfcCase{"a text of the limit and an empty fragment behind it",
			concat(masked(opText, []byte(padded(limit))), masked(fin|opContinuation, nil)), taken},
		rfcCase{"a text of the limit behind another",
			concat(masked(fin|opText, []byte(padded(limit))), masked(fin|opText, []byte(padded(limit)))), outcome{Accepted: 2}},
		rfcCase{"a message above the limit behind a good one", concat(text(), masked(fin|opText, make([]byte, limit+1))), outcome{End: tooLong, Accepted: 1, Rejected: 1}},
	)
}

// declared is a frame of a length that is written as the first byte behind the mask's
// bit says: 126 for 16 bits, 127 for 64.
func declared(head, form byte, length uint64, payload string) []byte {
	out := []byte{head, 0x80 | form}
	if form == 126 {
		out = binary.BigEndian.AppendUint16(out, uint16(length))
	} else {
		out = binary.BigEndian.AppendUint64(out, length)
	}
	return append(append(out, 0, 0, 0, 0), payload...)
}

// Section 5.2 of the RFC. The least number of bytes is the sender's duty; what has
// more is understood all the same.
func lengths() (cases []rfcCase) {
	for _, form := range []byte{126, 127} {
		bits := map[byte]string{126: "16 bits", 127: "64 bits"}[form]
		for _, n := range []int{len(update), 125, 126, 65535} {
			cases = append(cases, rfcCase{fmt.Sprintf("a text of %d bytes whose length has %s", n, bits), declared(fin|opText, form, uint64(n), padded(n)), taken})
		}
		cases = append(cases,
			rfcCase{"no byte at all, and the length has " + bits, declared(fin|opText, form, 0, ""), refused},
			rfcCase{"a ping of 5 bytes whose length has " + bits, declared(fin|opPing, form, 5, "hello"), outcome{Pongs: []string{"hello"}}},
			rfcCase{"a ping of 126 bytes whose length has " + bits, declared(fin|opPing, form, 126, strings.Repeat("x", 126)), ended(longControl)},
			rfcCase{"a close whose length has " + bits, declared(fin|opClose, form, 2, "\x03\xe8"), echoed(1000)},
		)
	}
	for _, length := range []uint64{1 << 63, 1<<63 | 5, 1<<64 - 1, 1<<63 + 1<<62} {
		cases = append(cases,
			rfcCase{fmt.Sprintf("a text of %#x bytes: the highest bit must not be set", length), declared(fin|opText, 127, length, ""), ended(badLength)},
			rfcCase{fmt.Sprintf("a ping of %#x bytes: the highest bit must not be set", length), declared(fin|opPing, 127, length, ""), ended(badLength)},
		)
	}
	for _, length := range []uint64{limit + 1, 1 << 31, 1 << 32, 1<<32 + 47, 1 << 62, 1<<63 - 1} {
		cases = append(cases,
			rfcCase{fmt.Sprintf("a text that announces %#x bytes is not waited for", length), declared(fin|opText, 127, length, ""), ended(tooLong)},
			rfcCase{fmt.Sprintf("a fragment that announces %#x bytes is not waited for", length), concat(masked(opText, []byte("x")), declared(fin|opContinuation, 127, length, "")), ended(tooLong)},
			rfcCase{fmt.Sprintf("a ping that announces %#x bytes is not waited for", length), declared(fin|opPing, 127, length, ""), ended(longControl)},
		)
	}
	return cases
}

// Autobahn's section 2.
func pingsAndPongs() (cases []rfcCase) {
	for name, payload := range map[string]string{
		"nothing": "", "a word": "hello", "bytes that are no text": "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", "125 bytes": strings.Repeat("p", 125),
	} {
		cases = append(cases,
			rfcCase{"a ping of " + name + " is answered with the same", ping(payload), outcome{Pongs: []string{payload}}},
			rfcCase{"a pong of " + name + " that nobody asked for means nothing", masked(fin|opPong, []byte(payload)), outcome{}},
		)
	}
	slices.SortFunc(cases, func(a, b rfcCase) int { return strings.Compare(a.name, b.name) })
	var ten []byte
	var tenPongs []string
	for i := range 10 {
		payload := fmt.Sprintf("ping %d", i)
		ten, tenPongs = append(ten, ping(payload)...), append(tenPongs, payload)
	}
	return append(cases,
		rfcCase{"ten pings are answered in their order", ten, outcome{Pongs: tenPongs}},
		rfcCase{"ten pings between ten messages", interleaved(10), outcome{Pongs: slices.Repeat([]string{"x"}, 10), Accepted: 10}},
		rfcCase{"a pong that nobody asked for, and a ping", concat(masked(fin|opPong, []byte("a")), ping("b")), outcome{Pongs: []string{"b"}}},
		rfcCase{"a ping of 126 bytes", ping(strings.Repeat("x", 126)), ended(longControl)},
		rfcCase{"a pong of 126 bytes", masked(fin|opPong, make([]byte, 126)), ended(longControl)},
		rfcCase{"a pong of 65536 bytes", masked(fin|opPong, make([]byte, 65536)), ended(longControl)},
		rfcCase{"a ping that is good before one that is too long", concat(ping("a"), ping(strings.Repeat("x", 126))), outcome{End: longControl, Pongs: []string{"a"}, Rejected: 1}},
	)
}

// Section 5.5.3 of the RFC lets an endpoint answer the newest of several pings alone.
// The hub makes use of that for subscribers, whose pongs wait for the data before
// them; the newest is answered for certain.
func TestTheNewestOfManyPingsIsAnswered(t *testing.T) {
	for _, path := range endpoints {
		_, addr := serveTCP(t, nil)
		p := dialTCP(t, addr, path, 0)
		if path == "/ws/subscribe" {
			p.nextUpdate()
		}
		const last = 399
		var pings []byte
		for i := range last + 1 {
			pings = append(pings, ping(fmt.Sprintf("%0125d", i))...)
		}
		p.raw(pings)
		for before, n := -1, -1; n != last; before = n {
			f := p.next()
			var err error
			if n, err = strconv.Atoi(string(f.payload)); err != nil || f.head != fin|opPong || len(f.payload) != 125 {
				t.Fatalf("%s: got the frame %#x %q, want a pong", path, f.head, f.payload)
			}
			if n <= before || path != "/ws/subscribe" && n != before+1 {
				t.Fatalf("%s: got the pong %d behind %d", path, n, before)
			}
		}
	}
}

func interleaved(n int) (out []byte) {
	for range n {
		out = concat(out, text(), ping("x"))
	}
	return out
}

// Autobahn's section 3: no extension is agreed to, so the reserved bits are 0.
func reservedBits() (cases []rfcCase) {
	for bits := byte(1); bits < 8; bits++ {
		for _, op := range []byte{opText, opBinary, opClose, opPing, opPong} {
			cases = append(cases, rfcCase{fmt.Sprintf("reserved bits %03b in %s", bits, opcodeNames[op]), masked(fin|bits<<4|op, nil), ended(badBits)})
		}
		cases = append(cases,
			rfcCase{fmt.Sprintf("reserved bits %03b in a text behind a good one", bits), concat(text(), ping("a"), masked(fin|bits<<4|opText, []byte(update))),
				outcome{End: badBits, Pongs: []string{"a"}, Accepted: 1, Rejected: 1}},
			rfcCase{fmt.Sprintf("reserved bits %03b in the second fragment", bits), concat(masked(opText, []byte("{")), masked(fin|bits<<4|opContinuation, []byte("}"))), ended(badBits)},
			rfcCase{fmt.Sprintf("reserved bits %03b in a ping between fragments", bits), halves(masked(fin|bits<<4|opPing, nil)), ended(badBits)},
		)
	}
	return cases
}

// Autobahn's section 4.
func opcodes() (cases []rfcCase) {
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		name := fmt.Sprintf("reserved opcode %d ", op)
		cases = append(cases,
			rfcCase{name + "without a payload", masked(fin|op, nil), ended(badOpcode)},
			rfcCase{name + "with a payload", masked(fin|op, []byte("reserved for the future")), ended(badOpcode)},
			rfcCase{name + "as a first fragment", masked(op, nil), ended(badOpcode)},
			rfcCase{name + "between fragments", halves(masked(fin|op, nil)), ended(badOpcode)},
			rfcCase{name + "behind a message and a ping", concat(text(), ping("a"), masked(fin|op, nil), ping("b")),
				outcome{End: badOpcode, Pongs: []string{"a"}, Accepted: 1, Rejected: 1}},
		)
	}
	return cases
}

// inPieces is update in fragments of n bytes each and an empty one at the end, with
// something behind each of the others.
func inPieces(n int, between []byte) []byte {
	out := masked(opText, nil)
	for piece := range slices.Chunk([]byte(update), n) {
		out = concat(out, between, masked(opContinuation, piece))
	}
	return append(out, masked(fin|opContinuation, nil)...)
}

// Autobahn's section 5: fragments may have control frames between them, and
// nothing else.
func fragmentation() []rfcCase {
	rest := masked(fin|opContinuation, []byte(update[20:]))
	return []rfcCase{
		{"a ping in two fragments", concat(masked(opPing, []byte("a")), masked(fin|opContinuation, []byte("b"))), ended(controlInParts)},
		{"a pong in two fragments", concat(masked(opPong, []byte("a")), masked(fin|opContinuation, []byte("b"))), ended(controlInParts)},
		{"a close in two fragments", concat(masked(opClose, []byte{3}), masked(fin|opContinuation, []byte{0xe8})), ended(controlInParts)},
		{"a ping that is no last fragment between those of a text", halves(masked(opPing, nil)), ended(controlInParts)},
		{"a text in two fragments", halves(), taken},
		{"a text in two fragments and an empty one behind", concat(masked(opText, []byte(update[:20])), masked(opContinuation, []byte(update[20:])), masked(fin|opContinuation, nil)), taken},
		{"a text whose first fragment is empty", concat(masked(opText, nil), masked(fin|opContinuation, []byte(update))), taken},
		{"a text in fragments of one byte", inPieces(1, nil), taken},
		{"a text in fragments of one byte with a ping before each", inPieces(1, ping("x")), outcome{Accepted: 1, Pongs: slices.Repeat([]string{"x"}, len(update))}},
		{"a text in fragments of seven bytes with pongs between", inPieces(7, masked(fin|opPong, []byte("x"))), taken},
		{"a text of nothing but empty fragments", concat(masked(opText, nil), masked(opContinuation, nil), masked(fin|opContinuation, nil)), refused},
		{"a binary message in two fragments", concat(masked(opBinary, []byte(update[:20])), rest), refused},
		{"a ping between two fragments is answered before the message ends", halves(ping("now")), outcome{Accepted: 1, Pongs: []string{"now"}}},
		{"a pong between two fragments", halves(masked(fin|opPong, []byte("x"))), taken},
		{"ten pings between two fragments", halves(slices.Repeat(ping("x"), 10)), outcome{Accepted: 1, Pongs: slices.Repeat([]string{"x"}, 10)}},
		{"a close between two fragments", halves(masked(fin|opClose, []byte("\x03\xe8"))), echoed(1000)},
		{"a message that never ends, and a ping", concat(masked(opText, []byte(update)), ping("x")), outcome{Pongs: []string{"x"}}},
		{"two fragmented texts", concat(halves(), halves()), outcome{Accepted: 2}},
		{"a text behind a fragmented one", concat(halves(), text()), outcome{Accepted: 2}},
		{"a fragmented text behind another", concat(text(), halves()), outcome{Accepted: 2}},
		{"a last continuation of nothing", rest, ended(nothingToGoOn)},
		{"a continuation of nothing, with more to come", masked(opContinuation, []byte("x")), ended(nothingToGoOn)},
		{"an empty continuation of nothing", masked(fin|opContinuation, nil), ended(nothingToGoOn)},
		{"a continuation of nothing behind a whole text", concat(text(), rest), outcome{End: nothingToGoOn, Accepted: 1, Rejected: 1}},
		{"a continuation of nothing behind a fragmented text", concat(halves(), rest), outcome{End: nothingToGoOn, Accepted: 1, Rejected: 1}},
		{"a continuation of nothing behind a ping", concat(ping("x"), rest), outcome{End: nothingToGoOn, Pongs: []string{"x"}, Rejected: 1}},
		{"a text inside a text", concat(masked(opText, []byte(update[:20])), text()), ended(notFinished)},
		{"a text inside a binary message", concat(masked(opBinary, []byte("x")), text()), ended(notFinished)},
		{"a binary message inside a text", concat(masked(opText, []byte("x")), masked(fin|opBinary, nil)), ended(notFinished)},
		{"a first fragment inside a text", concat(masked(opText, []byte("x")), masked(opText, []byte("y"))), ended(notFinished)},
		{"a text inside a text behind a ping", concat(masked(opText, []byte("x")), ping("x"), text()), outcome{End: notFinished, Pongs: []string{"x"}, Rejected: 1}},
		{"a text inside a text behind two fragments", concat(masked(opText, []byte("x")), masked(opContinuation, []byte("y")), text()), ended(notFinished)},
	}
}

// maskedWith is a frame of at most 125 bytes under a mask of the test's choice.
func maskedWith(head byte, mask [4]byte, payload string) []byte {
	out := append([]byte{head, 0x80 | byte(len(payload))}, mask[:]...)
	for i := range len(payload) {
		out = append(out, payload[i]^mask[i&3])
	}
	return out
}

func unmasked(head byte, payload string) []byte {
	return append(lengthOf([]byte{head}, len(payload), 0), payload...)
}

// Section 5.1 of the RFC: a server must close when a frame is not masked.
func masking() (cases []rfcCase) {
	for _, mask := range [][4]byte{{}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 1}, {'{', '"', 't', 'y'}} {
		cases = append(cases,
			rfcCase{fmt.Sprintf("a text under the mask %x", mask), maskedWith(fin|opText, mask, update), taken},
			rfcCase{fmt.Sprintf("a ping under the mask %x", mask), maskedWith(fin|opPing, mask, "hello"), outcome{Pongs: []string{"hello"}}},
			rfcCase{fmt.Sprintf("a close under the mask %x", mask), maskedWith(fin|opClose, mask, "\x0f\xa0bye"), echoed(4000)},
			rfcCase{fmt.Sprintf("a second fragment under the mask %x", mask), concat(masked(opText, []byte(update[:19])), maskedWith(fin|opContinuation, mask, update[19:])), taken},
		)
	}
	for _, op := range []byte{opText, opBinary, opClose, opPing, opPong} {
		cases = append(cases,
			rfcCase{opcodeNames[op] + " without a mask", unmasked(fin|op, ""), ended(notMasked)},
			rfcCase{opcodeNames[op] + " of two bytes without a mask", unmasked(fin|op, "\x03\xe8"), ended(notMasked)},
			rfcCase{opcodeNames[op] + " without a mask behind a good message", concat(text(), unmasked(fin|op, "")), outcome{End: notMasked, Accepted: 1, Rejected: 1}},
		)
	}
	return append(cases,
		rfcCase{"a second fragment without a mask", concat(masked(opText, []byte("{")), unmasked(fin|opContinuation, "}")), ended(notMasked)},
		rfcCase{"a ping without a mask between fragments", halves(unmasked(fin|opPing, "")), ended(notMasked)},
		rfcCase{"a text of 126 bytes without a mask", unmasked(fin|opText, padded(126)), ended(notMasked)},
		rfcCase{"a text of 65536 bytes without a mask", unmasked(fin|opText, padded(65536)), ended(notMasked)},
	)
}

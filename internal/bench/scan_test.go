package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serverFrame is a WebSocket frame as a server sends it.
func serverFrame(first byte, payload string) string {
	size := len(payload)
	switch {
	case size < 126:
		return string([]byte{first, byte(size)}) + payload
	case size < 1<<16:
		return string(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(size))) + payload
	}
	return string(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(size))) + payload
}

func rawMessage(payload string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload
}

// seen is what came of a stream.
type seen struct {
	Messages int64
	Read     []string
	Reply    string
	Closed   string
}

// scanned feeds a stream to a scanner, cut where cuts says.
func scanned(t *testing.T, p Protocol, stream string, cut func(left int) int) seen {
	t.Helper()
	var s seen
	c := &tally{read: func(m []byte) { s.Read = append(s.Read, string(m)) }}
	in := newScanner(p, c)
	for len(stream) > 0 {
		n := cut(len(stream))
		if err := in.scan([]byte(stream[:n])); err != nil {
			t.Fatal(err)
		}
		stream = stream[n:]
	}
	s.Messages, s.Reply, s.Closed = c.messages, string(c.reply), c.closed
	return s
}

func TestScan(t *testing.T) {
	long, huge := strings.Repeat("l", 350), strings.Repeat("h", 70_000)
	for _, c := range []struct {
		name   string
		p      Protocol
		stream string
		want   seen
	}{
		{"messages of all three sizes", WebSocket, serverFrame(0x81, "short") + serverFrame(0x81, long) + serverFrame(0x82, huge),
			seen{Messages: 3, Read: []string{"short", long, huge}}},
		{"an empty message between others", WebSocket, serverFrame(0x81, "a") + serverFrame(0x81, "") + serverFrame(0x81, "b"),
			seen{Messages: 3, Read: []string{"a", "", "b"}}},
		{"a message in fragments with a ping between them", WebSocket,
			serverFrame(0x01, "one ") + serverFrame(0x89, "?") + serverFrame(0x00, "two ") + serverFrame(0x80, "three"),
			seen{Messages: 1, Read: []string{"one two three"}, Reply: string(appendClientFrame(nil, 10, []byte("?")))}},
		{"a close with its reason", WebSocket, serverFrame(0x88, "\x03\xf5too slow"), seen{Closed: "closed 1013 too slow"}},
		{"a close without one", WebSocket, serverFrame(0x88, ""), seen{Closed: "closed"}},
		{"NATS: two messages in one frame, one in two", NATS,
			serverFrame(0x82, "INFO {}\r\nMSG bench.B0000 1 5\r\nhello\r\nMSG bench.B0001 1 350\r\n"+long+"\r\n") +
				serverFrame(0x82, "MSG bench.B0002 1 4\r\nwo") + serverFrame(0x82, "rd\r") + serverFrame(0x82, "\nPING\r\n"),
			seen{Messages: 3, Read: []string{"hello", long, "word"}, Reply: string(appendClientFrame(nil, 2, []byte("PONG\r\n")))}},
		{"NATS: a message that looks like commands", NATS, serverFrame(0x82, "MSG b 1 8\r\nPING\r\n\r\n\r\nPONG\r\n"),
			seen{Messages: 1, Read: []string{"PING\r\n\r\n"}}},
		{"NATS: an error", NATS, serverFrame(0x82, "-ERR 'Slow Consumer'\r\n"), seen{Closed: "-ERR 'Slow Consumer'"}},
		{"raw messages", Raw, rawMessage("one") + rawMessage(long) + rawMessage(huge), seen{Messages: 3, Read: []string{"one", long, huge}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(1, 2))
			for name, cut := range map[string]func(int) int{
				"whole":        func(left int) int { return left },
				"byte by byte": func(int) int { return 1 },
				"at random":    func(left int) int { return 1 + chance.IntN(min(left, 200)) },
			} {
				if diff := cmp.Diff(c.want, scanned(t, c.p, c.stream, cut)); diff != "" {
					t.Errorf("%s: got, want:\n%s", name, diff)
				}
			}
		})
	}
}

func TestScanRefusesWhatNoServerSends(t *testing.T) {
	for name, stream := range map[string]string{
		"a reserved bit": "\xc1\x01x",
		"a mask":         "\x81\x81\x00\x00\x00\x00x",
	} {
		if err := newScanner(WebSocket, &tally{}).scan([]byte(stream)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestMessages(t *testing.T) {
	for _, form := range []Form{Publish, Ready} {
		text := newTemplate(form, spaceName(17))
		size := len(text.text)
		text.fill(123_456*time.Microsecond, 42)
		if got := len(text.text); got != size || form == Publish && got != MessageSize {
			t.Errorf("%s: got %d bytes, want %d", form, got, size)
		}
		got, ok := readNote(text.text)
		want := note{space: 17, sent: 123_456 * time.Microsecond, count: 42}
		if form == Ready && (!ok || got != want) {
			t.Errorf("got %+v, %v, want %+v", got, ok, want)
		}
	}
	for _, other := range []string{
		"", "{}", `{"type":"initial_state","snapshots":{"B0000":{"space_name":"B0000","training":{"training_steps":1},"voting":{"buy_count":2}}}}`,
	} {
		if n, ok := readNote([]byte(other)); ok {
			t.Errorf("%s: got %+v, want none", other, n)
		}
	}
}

func TestWindow(t *testing.T) {
	w := newWindow(3, 2)
	at := make([]int64, 3)
	move := func(who int, more int64) {
		w.moved(at[who], more)
		at[who] += more
	}
	check := func(when string, room int) {
		t.Helper()
		if got := w.room(); got != room {
			t.Errorf("%s: got room for %d, want %d", when, got, room)
		}
	}
	check("at first", 2)
	w.sent += 2
	check("with two on their way", 0)
	move(0, 2)
	move(1, 1)
	check("while one has nothing", 0)
	move(2, 1)
	check("once all have the first", 1)
	w.sent++
	move(1, 2)
	move(2, 2)
	move(0, 1)
	check("when all is there", 2)
	if w.strays != 0 {
		t.Errorf("got %d strays, want none", w.strays)
	}
	move(0, 3)
	check("after deliveries that nobody sent", 2)
	if w.strays != 3 {
		t.Errorf("got %d strays, want 3", w.strays)
	}
}

func TestSummaries(t *testing.T) {
	var d delays
	for i := range 100 {
		d = append(d, time.Duration(100-i)*time.Millisecond)
	}
	if diff := cmp.Diff(&Delay{Median: 50, P99: 99, Max: 100, Count: 100}, d.summary()); diff != "" {
		t.Error(diff)
	}
	if got := delays(nil).summary(); got != nil {
		t.Errorf("of nothing: got %+v, want nil", got)
	}
	if diff := cmp.Diff(&Spread{Median: 2.5, Min: 1, Max: 4, Rounds: 4}, SpreadOf([]float64{4, 1, 3, 2})); diff != "" {
		t.Error(diff)
	}
	if got := SpreadOf(nil); got != nil {
		t.Errorf("of nothing: got %+v, want nil", got)
	}
}

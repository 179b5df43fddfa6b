package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// scanner reads one connection's stream in pieces of any size and enters what it
// finds into its tally.
type scanner interface {
	scan(data []byte) error
}

// tally is what came on one connection.
type tally struct {
	messages int64
	// read is given each message that came whole, valid until it returns; nil
	// where messages are only counted.
	read func(message []byte)
	// reply is what has to be answered, for who scans to send.
	reply []byte
	// closed is what the server said at the end; "" while it goes on.
	closed string

	held []byte // of the message that is coming, where it is read
}

// piece takes the next bytes of a message; last is whether it is complete.
func (t *tally) piece(b []byte, last bool) {
	if t.read != nil {
		switch {
		case last && len(t.held) == 0:
			t.read(b)
		case last:
			t.read(append(t.held, b...))
			t.held = t.held[:0]
		default:
			t.held = append(t.held, b...)
		}
	}
	if last {
		t.messages++
	}
}

// rawScanner reads messages with their length before them.
type rawScanner struct {
	tally *tally
	head  [4]byte
	have  int
	left  int
}

func (s *rawScanner) scan(data []byte) error {
	for len(data) > 0 {
		if s.have < len(s.head) {
			n := copy(s.head[s.have:], data)
			s.have += n
			data = data[n:]
			s.left = int(binary.BigEndian.Uint32(s.head[:]))
			continue
		}
		n := min(s.left, len(data))
		s.left -= n
		s.tally.piece(data[:n], s.left == 0)
		data = data[n:]
		if s.left == 0 {
			s.have = 0
		}
	}
	return nil
}

// sink takes the payload of data frames.
type sink interface {
	// take is given the next bytes of a message; last is whether it is complete.
	take(b []byte, last bool) error
}

// messageSink is for servers whose WebSocket messages are the messages.
type messageSink struct{ tally *tally }

func (s messageSink) take(b []byte, last bool) error {
	s.tally.piece(b, last)
	return nil
}

// wsScanner reads the frames of a WebSocket server.
type wsScanner struct {
	tally *tally
	sink  sink

	head    [10]byte
	have    int
	inside  bool // of a frame whose head is complete
	left    uint64
	control []byte // of the control frame that is coming
}

// scan implements scanner.
func (s *wsScanner) scan(data []byte) error {
	for len(data) > 0 || s.inside && s.left == 0 {
		if !s.inside {
			n, err := s.readHead(data)
			if err != nil {
				return err
			}
			data = data[n:]
			continue
		}
		n := min(s.left, uint64(len(data)))
		s.left -= n
		if err := s.payload(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// readHead takes bytes of a head, until it is complete.
func (s *wsScanner) readHead(data []byte) (n int, err error) {
	want := 2
	if s.have >= 2 {
		want = headSize(s.head[1])
	}
	n = copy(s.head[s.have:want], data)
	if s.have += n; s.have < 2 || s.have < headSize(s.head[1]) {
		return n, nil
	}
	if s.head[0]&0x70 != 0 || s.head[1]&0x80 != 0 {
		return n, fmt.Errorf("frame head: got % x, want no reserved bit and no mask from a server", s.head[:2])
	}
	s.inside, s.have = true, 0
	switch size := s.head[1] & 0x7f; size {
	case 126:
		s.left = uint64(binary.BigEndian.Uint16(s.head[2:]))
	case 127:
		s.left = binary.BigEndian.Uint64(s.head[2:])
	default:
		s.left = uint64(size)
	}
	return n, nil
}

func headSize(second byte) int {
	switch second & 0x7f {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

func (s *wsScanner) payload(b []byte) error {
	last := s.left == 0
	s.inside = !last
	opcode, fin := s.head[0]&0x0f, s.head[0]&0x80 != 0
	if opcode < 8 {
		return s.sink.take(b, last && fin)
	}
	s.control = append(s.control, b...)
	if !last {
		return nil
	}
	switch opcode {
	case 8:
		s.tally.closed = closeText(s.control)
	case 9:
		s.tally.reply = appendClientFrame(s.tally.reply, 10, s.control)
	}
	s.control = s.control[:0]
	return nil
}

func closeText(payload []byte) string {
	if len(payload) < 2 {
		return "closed"
	}
	return fmt.Sprintf("closed %d %s", binary.BigEndian.Uint16(payload), payload[2:])
}

// natsSink reads the protocol of NATS, which pays no heed to where frames end.
type natsSink struct {
	tally *tally
	line  []byte
	left  int // of a message and the line's end after it; 0 while a line comes
}

func (s *natsSink) take(b []byte, _ bool) error {
	for len(b) > 0 {
		if s.left == 0 {
			end := bytes.IndexByte(b, '\n')
			if end < 0 {
				s.line = append(s.line, b...)
				return nil
			}
			s.line = append(s.line, b[:end]...)
			b = b[end+1:]
			if err := s.command(bytes.TrimSuffix(s.line, []byte("\r"))); err != nil {
				return err
			}
			s.line = s.line[:0]
			continue
		}
		n := min(s.left, len(b))
		s.message(b[:n])
		b = b[n:]
	}
	return nil
}

// message takes the next bytes of a message or of the line's end after it.
func (s *natsSink) message(b []byte) {
	before := s.left
	s.left -= len(b)
	switch {
	case s.left > 2:
		s.tally.piece(b, false)
	case before > 2:
		s.tally.piece(b[:before-2], true)
	}
}

func (s *natsSink) command(line []byte) error {
	switch word, _, _ := bytes.Cut(line, []byte(" ")); string(word) {
	case "MSG":
		size, err := strconv.Atoi(string(line[bytes.LastIndexByte(line, ' ')+1:]))
		if err != nil || size <= 0 {
			return fmt.Errorf("NATS: got %q, want a message with its size", line)
		}
		s.left = size + 2
	case "PING":
		s.tally.reply = appendClientFrame(s.tally.reply, 2, []byte("PONG\r\n"))
	case "-ERR":
		s.tally.closed = string(line)
	}
	return nil
}

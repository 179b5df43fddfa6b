package dialtest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Strange is something that a server does and a good one does not, or seldom.
type Strange struct {
	Name string
	// Play does it, behind the client's request.
	Play func(*RawConn)
	// Err is how what the client says of it begins; "" where the connection goes on.
	Err string
	// Refused tells that no WebSocket opens.
	Refused bool
	// Code is that of the client's close frame, 1006 for none, 0 for whatever.
	Code int
	// Pongs are what the client answers, where the connection goes on.
	Pongs []string
	// Unreadable counts the messages before the good ones that no hub sends.
	Unreadable int
}

// Reaction is what a client sent to a strange server.
type Reaction struct {
	Code  int
	Pongs []string
}

// Token is a credential that strange servers repeat: it must not show.
const Token = "qsr_sub_hush"

// Serve is a server that is strange to the first connection and good to those that
// follow. Good is what it sends to them, and to the first if that goes on.
func (s Strange) Serve(t testing.TB, good []byte) (hubURL string, reaction <-chan Reaction) {
	t.Helper()
	seen := make(chan Reaction, 1)
	first := func(c *RawConn) {
		if c.Request() != nil {
			return
		}
		s.Play(c)
		if s.Err != "" {
			seen <- Reaction{Code: c.Ending()}
			return
		}
		c.Send(ServerFrame(fin|ping, isThatAll), good)
		seen <- Reaction{Pongs: c.pongs()}
		c.Ending()
	}
	then := func(c *RawConn) {
		if c.Request() == nil {
			c.Send(c.Answer(""), good)
			c.Ending()
		}
	}
	return ServeRaw(t, first, then), seen
}

// isThatAll is the payload of a ping behind everything.
const isThatAll = "is that all?"

// pongs reads until the pong of that ping, and returns those before it.
func (c *RawConn) pongs() (payloads []string) {
	for {
		f, err := c.ReadFrame()
		switch {
		case err != nil:
			return append(payloads, err.Error())
		case f.Head == fin|pong && string(f.Payload) == isThatAll:
			return payloads
		case f.Head == fin|pong:
			payloads = append(payloads, string(f.Payload))
		}
	}
}

// The first byte of a frame.
const (
	fin          = 0x80
	continuation = 0x0
	text         = 0x1
	binaryData   = 0x2
	closing      = 0x8
	ping         = 0x9
	pong         = 0xa
)

// StrangeServers are all of them. Message is one that the client understands.
func StrangeServers(message string) []Strange {
	return slices.Concat(strangeAnswers(message), strangeFrames(), strangeCloses(), strangeEnds(message), strangeAndGood(message))
}

// opened is what a server does that answers the handshake and then sends bytes.
func opened(parts ...[]byte) func(*RawConn) {
	return func(c *RawConn) { c.Send(c.Answer(""), slices.Concat(parts...)) }
}

// answered is what a server does that sends an answer of its own and closes; %s is
// the Sec-WebSocket-Accept.
func answered(answer string) func(*RawConn) {
	return func(c *RawConn) {
		c.Send([]byte(strings.ReplaceAll(answer, "%s", c.Accept())))
		_ = c.Close()
	}
}

// strangeAnswers are to the handshake: section 4.1 of RFC 6455.
func strangeAnswers(message string) []Strange {
	const (
		status     = "HTTP/1.1 101 Switching Protocols\r\n"
		upgrade    = "Upgrade: websocket\r\n"
		connection = "Connection: Upgrade\r\n"
		accept     = "Sec-WebSocket-Accept: %s\r\n"
		good       = status + upgrade + connection + accept
		end        = "\r\n"
		lost       = "connection lost without a close frame"
		violation  = "WebSocket protocol violation: "
	)
	cases := []Strange{
		{Name: "no answer", Play: answered(""), Err: lost},
		{Name: "an answer that ends in the status", Play: answered("HTTP/1.1 10"), Err: "malformed HTTP status code"},
		{Name: "an answer that ends in a header", Play: answered(status + "Upgrade: webs"), Err: lost},
		{Name: "an answer that ends before its end", Play: answered(good), Err: lost},
		{Name: "an answer that is no HTTP", Play: answered("SSH-2.0-OpenSSH_9.9\r\n\r\n"), Err: `malformed HTTP response "SSH-2.0-OpenSSH_9.9"`},
		{Name: "an answer that is a WebSocket frame", Play: func(c *RawConn) { c.Send(ServerFrame(fin|text, message), []byte("\r\n\r\n")); _ = c.Close() }, Err: "malformed HTTP"},
		{Name: "a plain answer", Play: answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Err: "refused by the hub: 200 OK"},
		{Name: "an error without an end", Play: answered("HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\n\r\n" + strings.Repeat("x", 1<<20)), Err: "refused by the hub: 500"},
		{Name: "no Sec-WebSocket-Accept", Play: answered(status + upgrade + connection + end), Err: violation + "invalid Sec-WebSocket-Accept"},
		{Name: "a Sec-WebSocket-Accept of another key", Play: answered(status + upgrade + connection + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + end), Err: violation + "invalid Sec-WebSocket-Accept"},
		{Name: "no Upgrade", Play: answered(status + connection + accept + end), Err: violation + "Upgrade header"},
		{Name: "an Upgrade to something else", Play: answered(status + "Upgrade: h2c\r\n" + connection + accept + end), Err: violation + "Upgrade header"},
		{Name: "no Connection", Play: answered(status + upgrade + accept + end), Err: violation + "Connection header"},
		{Name: "an extension that nobody asked for", Play: answered(good + "Sec-WebSocket-Extensions: permessage-deflate\r\n" + end), Err: "WebSocket prot"},
		{Name: "a subprotocol that nobody asked for", Play: answered(good + "Sec-WebSocket-Protocol: mqtt\r\n" + end), Err: violation + "unexpected Sec-WebSocket-Protocol"},
		{Name: "a header without a colon", Play: answered(status + "Upgrade websocket\r\n" + end), Err: "malformed MIME header"},
		{Name: "a header without an end", Play: answered(good + "X-Long: " + strings.Repeat("x", 1<<20)), Err: "net/http: server response headers exceeded"},
		{Name: "ten thousand answers before the answer", Play: answered(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n", 10_000)), Err: "net/http: "},
		{Name: "our token in place of the status", Play: answered(Token + "\x1b[2J\r\n\r\n"), Err: "malformed HTTP response \"[redacted]"},
		{Name: "our token in place of the protocol", Play: answered(status + connection + accept + "Upgrade: " + Token + "\r\n" + end), Err: violation + "Upgrade header \"[redacted]"},
	}
	for i := range cases {
		cases[i].Refused = true
	}
	return cases
}

// strangeFrames break section 5.
func strangeFrames() (cases []Strange) {
	add := func(name, err string, code int, parts ...[]byte) {
		cases = append(cases, Strange{Name: name, Play: opened(parts...), Err: err, Code: code})
	}
	for bits := range byte(8) {
		if bits > 0 {
			add(fmt.Sprintf("reserved bits %03b in a text", bits), "received header with unexpected rsv bits", 1002, ServerFrame(fin|bits<<4|text, "x"))
			add(fmt.Sprintf("reserved bits %03b in a ping", bits), "received header with unexpected rsv bits", 1002, ServerFrame(fin|bits<<4|ping, "x"))
		}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		add(fmt.Sprintf("reserved opcode %d", op), "received unknown opcode", 1002, ServerFrame(fin|op, "x"))
	}
	for name, op := range map[string]byte{"ping": ping, "pong": pong, "close": closing} {
		add("a "+name+" of 126 bytes", "received control frame payload with invalid length: 126", 1002, ServerFrame(fin|op, strings.Repeat("x", 126)))
		add("a "+name+" of 65536 bytes", "received control frame payload with invalid length: 65536", 1002, ServerFrame(fin|op, strings.Repeat("x", 65536)))
		add("a "+name+" in fragments", "received fragmented control frame", 1002, ServerFrame(op, "\x03\xe8"))
		add("a "+name+" with a mask", "got a frame with a mask", 0, []byte{fin | op, 0x80 | 2, 0, 0, 0, 0, 0x03, 0xe8})
	}
	add("a text with a mask", "got a frame with a mask", 0, []byte{fin | text, 0x80 | 1, 1, 2, 3, 4, 'x' ^ 1})
	add("a text under a mask of zeros", "got a frame with a mask", 0, []byte{fin | text, 0x80 | 1, 0, 0, 0, 0, 'x'})
	add("a second fragment with a mask", "got a frame with a mask", 0, ServerFrame(text, "x"), []byte{fin | continuation, 0x80, 0, 0, 0, 0})
	add("a continuation of nothing", "received continuation frame without", 1002, ServerFrame(continuation, "x"))
	add("a last continuation of nothing", "received continuation frame without", 1002, ServerFrame(fin|continuation, "x"))
	add("a text inside a text", "received new data message without finishing", 1002, ServerFrame(text, "x"), ServerFrame(fin|text, "y"))
	add("a binary message inside a text", "received new data message without finishing", 1002, ServerFrame(text, "x"), ServerFrame(fin|binaryData, "y"))
	add("a length with the highest bit", "received negative payload length", 1006, binary.BigEndian.AppendUint64([]byte{fin | text, 127}, 1<<63))
	add("a ping of a length with the highest bit", "received negative payload length", 1006, binary.BigEndian.AppendUint64([]byte{fin | ping, 127}, 1<<64-1))
	return cases
}

// strangeCloses are of section 7.
func strangeCloses() (cases []Strange) {
	add := func(name, err string, code int, parts ...[]byte) {
		cases = append(cases, Strange{Name: name, Play: opened(parts...), Err: err, Code: code})
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		add(fmt.Sprintf("a close with the code %d", code), fmt.Sprintf("closed by the hub: %d so", code), int(code), bye(code, "so"))
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		add(fmt.Sprintf("a close with the code %d, which nobody may send", code), "invalid status code", 1002, bye(code, "so"))
	}
	add("a close without a code", "closed by the hub: 1005", 1005, ServerFrame(fin|closing, ""))
	add("a close of one byte", "close payload", 1002, ServerFrame(fin|closing, "\x03"))
	add("a close whose reason is not UTF-8", "closed by the hub: 1000 \ufffd", 1000, bye(1000, "\xff"))
	add("a close whose reason is our token", "closed by the hub: 1008 \ufffd[2J[redacted]", 1008, bye(1008, "\x1b[2J"+Token))
	add("a close between two fragments", "closed by the hub: 1001", 1001, ServerFrame(text, "x"), bye(1001, ""))
	add("a message behind a close", "closed by the hub: 1000", 1000, bye(1000, ""), ServerFrame(fin|text, "x"))
	add("a megabyte behind a close", "closed by the hub: 1000", 1000, bye(1000, ""), make([]byte, 1<<20))
	add("two closes", "closed by the hub: 1000", 1000, bye(1000, ""), bye(1001, ""))
	return cases
}

func bye(code uint16, reason string) []byte {
	return ServerFrame(fin|closing, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// strangeEnds are deaths of a server, when the client has seen the answer. What a
// client sends all the while makes of a closed connection a reset at times.
func strangeEnds(message string) (cases []Strange) {
	frame, large := ServerFrame(fin|text, message+strings.Repeat(" ", 126)), ServerFrame(fin|text, strings.Repeat(" ", 1<<16))
	for _, way := range []struct {
		name, err string
		end       func(*RawConn)
	}{
		{"a closed connection", anyError, func(c *RawConn) { _ = c.Close() }},
		{"a half-closed connection", "connection lost without a close frame", func(c *RawConn) { _ = c.CloseWrite() }},
		{"a reset", anyError, func(c *RawConn) { _ = c.SetLinger(0); _ = c.Close() }},
	} {
		for _, where := range []struct {
			name string
			sent []byte
		}{
			{"behind the handshake", nil},
			{"behind one byte of a frame", frame[:1]},
			{"in a length of 16 bits", frame[:3]},
			{"in a length of 64 bits", large[:7]},
			{"behind a header", frame[:4]},
			{"in a payload", frame[:50]},
			{"in a large payload", large[:40000]},
			{"between fragments", ServerFrame(text, message)},
			{"in a ping", ServerFrame(fin|ping, "hello")[:4]},
			{"in a close", bye(1000, "so")[:3]},
		} {
			cases = append(cases, Strange{Name: "the end by " + way.name + " " + where.name, Err: way.err, Play: func(c *RawConn) {
				opened(ServerFrame(fin|ping, isThatAll))(c)
				c.pongs()
				c.Send(where.sent)
				way.end(c)
			}})
		}
	}
	return cases
}

// anyError stands for an error whose text is the system's.
const anyError = "*"

// Matches tells whether the client says what it should.
func (s Strange) Matches(err error) bool {
	if err == nil {
		return s.Err == ""
	}
	text := err.Error()
	if strings.Contains(text, Token) || strings.Contains(text, "\x1b") || len(text) > 1000 {
		return false
	}
	return s.Err == anyError || s.Err != "" && strings.HasPrefix(text, s.Err)
}

// strangeAndGood are seldom seen and good all the same, or no reason to part.
func strangeAndGood(message string) []Strange {
	whole := ServerFrame(fin|text, message)
	half := len(message) / 2
	beat := ServerFrame(fin|ping, "x")
	byByte := ServerFrame(text, "")
	for i := range len(message) {
		byByte = slices.Concat(byByte, ServerFrame(continuation, message[i:i+1]))
	}
	long := binary.BigEndian.AppendUint64([]byte{fin | text, 127}, uint64(len(message)))
	return []Strange{
		{Name: "an answer byte by byte", Play: func(c *RawConn) {
			for b := range slices.Chunk(c.Answer(""), 1) {
				c.Send(b)
			}
		}},
		{Name: "an answer with odd headers", Play: func(c *RawConn) { c.Send(c.Answer("X-Other: 1\r\nsec-websocket-VERSION: 13\r\nServer: \r\n")) }},
		{Name: "hints before the answer", Play: func(c *RawConn) { c.Send([]byte("HTTP/1.1 103 Early Hints\r\n\r\n"), c.Answer("")) }},
		{Name: "a message in one segment with the answer", Play: opened(whole)},
		{Name: "a message byte by byte", Play: func(c *RawConn) {
			c.Send(c.Answer(""))
			for b := range slices.Chunk(whole, 1) {
				c.Send(b)
			}
		}},
		{Name: "a message in two fragments", Play: opened(ServerFrame(text, message[:half]), ServerFrame(fin|continuation, message[half:]))},
		{Name: "a message in fragments of one byte", Play: opened(byByte, ServerFrame(fin|continuation, ""))},
		{Name: "a message whose length takes more bytes than it needs", Play: opened(long, []byte(message))},
		{Name: "pings between fragments", Play: opened(ServerFrame(text, message[:half]), beat, beat, ServerFrame(fin|continuation, message[half:])), Pongs: []string{"x", "x"}},
		{Name: "pings of every kind", Play: opened(ServerFrame(fin|ping, ""), ServerFrame(fin|ping, "\x00\xff"), ServerFrame(fin|ping, strings.Repeat("x", 125))),
			Pongs: []string{"", "\x00\xff", strings.Repeat("x", 125)}},
		{Name: "a hundred pings", Play: opened(slices.Repeat(beat, 100)), Pongs: slices.Repeat([]string{"x"}, 100)},
		{Name: "pongs that nobody asked for", Play: opened(ServerFrame(fin|pong, ""), ServerFrame(fin|pong, "what?"))},
		{Name: "an empty message", Play: opened(ServerFrame(fin|text, "")), Unreadable: 1},
		{Name: "a message of nothing but empty fragments", Play: opened(ServerFrame(text, ""), ServerFrame(continuation, ""), ServerFrame(fin|continuation, "")), Unreadable: 1},
		{Name: "a binary message", Play: opened(ServerFrame(fin|binaryData, "\x00\x01")), Unreadable: 1},
		{Name: "a text that is not UTF-8", Play: opened(ServerFrame(fin|text, "\"\xff\"")), Unreadable: 1},
		{Name: "a character across fragments that is not UTF-8", Play: opened(ServerFrame(text, "\"\xe2\x82"), ServerFrame(fin|continuation, "\"")), Unreadable: 1},
		{Name: "a text that is no JSON", Play: opened(ServerFrame(fin|text, "hello")), Unreadable: 1},
	}
}

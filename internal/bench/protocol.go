package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// greet does what a connection begins with: the handshake of its protocol. What
// the server sent beyond that is in the returned reader's buffer.
func greet(conn io.ReadWriter, t *Target, publishes bool, space string) (*bufio.Reader, error) {
	in := bufio.NewReader(conn)
	path, hello := "/ws/subscribe", []byte(nil)
	switch t.Protocol {
	case Raw:
		role := []byte("S")
		if publishes {
			role = []byte("P")
		}
		_, err := conn.Write(role)
		return in, err
	case NATS:
		path, hello = "/", appendClientFrame(nil, 2, natsHello(publishes))
	case WebSocket:
		if publishes {
			path = "/ws/publish/" + space
		}
	}
	if err := upgrade(conn, in, t.Addr, path); err != nil {
		return nil, err
	}
	_, err := conn.Write(hello)
	return in, err
}

func natsHello(publishes bool) []byte {
	hello := `CONNECT {"verbose":false,"pedantic":false,"echo":false,"name":"bench","lang":"go","version":"0","protocol":1}` + "\r\n"
	if !publishes {
		hello += "SUB bench.* 1\r\n"
	}
	return []byte(hello + "PING\r\n")
}

// upgrade asks for a WebSocket. The key is constant and the answer's accept key
// is not looked at: nothing here depends on it.
func upgrade(conn io.Writer, in *bufio.Reader, host, path string) error {
	request := "GET " + path + " HTTP/1.1\r\nHost: " + host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cXVhc2FyIGJlbmNobWFyaw==\r\n\r\n"
	if _, err := conn.Write([]byte(request)); err != nil {
		return err
	}
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return fmt.Errorf("%s: no answer to the handshake: %w", path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("%s: got %s, want 101 Switching Protocols", path, answer.Status)
	}
	return nil
}

// appendMessage appends a message as a publisher of the protocol sends it.
func appendMessage(dst []byte, p Protocol, space string, message []byte) []byte {
	switch p {
	case NATS:
		head := strconv.AppendInt([]byte("PUB bench."+space+" "), int64(len(message)), 10)
		return appendClientFrame(dst, 2, append(head, '\r', '\n'), message, []byte("\r\n"))
	case Raw:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(message)))
		return append(dst, message...)
	default:
		return appendClientFrame(dst, 1, message)
	}
}

// newScanner returns what reads the server's side of the protocol.
func newScanner(p Protocol, c *tally) scanner {
	switch p {
	case NATS:
		return &wsScanner{tally: c, sink: &natsSink{tally: c}}
	case Raw:
		return &rawScanner{tally: c}
	default:
		return &wsScanner{tally: c, sink: messageSink{c}}
	}
}

package gate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/karlquant/quasar/internal/problem"
)

// reason is why a connection was turned away; 0 for none.
type reason int

const (
	tooManyFromOne reason = iota + 1
	tooFastFromOne
	tooMany
	tooManyFiles
	tooFast
	numReasons
)

// refusals are what is said of each reason. None says how much there is room for:
// that would help nobody but those who try to fill it.
var refusals = [numReasons]struct {
	name, detail string
	status       int
	retryAfter   string // seconds
}{
	tooManyFromOne: {"address", "connections: got too many from your address, want some of them closed first", http.StatusTooManyRequests, "10"},
	tooFastFromOne: {"address_rate", "connections: got too many a second from your address, want a pause", http.StatusTooManyRequests, "2"},
	tooMany:        {"connections", "connections: got all that there is room for; come back later", http.StatusServiceUnavailable, "10"},
	tooManyFiles:   {"open_files", "connections: got all that there are open files for; come back later", http.StatusServiceUnavailable, "10"},
	tooFast:        {"accept_rate", "connections: got too many a second; come back later", http.StatusServiceUnavailable, "2"},
}

func (r reason) String() string { return refusals[r].name }

const (
	// maxFarewells bounds how many connections are told at once why they may not
	// come in. In a flood the others are reset, which costs next to nothing.
	maxFarewells = 256
	// farewellTime is how long a connection has to ask something, so that it
	// understands what it is told as the answer.
	farewellTime = time.Second
	// farewellBytes is how much of its request is read.
	farewellBytes = 16 << 10
)

// turnAway closes a connection, and tells it why if there is leisure.
func (d *door) turnAway(conn net.Conn, why reason) {
	if d.gate.opts.Silent || !d.beginFarewell(conn, why) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // no memory of it is kept
		}
		_ = conn.Close()
	}
}

// beginFarewell tells conn why it may not come in, unless many are being told.
func (d *door) beginFarewell(conn net.Conn, why reason) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || len(d.farewell) >= d.gate.maxFarewells() {
		return false
	}
	d.farewell[conn] = struct{}{}
	_ = conn.SetDeadline(time.Now().Add(farewellTime)) // before Close can set an earlier one
	d.farewells.Go(func() {
		explain(conn, why)
		_ = conn.Close()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.farewell, conn)
	})
	return true
}

func (g *Gate) maxFarewells() int {
	if g.files == 0 {
		return maxFarewells
	}
	return min(maxFarewells, g.opts.FreeFiles/4) // they have files, too
}

// explain reads a request, for a connection that is closed over unread bytes is
// reset and the answer lost, and answers it.
func explain(conn net.Conn, why reason) {
	if err := skipRequest(io.LimitReader(conn, farewellBytes)); err != nil {
		return
	}
	_, _ = conn.Write(answer(why)) // the peer may be gone: nobody to tell
}

// skipRequest reads up to the empty line that ends a request's headers.
func skipRequest(from io.Reader) error {
	in := bufio.NewReaderSize(from, 1<<10)
	for begun := true; ; {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			begun = false
		case err != nil:
			return err
		case begun && len(line) <= len("\r\n"):
			return nil
		default:
			begun = true
		}
	}
}

// answer is all that an HTTP server would send.
func answer(why reason) []byte {
	r := refusals[why]
	body, err := json.Marshal(problem.Document{Type: "about:blank", Title: http.StatusText(r.status), Status: r.status, Detail: r.detail})
	if err != nil {
		panic(err) // a struct of strings and an int always marshals
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nRetry-After: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		r.status, http.StatusText(r.status), r.retryAfter, len(body), body)
}

package dial

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// line is the byte stream under a WebSocket. It is cut when a read has waited
// too long for a byte: hubs ping, so silence means that nobody is there. A frame
// with a mask ends it, too.
//
// The clock runs only while a read waits, so that a reader who takes long over
// what it has read does not cut its own line.
type line struct {
	io.ReadWriteCloser
	silence time.Duration
	watch   *time.Timer // cuts the line; runs while a read waits
	silent  atomic.Bool
	cut     atomic.Bool
	frames  frames // of what was read
}

func newLine(stream io.ReadWriteCloser, silence time.Duration) *line {
	l := &line{ReadWriteCloser: stream, silence: silence}
	l.watch = time.AfterFunc(silence, func() {
		l.silent.Store(true)
		_ = l.Close() // the read reports
	})
	l.watch.Stop()
	return l
}

func (l *line) Read(p []byte) (int, error) {
	l.watch.Reset(l.silence)
	defer l.watch.Stop()
	n, err := l.ReadWriteCloser.Read(p)
	if broken := l.frames.check(p[:n]); broken != nil {
		return 0, broken
	}
	if errors.Is(err, io.EOF) {
		// The WebSocket library takes an io.EOF between two fragments for the end
		// of their message, though the rest of it is missing.
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close cuts the line: whatever waits on it returns. Only the first call acts.
func (l *line) Close() error {
	if l.cut.Swap(true) {
		return nil
	}
	return l.ReadWriteCloser.Close()
}

// tap is a transport that keeps hold of the line under a successful handshake,
// which the WebSocket library hides.
type tap struct {
	http.RoundTripper
	silence time.Duration
	line    *line
}

func (t *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	if stream, ok := resp.Body.(io.ReadWriteCloser); ok {
		t.line = newLine(stream, t.silence)
		resp.Body = t.line
	}
	return resp, nil
}

package watch

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// eachKind runs a test over real sockets, which are watched where that can be done,
// and over pipes, which have a goroutine each.
func eachKind(t *testing.T, test func(t *testing.T, pair func() (near, far net.Conn))) {
	t.Run("pipe", func(t *testing.T) { test(t, net.Pipe) })
	t.Run("tcp", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		test(t, func() (near, far net.Conn) { return dial(t, l) })
	})
}

func dial(t *testing.T, l net.Listener) (near, far net.Conn) {
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// listener is a Reader that notes what it gets.
type listener struct {
	then func(got []byte) error // behind each Take; nil for nothing

	mu   sync.Mutex // held while Take has the floor; guards got
	got  []byte
	ends chan error
}

func newListener() *listener { return &listener{ends: make(chan error, 10)} }

func (l *listener) Take(p []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, p...)
	clear(p) // it is ours to change
	if l.then == nil {
		return nil
	}
	return l.then(l.got)
}

func (l *listener) End(err error) {
	if !l.mu.TryLock() {
		err = errors.New("End came while Take had the floor")
	} else {
		l.mu.Unlock()
	}
	l.ends <- err
}

// end returns what the reading ended with.
func (l *listener) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-l.ends:
		return err
	case <-time.After(patience):
		t.Fatal("the reading does not end")
		return nil
	}
}

// only holds that no second end came.
func (l *listener) only(t *testing.T) {
	t.Helper()
	select {
	case err := <-l.ends:
		t.Errorf("got another end, %v", err)
	default:
	}
}

func TestEverythingComesAndThenTheEnd(t *testing.T) {
	eachKind(t, func(t *testing.T, pair func() (near, far net.Conn)) {
		var w Watcher
		var all []*listener
		var want [][]byte
		for i := range 20 {
			near, far := pair()
			l, sent := newListener(), bytes.Repeat([]byte{byte(i), 'x', 'y'}, 5000)
			all, want = append(all, l), append(want, sent)
			w.Read(w.Wrap(near), l)
			go func() {
				for rest := sent; len(rest) > 0; {
					n := min(len(rest), 1+i*300)
					_, _ = far.Write(rest[:n])
					rest = rest[n:]
				}
				_ = far.Close()
			}()
		}
		for i, l := range all {
			if err := l.end(t); !errors.Is(err, io.EOF) {
				t.Errorf("got the end %v, want %v", err, io.EOF)
			}
			if !bytes.Equal(l.got, want[i]) {
				t.Errorf("got %d bytes, want the %d that were sent", len(l.got), len(want[i]))
			}
		}
		w.Wait()
	})
}

func TestTheErrorOfTakeEndsTheReading(t *testing.T) {
	eachKind(t, func(t *testing.T, pair func() (near, far net.Conn)) {
		var w Watcher
		near, far := pair()
		defer far.Close()
		l, enough := newListener(), errors.New("enough")
		l.then = func(got []byte) error {
			if len(got) >= 3 {
				return enough
			}
			return nil
		}
		conn := w.Wrap(near)
		w.Read(conn, l)
		for range 3 {
			_, _ = far.Write([]byte("a"))
		}
		if err := l.end(t); !errors.Is(err, enough) {
			t.Errorf("got the end %v, want %v", err, enough)
		}
		w.Wait()
		go func() { _, _ = far.Write([]byte("more")) }()
		more := make([]byte, 4)
		if _, err := io.ReadFull(conn, more); err != nil || string(more) != "more" {
			t.Errorf("got %q (%v), want what came behind to be left to be read", more, err)
		}
		_ = conn.Close()
		l.only(t)
	})
}

// Whoever closes the connection, its reader hears of it, once.
func TestClosingEndsTheReading(t *testing.T) {
	eachKind(t, func(t *testing.T, pair func() (near, far net.Conn)) {
		var w Watcher
		for name, conns := range map[string]func() (near net.Conn, l *listener){
			"while it waits": func() (net.Conn, *listener) {
				near, _ := pair()
				conn, l := w.Wrap(near), newListener()
				w.Read(conn, l)
				return conn, l
			},
			"before it begins": func() (net.Conn, *listener) {
				near, _ := pair()
				conn, l := w.Wrap(near), newListener()
				_ = conn.Close()
				w.Read(conn, l)
				return conn, l
			},
			"in Take": func() (net.Conn, *listener) {
				near, far := pair()
				conn, l := w.Wrap(near), newListener()
				l.then = func([]byte) error { return conn.Close() }
				w.Read(conn, l)
				_, _ = far.Write([]byte("a"))
				return conn, l
			},
		} {
			conn, l := conns()
			_ = conn.Close()
			if err := l.end(t); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: got the end %v, want that it was closed", name, err)
			}
			_ = conn.Close()
			w.Wait()
			l.only(t)
		}
	})
}

// A peer that sends without a pause takes nobody else's turn.
func TestAFloodKeepsNobodyElseWaiting(t *testing.T) {
	eachKind(t, func(t *testing.T, pair func() (near, far net.Conn)) {
		var w Watcher
		near, far := pair()
		flooded := newListener()
		flooded.then = func([]byte) error { flooded.got = flooded.got[:0]; return nil }
		w.Read(w.Wrap(near), flooded)
		flooding := make(chan struct{})
		go func() {
			defer close(flooding)
			for buf := make([]byte, 1<<20); ; {
				if _, err := far.Write(buf); err != nil {
					return
				}
			}
		}()
		for range 100 {
			near, far := pair()
			l := newListener()
			w.Read(w.Wrap(near), l)
			_, _ = far.Write([]byte("a"))
			_ = far.Close()
			if err := l.end(t); !errors.Is(err, io.EOF) || string(l.got) != "a" {
				t.Errorf("got %q and the end %v, want a and %v", l.got, err, io.EOF)
			}
		}
		_ = far.Close()
		<-flooding
		if err := flooded.end(t); err == nil {
			t.Error("got no error behind a flood that was cut")
		}
		w.Wait()
	})
}

// Sockets come and go, from both ends and all at once, so that their numbers are
// used again while the kernel still tells of those who had them. Nobody gets what
// was another's, and everybody ends once.
func TestNumbersThatAreUsedAgainConfuseNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, pair func() (near, far net.Conn)) {
		var w Watcher
		var pairing sync.Mutex
		var lives sync.WaitGroup
		for worker := range 8 {
			lives.Go(func() {
				for n := range 200 {
					pairing.Lock()
					near, far := pair()
					pairing.Unlock()
					conn, l := w.Wrap(near), newListener()
					w.Read(conn, l)
					mark := []byte{byte(worker), byte(n)}
					_ = far.SetWriteDeadline(time.Now().Add(patience))
					_, _ = far.Write(mark)
					if n%2 == 0 {
						_ = conn.Close()
					}
					_ = far.Close()
					if err := l.end(t); err == nil {
						t.Error("got no error at the end")
					}
					_ = conn.Close()
					l.mu.Lock()
					if len(l.got) > 0 && !bytes.Equal(l.got, mark) {
						t.Errorf("got %v, want %v", l.got, mark)
					}
					l.mu.Unlock()
					l.only(t)
				}
			})
		}
		lives.Wait()
		w.Wait()
	})
}

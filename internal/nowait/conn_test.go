package nowait

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair returns a Conn and who reads it, with small buffers between.
func pair(t *testing.T) (near *Conn, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener{l}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	near, far = accepted.(*Conn), dialled.(*net.TCPConn)
	t.Cleanup(func() { near.Close(); far.Close() })
	if err := errors.Join(near.SetWriteBuffer(16<<10), far.SetReadBuffer(64<<10)); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// fill writes to a Conn that nobody reads until more is held than the kernel takes,
// and returns how many bytes it wrote.
func fill(t *testing.T, c *Conn) int {
	t.Helper()
	piece, n := make([]byte, 4<<10), 0
	for c.Held() < MaxHeld/2 {
		if _, err := c.Write(piece); err != nil {
			t.Fatal(err)
		}
		n += len(piece)
	}
	return n
}

// Whoever writes does not wait, though nobody reads; in the end everything has
// arrived, whole and in each writer's order.
func TestWritesOfManyKeepTheirOrderAndDoNotWait(t *testing.T) {
	near, far := pair(t)
	near.Hold()
	const writers, half, lines = 3, 80, 84
	write := func(from, to int) {
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for n := from; n < to; n++ {
					if _, err := fmt.Fprintf(near, "%d %d %s\n", w, n, strings.Repeat("x", 1000)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writing.Wait()
	}
	write(0, half) // returns before anything is read: nobody waited
	if near.Held() == 0 {
		t.Error("everything fitted into the kernel's buffers: nothing was tested")
	}
	flushed := make(chan error, 1)
	go func() {
		time.Sleep(10 * time.Millisecond) // the kernel has room again, but what is held goes first
		write(half, lines)
		_, err := near.Flush(time.Now().Add(20 * time.Second))
		_, last := near.Write([]byte("9 0 last\n"))
		_, again := near.Flush(time.Now().Add(20 * time.Second))
		flushed <- errors.Join(err, last, again, near.Close())
	}()
	next := map[int]int{}
	in := bufio.NewScanner(far)
	for in.Scan() {
		var w, n int
		var rest string
		if _, err := fmt.Sscanf(in.Text(), "%d %d %s", &w, &n, &rest); err != nil || n != next[w] {
			t.Fatalf("got %.40q, want line %d of it (%v)", in.Text(), next[w], err)
		}
		next[w]++
	}
	if err := <-flushed; err != nil || next[0] != lines || next[1] != lines || next[2] != lines || next[9] != 1 {
		t.Errorf("got %v lines, %v", next, err)
	}
}

func TestAFlushThatTimesOutLosesNothing(t *testing.T) {
	near, far := pair(t)
	near.Hold()
	total := fill(t, near)
	if _, err := near.Flush(time.Now().Add(20 * time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want that the deadline passed", err)
	}
	if _, err := near.Write([]byte("behind")); err != nil {
		t.Fatalf("a write behind a flush that timed out: %v", err)
	}
	read := make(chan []byte, 1)
	go func() { all, _ := io.ReadAll(far); read <- all }()
	if _, err := near.Flush(time.Now().Add(20 * time.Second)); err != nil || near.Held() != 0 || near.rest != nil {
		t.Errorf("got %v with %d held, want everything gone and no memory kept", err, near.Held())
	}
	if n, err := near.Write([]byte("!")); n != 1 || err != nil || near.Quick() && near.Held() != 0 {
		t.Errorf("got %d, %v with %d held: the deadline of the flush still counts", n, err, near.Held())
	}
	if _, err := near.Flush(time.Now().Add(20 * time.Second)); err != nil {
		t.Error(err)
	}
	near.Close()
	if all := <-read; len(all) != total+len("behind!") || !strings.HasSuffix(string(all), "behind!") {
		t.Errorf("got %d bytes, want the %d that were written", len(all), total+len("behind!"))
	}
}

// A deadline that somebody sets, as TLS does when it says goodbye, is for writes
// that wait.
func TestADeadlineIsForWritesThatWait(t *testing.T) {
	near, _ := pair(t)
	past := time.Now().Add(-time.Second)
	near.SetDeadline(past)
	if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("before Hold: got %v, want that the deadline passed", err)
	}
	near.SetDeadline(time.Time{})
	near.Hold()
	near.SetWriteDeadline(past)
	near.SetDeadline(past)
	if _, err := near.Write([]byte("x")); err != nil || near.Quick() && near.Held() != 0 {
		t.Errorf("after Hold: got %v with %d held", err, near.Held())
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading: got %v, want that the deadline passed", err)
	}
}

// A peer that provokes answers and reads none costs a bounded amount, and nothing
// follows what it does not get.
func TestWhatIsHeldIsBounded(t *testing.T) {
	near, far := pair(t)
	near.Hold()
	var err error
	for range MaxHeld {
		if _, err = near.Write(make([]byte, 1000)); err != nil {
			break
		}
	}
	if err == nil || near.Held() > MaxHeld {
		t.Fatalf("got %v with %d held, want an error at %d", err, near.Held(), MaxHeld)
	}
	go io.Copy(io.Discard, far)
	if _, flushed := near.Flush(time.Now().Add(time.Second)); !errors.Is(flushed, err) {
		t.Errorf("Flush: got %v, want %v", flushed, err)
	}
	if _, again := near.Write([]byte("x")); !errors.Is(again, err) {
		t.Errorf("Write: got %v, want %v", again, err)
	}
}

func TestCloseEndsAFlush(t *testing.T) {
	near, _ := pair(t)
	near.Hold()
	fill(t, near)
	ended := make(chan error, 1)
	go func() { _, err := near.Flush(time.Now().Add(time.Minute)); ended <- err }()
	time.Sleep(10 * time.Millisecond)
	near.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Flush: got %v, want %v", err, net.ErrClosed)
	}
}

func TestAWriteToAPeerThatIsGone(t *testing.T) {
	near, far := pair(t)
	near.Hold()
	far.SetLinger(0)
	far.Close()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(time.Millisecond) {
		_, err := near.Write([]byte("x"))
		_, flushed := near.Flush(time.Now().Add(time.Second))
		if err != nil || flushed != nil {
			return
		}
	}
	t.Error("no error for twenty seconds")
}

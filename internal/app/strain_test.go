//go:build unix

package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// live is a publisher and a subscriber that notice when anything is lost between
// them.
type live struct {
	t         *testing.T
	stop      context.CancelFunc
	published atomic.Int64
	got       atomic.Int64
	delays    []time.Duration // the subscriber's, until ended
	ended     chan struct{}
}

// goLive publishes fifty updates a second and follows them.
func goLive(t *testing.T, addr string) *live {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &live{t: t, stop: cancel, ended: make(chan struct{})}
	sub, pub := l.dial(ctx, "ws://"+addr+"/ws/subscribe?assets=LIVE"), l.dial(ctx, "ws://"+addr+"/ws/publish/LIVE")
	var sent sync.Map // when each step was published
	pub.CloseRead(ctx)
	go func() {
		for step := int64(1); ctx.Err() == nil; step++ {
			sent.Store(step, time.Now())
			frame := wire.AppendUpdate(nil, quasar.UpdateOf(&quasar.Training{TrainingSteps: &step}, nil))
			if err := pub.Write(ctx, websocket.MessageText, frame); err != nil {
				if ctx.Err() == nil {
					t.Errorf("the publisher: %v", err)
				}
				return
			}
			l.published.Store(step)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	go func() {
		defer close(l.ended)
		for next := int64(0); ctx.Err() == nil; next++ {
			_, message, err := sub.Read(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("the subscriber: %v", err)
				}
				return
			}
			frame, err := wire.DecodeHub(message)
			if err != nil {
				t.Error(err)
				return
			}
			if next == 0 {
				continue // the state
			}
			if step := *frame.Snapshots[0].Training.TrainingSteps; step != next {
				t.Errorf("the subscriber got step %d, want %d", step, next)
				return
			}
			at, _ := sent.LoadAndDelete(next)
			l.delays = append(l.delays, time.Since(at.(time.Time)))
			l.got.Store(next)
		}
	}()
	l.wait()
	return l
}

func (l *live) dial(ctx context.Context, url string) *websocket.Conn {
	l.t.Helper()
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// wait waits until another update has arrived.
func (l *live) wait() {
	l.t.Helper()
	published := l.published.Load() + 1
	eventually(l.t, func() bool { return l.got.Load() >= published }, func() string {
		return fmt.Sprintf("%d published and %d received", l.published.Load(), l.got.Load())
	})
}

// end says how it went.
func (l *live) end() {
	l.t.Helper()
	l.wait()
	l.stop()
	<-l.ended
	slices.Sort(l.delays)
	n := len(l.delays)
	l.t.Logf("%d updates, delay median %v, p99 %v, most %v", n, l.delays[n/2], l.delays[n*99/100], l.delays[n-1])
}

// strained runs a hub for a test and returns its address.
func strained(t *testing.T, flags ...string) (addr string) {
	t.Helper()
	hub := start(t, append([]string{"hub", "--listen", "127.0.0.1:0", "--log-level", "error"}, flags...)...)
	return strings.TrimPrefix(hub.pages(t, 1)[0], "http://")
}

// dialFrom connects from 127.0.0.2 to 127.0.0.9: one address has 28,000 ports.
func dialFrom(i int, addr string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))}, Timeout: 20 * time.Second}
	if runtime.GOOS != "linux" { // where 127.0.0.1 is all of loopback
		dialer.LocalAddr = nil
	}
	conn, err := dialer.Dial("tcp", addr)
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0) // leave no port behind that waits
	}
	return conn, err
}

// crowdSize is how many connections fit into the files of this process, both ends
// of each, if they are to be so many.
func crowdSize(t *testing.T, most int) int {
	t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	return int(min(uint64(most), min(files.Cur, math.MaxInt32)/3))
}

// Five thousand connections that send a byte now and then, in the middle of a
// header, a body or a frame, hold what they hold for as long as the limits say.
func TestFiveThousandSlowConnectionsAreLetGo(t *testing.T) {
	addr := strained(t, "--accept-rate", "10000", "--header-timeout", "2s", "--request-timeout", "3s", "--ping-interval", "1s", "--peer-timeout", "4s")
	l := goLive(t, addr)
	const head = " HTTP/1.1\r\nHost: localhost\r\n"
	const upgrade = head + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	beginnings := []string{
		"GET /health" + head,
		"GET /health" + head + "X-Slow: ",
		"GET /health" + head + "Content-Length: 100000\r\n\r\n",
		"POST /ws/publish/SLOW" + head + "Transfer-Encoding: chunked\r\n\r\n5\r\n",
		"GET /ws/publish/SLOW" + upgrade + "\x81\xfe\x40\x00aaaa",
		"GET /ws/subscribe" + upgrade + "\x81\xff\x00\x00",
		"", // says nothing at all
		"G",
	}
	slow := make([]net.Conn, 0, 5000)
	for i := range crowdSize(t, cap(slow)) {
		conn, err := dialFrom(i, addr)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, beginnings[i%len(beginnings)]); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		slow = append(slow, conn)
	}
	t.Logf("%d connections are open", len(slow))
	l.wait()
	eventually(t, func() bool { // each is sent a byte, until it is gone
		slow = slices.DeleteFunc(slow, func(conn net.Conn) bool {
			_, err := io.WriteString(conn, "x")
			return err != nil
		})
		time.Sleep(200 * time.Millisecond)
		return len(slow) == 0
	}, func() string { return fmt.Sprintf("%d connections that were not let go", len(slow)) })
	l.end()
}

// soaking is set for the long way, which takes a minute: a hundred thousand attempts.
const soaking = "QUASAR_SOAK"

// A flood of connections is turned away at the door, and costs those who are inside
// nothing; when it is over nothing of it is left.
func TestAFloodOfConnectionsIsTurnedAway(t *testing.T) {
	attempts := 5_000
	if os.Getenv(soaking) != "" {
		attempts = 100_000
	}
	addr := strained(t, "--accept-rate", "200")
	l := goLive(t, addr)
	goroutines, files := runtime.NumGoroutine(), openFiles()

	var outcomes [3]atomic.Int64 // let in, told why not, reset
	const let, told, reset = 0, 1, 2
	start := time.Now()
	var flood sync.WaitGroup
	for i := range 16 {
		flood.Go(func() {
			for n := i; n < attempts; n += 16 {
				switch status, err := knock(i, addr); {
				case err != nil:
					outcomes[reset].Add(1)
				case status == http.StatusServiceUnavailable:
					outcomes[told].Add(1)
				default:
					outcomes[let].Add(1)
				}
			}
		})
	}
	flood.Wait()
	t.Logf("%d attempts in %v: %d let in, %d told why not, %d reset", attempts, time.Since(start).Round(time.Millisecond), outcomes[let].Load(), outcomes[told].Load(), outcomes[reset].Load())
	l.end()
	if most := 1000 + int64(200*(time.Since(start)/time.Second+1)); outcomes[let].Load() > most || outcomes[let].Load() < 200 {
		t.Errorf("got %d let in, want some, and %d at most", outcomes[let].Load(), most)
	}
	if outcomes[told].Load() == 0 {
		t.Error("got nobody told why")
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines && openFiles() <= files }, func() string {
		return fmt.Sprintf("%d goroutines, %d before; %d files, %d before", runtime.NumGoroutine(), goroutines, openFiles(), files)
	})
	// Once it is over whoever comes is let in again, and can read of it.
	var counts string
	eventually(t, func() bool { counts = turnedAway(addr); return counts != "" }, func() string { return "no metrics" })
	n, err := strconv.Atoi(counts)
	if err != nil || int64(n) < outcomes[told].Load() {
		t.Errorf("got %q turned away by the metrics, want at least the %d that were told", counts, outcomes[told].Load())
	}
}

// knock asks for something on a connection of its own.
func knock(i int, addr string) (status int, err error) {
	conn, err := dialFrom(i, addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	if answer.StatusCode == http.StatusServiceUnavailable {
		body, err := io.ReadAll(answer.Body)
		if err != nil || !strings.Contains(string(body), "too many a second; come back later") || answer.Header.Get("Retry-After") == "" {
			return 0, errors.New("a refusal without a reason")
		}
	}
	return answer.StatusCode, nil
}

// turnedAway is what /metrics says; "" while there is no answer.
func turnedAway(addr string) string {
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), `quasar_hub_turned_away_total{reason="accept_rate"} `); ok {
			return n
		}
	}
	return ""
}

// openFiles counts the open files of this process; 0 where nobody can tell.
func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}

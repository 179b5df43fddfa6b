//go:build linux && !quasar_portable

package hub_test

import (
	"bytes"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
)

// bareSubscriber subscribes through a socket that only the kernel knows of, so that
// it takes nothing of the memory that is measured here.
func bareSubscriber(t testing.TB, addr string) (fd int) {
	t.Helper()
	to := netip.MustParseAddrPort(addr)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	write(t, fd, []byte("GET /ws/subscribe HTTP/1.1\r\nHost: "+addr+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nUser-Agent: idle\r\n\r\n"))
	var got []byte
	for buf := make([]byte, 1024); !bytes.Contains(got, []byte("initial_state")); {
		n, err := syscall.Read(fd, buf)
		if err != nil || n == 0 {
			t.Fatalf("got %q and %d bytes (%v), want the first state", got, n, err)
		}
		got = append(got, buf[:n]...)
	}
	return fd
}

func write(t testing.TB, fd int, p []byte) {
	t.Helper()
	if n, err := syscall.Write(fd, p); err != nil || n != len(p) {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(p), err)
	}
}

// held is what a process holds for good: what lives on its heap, and the stacks.
func held() (heap, stacks int64) {
	for range 3 { // what sync.Pools keep goes in the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

// costOfIdle returns what each of n subscribers adds that send pongs and no more.
func costOfIdle(t testing.TB, n int) (heap, stack int64) {
	h, addr := serveTCP(t, nil)
	fds := []int{bareSubscriber(t, addr)} // what is made once is made now
	defer func() {
		for _, fd := range fds {
			_ = syscall.Close(fd)
		}
		eventually(t, "all are gone", func() bool { return stateOf(t, h).Stats.Subscribers == 0 })
	}()
	heapBefore, stackBefore := held()
	goroutines := runtime.NumGoroutine()
	for range n {
		fd := bareSubscriber(t, addr)
		fds = append(fds, fd)
		write(t, fd, []byte("\x8a\x80\x01\x02\x03\x04"))
	}
	eventually(t, "net/http has done with them", func() bool { return runtime.NumGoroutine() < goroutines+n/10 })
	heap, stack = held()
	return (heap - heapBefore) / int64(n), (stack - stackBefore) / int64(n)
}

// An idle subscriber costs what is known of it and of its connection, and no more:
// no goroutine, no buffer. These are sizes of objects, which no machine changes; a
// release of Go may by some.
func TestAnIdleSubscriberCostsLittle(t *testing.T) {
	const most = 1800
	heap, stack := costOfIdle(t, 500)
	t.Logf("%d bytes of heap and %d of stack", heap, stack)
	if heap > most {
		t.Errorf("got %d bytes of heap, want at most %d", heap, most)
	}
	if stack > 1000 { // half of the smallest stack that there is
		t.Errorf("got %d bytes of stack, want none", stack)
	}
}

func BenchmarkIdleSubscriber(b *testing.B) {
	const n = 1000
	var heap, stack int64
	for b.Loop() {
		heap, stack = costOfIdle(b, n)
	}
	b.ReportMetric(float64(heap), "heap-B")
	b.ReportMetric(float64(stack), "stack-B")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "us-to-come-and-go")
}

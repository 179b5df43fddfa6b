//go:build linux && !quasar_portable

package watch

import (
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
)

// What it is for: nobody who is silent has a goroutine. When the last has gone, the
// one that there is goes too, and its list.
func TestTheSilentHaveNoGoroutine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	before := openFiles(t)
	var w Watcher
	var members []*listener
	var nears, fars []net.Conn
	for range 100 {
		near, far := dial(t, l)
		member := newListener()
		members, nears, fars = append(members, member), append(nears, w.Wrap(near)), append(fars, far)
		w.Read(nears[len(nears)-1], member)
	}
	if n := strings.Count(stacks(), "watch.(*poller).run("); n != 1 {
		t.Errorf("got %d goroutines that read from everybody, want 1", n)
	}
	if n := strings.Count(stacks(), "watch.readAll("); n > 0 {
		t.Errorf("got %d goroutines that read from one, want none", n)
	}
	for i, far := range fars {
		_ = far.Close()
		_ = members[i].end(t)
		_ = nears[i].Close()
	}
	w.Wait()
	if after := openFiles(t); after > before { // fewer, where the collector closed those of other tests
		t.Errorf("got %d files open, want %d as before", after, before)
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

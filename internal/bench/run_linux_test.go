package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// broadcaster is a small server of the raw protocol, which can be told to do
// wrong.
type broadcaster struct {
	t      *testing.T
	l      net.Listener
	change func(n int, message []byte) [][]byte // what becomes of the nth message

	mu   sync.Mutex // guards subs and n
	subs map[net.Conn]bool
	n    int
}

func newBroadcaster(t *testing.T, change func(int, []byte) [][]byte) *broadcaster {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &broadcaster{t: t, l: l, change: change, subs: make(map[net.Conn]bool)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { b.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return b
}

func (b *broadcaster) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	defer conn.Close()
	if role, err := in.ReadByte(); err != nil || role == 'S' {
		b.mu.Lock()
		b.subs[conn] = true
		b.mu.Unlock()
		_, _ = in.ReadByte()
		b.mu.Lock()
		delete(b.subs, conn)
		b.mu.Unlock()
		return
	}
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		b.broadcast(message)
	}
}

func (b *broadcaster) broadcast(message []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	for _, m := range b.change(b.n, message) {
		for s := range b.subs {
			_, _ = s.Write([]byte(rawMessage(string(m))))
		}
	}
}

func (b *broadcaster) target() *Target {
	return &Target{Addr: b.l.Addr().String(), Protocol: Raw, Form: Ready, PID: os.Getpid()}
}

func faithful(_ int, m []byte) [][]byte { return [][]byte{m} }

// small is a workload for a machine that does other things as well.
func small(w Workload) *Workload {
	w.Name, w.Span = "small", 300*time.Millisecond
	if w.Subscribers == 0 {
		w.Subscribers = 7
	}
	return &w
}

func measured(t *testing.T, target *Target, w *Workload, opts *Options) *Measurement {
	t.Helper()
	m, err := Run(t.Context(), target, w, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outcome is of a measurement what does not depend on the machine.
type outcome struct {
	Owed, Lost, OutOfOrder int64
	Delayed                bool
	Problem                string
}

func outcomeOf(m *Measurement, w *Workload) outcome {
	o := outcome{Owed: m.Published*int64(w.Subscribers) - m.Delivered, OutOfOrder: m.OutOfOrder, Delayed: m.Delay != nil, Problem: m.Problem}
	if m.Lost != nil {
		o.Lost = *m.Lost
	}
	return o
}

func TestRunOfAFaithfulServer(t *testing.T) {
	for name, w := range map[string]*Workload{
		"one in flight":     small(Workload{Publishers: 1, InFlight: 1}),
		"sixteen in flight": small(Workload{Publishers: 3, InFlight: 16, Warmup: 50 * time.Millisecond}),
		"at a rate":         small(Workload{Publishers: 5, Rate: 40}),
	} {
		t.Run(name, func(t *testing.T) {
			m := measured(t, newBroadcaster(t, faithful).target(), w, nil)
			if diff := cmp.Diff(outcome{Delayed: true}, outcomeOf(m, w)); diff != "" {
				t.Error(diff)
			}
			if m.Published == 0 || m.Sampled != w.Subscribers || m.Memory.Peak < m.Memory.Begin || m.Memory.Begin == 0 {
				t.Errorf("got %+v, want messages, everybody sampled and the memory", m)
			}
		})
	}
}

// A benchmark that does not see that half is missing would praise whoever drops
// most.
func TestRunSeesWhatIsLost(t *testing.T) {
	w := small(Workload{Publishers: 2, Rate: 100})
	m := measured(t, newBroadcaster(t, func(n int, m []byte) [][]byte {
		if n%5 == 0 {
			return nil
		}
		return [][]byte{m}
	}).target(), w, &Options{Patience: time.Second})
	if m.Published == 0 || *m.Lost != m.Published/5*int64(w.Subscribers) {
		t.Errorf("got %d lost of %d published to %d, want a fifth", *m.Lost, m.Published, w.Subscribers)
	}
}

func TestRunTakesConflationForWhatItIs(t *testing.T) {
	target := newBroadcaster(t, func(n int, m []byte) [][]byte {
		if n%2 == 0 {
			return nil
		}
		return [][]byte{m}
	}).target()
	asked := 0
	target.Counters = func(context.Context) (Counters, error) {
		asked++
		return Counters{Conflated: int64(asked-1) * 1_000_000}, nil
	}
	w := small(Workload{Publishers: 2, Rate: 100})
	m := measured(t, target, w, &Options{Patience: time.Second})
	if *m.Lost != 0 || *m.Conflated != 1_000_000 || m.Delivered >= m.Published*int64(w.Subscribers) {
		t.Errorf("got %d lost, %d conflated, %d delivered of %d to %d", *m.Lost, *m.Conflated, m.Delivered, m.Published, w.Subscribers)
	}
}

func TestRunSeesDisorder(t *testing.T) {
	var kept []byte
	swap := func(n int, m []byte) [][]byte { // the tenth after the eleventh
		switch n % 11 {
		case 10:
			kept = m
			return nil
		case 0:
			return [][]byte{m, kept}
		}
		return [][]byte{m}
	}
	m := measured(t, newBroadcaster(t, swap).target(), small(Workload{Publishers: 1, Rate: 300}), nil)
	if m.OutOfOrder == 0 || !strings.Contains(m.Problem, "out of order") {
		t.Errorf("got %d out of order, %q", m.OutOfOrder, m.Problem)
	}
}

func TestRunSeesMoreThanWasSent(t *testing.T) {
	twice := func(_ int, m []byte) [][]byte { return [][]byte{m, m} }
	m := measured(t, newBroadcaster(t, twice).target(), small(Workload{Publishers: 1, InFlight: 4}), nil)
	if m.Problem == "" {
		t.Errorf("got %+v, want a problem", m)
	}
}

// With a window a server that stops would stop the benchmark, too.
func TestRunGivesUpOnAServerThatStops(t *testing.T) {
	stops := func(n int, m []byte) [][]byte {
		if n > 20 {
			return nil
		}
		return [][]byte{m}
	}
	w := small(Workload{Publishers: 1, InFlight: 4})
	w.Span = time.Minute
	m := measured(t, newBroadcaster(t, stops).target(), w, &Options{Patience: time.Second})
	if m.Problem != errStuck.Error() {
		t.Errorf("got %q, want %q", m.Problem, errStuck)
	}
}

func TestRunWithStalledSubscribers(t *testing.T) {
	w := small(Workload{Subscribers: 8, Publishers: 3, Rate: 30, Stalled: 3})
	m := measured(t, newBroadcaster(t, faithful).target(), w, nil)
	if diff := cmp.Diff(&Stall{Subscribers: 3, Seconds: 0.225, CaughtUp: 3}, m.Stall); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(outcome{Delayed: true}, outcomeOf(m, w)); diff != "" {
		t.Error(diff)
	}
}

func TestRunFlatOut(t *testing.T) {
	w := small(Workload{Subscribers: 1, Publishers: 4, FlatOut: true})
	m := measured(t, newBroadcaster(t, faithful).target(), w, nil)
	if m.Accepted == nil || *m.Accepted == 0 || *m.Accepted != m.Delivered || m.Lost != nil {
		t.Errorf("got %+v, want what arrived", m)
	}
}

func TestRunIdle(t *testing.T) {
	m := measured(t, newBroadcaster(t, faithful).target(), small(Workload{Subscribers: 50, Idle: true}), nil)
	if m.Memory.PerSubscriber == nil || m.PerCPUSecond != nil || m.Delay != nil || m.Published != 0 {
		t.Errorf("got %+v, want the memory alone", m)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	w := small(Workload{Publishers: 1, Rate: 10})
	w.Span = time.Minute
	if _, err := Run(ctx, newBroadcaster(t, faithful).target(), w, nil); err == nil {
		t.Error("got no error")
	}
}

func TestRunRefuses(t *testing.T) {
	target := newBroadcaster(t, faithful).target()
	far := *target
	far.Addr = "192.0.2.1:80"
	for _, c := range []struct {
		name   string
		target *Target
		w      *Workload
		want   string
	}{
		{"no way to send", target, small(Workload{}), "got 0 ways to send"},
		{"two ways to send", target, small(Workload{InFlight: 1, FlatOut: true}), "got 2 ways to send"},
		{"nobody who publishes", target, small(Workload{InFlight: 1}), "got 0 publishers"},
		{"a rate without a time between two", target, small(Workload{Publishers: 1, Rate: 1e10}), "want 1000000 messages a second"},
		{"more on their way than there is room for", target, small(Workload{Publishers: 1, InFlight: math.MaxInt}), "want at most 1000000"},
		{"everybody stalled", target, small(Workload{Publishers: 1, Rate: 1, Subscribers: 2, Stalled: 2}), "want fewer"},
		{"a window with stalled ones", target, small(Workload{Publishers: 1, InFlight: 1, Stalled: 1}), "want a rate"},
		{"somebody else's server", &far, small(Workload{Publishers: 1, InFlight: 1}), "not an address of this machine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Run(t.Context(), c.target, c.w, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestMain makes of the test's own program a server, if it is told so.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "listen" {
		l, err := net.Listen("tcp", os.Args[2])
		if err != nil {
			os.Exit(1)
		}
		for {
			if conn, err := l.Accept(); err == nil {
				conn.Close()
			}
		}
	}
	os.Exit(m.Run())
}

func TestStart(t *testing.T) {
	s, err := Start(t.Context(), []string{os.Args[0], "listen", placeholder}, "")
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID))
	if err != nil {
		t.Fatal(err)
	}
	if server, _, ok := cores(); ok && !strings.Contains(string(status), fmt.Sprintf("Cpus_allowed_list:\t%d\n", server)) {
		t.Errorf("got %s, want core %d alone", status, server)
	}
	s.Stop()
	if conn, err := net.Dial("tcp", s.Addr); err == nil {
		conn.Close()
		t.Error("the server is still there")
	}
}

func TestStartOfWhatDoesNotServe(t *testing.T) {
	for name, c := range map[string]struct {
		command []string
		want    string
	}{
		"a command that fails": {[]string{"sh", "-c", "echo no such server >&2; exit 1"}, "no such server"},
		"no command":           {[]string{"/nonexistent"}, "no such file"},
	} {
		if _, err := Start(t.Context(), c.command, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

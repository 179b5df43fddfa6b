package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/problem"
)

func TestBeyondTheRoomForAllAConnectionIsTold(t *testing.T) {
	d, g, h := openTCP(t, &Options{MaxConnections: 2})
	dial(t, d)
	dial(t, d)
	eventually(t, "two inside", func() bool { return len(h.guests()) == 2 })

	answer, body := told(t, dial(t, d))
	want := `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"connections: got all that there is room for; come back later"}`
	if answer.StatusCode != http.StatusServiceUnavailable || body != want {
		t.Errorf("got %s %s, want 503 and %s", answer.Status, body, want)
	}
	wantHeader := http.Header{"Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "Retry-After": {"10"}, "Content-Length": {strconv.Itoa(len(want))}}
	if diff := cmp.Diff(wantHeader, answer.Header); diff != "" || !answer.Close {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"connections": 1}, counts(g)); diff != "" {
		t.Error(diff)
	}

	guest := h.guests()[0]
	if _, ok := guest.(interface{ SetWriteBuffer(int) error }); !ok {
		t.Errorf("got a %T, want one that can do what a TCP connection can", guest)
	}
	_ = guest.Close()
	_ = guest.Close() // counts once
	if n := g.Open(); n != 1 {
		t.Errorf("got %d open, want 1", n)
	}
	dial(t, d)
	eventually(t, "the next inside", func() bool { return len(h.guests()) == 3 })
}

// What a client of HTTP makes of it: an answer, no broken connection.
func TestAnHTTPClientUnderstandsWhyItIsTurnedAway(t *testing.T) {
	d, _, h := openTCP(t, &Options{MaxConnections: 1})
	dial(t, d)
	eventually(t, "one inside", func() bool { return len(h.guests()) == 1 })
	for range 20 {
		r, err := http.Post("http://"+d.Addr().String(), "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		var document problem.Document
		body, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "come back later") {
			t.Fatalf("got %s %s (%+v)", r.Status, body, document)
		}
	}
}

func TestOneAddressTakesNoMoreThanItsShare(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  Options
		comes []string // a connection from each address
		want  map[string]int64
	}{
		{"as many as it may", Options{MaxPerAddress: 2}, []string{"192.0.2.1", "192.0.2.1"}, map[string]int64{}},
		{"one too many", Options{MaxPerAddress: 2}, []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, map[string]int64{"address": 1}},
		{"others do not count", Options{MaxPerAddress: 1}, []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"}, map[string]int64{}},
		{"an IPv6 customer is one", Options{MaxPerAddress: 1}, []string{"2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"}, map[string]int64{"address": 1}},
		{"an IPv4 address in IPv6 is itself", Options{MaxPerAddress: 1}, []string{"::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1"}, map[string]int64{"address": 1}},
		{"a zone makes no difference", Options{MaxPerAddress: 1}, []string{"fe80::1%eth0", "fe80::1%eth1"}, map[string]int64{"address": 1}},
		{"loopback is exempt", Options{MaxPerAddress: 1}, []string{"127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"}, map[string]int64{}},
		{"unless somebody says otherwise", Options{MaxPerAddress: 1, Exempt: everybody}, []string{"127.0.0.1", "127.0.0.1"}, map[string]int64{"address": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, g, _ := open(t, &c.opts)
				for _, addr := range c.comes {
					conn := s.from(addr)
					t.Cleanup(func() { _ = conn.Close() })
				}
				synctest.Wait()
				if diff := cmp.Diff(c.want, counts(g)); diff != "" {
					t.Errorf("refused (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Who opens and closes connections as fast as it can is let in at its part of the
// rate, and takes none of what is left to others.
func TestConnectionsComeInAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g, h := open(t, &Options{AcceptRate: 8})
		come := func(addr string, times int) int {
			before := len(h.guests())
			for range times {
				_ = s.from(addr).Close()
			}
			synctest.Wait()
			guests := h.guests()
			for _, guest := range guests {
				_ = guest.Close()
			}
			return len(guests) - before
		}
		for _, step := range []struct {
			name         string
			pause        time.Duration
			addr         string
			times, want  int
			wantInMemory int // addresses
		}{
			{"a burst of one address, a quarter of all", 0, "192.0.2.1", 30, 10, 1},
			{"the rest of the burst is for others", 0, "127.0.0.1", 50, 30, 1},
			{"then nobody comes in", 0, "192.0.2.2", 1, 0, 2},
			{"a second later as many as a second is for", time.Second, "127.0.0.1", 20, 8, 1},
			{"of one address a quarter", 2 * time.Second, "192.0.2.1", 20, 6, 1},
			{"after a rest all is forgotten", time.Minute, "192.0.2.3", 30, 10, 1},
		} {
			time.Sleep(step.pause)
			if got := come(step.addr, step.times); got != step.want {
				t.Errorf("%s: got %d let in, want %d", step.name, got, step.want)
			}
			if got := len(g.visitors); got != step.wantInMemory {
				t.Errorf("%s: got %d addresses in memory, want %d", step.name, got, step.wantInMemory)
			}
		}
		want := map[string]int64{"address_rate": 54, "accept_rate": 33}
		if diff := cmp.Diff(want, counts(g)); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
	})
}

// Files that the process needs for anything else have to be there, whoever opened
// the others.
func TestConnectionsLeaveFilesFree(t *testing.T) {
	all := openFiles()
	if all == 0 {
		t.Skip("this system has no limit of open files")
	}
	var held []*os.File
	for range 100 { // not connections, and they count
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		held = append(held, f)
	}
	bound := int(held[len(held)-1].Fd()) + 40
	d, g, h := openTCP(t, &Options{FreeFiles: all - bound})
	for len(counts(g)) == 0 {
		before := int64(len(h.guests()))
		dial(t, d)
		eventually(t, "in or out", func() bool { return int64(len(h.guests()))+counts(g)["open_files"] > before })
	}
	if n := len(h.guests()); n == 0 || n > 40 {
		t.Errorf("got %d inside, want some, and not more than there was room for", n)
	}
	for _, guest := range h.guests() {
		if n := fileNumber(guest); n >= bound {
			t.Errorf("got a connection with file %d, want them below %d", n, bound)
		}
	}
	if answer, body := told(t, dial(t, d)); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "open files") {
		t.Errorf("got %s %s", answer.Status, body)
	}
	for _, f := range held {
		_ = f.Close()
	}
	dial(t, d)
	before := len(h.guests())
	dial(t, d)
	eventually(t, "one more inside", func() bool { return len(h.guests()) > before })
}

// The room is the process's, however many doors it has; one that closes leaves the
// others open.
func TestListenersShareTheRoom(t *testing.T) {
	g, err := New(&Options{MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	a, b := newStreet(), newStreet()
	left, right := g.Listener(a), g.Listener(b)
	atLeft, atRight := serve(left), serve(right)
	_ = a.from("127.0.0.1")
	_ = b.from("127.0.0.1")
	eventually(t, "both inside", func() bool { return g.Open() == 2 })
	late := b.from("127.0.0.1")
	_ = late.SetDeadline(time.Now().Add(patience))
	if answer, _ := told(t, late); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, want 503", answer.Status)
	}
	_ = left.Close()
	<-atLeft.ended
	for _, guest := range append(atLeft.guests(), atRight.guests()...) {
		_ = guest.Close()
	}
	_ = b.from("127.0.0.1")
	eventually(t, "another inside", func() bool { return len(atRight.guests()) == 2 })
	_ = right.Close()
	<-atRight.ended
}

// A flood of connections that say nothing costs a bounded number of files and
// goroutines, and leaves none behind.
func TestFewAreToldWhileManyComeAndNoneIsLeftBehind(t *testing.T) {
	d, g, h := openTCP(t, &Options{MaxConnections: 1})
	dial(t, d)
	eventually(t, "one inside", func() bool { return len(h.guests()) == 1 })
	const flood = 600
	for range flood {
		if conn, err := net.Dial("tcp", d.Addr().String()); err == nil { // else it was reset already
			t.Cleanup(func() { _ = conn.Close() })
		}
	}
	eventually(t, "all refused", func() bool { return g.Refused()["connections"] == flood })
	d.mu.Lock()
	most := len(d.farewell)
	d.mu.Unlock()
	if most > maxFarewells {
		t.Errorf("got %d that are being told, want %d at most", most, maxFarewells)
	}
	_ = d.Close()
	if len(d.farewell) != 0 || g.Open() != 1 {
		t.Errorf("got %d that are being told and %d open, want none and the one inside", len(d.farewell), g.Open())
	}
}

// One who says nothing is let go after a second.
func TestOneWhoAsksNothingIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := open(t, &Options{MaxConnections: 1})
		defer s.from("127.0.0.1").Close()
		silent := s.from("127.0.0.1")
		start := time.Now()
		if b, err := io.ReadAll(silent); err != nil || len(b) > 0 {
			t.Errorf("got %q, %v, want the end", b, err)
		}
		if took := time.Since(start); took != farewellTime {
			t.Errorf("got it after %v of fake time, want %v", took, farewellTime)
		}
	})
}

func TestASilentGateSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g, _ := open(t, &Options{MaxConnections: 1, Silent: true})
		defer s.from("127.0.0.1").Close()
		if b, err := io.ReadAll(s.from("127.0.0.1")); err != nil || len(b) > 0 {
			t.Errorf("got %q, %v, want the end", b, err)
		}
		if diff := cmp.Diff(map[string]int64{"connections": 1}, counts(g)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{MaxConnections: -1}, "MaxConnections: got -1, want a positive number"},
		{Options{MaxPerAddress: -2}, "MaxPerAddress: got -2, want a positive number"},
		{Options{AcceptRate: -3}, "AcceptRate: got -3, want a positive number"},
		{Options{FreeFiles: -4}, "FreeFiles: got -4, want a positive number"},
		{Options{FreeFiles: 1000}, "FreeFiles: got 1000, want fewer than the 1000 files that this process may have open"},
	} {
		if o, err := c.opts.withDefaults(1000); o != nil || err == nil || err.Error() != c.want {
			t.Errorf("got %+v, %v, want %q", o, err, c.want)
		}
	}
	if _, err := New(&Options{AcceptRate: -3}); err == nil {
		t.Error("New: got no error")
	}
}

// The soft limit of open files is small on many machines, for old programs' sake.
func TestTheSoftLimitOfOpenFilesIsRaised(t *testing.T) {
	if os.Getenv("SHOW_OPEN_FILES") != "" {
		fmt.Println("open files:", openFiles())
		return
	}
	if openFiles() == 0 {
		t.Skip("this system has no limit of open files")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -S -n 64 && exec "$0" -test.run '^TestTheSoftLimitOfOpenFilesIsRaised$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "SHOW_OPEN_FILES=1")
	out, err := cmd.CombinedOutput()
	var got int
	if _, scanErr := fmt.Sscanf(string(out), "open files: %d", &got); err != nil || scanErr != nil || got < openFiles()-1 { // Go may leave one
		t.Errorf("got %q (%v), want %d open files", out, errors.Join(err, scanErr), openFiles())
	}
}

func FuzzSkipRequest(f *testing.F) {
	for _, s := range []string{request, "", "\r\n", "GET / HTTP/1.1\n\nbody", strings.Repeat("x", 1<<10) + "\r\n\r\n", strings.Repeat("x", 1<<10-1) + "\n", "a\r\n \r\nb\r\n\r\nrest"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lines := strings.SplitAfter(s, "\n")
		want := slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, "\n") && len(line) <= 2 })
		if err := skipRequest(strings.NewReader(s)); (err == nil) != want {
			t.Errorf("%q: got %v, want an end of headers: %v", s, err, want)
		}
	})
}

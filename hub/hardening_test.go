package hub_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// A User-Agent may hold any byte above 0x7f: one subscriber with bytes that are
// not UTF-8 must not take the state away from everybody.
func TestAUserAgentThatIsNotUTF8DoesNoHarm(t *testing.T) {
	for _, agent := range []string{"\xff\xfe", "caf\xe9", "\u202egnp.exe", "<script>alert(1)</script>", strings.Repeat("x", 9000)} {
		s := hubtest.New(t, nil)
		conn, err := s.Dial(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p := opened(t, conn, "/ws/subscribe", "User-Agent: "+agent+"\r\n")
		p.next()
		status, body := get(t, s, "/api/state")
		var state struct{ Subscribers []struct{ Client string } }
		if err := json.Unmarshal([]byte(body), &state); err != nil || status != http.StatusOK || len(state.Subscribers) != 1 {
			t.Errorf("%q: got %d %s (%v), want 200 and one subscriber", agent, status, body, err)
			continue
		}
		if client := state.Subscribers[0].Client; len(client) > 200 || strings.Contains(client, "\u202e") {
			t.Errorf("%q: got the client %q, want it short and printable", agent, client)
		}
	}
}

// A reader of logs that stalls (a full pipe behind stderr) must stall nobody
// who publishes.
func TestALoggerThatBlocksBlocksNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := &stuckHandler{release: make(chan struct{})}
		s := hubtest.New(t, &hub.Options{Logger: slog.New(handler)})
		bad, good := publisher(t, s, "BAD"), publisher(t, s, "GOOD")
		bad.text("rubbish")
		good.text(steps(1))
		synctest.Wait()
		status, body := get(t, s, "/metrics/GOOD")
		if status != http.StatusOK {
			t.Errorf("GOOD: got %d %s, want 200", status, body)
		}
		close(handler.release)
	})
}

// stuckHandler does not come back from a warning until it is released.
type stuckHandler struct{ release chan struct{} }

func (h *stuckHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h *stuckHandler) Handle(context.Context, slog.Record) error    { <-h.release; return nil }
func (h *stuckHandler) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h *stuckHandler) WithGroup(string) slog.Handler                { return h }

// RFC 6455, section 5.5.1: nothing may follow a close frame.
func TestNothingFollowsACloseFrame(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, nil)
			pub, sub := dial(t, s, "/ws/publish/V75"), dial(t, s, "/ws/subscribe")
			pub.silent, sub.silent = true, true // a second is left between the close and the end
			pub.listen()
			sub.listen()
			var flood sync.WaitGroup
			flood.Go(func() {
				for i := range 1000 {
					if i%20 == 0 {
						time.Sleep(20 * time.Millisecond)
					}
					if err := pub.write(masked(fin|opText, []byte(steps(i)))); err != nil {
						return
					}
				}
			})
			time.Sleep(20 * time.Millisecond)
			if err := s.Hub.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			flood.Wait()
			<-sub.done
			all := sub.frames()
			for i, f := range all {
				if f.op() == opClose && i != len(all)-1 {
					t.Fatalf("got %d frames behind the close frame, the first %#x", len(all)-1-i, all[i+1].head)
				}
			}
			if got := sub.last().closing(); got != "1001 the hub is shutting down" {
				t.Errorf("got the end %q", got)
			}
		})
	}
}

// A peer that reads nothing must not hold up a shutdown for longer than the
// grace that everybody has.
func TestShutdownWaitsBrieflyForPeersThatStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub := publisher(t, s, "V75")
		for range 20 {
			dial(t, s, "/ws/subscribe") // reads nothing, not even the first frame
		}
		deaf := dial(t, s, "/ws/publish/DEAF")
		deaf.send(fin|opPing, "its pong has nowhere to go")
		pub.text(steps(1))
		synctest.Wait()
		start := time.Now()
		if err := s.Hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("Shutdown took %v of fake time, want at most 4 s", took)
		}
	})
}

// A subscriber that reads nothing is closed with 1013 also when it sends pings,
// whose pongs find no way out either.
func TestAStalledSubscriberThatPingsIsClosedForItsStall(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, nil)
			pub := publisher(t, s, "V75")
			sub := dial(t, s, "/ws/subscribe")
			sub.next()
			pub.text(steps(1))
			synctest.Wait() // the hub is stuck in a write to sub
			sub.send(fin|opPing, "are you there")
			time.Sleep(10*time.Second + 1)
			want := `subscriber 1 disconnected: read nothing for 10s`
			time.Sleep(5 * time.Second)
			if _, body := get(t, s, "/api/state"); !strings.Contains(body, want) {
				t.Fatalf("got %s, want the event %q", body, want)
			}
		})
	}
}

// What waits for a subscriber changes without any frame: who polls must see it.
func TestTheETagChangesWhenASubscriberCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub := publisher(t, s, "V75")
		sub := dial(t, s, "/ws/subscribe")
		sub.next()
		for i := range 5 {
			pub.text(steps(i))
			synctest.Wait() // the first is being written, the others wait
		}
		before := ask(t, s, http.MethodGet, "/api/state")
		body, _ := io.ReadAll(before.Body)
		if !strings.Contains(string(body), `"pending":4`) {
			t.Fatalf("got %s, want 4 frames that wait", body)
		}
		sub.listen()
		synctest.Wait()
		after := ask(t, s, http.MethodGet, "/api/state", "If-None-Match: "+before.Header.Get("Etag"))
		if after.StatusCode != http.StatusOK {
			t.Errorf("got %s though nothing waits any more, want 200", after.Status)
		}
	})
}

// Names that never brought an update must not use up the room of those that do.
func TestSpacesWithoutAnUpdateMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{MaxSpaces: 3})
		keeper := publisher(t, s, "KEEPER")
		keeper.text(steps(1))
		for _, name := range []string{"A", "B", "C", "D", "E"} {
			p := publisher(t, s, name)
			p.text("rubbish")
			p.close(1000)
			<-p.done
			synctest.Wait()
		}
		publisher(t, s, "REAL").text(steps(2))
		publisher(t, s, "LIVE")
		synctest.Wait()
		for _, name := range []string{"KEEPER", "REAL"} {
			if status, body := get(t, s, "/metrics/"+name); status != http.StatusOK {
				t.Errorf("%s: got %d %s, want 200", name, status, body)
			}
		}
		conn, err := s.Dial(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, "/ws/publish/ONEMORE", "")
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("beyond the bound: got %s, want 503 with Retry-After", answer.Status)
		}
	})
}

// One publisher that makes up names must not push everything else off the page.
func TestMadeUpNamesDoNotFloodTheEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		for i := range 60 {
			p.text(`{"type":"heartbeat","made_up_` + strings.Repeat("x", i+1) + `":1}`)
		}
		synctest.Wait()
		var state struct{ Events []struct{ Kind string } }
		_, body := get(t, s, "/api/state")
		if err := json.Unmarshal([]byte(body), &state); err != nil {
			t.Fatal(err)
		}
		if n := len(state.Events); n > 3 {
			t.Errorf("got %d events of one publisher within a moment, want 3 at most", n)
		}
	})
}

// What strangers choose ends in logs that people read in terminals: no control
// character, no turned direction of writing, no line of their own making.
func TestNothingCanBeForgedInTheLog(t *testing.T) {
	hostile := "\n\x1b[31m\u009b\u202e" + `time=now level=ERROR msg="pay here"`
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder // slog's handlers lock it
			s := hubtest.New(t, &hub.Options{Logger: slog.New(handler(&log))})
			conn, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sub := opened(t, conn, "/ws/subscribe", "User-Agent: \u009b\u202eevil\r\n").listen()
			p := publisher(t, s, "V75")
			for _, frame := range []string{
				`{"type":` + string(quoted) + `}`,
				`{"type":"identify","space":` + string(quoted) + `}`,
				`{"type":"voting","data":{"dominant_signal":` + string(quoted) + `}}`,
				`{"type":"heartbeat",` + string(quoted) + `:1,` + string(quoted) + `:1}`,
				hostile,
			} {
				p.text(frame)
				time.Sleep(10 * time.Second)
			}
			p.close(1000)
			sub.close(1000)
			<-p.done
			<-sub.done
			synctest.Wait()
			lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
			if len(lines) != 9 { // two that come, five frames, two that go
				t.Errorf("%s: got %d lines, want 9:\n%s", name, len(lines), log.String())
			}
			if strings.ContainsAny(log.String(), "\x1b\u009b\u202e\r") {
				t.Errorf("%s: got %q", name, log.String())
			}
		})
	}
}

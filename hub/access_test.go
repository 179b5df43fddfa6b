package hub_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/logtest"
)

// logbook keeps the lines of a log.
type logbook struct{ logtest.Log }

func (l *logbook) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level}))
}

// read returns the lines so far, each as "LEVEL message" and its other
// attributes.
func (l *logbook) read(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(l.String()) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		attrs["msg"] = fmt.Sprint(attrs["level"], " ", attrs["msg"])
		delete(attrs, "level")
		delete(attrs, "time")
		all = append(all, attrs)
	}
	return all
}

// Each connection leaves a line when it comes and one when it goes: who, from
// where, for how long and why it ended.
func TestWhoComesAndGoesIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logbook
		s := hubtest.New(t, &hub.Options{Logger: log.logger(slog.LevelInfo)})
		p := publisher(t, s, "V75")
		synctest.Wait()
		q := publisher(t, s, "V75")
		synctest.Wait()
		conn, _ := s.Dial(t.Context())
		sub := opened(t, conn, "/ws/subscribe", "User-Agent: lab/1.0\r\n").listen()
		time.Sleep(1500 * time.Millisecond)
		p.close(1000)
		<-p.done
		synctest.Wait()
		sub.text(strings.Repeat(" ", 65_537))
		<-sub.done
		synctest.Wait()
		q.conn.Close()
		synctest.Wait()
		want := []map[string]any{
			{"msg": "INFO publisher connected", "role": "publisher", "address": "pipe", "space": "V75", "takes_over": false},
			{"msg": "INFO publisher connected", "role": "publisher", "address": "pipe", "space": "V75", "takes_over": true},
			{"msg": "INFO subscriber connected", "role": "subscriber", "address": "pipe", "subscriber": 1.0, "client": "lab/1.0"},
			{"msg": "INFO publisher disconnected", "role": "publisher", "address": "pipe", "space": "V75", "takes_over": false,
				"reason": "peer", "why": "closed by the peer with 1000", "lasted": "1.5 s or more"},
			{"msg": "INFO subscriber disconnected", "role": "subscriber", "address": "pipe", "subscriber": 1.0, "client": "lab/1.0",
				"reason": "too_big", "why": "message longer than 65536 bytes", "lasted": "1.5 s or more"},
			{"msg": "INFO publisher disconnected", "role": "publisher", "address": "pipe", "space": "V75", "takes_over": true,
				"reason": "lost", "why": "connection lost", "lasted": "1.5 s or more"},
		}
		got := log.read(t)
		for _, line := range got { // a close takes its time
			if lasted, ok := line["lasted"].(float64); ok && time.Duration(lasted) >= 1500*time.Millisecond {
				line["lasted"] = "1.5 s or more"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Whoever is refused leaves a line that says what for and why: a warning where it
// is a matter of manners. What is an everyday answer is for those who look for it.
func TestWhoIsRefusedIsLogged(t *testing.T) {
	var log logbook
	s := hubtest.New(t, &hub.Options{Logger: log.logger(slog.LevelDebug)})
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	foreign := append([]string{"Origin: https://evil.example\u202e"}, upgrade...)
	ask(t, s, http.MethodGet, "/ws/subscribe", foreign...)
	ask(t, s, http.MethodGet, "/rankings", "Host: evil.example", "User-Agent: \u202e<b>")
	ask(t, s, http.MethodGet, "/ws/publish/%0aV75", upgrade...)
	ask(t, s, http.MethodGet, "/metrics/NONE", "User-Agent: curl")
	ask(t, s, http.MethodGet, "/livez")
	const agent = "Go-http-client/1.1"
	want := []map[string]any{
		{"msg": "WARN request refused", "endpoint": "subscribe", "status": 403.0, "address": "pipe", "client": agent,
			"reason": `origin: got "https://evil.example\u202e", want this server's own or one that it was told to allow`},
		{"msg": "WARN request refused", "endpoint": "rest", "status": 403.0, "address": "pipe", "client": `"\u202e<b>"`,
			"reason": `host: got "evil.example", want a loopback name, an IP address or one of --allow-host`},
		{"msg": "INFO handshake refused", "endpoint": "publish", "status": 400.0, "address": "pipe", "client": agent,
			"reason": `space name: got "\nV75", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{"msg": "DEBUG request answered with an error", "endpoint": "rest", "status": 404.0, "address": "pipe", "client": "curl",
			"reason": "space NONE: no update of it was ever accepted"},
	}
	if diff := cmp.Diff(want, log.read(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Somebody who knocks all night does not fill the disk, and is counted all the
// same; a publisher that connects meanwhile still leaves its line.
func TestAFloodOfRefusalsDoesNotFillTheDisk(t *testing.T) {
	var log logbook
	s := hubtest.New(t, &hub.Options{Logger: log.logger(slog.LevelDebug)})
	const knocks = 3000
	for range knocks {
		ask(t, s, http.MethodGet, "/", "Host: evil.example")
	}
	publisher(t, s, "V75")
	eventually(t, "the line of V75", func() bool {
		lines := log.read(t)
		return lines[len(lines)-1]["msg"] == "INFO publisher connected"
	})
	got, _ := metricsOf(t, s)
	lines := len(log.read(t)) - 1
	if lines < 200 || lines > 1000 {
		t.Errorf("got %d lines of %d refusals, want a few hundred", lines, knocks)
	}
	if told := got["quasar_hub_log_lines_left_out_total"]; int(told) != knocks-lines || got["quasar_hub_request_errors_total endpoint=rest status=403"] != knocks {
		t.Errorf("got %v left out and %v refused, want %d and %d", told, got["quasar_hub_request_errors_total endpoint=rest status=403"], knocks-lines, knocks)
	}
}

// Each end of a connection is counted under its cause.
func TestClosesAreCountedByTheirCause(t *testing.T) {
	for _, c := range []struct {
		name, role, reason string
		act                func(t *testing.T, s *hubtest.Server)
	}{
		{"a goodbye", "publisher", "peer", func(t *testing.T, s *hubtest.Server) { publisher(t, s, "V75").close(1000) }},
		{"a goodbye with a code of its own", "subscriber", "peer", func(t *testing.T, s *hubtest.Server) { subscriber(t, s, "").close(4000) }},
		{"a broken connection", "subscriber", "lost", func(t *testing.T, s *hubtest.Server) { subscriber(t, s, "").conn.Close() }},
		{"a publisher that says nothing", "publisher", "silent", func(t *testing.T, s *hubtest.Server) {
			deafen(publisher(t, s, "V75"))
			time.Sleep(2 * time.Minute)
		}},
		{"a subscriber that says nothing", "subscriber", "silent", func(t *testing.T, s *hubtest.Server) {
			deafen(subscriber(t, s, ""))
			time.Sleep(2 * time.Minute)
		}},
		{"a subscriber that takes nothing", "subscriber", "stalled", func(t *testing.T, s *hubtest.Server) {
			dial(t, s, "/ws/subscribe")
			time.Sleep(20 * time.Second)
		}},
		{"a publisher that takes no ping", "publisher", "stalled", func(t *testing.T, s *hubtest.Server) {
			dial(t, s, "/ws/publish/V75")
			time.Sleep(50 * time.Second)
		}},
		{"an unmasked frame", "publisher", "protocol", func(t *testing.T, s *hubtest.Server) { publisher(t, s, "V75").raw([]byte{fin | opText, 0}) }},
		{"a close with half a code", "subscriber", "protocol", func(t *testing.T, s *hubtest.Server) { subscriber(t, s, "").send(fin|opClose, "x") }},
		{"a flood", "subscriber", "policy", func(t *testing.T, s *hubtest.Server) {
			p := subscriber(t, s, "")
			for range 501 {
				_ = p.write(masked(fin|opText, []byte("x")))
			}
		}},
		{"a message that is too long", "publisher", "too_big", func(t *testing.T, s *hubtest.Server) {
			publisher(t, s, "V75").text(strings.Repeat(" ", 65_537))
		}},
		{"the end of the hub", "subscriber", "shutdown", func(t *testing.T, s *hubtest.Server) {
			subscriber(t, s, "")
			synctest.Wait()
			if err := s.Hub.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hubtest.New(t, nil)
				c.act(t, s)
				time.Sleep(5 * time.Second) // what it takes to close
				synctest.Wait()
				got, _ := metricsOf(t, s)
				ends := make(map[string]float64)
				for name, n := range got {
					if n != 0 && strings.HasPrefix(name, "quasar_hub_closes_total") {
						ends[name] = n
					}
				}
				want := map[string]float64{"quasar_hub_closes_total reason=" + c.reason + " role=" + c.role: 1}
				if diff := cmp.Diff(want, ends); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// deafen makes a peer read on and answer nothing.
func deafen(p *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

// The page where people log in says no in a form of its own, which is a refusal
// like any other.
func TestALoginThatFailsIsLogged(t *testing.T) {
	var log logbook
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store, Logger: log.logger(slog.LevelInfo)})
	post(t, s, url.Values{"token": {k.secret["wrong"]}})
	post(t, s, url.Values{"token": {k.secret["publisher"]}})
	post(t, s, url.Values{"token": {k.secret["viewer"]}})
	line := func(status float64, reason string) map[string]any {
		return map[string]any{"msg": "WARN request refused", "endpoint": "rest", "status": status, "address": "pipe", "client": "Go-http-client/1.1", "reason": reason}
	}
	want := []map[string]any{
		line(401, "login: This is no valid token of this hub."),
		line(403, "login: This is a publisher's token; to look takes a viewer's."),
		{"msg": "INFO logged in", "credential": "viewer", "address": "pipe"},
	}
	if diff := cmp.Diff(want, log.read(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

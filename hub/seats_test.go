package hub_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/problem"
)

// Those who are inside notice nothing of those for whom there is no room.
func TestThereIsRoomForSoManyOfEachRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{MaxPublishers: 2, MaxSubscribers: 1})
		a, b := publisher(t, s, "A"), publisher(t, s, "B")
		sub := subscriber(t, s, "")
		for _, c := range []struct{ path, want string }{
			{"/ws/publish/C", "publishers: got all connections that there is room for; come back later"},
			{"/ws/publish/A", "publishers: got all connections that there is room for; come back later"},
			{"/ws/subscribe", "subscribers: got all connections that there is room for; come back later"},
		} {
			if got := refusedSocket(t, s, c.path); got.Status != http.StatusServiceUnavailable || got.Detail != c.want {
				t.Errorf("%s: got %+v, want 503 %q", c.path, got, c.want)
			}
		}
		a.text(steps(1))
		synctest.Wait()
		if diff := cmp.Diff([]int64{1}, stepsOf(t, sub.updates()[1:])); diff != "" {
			t.Errorf("the subscriber got (-want +got):\n%s", diff)
		}

		// Whoever leaves, in whatever way, makes room.
		_ = b.conn.Close()
		sub.close(1000)
		<-sub.done
		synctest.Wait()
		publisher(t, s, "C")
		subscriber(t, s, "")
		if got := refusedSocket(t, s, "/ws/publish/D"); got.Status != http.StatusServiceUnavailable {
			t.Errorf("got %+v, want no more room than before", got)
		}
		want := `quasar_hub_turned_away_total{reason="publishers"} 3`
		if _, body := get(t, s, "/metrics"); !strings.Contains(body, want+"\n") {
			t.Errorf("got %s, want %s in it", body, want)
		}
	})
}

// refusedSocket asks for a WebSocket that is not opened and returns what is said.
func refusedSocket(t *testing.T, s *hubtest.Server, path string) problem.Document {
	t.Helper()
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, answer := shake(t, conn, path, "")
	return refusal(t, answer)
}

func refusal(t *testing.T, answer *http.Response) problem.Document {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out problem.Document
	if _, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil {
		t.Errorf("Retry-After: %v", err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return out
}

// A handshake that comes to nothing keeps no room.
func TestAHandshakeThatFailsGivesItsRoomBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{MaxPublishers: 1, MaxSubscribers: 1, MaxSpaces: 1})
		for _, path := range []string{"/ws/publish/A", "/ws/subscribe"} {
			for range 3 {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = "localhost"
				for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
					r.Header.Set(name, value)
				}
				s.Hub.ServeHTTP(httptest.NewRecorder(), r) // which is no connection that could become a WebSocket
			}
			dial(t, s, path)
		}
		if got := refusedSocket(t, s, "/ws/publish/A"); got.Status != http.StatusServiceUnavailable {
			t.Errorf("got %+v, want 503: the room is taken", got)
		}
	})
}

// Who comes through a proxy that we trust has an address of its own; the proxy, on
// this machine, has none that counts.
func TestOneAddressHasSoManyWebSockets(t *testing.T) {
	_, addr := serveTCP(t, &hub.Options{MaxPerAddress: 2, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	opened := func(path, from string) (*peer, *http.Response) {
		t.Helper()
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		header := ""
		if from != "" {
			header = "X-Forwarded-For: " + from + "\r\n"
		}
		return shake(t, conn, path, header)
	}
	var first *peer
	for i, c := range []struct {
		path, from string
		want       int
	}{
		{"/ws/publish/A", "192.0.2.1", 101}, {"/ws/subscribe", "192.0.2.1", 101}, {"/ws/publish/A", "192.0.2.1", 429}, {"/ws/subscribe", "192.0.2.1", 429},
		{"/ws/subscribe", "192.0.2.2", 101},
		{"/ws/subscribe", "2001:db8::1", 101}, {"/ws/subscribe", "2001:db8::2", 101}, {"/ws/subscribe", "2001:db8::3", 429}, {"/ws/subscribe", "2001:db8:0:1::3", 101},
		{"/ws/subscribe", "", 101}, {"/ws/subscribe", "", 101}, {"/ws/subscribe", "", 101},
	} {
		p, answer := opened(c.path, c.from)
		if answer.StatusCode != c.want {
			t.Fatalf("%d: %s from %q: got %s, want %d", i, c.path, c.from, answer.Status, c.want)
		}
		if i == 0 {
			first = p
		}
		if c.want == http.StatusTooManyRequests {
			want := "connections: got too many from your address, want some of them closed first"
			if got := refusal(t, answer).Detail; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
	first.close(1000)
	first.listen()
	<-first.done
	eventually(t, "room for another", func() bool {
		_, answer := opened("/ws/publish/A", "192.0.2.1")
		return answer.StatusCode == http.StatusSwitchingProtocols
	})
}

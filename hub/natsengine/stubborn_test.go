package natsengine

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/karlquant/quasar/hub/enginetest"
	"github.com/karlquant/quasar/internal/logtest"
)

// A server that takes connections and says nothing holds up who connects, for two
// seconds. Nobody else waits for that: a hub is asked for its status, and its
// publishers' updates are offered.
func TestNobodyWaitsForAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	mute, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	e := must(New("a", &Options{External: &External{URL: "nats://" + mute.Addr().String()}}))
	enginetest.Start(t, e)
	connected := func() net.Conn {
		conn, err := mute.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	_ = connected().Close() // the first is Run's own
	for n := range int64(5) {
		conn, asked := connected(), make(chan struct{})
		go func() {
			defer close(asked)
			e.Offer(recordWith("V75", n+1))
			e.Status()
		}()
		prompt := false
		select {
		case <-asked:
			prompt = true
		case <-time.After(time.Second): // half of what the connection is waited for
		}
		_ = conn.Close()
		<-asked
		if prompt { // once will do: this machine may be slow, and who waits is so each time
			return
		}
	}
	t.Error("offers and questions waited for a server that says nothing")
}

// Whoever mends what a NATS server refuses mends the hub with it.
func TestWhatIsRefusedIsTriedAgain(t *testing.T) {
	for name, spoil := range map[string]func(u *server.User){
		"another password":     func(u *server.User) { u.Password = "another" },
		"publish to all":       func(u *server.User) { u.Permissions.Publish.Allow = u.Permissions.Publish.Allow[1:] },
		"subscribe to all":     func(u *server.User) { u.Permissions.Subscribe.Allow = u.Permissions.Subscribe.Allow[1:] },
		"subscribe to its own": func(u *server.User) { u.Permissions.Subscribe.Allow = u.Permissions.Subscribe.Allow[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := func() *server.User {
				return &server.User{Username: "hub a", Password: "p", Permissions: least("quasar", "a")}
			}
			bad := good()
			spoil(bad)
			var opts *server.Options
			s := beside(t, "quasar", func(o *server.Options) { o.Users, opts = []*server.User{bad}, o }, "a")
			as := func(u *server.User) {
				o := opts.Clone()
				o.Port, o.Users = opts.Port, []*server.User{u}
				if err := s.ReloadOptions(o); err != nil {
					t.Fatal(err)
				}
			}
			var said logtest.Log
			e := must(New("a", &Options{Logger: slog.New(slog.NewTextHandler(&said, nil)), External: &External{URL: s.ClientURL(), User: "hub a", Password: "p"}}))
			e.bus.(*external).again = 100 * time.Millisecond
			enginetest.Start(t, e)
			for range 2 {
				enginetest.Soon(t, "it is refused, and says so", func() string {
					if s := e.Status(); s.Ready || s.Problem == "" {
						return "got a hub that is ready"
					}
					if text := strings.ToLower(said.String()); !strings.Contains(text, "violation") {
						return "got the log " + text
					}
					return ""
				})
				time.Sleep(1500 * time.Millisecond) // twice more in vain
				as(good())
				enginetest.Ready(t, e)
				as(bad)
			}
		})
	}
}

// A server that takes short messages only would drop the state part by part.
func TestAServerThatTakesShortMessagesOnly(t *testing.T) {
	s := beside(t, "quasar", func(o *server.Options) { o.MaxPayload = leastPayload - 1 }, "a")
	e := must(New("a", &Options{External: &External{URL: s.ClientURL(), User: "hub a", Password: "p"}}))
	enginetest.Start(t, e)
	enginetest.Soon(t, "it says so", func() string {
		if s := e.Status(); s.Ready || !strings.Contains(s.Problem, "max_payload") {
			return "got the problem " + s.Problem
		}
		return ""
	})
}

package natsengine

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
)

// least is all that the hub with that id may do at NATS servers.
func least(prefix, id string) *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{prefix + toAll + escape(id), prefix + toOne + "*"}},
		Subscribe: &server.SubjectPermission{Allow: []string{prefix + toAll + "*", prefix + toOne + escape(id)}},
	}
}

// beside starts a NATS server with a user for each hub, who has the permissions that
// it takes and no more.
func beside(t *testing.T, prefix string, change func(o *server.Options), ids ...string) *server.Server {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true}
	for _, id := range ids {
		o.Users = append(o.Users, &server.User{Username: "hub " + id, Password: "p", Permissions: least(prefix, id)})
	}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	t.Cleanup(s.Shutdown)
	return s
}

func TestExternalServersWithTheLeastPermissions(t *testing.T) {
	servers := make(map[*testing.T]*server.Server)
	enginetest.RunCluster(t, &enginetest.Cluster{Open: func(t *testing.T, hubID string, _ *enginetest.Net) hub.Engine {
		if servers[t] == nil {
			servers[t] = beside(t, "team.quasar", nil, "a", "b", "b.c", "c", "d", "late")
		}
		return must(New(hubID, &Options{External: &External{URL: servers[t].ClientURL(), User: "hub " + hubID, Password: "p", Prefix: "team.quasar"}}))
	}})
}

func TestOneEngineBesideNATS(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, hubID string) hub.Engine {
		s := beside(t, "quasar", nil, hubID)
		return must(New(hubID, &Options{External: &External{URL: s.ClientURL(), User: "hub " + hubID, Password: "p"}}))
	})
}

// Whatever of the permissions is missing, the hub says so instead of being one of
// many in silence.
func TestMissingPermissionsAreSeen(t *testing.T) {
	for name, change := range map[string]func(p *server.Permissions){
		"publish to all":       func(p *server.Permissions) { p.Publish.Allow = p.Publish.Allow[1:] },
		"subscribe to all":     func(p *server.Permissions) { p.Subscribe.Allow = p.Subscribe.Allow[1:] },
		"subscribe to its own": func(p *server.Permissions) { p.Subscribe.Allow = p.Subscribe.Allow[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := beside(t, "quasar", func(o *server.Options) { change(o.Users[0].Permissions) }, "a")
			e := must(New("a", &Options{External: &External{URL: s.ClientURL(), User: "hub a", Password: "p"}}))
			enginetest.Start(t, e)
			enginetest.Soon(t, "it says that NATS refuses it", func() string {
				if s := e.Status(); s.Ready || !strings.Contains(s.Problem, "refuses") {
					return s.Problem
				}
				return ""
			})
		})
	}
}

func TestExternalOverTLS(t *testing.T) {
	ours := newAuthority(t)
	s := beside(t, "quasar", func(o *server.Options) {
		o.TLSConfig, o.TLSVerify = ours.config("nats"), true
		o.TLSConfig.ClientCAs = ours.pool
	}, "a")
	for name, test := range map[string]struct {
		by    *authority
		ready bool
	}{"an authority that both know": {ours, true}, "a stranger's certificate": {newAuthority(t), false}} {
		t.Run(name, func(t *testing.T) {
			url := "tls://" + strings.TrimPrefix(s.ClientURL(), "nats://")
			url = "tls://" + url[strings.LastIndex(url, "/")+1:]
			e := must(New("a", &Options{JoinTimeout: time.Second, External: &External{URL: url, User: "hub a", Password: "p", TLS: test.by.config("hub")}}))
			enginetest.Start(t, e)
			enginetest.Soon(t, name, func() string {
				if s := e.Status(); s.Ready != test.ready {
					return s.Problem
				}
				return ""
			})
		})
	}
}

// Without NATS a hub waits, says so, and has the newest of everything for when it
// comes.
func TestNATSThatComesLater(t *testing.T) {
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	a := must(New("a", &Options{External: &External{URL: "nats://" + addr}}))
	b := must(New("b", &Options{External: &External{URL: "nats://" + addr}}))
	got := enginetest.Start(t, b)
	enginetest.Start(t, a)
	for n := range int64(1000) {
		a.Offer(recordWith("V75", n+1))
	}
	enginetest.Soon(t, "it says that NATS is gone", func() string {
		if s := a.Status(); s.Ready || !strings.Contains(s.Problem, "out of reach") {
			return s.Problem + ": want NATS out of reach"
		}
		return ""
	})
	if got := a.Status().Waiting; got != 1 {
		t.Errorf("got %d spaces that wait, want the one", got)
	}
	beside(t, "quasar", func(o *server.Options) { o.Host, o.Port = host, atoi(t, port) })
	enginetest.Ready(t, a)
	enginetest.Ready(t, b)
	enginetest.Soon(t, "b has the newest", func() string {
		if r := got.Record("V75"); r.Snapshot.Seq != 1000 {
			return "got another"
		}
		return ""
	})
	if got := a.Status().Waiting; got != 0 {
		t.Errorf("got %d spaces that wait, want none", got)
	}
}

// The example for operators gives the permissions that are tested here.
func TestTheExampleHasTheLeastPermissions(t *testing.T) {
	t.Setenv("HUB_A_PASSWORD", "a")
	t.Setenv("HUB_B_PASSWORD", "b")
	o, err := server.ProcessConfigFile("../../deploy/cluster/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Users) != 2 {
		t.Fatalf("got %d users, want 2", len(o.Users))
	}
	for _, user := range o.Users {
		want := least("quasar", user.Username)
		if diff := cmp.Diff(want.Publish.Allow, user.Permissions.Publish.Allow) + cmp.Diff(want.Subscribe.Allow, user.Permissions.Subscribe.Allow); diff != "" {
			t.Errorf("%s (-least +example):\n%s", user.Username, diff)
		}
	}
}

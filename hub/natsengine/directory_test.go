package natsengine

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/enginetest"
)

// names is a name server that says what the test wants.
type names struct {
	mu  sync.Mutex // guards all
	all map[string][]string
}

func (n *names) set(name string, ips ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all[name] = ips
}

func (n *names) look(_ context.Context, name string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ips := n.all[name]; len(ips) > 0 {
		return ips, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func TestAllAddressesOfANameCount(t *testing.T) {
	n := &names{all: make(map[string][]string)}
	d, err := newDirectory([]string{"dns+hubs:7862", "other:1", "127.0.0.9:2", "[::1]:3"})
	if err != nil {
		t.Fatal(err)
	}
	d.lookIP = n.look
	for _, step := range []struct {
		name string
		ips  []string
		want []string
	}{
		{"no name has an address", nil, []string{"127.0.0.9:2", "[::1]:3"}},
		{"one has three", []string{"10.0.0.3", "10.0.0.1", "fd00::2", "10.0.0.1"}, []string{"10.0.0.1:7862", "10.0.0.3:7862", "127.0.0.9:2", "[::1]:3", "[fd00::2]:7862"}},
		{"another one", []string{"10.0.0.4"}, []string{"10.0.0.4:7862", "127.0.0.9:2", "[::1]:3"}},
		{"it has none for a moment", nil, []string{"10.0.0.4:7862", "127.0.0.9:2", "[::1]:3"}},
	} {
		n.set("hubs", step.ips...)
		if diff := cmp.Diff(step.want, d.lookup(t.Context())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// Hubs that start before their name has any address find each other when it does,
// and go on without one that it has no more.
func TestHubsFindEachOtherByANameThatChanges(t *testing.T) {
	if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0"); err != nil {
		t.Skip("only 127.0.0.1 is this machine's here")
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	n := &names{all: make(map[string][]string)}
	_, port, err := net.SplitHostPort(freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	open := func(id, ip string) *Engine {
		e := must(New(id, &Options{JoinTimeout: time.Second, Embedded: &Embedded{
			Listen: net.JoinHostPort(ip, port), Peers: []string{"dns+hubs:" + port}, Secret: "a secret of the test",
		}}))
		b, _ := e.bus.(*embedded)
		b.dns.lookIP, b.look = n.look, 50*time.Millisecond
		return e
	}
	a, b := open("a", "127.0.0.2"), open("b", "127.0.0.3")
	enginetest.Start(t, a)
	stop := enginetest.StartUntil(t, b)
	enginetest.Ready(t, a)
	enginetest.Ready(t, b)
	n.set("hubs", "127.0.0.2", "127.0.0.3")
	members := func(want ...string) func() string {
		return func() string { return cmp.Diff(want, a.Status().Members) }
	}
	enginetest.Soon(t, "they find each other", members("a", "b"))
	stop()
	n.set("hubs", "127.0.0.2", "127.0.0.4")
	c := open("c", "127.0.0.4")
	enginetest.Start(t, c)
	enginetest.Soon(t, "the next one is found", members("a", "c"))
}

// A hub that cannot find out whether there are others is not alone: it waits for as
// long as it would for one that does not answer.
func TestANameServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		err   error
		alone bool
	}{
		{"there is no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, true},
		{"the name server is out of reach", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, false},
		{"the name server is not well", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := must(New("a", &Options{JoinTimeout: 3 * time.Second, Embedded: &Embedded{Listen: "127.0.0.1:0", Peers: []string{"dns+hubs:7862"}}}))
			b := e.bus.(*embedded)
			b.dns.lookIP = func(context.Context, string) ([]string, error) { return nil, test.err }
			enginetest.Start(t, e)
			enginetest.Ready(t, e) // by itself, or in the end
			if got := b.alone(); got != test.alone {
				t.Errorf("got alone %v, want %v", got, test.alone)
			}
		})
	}
}

package natsengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// directory knows the peers' addresses. NATS takes one address of a name and would
// leave a mesh with holes.
type directory struct {
	peers  []peer
	unsure bool // at the last lookup a name without addresses may have some
	lookIP func(ctx context.Context, name string) ([]string, error)
}

type peer struct {
	host, port string
	name       bool     // the host is to be looked up
	known      []string // the addresses that it had last
}

// maxPeers bounds the addresses of a cluster.
const maxPeers = 200

// newDirectory reads peers: HOST:PORT or dns+NAME:PORT.
func newDirectory(peers []string) (*directory, error) {
	if len(peers) > maxPeers {
		return nil, fmt.Errorf("cluster peers: got %d, want at most %d", len(peers), maxPeers)
	}
	d := &directory{lookIP: net.DefaultResolver.LookupHost}
	for _, text := range peers {
		host, port, ok := hostPort(strings.TrimPrefix(text, "dns+"))
		if !ok {
			return nil, fmt.Errorf("cluster peer: got %q, want HOST:PORT or dns+NAME:PORT", text)
		}
		d.peers = append(d.peers, peer{host: host, port: port, name: net.ParseIP(host) == nil})
	}
	return d, nil
}

// hostPort takes an address apart that others are to connect to.
func hostPort(addr string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(addr)
	n, notNumber := strconv.Atoi(port)
	return host, port, err == nil && host != "" && notNumber == nil && n > 0 && n <= 65535
}

// names tells whether there is anything to look up.
func (d *directory) names() bool {
	return slices.ContainsFunc(d.peers, func(p peer) bool { return p.name })
}

// lookup returns all addresses in order, each once. A name that has none at the
// moment keeps those that it had: its server may be gone for a moment, and the
// hubs are not.
func (d *directory) lookup(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var out []string
	d.unsure = false
	for i := range d.peers {
		p := &d.peers[i]
		if err := d.find(ctx, p); err != nil && len(p.known) == 0 && !noSuchName(err) {
			d.unsure = true
		}
		for _, ip := range p.known[:min(len(p.known), maxPeers)] {
			out = append(out, net.JoinHostPort(ip, p.port))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// find brings a peer's addresses up to date.
func (d *directory) find(ctx context.Context, p *peer) error {
	if !p.name {
		p.known = []string{p.host}
		return nil
	}
	found, err := d.lookIP(ctx, p.host)
	if err == nil && len(found) > 0 {
		p.known = found
	}
	return err
}

// noSuchName tells whether a name server said that there is none, and not nothing.
func noSuchName(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

func sameRoutes(a, b []*url.URL) bool {
	return slices.EqualFunc(a, b, func(x, y *url.URL) bool { return x.Host == y.Host })
}

package natsengine

import (
	"context"
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
		host, port, err := net.SplitHostPort(strings.TrimPrefix(text, "dns+"))
		n, notNumber := strconv.Atoi(port)
		if err != nil || host == "" || notNumber != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("cluster peer: got %q, want HOST:PORT or dns+NAME:PORT", text)
		}
		d.peers = append(d.peers, peer{host: host, port: port, name: net.ParseIP(host) == nil})
	}
	return d, nil
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
	for i := range d.peers {
		p := &d.peers[i]
		if !p.name {
			p.known = []string{p.host}
		} else if found, err := d.lookIP(ctx, p.host); err == nil && len(found) > 0 {
			p.known = found
		}
		for _, ip := range p.known[:min(len(p.known), maxPeers)] {
			out = append(out, net.JoinHostPort(ip, p.port))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sameRoutes(a, b []*url.URL) bool {
	return slices.EqualFunc(a, b, func(x, y *url.URL) bool { return x.Host == y.Host })
}

package gate

import (
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/karlquant/quasar/internal/guard"
)

// visitor is what is known of one address.
type visitor struct {
	open int
	rate *rate.Limiter
}

// admit counts a connection in, with the visitor whose it is if its address counts,
// or says why not. A visitor who may not come in takes nothing from what there is
// for all.
func (g *Gate) admit(conn net.Conn, now time.Time) (*visitor, reason) {
	file := fileNumber(conn)
	addr := address(conn)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(now)
	var from *visitor
	if addr.IsValid() && !g.opts.Exempt(addr) {
		from = g.visitor(addr)
	}
	why := g.refusal(from, file, now)
	g.refused[why]++
	if why != 0 {
		return nil, why
	}
	g.open++
	if from != nil {
		from.open++
	}
	return from, 0
}

// refusal says what keeps a connection out. Guarded by g.mu.
func (g *Gate) refusal(from *visitor, file int, now time.Time) reason {
	switch {
	case from != nil && from.open >= g.opts.MaxPerAddress:
		return tooManyFromOne
	case from != nil && !from.rate.AllowN(now, 1):
		return tooFastFromOne
	case g.open >= g.opts.MaxConnections:
		return tooMany
	case g.files > 0 && file >= g.files:
		return tooManyFiles
	case !g.rate.AllowN(now, 1):
		return tooFast
	}
	return 0
}

// visitor returns who comes from addr. Guarded by g.mu.
func (g *Gate) visitor(addr netip.Addr) *visitor {
	addr = guard.Group(addr)
	v := g.visitors[addr]
	if v == nil {
		part := max(1, g.opts.AcceptRate/oneOf)
		v = &visitor{rate: rate.NewLimiter(rate.Limit(part), burstSeconds*part)}
		g.visitors[addr] = v
	}
	return v
}

// sweep forgets, once a second, visitors who have no connection and might come as
// fast as one who was never seen. Guarded by g.mu.
func (g *Gate) sweep(now time.Time) {
	if now.Sub(g.swept) < time.Second {
		return
	}
	g.swept = now
	for addr, v := range g.visitors {
		if v.open == 0 && v.rate.TokensAt(now) >= float64(v.rate.Burst()) {
			delete(g.visitors, addr)
		}
	}
}

// leave counts a connection out.
func (g *Gate) leave(from *visitor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if from != nil {
		from.open--
	}
}

// address is where a connection comes from; the zero Addr where there is none.
func address(conn net.Conn) netip.Addr {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}

// fileNumber is the number of a connection's file, 0 where it has none. A new file
// gets the lowest number that is free, so at least as many are open; and while no
// connection keeps a number above the bound, those above it are free for others,
// whatever else the process has open.
func fileNumber(conn net.Conn) int {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	number := 0
	_ = raw.Control(func(fd uintptr) { number = int(fd) }) // of a closed one it is 0
	return number
}

package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/lxzan/gws"
)

// serveGWS is gws with its own broadcaster, which frames a message once and has a
// queue for each connection.
func serveGWS(ctx context.Context, addr string) error {
	subs := &gwsRoom{}
	publishers := gws.NewUpgrader(&gwsPublisher{subs: subs}, nil)
	subscribers := gws.NewUpgrader(subs, nil)
	return serveHTTP(ctx, addr, endpoints(gwsUpgrade(publishers), gwsUpgrade(subscribers)))
}

func gwsUpgrade(u *gws.Upgrader) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if conn, err := u.Upgrade(w, r); err == nil {
			go conn.ReadLoop() // in a goroutine of its own, as its documentation advises: net/http's holds more memory
		}
	}
}

// gwsPublisher hands on what publishers send.
type gwsPublisher struct {
	gws.BuiltinEventHandler
	subs *gwsRoom
}

// OnMessage implements gws.Event.
func (p *gwsPublisher) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }()
	b := gws.NewBroadcaster(message.Opcode, append([]byte(nil), message.Bytes()...))
	defer func() { _ = b.Close() }()
	p.subs.each(func(c *gws.Conn) { _ = b.Broadcast(c) })
}

// gwsRoom is the subscribers.
type gwsRoom struct {
	gws.BuiltinEventHandler
	room[*gws.Conn]
}

// OnOpen implements gws.Event.
func (r *gwsRoom) OnOpen(c *gws.Conn) {
	r.join(c)
	go func() { // the library pings nobody
		ticker := time.NewTicker(pingEvery)
		defer ticker.Stop()
		for range ticker.C {
			if c.WritePing(nil) != nil {
				return
			}
		}
	}()
}

// OnClose implements gws.Event.
func (r *gwsRoom) OnClose(c *gws.Conn, _ error) { r.leave(c) }

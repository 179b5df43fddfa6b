package peers

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// gorillaUpgrader shares write buffers, as its documentation advises for many
// connections that mostly rest.
var gorillaUpgrader = websocket.Upgrader{WriteBufferPool: &sync.Pool{}}

// serveGorilla is the pattern of gorilla/websocket's chat example, with prepared
// messages: a goroutine and a queue for each subscriber.
func serveGorilla(ctx context.Context, addr string) error {
	var subs room[mailbox[*websocket.PreparedMessage]]
	publish := gorillaPublish(func(m *websocket.PreparedMessage) {
		subs.each(func(s mailbox[*websocket.PreparedMessage]) { s.offer(m) })
	})
	subscribe := func(w http.ResponseWriter, r *http.Request) {
		conn, err := gorillaUpgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		box := make(mailbox[*websocket.PreparedMessage], queued)
		subs.join(box)
		go gorillaWrite(conn, box)
		gorillaDrain(conn)
		subs.leave(box)
		close(box)
	}
	return serveHTTP(ctx, addr, endpoints(publish, subscribe))
}

// gorillaWrite writes what comes into a mailbox, and pings, until it is closed.
func gorillaWrite(conn *websocket.Conn, box mailbox[*websocket.PreparedMessage]) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	defer func() { _ = conn.Close() }()
	for {
		var err error
		select {
		case m, ok := <-box:
			if !ok {
				return
			}
			_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
			err = conn.WritePreparedMessage(m)
		case <-ticker.C:
			err = conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}
		if err != nil {
			return
		}
	}
}

// serveGorillaLoop writes to one subscriber after the other where a message
// comes in. It needs no queues and no other goroutine, and one subscriber that
// stalls stalls all: fast, and not what one should run.
func serveGorillaLoop(ctx context.Context, addr string) error {
	var subs room[*websocket.Conn]
	var one sync.Mutex // one broadcast at a time: a connection has one writer
	publish := gorillaPublish(func(m *websocket.PreparedMessage) {
		one.Lock()
		defer one.Unlock()
		subs.each(func(c *websocket.Conn) { _ = c.WritePreparedMessage(m) })
	})
	subscribe := func(w http.ResponseWriter, r *http.Request) {
		conn, err := gorillaUpgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		subs.join(conn)
		gorillaDrain(conn)
		subs.leave(conn)
		_ = conn.Close()
	}
	return serveHTTP(ctx, addr, endpoints(publish, subscribe))
}

// gorillaPublish prepares what publishers send, once each.
func gorillaPublish(broadcast func(*websocket.PreparedMessage)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := gorillaUpgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if m, err := websocket.NewPreparedMessage(kind, data); err == nil {
				broadcast(m)
			}
		}
	}
}

// gorillaDrain reads what a subscriber sends until it is gone.
func gorillaDrain(conn *websocket.Conn) {
	for {
		if _, _, err := conn.NextReader(); err != nil {
			return
		}
	}
}

package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// serveCoder is the pattern of coder/websocket's chat example: a queue for each
// subscriber, which its handler empties. The library has no prepared messages.
func serveCoder(ctx context.Context, addr string) error {
	var subs room[mailbox[[]byte]]
	publish := func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				return
			}
			subs.each(func(s mailbox[[]byte]) { s.offer(data) })
		}
	}
	subscribe := func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		box := make(mailbox[[]byte], queued)
		subs.join(box)
		defer subs.leave(box)
		coderWrite(conn.CloseRead(ctx), conn, box)
	}
	return serveHTTP(ctx, addr, endpoints(publish, subscribe))
}

// coderWrite writes what comes into a mailbox, and pings, until ctx ends.
func coderWrite(ctx context.Context, conn *websocket.Conn, box mailbox[[]byte]) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case data := <-box:
			err = coderWriteOne(ctx, conn, data)
		case <-ticker.C:
			err = conn.Ping(ctx)
		}
		if err != nil {
			return
		}
	}
}

func coderWriteOne(ctx context.Context, conn *websocket.Conn, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, data)
}

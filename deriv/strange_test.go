package deriv_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/dial/dialtest"
)

// Whatever a server does to the protocol (frames without an end, compression and
// extensions that nobody asked for, headers without an end, redirects), the client
// reads the messages of the next connection, or of the same where that is whole, and
// ends when it is told to.
func TestStrangeServers(t *testing.T) {
	good := `{"msg_type":"news","news":1}`
	for _, s := range dialtest.StrangeServers(`{"msg_type":"time","time":1}`) {
		if strings.Contains(s.Name, "mask") {
			continue // the library unmasks what no server should mask, and goes on
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			url, reaction := s.Serve(t, dialtest.ServerFrame(0x81, good))
			came := make(chan bool, 1)
			c := must(deriv.New(&deriv.Options{
				URL: url, ReconnectFirst: time.Millisecond, ReconnectMost: time.Millisecond,
				OnFrame: func(sent bool, frame []byte) {
					if !sent && string(frame) == good {
						select {
						case came <- true:
						default:
						}
					}
				},
			}))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.Run(ctx) }()
			select {
			case <-came:
			case <-time.After(time.Minute): // only where it fails
				t.Errorf("got no message: %+v", c.Health())
			}
			h := c.Health()
			if s.Err != "" && (h.Err == nil || len(h.Err.Error()) > 1000 || strings.ContainsAny(h.Err.Error(), "\x1b\n")) {
				t.Errorf("got %.1200q, want a short reason in one line", h.Err)
			}
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
			<-reaction
		})
	}
}

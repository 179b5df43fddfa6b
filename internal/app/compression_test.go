package app

import (
	"testing"

	"github.com/coder/websocket"
)

// Nothing is compressed unless the operator says so.
func TestTheHubCompressesWhenItIsToldTo(t *testing.T) {
	for want, args := range map[string][]string{"": nil, "permessage-deflate; server_no_context_takeover; client_no_context_takeover": {"--compression"}} {
		hub := start(t, append([]string{"hub", "--listen", "127.0.0.1:0"}, args...)...).pages(t, 1)[0]
		conn, answer, err := websocket.Dial(t.Context(), hub+"/ws/subscribe", &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Sec-Websocket-Extensions"); got != want {
			t.Errorf("%v: got the answer %q, want %q", args, got, want)
		}
		_ = conn.CloseNow()
	}
}

package deriv

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/coder/websocket"
)

// dialSocket connects to a socket. Its errors hold nothing of the URL's query: that
// of a trading socket is a credential.
func (r *resolved) dialSocket(ctx context.Context, address string) (*websocket.Conn, error) {
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: r.http})
	switch {
	case err == nil:
		return ws, nil
	case resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, &Error{
			Call: "connect", Status: resp.StatusCode, Code: fmt.Sprintf("HTTP%d", resp.StatusCode),
			Message: redactURL(address) + " refused the handshake: " + http.StatusText(resp.StatusCode),
		}
	case ctx.Err() != nil:
		return nil, fmt.Errorf("deriv: connect to %s: %w", redactURL(address), cause(ctx))
	}
	return nil, fmt.Errorf("deriv: connect to %s: %s", redactURL(address), hide(innermost(err), NewToken(address)))
}

// innermost is the text of the last error of a chain: the outer ones repeat the
// address.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

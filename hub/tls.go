package hub

import (
	"crypto/tls"
	"net"

	"github.com/karlquant/quasar/internal/nowait"
)

// NewTLSListener is tls.NewListener for a hub: http.Server.Serve it. Behind it
// subscribers are written to as without TLS, where the connections of inner are
// those of the net package; behind any other TLS, that of http.Server.ServeTLS or
// httptest for one, that takes a goroutine each and its buffers, and everything
// works as well. To read from, each takes a goroutine in any case.
//
// The config must have a certificate, or a way to get one. It stays as it is; the
// listener takes a copy, in which NextProtos is "http/1.1", for there is no
// WebSocket over HTTP/2 here, MinVersion is TLS 1.2 at least, and
// DynamicRecordSizingDisabled is set.
func NewTLSListener(inner net.Listener, config *tls.Config) net.Listener {
	return nowait.NewTLSListener(inner, config)
}

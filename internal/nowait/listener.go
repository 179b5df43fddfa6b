package nowait

import (
	"crypto/tls"
	"net"
)

// NewTLSListener is tls.NewListener, but what its connections write to is a Conn.
// Of config, which stays as it is, it takes a copy for WebSockets: HTTP/1.1 alone,
// records as large as what is written, TLS 1.2 at least.
func NewTLSListener(inner net.Listener, config *tls.Config) net.Listener {
	return tls.NewListener(listener{inner}, forWebSockets(config))
}

func forWebSockets(config *tls.Config) *tls.Config {
	if config = config.Clone(); config == nil {
		config = &tls.Config{} // has no certificate: every handshake fails and says so
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"http/1.1"}
	config.DynamicRecordSizingDisabled = true // small records at first are for pages that are shown while they come
	if choose := config.GetConfigForClient; choose != nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if err != nil || chosen == nil {
				return nil, err
			}
			return forWebSockets(chosen), nil
		}
	}
	return config
}

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: conn, raw: Raw(conn)}, nil
}

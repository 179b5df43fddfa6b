// Package python holds the Python publisher, so that a hub can hand out the one
// it was built with. It has no code.
package python

import "embed"

// Files are the two files that a hub serves under /sdk/: the publisher and the
// reader of training logs.
//
//go:embed websocket_client.py log_metrics_reader.py
var Files embed.FS

// Package dial opens and keeps a client's WebSocket connection to a hub. It is
// what the publisher and the subscriber have in common: how a hub's URL is read,
// how a credential travels, what a refusal says, when a connection counts as
// dead, and how long to wait before the next. It knows nothing of frames.
package dial

package natsengine

import (
	"context"
	"time"
)

// bus carries messages between hubs, some of them twice, late, in another order or
// not at all. Its methods may be called from any goroutine.
type bus interface {
	// open takes the bus into service: from then on take gets what is sent to the
	// hub, what the hub sends to all included, and changed is called when other hubs
	// may have come into reach. The error is one that waiting does not mend.
	open(ctx context.Context, take func(message []byte), changed func()) error
	// publish sends a message, or tells why it cannot. The bus keeps none of it.
	publish(subject string, message []byte) error
	// flush waits until what was published has left, at most for that long.
	flush(most time.Duration) error
	// problem says what keeps the bus from its work, or is empty. It does not block: it
	// is asked while everybody waits.
	problem() string
	// alone tells that every other hub that is listed was tried and none is there.
	alone() bool
	// close ends the service.
	close()
}

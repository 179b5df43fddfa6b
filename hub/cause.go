package hub

import (
	"errors"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/fanout"
)

// cause says in one word why a socket closed, for counters and logs.
type cause string

const (
	causePeer     cause = "peer"     // it said goodbye
	causeLost     cause = "lost"     // its connection broke
	causeSilent   cause = "silent"   // nothing came from it
	causeStalled  cause = "stalled"  // it took nothing
	causeShutdown cause = "shutdown" // the hub goes
	causeProtocol cause = "protocol" // it broke RFC 6455
	causePolicy   cause = "policy"   // it did what it may not: 1008
	causeTooBig   cause = "too_big"  // its message was longer than any may be
	causeLimit    cause = "limit"    // there was no room for it
	causeOther    cause = "other"
)

// causes are all of them.
var causes = []cause{
	causePeer, causeLost, causeSilent, causeStalled, causeShutdown, causeProtocol, causePolicy, causeTooBig, causeLimit, causeOther,
}

// causeOf is the cause that stands behind a close of ours.
func causeOf(code ws.StatusCode) cause {
	switch code {
	case ws.StatusGoingAway:
		return causeShutdown
	case ws.StatusProtocolError, ws.StatusInvalidFramePayloadData, ws.StatusUnsupportedData:
		return causeProtocol
	case ws.StatusPolicyViolation:
		return causePolicy
	case ws.StatusMessageTooBig:
		return causeTooBig
	case statusTryAgainLater:
		return causeLimit
	}
	return causeOther
}

// leftBecause says why the fan-out gave a subscriber up.
func (s *socket) leftBecause(err error) (cause, string) {
	switch {
	case errors.Is(err, fanout.ErrStalled):
		return causeStalled, stalledReason(s.opts)
	case errors.Is(err, fanout.ErrSilent):
		return causeSilent, silentReason(s.opts)
	}
	return causeLost, "connection lost: " + err.Error()
}

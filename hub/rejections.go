package hub

import (
	"errors"

	"github.com/karlquant/quasar/internal/wire"
)

// Why frames are rejected, beside the reasons that wire has.
const (
	reasonBinary   = "binary"
	reasonTooBig   = "too_big"
	reasonProtocol = "protocol" // the connection did not survive it
)

// rejectReasons are all that a frame can be rejected for, as it is counted.
func rejectReasons() []string {
	return append(wire.Reasons(), reasonBinary, reasonTooBig, reasonProtocol)
}

// reject counts a frame that was rejected whole, or that closed its connection.
func (t *totals) reject(err error) {
	t.rejected++
	t.rejectedFor[rejectReason(err)]++
}

func rejectReason(err error) string {
	var broke *closeError
	switch {
	case errors.Is(err, errBinary):
		return reasonBinary
	case errors.Is(err, errIdentify):
		return wire.ReasonSpace
	case errors.As(err, &broke) && causeOf(broke.code) == causeTooBig:
		return reasonTooBig
	case errors.As(err, &broke):
		return reasonProtocol
	}
	return wire.Reason(err)
}

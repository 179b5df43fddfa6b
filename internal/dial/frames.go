package dial

import (
	"encoding/binary"
	"errors"
)

// errMasked says that a server masks its frames, which is the client's part: it
// must not be listened to any more (RFC 6455, section 5.1). The WebSocket library
// does not look.
var errMasked = errors.New("got a frame with a mask from the hub, want none")

// frames follows the frames in a server's byte stream from header to header.
type frames struct {
	header [10]byte
	have   int    // how much of the header is there
	skip   uint64 // how much of the payload is to come
}

// check takes what comes next of the stream.
func (f *frames) check(p []byte) error {
	for {
		n := min(f.skip, uint64(len(p)))
		f.skip -= n
		p = p[n:]
		if len(p) == 0 {
			return nil
		}
		f.header[f.have] = p[0]
		f.have++
		p = p[1:]
		if f.have < 2 {
			continue
		}
		if f.header[1]&0x80 != 0 {
			return errMasked
		}
		f.payload()
	}
}

// payload begins to skip the payload once the header is whole.
func (f *frames) payload() {
	switch n := f.header[1]; {
	case n < 126:
		f.have, f.skip = 0, uint64(n)
	case n == 126 && f.have == 4:
		f.have, f.skip = 0, uint64(binary.BigEndian.Uint16(f.header[2:]))
	case f.have == 10:
		f.have, f.skip = 0, binary.BigEndian.Uint64(f.header[2:])
	}
}

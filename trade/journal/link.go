package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// link is one of the chain: an entry's number and the hash over it and all before
// it. The zero link is before the first.
type link struct {
	seq  int64
	hash Hash
}

// next is the link of the entry that follows: its hash is that of its number in
// eight bytes, the highest first, the hash before it, and its bytes.
func (l link) next(body []byte) link {
	n := link{seq: l.seq + 1}
	h := sha256.New()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n.seq))
	h.Write(number[:])
	h.Write(l.hash[:])
	h.Write(body)
	h.Sum(n.hash[:0])
	return n
}

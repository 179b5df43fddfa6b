package derivsim

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"github.com/karlquant/quasar/deriv"
)

// ids makes the names of things. Those of contracts and transactions rise;
// secrets come from the seed as well, for all that they open is a simulator.
type ids struct {
	rng         *rand.Rand
	contract    deriv.ContractID
	transaction deriv.TransactionID
}

// A generator of its own for each purpose, so that none shifts another.
const (
	seedIDs = iota + 1
	seedFaults
	seedForeign
)

func newIDs(seed uint64) ids {
	return ids{rng: rand.New(rand.NewPCG(seed, seedIDs)), contract: 200_000_000_000, transaction: 400_000_000_000}
}

func (i *ids) nextContract() deriv.ContractID {
	i.contract++
	return i.contract
}

func (i *ids) nextTransaction() deriv.TransactionID {
	i.transaction++
	return i.transaction
}

// secret has 128 bits, in hexadecimal digits.
func (i *ids) secret() string { return fmt.Sprintf("%016x%016x", i.rng.Uint64(), i.rng.Uint64()) }

// uuid names streams and proposals, as the venue's ids look.
func (i *ids) uuid() string {
	var b [16]byte
	for n := range b {
		b[n] = byte(i.rng.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

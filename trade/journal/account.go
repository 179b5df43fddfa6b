package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/trade"
)

// accountLocks is the directory of the locks of accounts, below that of temporary
// files: it is the same for all data directories, and for all users of most systems.
const accountLocks = "quasar-accounts"

// LockAccount makes sure that nobody else on this machine trades on an account of a
// venue, with whatever data directory, until the lock is closed or this process ends,
// however that ends. It is an error that is ErrInUse, and names the process, while
// somebody does. What runs on another machine, or sees another directory of temporary
// files, as in a container, it does not know of.
//
// A paper account is in its journal and nowhere else: there is nothing to lock.
func LockAccount(account trade.Account) (io.Closer, error) {
	if account.Mode == trade.Paper {
		return io.NopCloser(nil), nil
	}
	sum := sha256.Sum256([]byte(account.Venue + "\x00" + account.ID)) // a name that any file system takes, and tells nobody the account
	dir, name := filepath.Join(os.TempDir(), accountLocks), hex.EncodeToString(sum[:12])+".lock"
	f, err := disk.HoldForAll(dir, name)
	if f, err = held(filepath.Join(dir, name), f, err); err != nil {
		return nil, fmt.Errorf("lock on the %s: %w", account, err)
	}
	return f, nil
}

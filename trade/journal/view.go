package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	codes "modernc.org/sqlite/lib"

	"github.com/karlquant/quasar/trade"
)

// ErrNone says that there is no journal.
var ErrNone = errors.New("there is no journal")

// View is a journal that is only read, also while another process writes to it.
type View struct{ store }

// OpenView opens the journal of a mode in a data directory. It is an error that is
// ErrNone if there is none.
func OpenView(dir string, mode trade.Mode) (*View, error) {
	v := &View{store{path: File(dir, mode)}}
	if _, err := os.Stat(v.path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is not there", ErrNone, v.path)
	} else if err != nil {
		return nil, err
	}
	if err := v.open(); err != nil {
		_ = v.Close() // it was only read
		return nil, v.named(told(err))
	}
	return v, nil
}

// open opens the database, also on a disk on which nothing can be written: where
// there is no log beside it, nobody has it.
func (v *View) open() error {
	err := v.openAs(reading)
	if code := codeOf(err) & 0xff; code != codes.SQLITE_CANTOPEN && code != codes.SQLITE_READONLY {
		return err
	}
	if _, none := os.Stat(v.path + "-wal"); !errors.Is(none, fs.ErrNotExist) {
		return fmt.Errorf("%w (it was not closed, and cannot be read where nothing can be written: copy it with the files beside it)", err)
	}
	return errors.Join(v.Close(), v.openAs(still))
}

func (v *View) openAs(how string) (err error) {
	if v.db, err = openDatabase(v.path, how); err != nil {
		return err
	}
	ctx := context.Background()
	conn, err := v.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it was only read
	return checkSchema(ctx, conn)
}

// Close closes it.
func (v *View) Close() error {
	if v.db == nil {
		return nil
	}
	return v.db.Close()
}

// Path is the file that it reads.
func (v *View) Path() string { return v.path }

// Entries yields all entries that are there when it begins, and verifies the chain on
// the way.
func (v *View) Entries(ctx context.Context) iter.Seq2[*trade.Entry, error] { return v.entries(ctx) }

// Verify reads everything and says what it comes to. An error that is ErrDamaged says
// at which entry it is damaged.
func (v *View) Verify(ctx context.Context) (*Summary, error) {
	known, err := readHead(v.path + headSuffix) // before the entries: it is never ahead of them
	if err != nil {
		return nil, v.named(err)
	}
	sum, err := v.verify(ctx, known)
	return sum, v.named(err)
}

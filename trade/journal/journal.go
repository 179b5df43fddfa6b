// Package journal keeps the entries of trading in a SQLite database, one for each
// mode in a data directory: paper.db, demo.db, live.db.
//
// What Append has returned nil for is on the disk. Entries are only ever added: the
// database refuses to change or remove one, and each row has the hash of its entry
// and of the row before it, so that whoever goes around the database is found out
// when it is opened. It is no protection against somebody who can write the file
// and calculates all hashes anew.
//
// One process has a journal at a time. Others may look at it meanwhile: see View.
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/trade"
)

var (
	_ trade.Journal  = (*Journal)(nil)
	_ trade.Recaller = (*Journal)(nil)
)

// Errors of journals.
var (
	// ErrDamaged says that a journal is not as it was written. SetAside moves it out of
	// the way.
	ErrDamaged = errors.New("the journal is damaged")
	// ErrInUse says that another process has a journal, or trades on an account.
	ErrInUse = errors.New("another process has it")
	// ErrOtherAccount says that a journal is that of another account.
	ErrOtherAccount = errors.New("the journal belongs to another account")
	// ErrNewer says that a journal was made by a newer version of this program.
	ErrNewer = errors.New("the journal was made by a newer version of quasar")
	// ErrMoved says that the file is no longer the one that was opened.
	ErrMoved = errors.New("the journal was moved, removed or written to by somebody else")
)

// Options says how a journal behaves. The zero value, and nil, is a good one.
type Options struct {
	// Logger gets what a person who trades should know; nil for none.
	Logger *slog.Logger
	// SetAsideDamaged begins a new journal where there is a damaged one, which is kept
	// under another name; false refuses it. One of a live account is refused all the
	// same: a person has to look first.
	SetAsideDamaged bool
}

// File is where the journal of a mode is in a data directory.
func File(dir string, mode trade.Mode) string { return filepath.Join(dir, string(mode)+".db") }

// Journal is a journal that is written to. It is safe for concurrent use.
type Journal struct {
	store
	account trade.Account
	log     *slog.Logger
	lock    *os.File
	conn    *sql.Conn // the one that writes

	mu    sync.Mutex // guards what follows, and one transaction at a time
	last  link
	sum   *trade.Ledger // what the entries add up to, until one is appended or it is asked for
	files []identity
	head  *headFile
}

// Open takes the journal of an account, which is in the data directory dir, and makes
// both if they are not there. It reads the whole journal to verify it, and keeps what that comes to for Recall. It is an error
// that is ErrInUse while another process has it, ErrOtherAccount if it is that of
// another account, venue or currency, and ErrDamaged if it is damaged.
func Open(dir string, account trade.Account, opts *Options) (*Journal, error) {
	if !slices.Contains(trade.Modes, account.Mode) {
		return nil, fmt.Errorf("journal: mode: got %.20q, want one of %q", account.Mode, trade.Modes)
	}
	if err := disk.MakeDirectory(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if opts == nil {
		opts = &Options{}
	}
	j, err := open(dir, account, opts.Logger)
	switch {
	case !errors.Is(err, ErrDamaged):
		return j, err
	case account.Mode == trade.Live || !opts.SetAsideDamaged:
		return nil, fmt.Errorf("%w; to begin anew, look at the account first, then move the journal and the files beside it away", err)
	}
	aside, asideErr := SetAside(dir, account.Mode, time.Now())
	if asideErr != nil {
		return nil, errors.Join(err, asideErr)
	}
	if opts.Logger != nil {
		opts.Logger.Error("the journal is damaged and set aside; a new one begins", "file", aside, "err", err)
	}
	return open(dir, account, opts.Logger)
}

func open(dir string, account trade.Account, log *slog.Logger) (*Journal, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	j := &Journal{store: store{path: File(dir, account.Mode)}, account: account, log: log}
	if err := j.open(); err != nil {
		_ = j.Close() // what it says is of no interest any more
		return nil, j.named(err)
	}
	return j, nil
}

func (j *Journal) open() (err error) {
	if j.lock, err = hold(j.path + lockSuffix); err != nil {
		return err
	}
	sum, err := j.inspect()
	if err != nil {
		return err
	}
	j.last, j.sum = link{sum.Entries, sum.Head}, sum.Ledger
	if err := j.connect(context.Background()); err != nil {
		return told(err)
	}
	if j.files, err = identify(j.path, j.path+"-wal"); err != nil {
		return err
	}
	if j.head, err = openHead(j.path + headSuffix); err != nil {
		return err
	}
	return j.head.write(j.last)
}

// inspect verifies what is there, as a reader: one who may write would begin by
// tidying up, and what is damaged is to be set aside as it was.
func (j *Journal) inspect() (*Summary, error) {
	known, err := readHead(j.path + headSuffix)
	if err != nil {
		return nil, err
	}
	sum := &Summary{}
	switch info, err := os.Stat(j.path); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && info.Size() > 0:
		if sum, err = inspect(j.path, known); err != nil {
			return nil, err
		}
	case known.seq > 0:
		return nil, fmt.Errorf("%w: got no file, or an empty one, want %d entries, of which %s tells", ErrDamaged, known.seq, filepath.Base(j.path+headSuffix))
	}
	if sum.Entries > 0 && !same(sum.Account, j.account) {
		return nil, fmt.Errorf("%w: got that of %s, want one of %s; give each account a data directory of its own", ErrOtherAccount, sum.Account, j.account)
	}
	return sum, nil
}

func inspect(path string, known link) (_ *Summary, err error) {
	v := &View{store{path: path}}
	defer func() { err = errors.Join(told(err), v.Close()) }()
	err = v.open()
	if errors.Is(err, errBlank) && known.seq == 0 {
		return &Summary{}, nil
	}
	if err != nil {
		return nil, err
	}
	return v.verify(context.Background(), known)
}

// makePrivate makes the file of a database that is not there yet for its owner alone, and
// so those that the database makes beside it: by itself it lets everybody read. What else
// is wrong with the file the database says.
func makePrivate(path string) {
	if f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = f.Close() // nothing was written
	}
}

// connect opens the database for writing, makes what is not there, and finds out
// whether it can be written.
func (j *Journal) connect(ctx context.Context) (err error) {
	makePrivate(j.path)
	if j.db, err = openDatabase(j.path, writing); err != nil {
		return err
	}
	if j.conn, err = j.db.Conn(ctx); err != nil {
		return err
	}
	if err := j.transact(ctx, func() error { return makeSchema(ctx, j.conn) }); err != nil {
		return err
	}
	if err := checkSchema(ctx, j.conn); err != nil {
		return err
	}
	return j.unchanged(ctx)
}

// Close lets go of the journal.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	if j.head != nil {
		errs = append(errs, j.head.Close())
	}
	if j.lock != nil { // the last: who gets it finds all at rest
		errs = append(errs, j.lock.Close())
	}
	j.conn, j.db, j.head, j.lock = nil, nil, nil, nil
	return errors.Join(errs...)
}

// Entries implements trade.Journal. It tells what is there when it begins, and
// verifies it once more.
func (j *Journal) Entries(ctx context.Context) iter.Seq2[*trade.Entry, error] {
	return j.entries(ctx)
}

// Recall implements trade.Recaller.
func (j *Journal) Recall() *trade.Ledger {
	j.mu.Lock()
	defer j.mu.Unlock()
	sum := j.sum
	j.sum = nil
	return sum
}

// same tells whether two accounts may share a journal. The app may change: what
// makes an account is where the money is.
func same(a, b trade.Account) bool {
	a.AppID, b.AppID = 0, 0
	return a == b
}

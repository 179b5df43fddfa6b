package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/karlquant/quasar/trade"
)

// store is the database, as far as it is read.
type store struct {
	path string
	db   *sql.DB
}

// Summary is what a journal comes to, once it is verified.
type Summary struct {
	Account trade.Account
	Entries int64
	// Head is the hash of the newest entry, and with it of all.
	Head Hash
	// Ledger is what the entries add up to.
	Ledger *trade.Ledger
}

// verify reads everything: the pages of the database, the chain, what the entries add
// up to, and that none of those is gone that were there.
func (s *store) verify(ctx context.Context, known link) (*Summary, error) {
	if err := s.quickCheck(ctx); err != nil {
		return nil, told(err)
	}
	sum := &Summary{Ledger: trade.NewLedger()}
	for e, err := range s.rows(ctx) {
		if err != nil {
			return nil, err
		}
		if err := follow(sum, e.entry); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if e.seq == known.seq && e.hash != known.hash {
			return nil, fmt.Errorf("%w: entry %d: got the hash %s, want %s: the entries were written anew", ErrDamaged, e.seq, e.hash, known.hash)
		}
		sum.Entries, sum.Head = e.seq, e.hash
	}
	if sum.Entries < known.seq {
		return nil, fmt.Errorf("%w: got %d entries, want %d: the newest are gone", ErrDamaged, sum.Entries, known.seq)
	}
	sum.Account = sum.Ledger.Account
	return sum, nil
}

func follow(sum *Summary, e *trade.Entry) error {
	if (e.Seq == 1) != (e.Opened != nil) {
		return fmt.Errorf("entry %d: got %q, want that a journal begins with \"opened\", and once", e.Seq, e.What())
	}
	return sum.Ledger.Apply(e)
}

func (s *store) quickCheck(ctx context.Context) error {
	var answer string
	if err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return fmt.Errorf("%w: %.200q", ErrDamaged, answer)
	}
	return nil
}

// row is an entry that hangs together with the one before it.
type row struct {
	link
	entry *trade.Entry
}

// pageRows is how many rows are read in one go: a reader that takes its time holds up
// nobody.
const pageRows = 256

// rows yields all rows that there are when it begins, and verifies the chain.
func (s *store) rows(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		var most int64
		if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM entries").Scan(&most); err != nil {
			yield(row{}, told(err))
			return
		}
		for last := (link{}); last.seq < most; {
			page, err := s.page(ctx, last, most)
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
				last = page[i].link
			}
			if err != nil {
				yield(row{}, told(err))
				return
			}
		}
	}
}

func (s *store) page(ctx context.Context, last link, most int64) (page []row, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT seq, hash, body, decision FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", last.seq, most, pageRows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var at link
		var hash, body sql.RawBytes
		var decision sql.NullString
		if err := rows.Scan(&at.seq, &hash, &body, &decision); err != nil {
			return page, err
		}
		r, err := readRow(last, at.seq, hash, body, decision)
		if err != nil {
			return page, fmt.Errorf("%w: entry %d: %w", ErrDamaged, last.seq+1, err)
		}
		page, last = append(page, r), r.link
	}
	if err := rows.Err(); err != nil {
		return page, err
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("%w: entry %d: it is not there", ErrDamaged, last.seq+1)
	}
	return page, nil
}

func readRow(last link, seq int64, hash, body []byte, decision sql.NullString) (row, error) {
	next := last.next(body)
	if seq != next.seq || !bytes.Equal(hash, next.hash[:]) {
		return row{}, fmt.Errorf("got number %d with the hash %.64x, want %d with %s: it was changed, or one before it is gone", seq, hash, next.seq, next.hash)
	}
	e, err := trade.DecodeEntry(body)
	if err != nil {
		return row{}, err
	}
	if want := decisionOf(e); e.Seq != seq || decision != want {
		return row{}, fmt.Errorf("got number %d and decision %.40q within, want %d and %.40q", e.Seq, want.String, seq, decision.String)
	}
	return row{next, e}, nil
}

func (s *store) entries(ctx context.Context) iter.Seq2[*trade.Entry, error] {
	return func(yield func(*trade.Entry, error) bool) {
		for r, err := range s.rows(ctx) {
			if err != nil {
				yield(nil, s.named(err))
				return
			}
			if !yield(r.entry, nil) {
				return
			}
		}
	}
}

// named says which journal an error is about.
func (s *store) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal %s: %w", s.path, err)
}

// told makes an error of the database one of this package where it is about damage.
func told(err error) error {
	switch codeOf(err) & 0xff {
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_FORMAT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// codeOf is the database's number of an error, 0 for one that is not the database's.
func codeOf(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}

// identity is the file that has a name.
type identity struct {
	path string
	info os.FileInfo
}

func identify(paths ...string) ([]identity, error) {
	var all []identity
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		all = append(all, identity{path, info})
	}
	return all, nil
}

// moved tells which of the files is no longer what its name stands for, nil for none.
// An unlinked file takes what is written to it, and nobody ever reads it again.
func moved(files []identity) error {
	for _, f := range files {
		info, err := os.Stat(f.path)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMoved, err)
		}
		if !os.SameFile(info, f.info) {
			return fmt.Errorf("%w: %s is another file now", ErrMoved, f.path)
		}
	}
	return nil
}

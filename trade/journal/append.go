package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	codes "modernc.org/sqlite/lib"

	"github.com/karlquant/quasar/internal/failpoint"
	"github.com/karlquant/quasar/trade"
)

// Append implements trade.Journal: it returns when the entries are on the disk. What
// it refuses leaves the journal as it was, and the next one is tried as if nothing had
// been: a disk that has room again needs no restart. An entry whose sync the disk
// refused may all the same be there after a crash, which is why nothing may be done
// between an error and a restart that such an entry would deny.
//
// A context that ends once it has begun is not looked at: half a sync is none.
func (j *Journal) Append(ctx context.Context, entries ...*trade.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.conn == nil {
		return j.named(fs.ErrClosed)
	}
	rows, err := j.link(entries)
	if err != nil || len(rows) == 0 {
		return j.named(err)
	}
	ctx = context.WithoutCancel(ctx)
	if err := j.transact(ctx, func() error { return j.insert(ctx, rows) }); err != nil {
		return j.named(told(err))
	}
	for i, e := range entries {
		e.Seq = rows[i].seq
	}
	failpoint.Hit("appended")
	j.last, j.sum = rows[len(rows)-1].link, nil
	if err := j.head.write(j.last); err != nil { // the entries are on the disk all the same
		j.log.LogAttrs(ctx, slog.LevelWarn, "the newest entry cannot be noted beside the journal", slog.String("file", j.path), slog.Any("err", err))
	}
	return nil
}

// inserted is a row that is to be.
type inserted struct {
	link
	body     []byte
	decision sql.NullString
}

// link numbers entries and makes them rows.
func (j *Journal) link(entries []*trade.Entry) ([]inserted, error) {
	rows := make([]inserted, 0, len(entries))
	last := j.last
	for _, e := range entries {
		numbered := *e
		numbered.Seq = last.seq + 1
		if err := j.may(&numbered); err != nil {
			return nil, fmt.Errorf("entry %d: %w", numbered.Seq, err)
		}
		body, err := numbered.Encode()
		if err != nil {
			return nil, err
		}
		last = last.next(body)
		rows = append(rows, inserted{last, body, decisionOf(e)})
	}
	return rows, nil
}

// may tells whether an entry may be in this journal: the first says whose it is.
func (j *Journal) may(e *trade.Entry) error {
	switch {
	case (e.Seq == 1) != (e.Opened != nil):
		return fmt.Errorf("got %q, want \"opened\" first, and once: %w", e.What(), trade.ErrOutOfOrder)
	case e.Opened != nil && !same(e.Opened.Account, j.account):
		return fmt.Errorf("%w: got %s, want %s", ErrOtherAccount, e.Opened.Account, j.account)
	}
	return nil
}

// decisionOf is what the unique index is over: an intent's decision.
func decisionOf(e *trade.Entry) (d sql.NullString) {
	if e.Planned != nil {
		d.String, d.Valid = e.Planned.Signal.Decision, true
	}
	return d
}

// insert adds rows within a transaction.
func (j *Journal) insert(ctx context.Context, rows []inserted) error {
	if err := moved(j.files); err != nil {
		return err
	}
	if err := j.unchanged(ctx); err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		_, err := j.conn.ExecContext(ctx, "INSERT INTO entries (seq, hash, body, decision) VALUES (?, ?, ?, ?)", r.seq, r.hash[:], r.body, r.decision)
		if codeOf(err) == codes.SQLITE_CONSTRAINT_UNIQUE {
			return fmt.Errorf("decision %.80q: %w", r.decision.String, trade.ErrDecided)
		}
		if err != nil {
			return err
		}
	}
	failpoint.Hit("appending")
	return nil
}

// unchanged makes sure that the newest entry is the one that this process wrote.
func (j *Journal) unchanged(ctx context.Context) error {
	var got link
	var hash []byte
	err := j.conn.QueryRowContext(ctx, "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").Scan(&got.seq, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(got.hash[:], hash)
	if got != j.last {
		return fmt.Errorf("%w: got entry %d as the newest, want %d as it was", ErrMoved, got.seq, j.last.seq)
	}
	return nil
}

// transact does something in a transaction, which is on the disk when it returns nil.
// After an error nothing of it is there, and the connection is as before.
func (j *Journal) transact(ctx context.Context, do func() error) error {
	if _, err := j.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		_, err = j.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = j.conn.ExecContext(ctx, "ROLLBACK") // there is none to roll back after a full disk
	}
	return err
}

package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// What the header of the database says: that it is a journal of this program, and of
// which version.
const (
	applicationID = 0x51736a6c // "Qsjl"
	version       = 1
)

// schema is all that a journal has, statement by statement, as SQLite keeps them. The
// first trigger numbers without a gap, which also keeps INSERT OR REPLACE from
// removing a row by its number.
var schema = []string{
	`CREATE TABLE entries (
	seq INTEGER PRIMARY KEY,
	hash BLOB NOT NULL,
	body BLOB NOT NULL,
	decision TEXT
) STRICT`,
	`CREATE UNIQUE INDEX decisions ON entries (decision) WHERE decision IS NOT NULL`,
	`CREATE TRIGGER numbered BEFORE INSERT ON entries WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entries)
BEGIN SELECT RAISE(ABORT, 'entries are numbered without a gap'); END`,
	`CREATE TRIGGER unchanged BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END`,
	`CREATE TRIGGER unremoved BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END`,
}

// How a database is opened. Whoever reads may come before the writer's files are
// there, and makes none. FULL syncs each transaction; fullfsync is what makes that
// true on macOS.
const (
	writing = "mode=rwc&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_pragma=checkpoint_fullfsync(1)"
	reading = "mode=ro&_pragma=query_only(1)"
	copying = "mode=ro"                // query_only would not let it make a copy either
	still   = reading + "&immutable=1" // nobody writes
	always  = "&_defensive=1&_dqs=0&_error_rc=1&_busy_timeout=5000&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)&_pragma=mmap_size(0)"
)

func openDatabase(path, how string) (*sql.DB, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	whole = filepath.ToSlash(whole)
	if !strings.HasPrefix(whole, "/") { // a drive of Windows
		whole = "/" + whole
	}
	name := url.URL{Scheme: "file", Path: whole, RawQuery: how + always}
	return sql.Open("sqlite", name.String())
}

// makeSchema makes what an empty database lacks. It is called within a transaction.
func makeSchema(ctx context.Context, conn *sql.Conn) error {
	if err := checkSchema(ctx, conn); !errors.Is(err, errBlank) {
		return err
	}
	for _, statement := range append([]string{
		fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", version),
	}, schema...) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// errBlank says that a database has nothing yet: the process that made it was killed.
var errBlank = fmt.Errorf("%w in it yet", ErrNone)

// checkSchema refuses what is not exactly a journal: a trigger less would not keep it,
// one more could do anything.
func checkSchema(ctx context.Context, conn *sql.Conn) error {
	app, made, err := marks(ctx, conn)
	if err != nil {
		return err
	}
	found, err := readSchema(ctx, conn)
	switch {
	case err != nil:
		return err
	case app == 0 && made == 0 && len(found) == 0:
		return errBlank
	case app == applicationID && made > version:
		return fmt.Errorf("%w: got version %d, want at most %d", ErrNewer, made, version)
	case app != applicationID || made != version:
		return fmt.Errorf("%w: got the marks %d and %d, want %d and %d", ErrDamaged, app, made, applicationID, version)
	}
	if got, want := strings.Join(found, ";\n"), strings.Join(schema, ";\n"); got != want {
		return fmt.Errorf("%w: got the schema %.400q, want %q", ErrDamaged, got, want)
	}
	return nil
}

// marks are the two numbers in the header of a database.
func marks(ctx context.Context, conn *sql.Conn) (app, made int64, err error) {
	if err := conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return 0, 0, err
	}
	err = conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&made)
	return app, made, err
}

// readSchema returns the statements that made what the database has.
func readSchema(ctx context.Context, conn *sql.Conn) (found []string, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return nil, err
		}
		found = append(found, statement)
	}
	return found, rows.Err()
}

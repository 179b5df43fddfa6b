package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

var account = trade.Account{Mode: trade.Demo, ID: "DOT1", Currency: "USD", AppID: 7, Venue: "api.example.com"}

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func opened() *trade.Entry {
	return &trade.Entry{At: began, Opened: &trade.Opened{Account: account, Balance: trade.Cents(1_000_000), Watermark: 5}}
}

// planned is the intent of the n-th decision.
func planned(n int) *trade.Entry {
	return &trade.Entry{At: began.Add(time.Duration(n) * time.Second), Planned: &trade.Intent{
		ID:     fmt.Sprintf("i%d", n),
		Signal: trade.Signal{Decision: fmt.Sprintf("d%d", n), Asset: "V75", Side: trade.Sell, Votes: [2]int64{1, 2}, SnapshotAge: 3 * time.Second, At: began},
		Quote:  trade.Quote{Terms: trade.Terms{Symbol: "R_75", Kind: trade.Fall, Stake: trade.Cents(100), Ticks: 5}, ID: "q", Ask: trade.Cents(100), Payout: trade.Cents(195), At: began},
		Most:   trade.Cents(100), Watermark: 5, Deadline: 10 * time.Second,
	}}
}

func sent(n int) *trade.Entry {
	return &trade.Entry{At: began.Add(time.Duration(n) * time.Second), Sent: &trade.Sent{Intent: fmt.Sprintf("i%d", n)}}
}

// nth is the n-th entry of a journal that may go on for ever.
func nth(n int64) *trade.Entry {
	at := int(n - 2)
	switch {
	case n == 1:
		return opened()
	case at%3 == 0:
		return planned(at / 3)
	case at%3 == 1:
		return sent(at / 3)
	}
	e := sent(at / 3)
	e.Sent, e.Rejected = nil, &trade.Rejected{Intent: e.Sent.Intent, Code: "PriceMoved", Reason: "the price has moved"}
	return e
}

func mustOpen(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir, account, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func mustAppend(t *testing.T, j *Journal, entries ...*trade.Entry) {
	t.Helper()
	if err := j.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, j trade.Journal) (entries []*trade.Entry) {
	t.Helper()
	for e, err := range j.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func TestAJournalKeepsItsEntries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	j := mustOpen(t, dir)
	want := []*trade.Entry{opened(), planned(1), sent(1)}
	mustAppend(t, j, want[0])
	mustAppend(t, j, want[1:]...)
	for i, e := range want {
		if e.Seq != int64(i+1) {
			t.Errorf("got the number %d, want %d", e.Seq, i+1)
		}
	}
	if diff := cmp.Diff(want, all(t, j)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, dir)
	if diff := cmp.Diff(want, all(t, again)); diff != "" {
		t.Errorf("opened again: -want +got\n%s", diff)
	}
	mustAppend(t, again, &trade.Entry{Rejected: &trade.Rejected{Intent: "i1"}})
	if got := len(all(t, again)); got != 4 {
		t.Errorf("got %d entries, want 4", got)
	}
}

func TestADecisionHasOneIntent(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	mustAppend(t, j, opened(), planned(1))
	again := planned(1)
	again.Planned.ID = "another"
	other := planned(2)
	if err := j.Append(t.Context(), other, again); !errors.Is(err, trade.ErrDecided) {
		t.Errorf("got %v, want that there is an intent of this decision", err)
	}
	if other.Seq != 0 || again.Seq != 0 || len(all(t, j)) != 2 {
		t.Errorf("got the numbers %d and %d and %d entries, want none of both", other.Seq, again.Seq, len(all(t, j)))
	}
	mustAppend(t, j, planned(2))
}

func TestAJournalIsThatOfOneAccount(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened())
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	app := account
	app.AppID = 8
	if j, err := Open(dir, app, nil); err != nil {
		t.Errorf("another app: got %v, want that it may go on", err)
	} else if err := j.Close(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*trade.Account){
		"another account":  func(a *trade.Account) { a.ID = "DOT2" },
		"another venue":    func(a *trade.Account) { a.Venue = "127.0.0.1:7870" },
		"another currency": func(a *trade.Account) { a.Currency = "EUR" },
	} {
		other := account
		change(&other)
		_, err := Open(dir, other, nil)
		if !errors.Is(err, ErrOtherAccount) || !strings.Contains(err.Error(), account.String()) {
			t.Errorf("%s: got %v, want whose it is", name, err)
		}
	}
}

func TestAJournalInUse(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened(), planned(1))
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", os.Getpid())) {
		t.Errorf("got %v, want that process %d has it", err, os.Getpid())
	}
	v, err := OpenView(dir, account.Mode)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}()
	mustAppend(t, j, sent(1))
	sum, err := v.Verify(t.Context())
	if err != nil || sum.Entries != 3 || sum.Account != account {
		t.Errorf("got %+v, %v, want three entries", sum, err)
	}
}

func TestNothingIsChanged(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	mustAppend(t, j, opened(), planned(1))
	for _, statement := range []string{
		"UPDATE entries SET body = x'00' WHERE seq = 1",
		"DELETE FROM entries WHERE seq = 2",
		"INSERT OR REPLACE INTO entries (seq, hash, body) VALUES (2, x'00', x'00')",
		"INSERT INTO entries (seq, hash, body) VALUES (4, x'00', x'00')",
	} {
		if _, err := j.conn.ExecContext(context.Background(), statement); err == nil {
			t.Errorf("%s: got no error", statement)
		}
	}
	if got := len(all(t, j)); got != 2 {
		t.Errorf("got %d entries, want 2", got)
	}
}

// That a transaction is synced cannot be seen by killing a process: the machine would
// have to lose its power.
func TestTransactionsAreSynced(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	got := make(map[string]string)
	for _, name := range []string{"journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync", "trusted_schema"} {
		var value string
		if err := j.conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		got[name] = value
	}
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "fullfsync": "1", "checkpoint_fullfsync": "1", "trusted_schema": "0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

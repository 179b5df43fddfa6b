package app

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

var traded = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("elsewhere", 3600))

// intent is one of the n-th decision, on an asset that a stranger named.
func intent(n int, asset string) *trade.Entry {
	return &trade.Entry{Planned: &trade.Intent{
		ID: fmt.Sprintf("i%d", n), Most: trade.Cents(100), Deadline: 10 * time.Second,
		Signal: trade.Signal{Decision: fmt.Sprintf("d%d", n), Asset: asset, Side: trade.Sell, At: traded.Add(time.Duration(n) * time.Hour)},
		Quote:  trade.Quote{Terms: trade.Terms{Symbol: "R_75", Kind: trade.Fall, Stake: trade.Cents(100)}, Ask: trade.Cents(100), Payout: trade.Cents(195)},
	}}
}

func sentOff(n int) *trade.Entry {
	return &trade.Entry{Sent: &trade.Sent{Intent: fmt.Sprintf("i%d", n)}}
}

func boughtAs(n int, contract int64) *trade.Entry {
	return &trade.Entry{Bought: &trade.Bought{Intent: fmt.Sprintf("i%d", n), Receipt: trade.Receipt{
		Contract: contract, Transaction: contract + 1, Price: trade.Cents(100), Payout: trade.Cents(195), Purchased: traded.Add(time.Duration(n) * time.Hour),
	}}}
}

func settledAs(n int, contract int64, result trade.Result, brought trade.Money) *trade.Entry {
	return &trade.Entry{Settled: &trade.Settled{Intent: fmt.Sprintf("i%d", n), Contract: contract, Path: "contract", Settlement: trade.Settlement{
		Result: result, Transaction: contract + 2, Brought: brought, At: traded.Add(time.Duration(n)*time.Hour + 10*time.Second),
	}}}
}

// aJournal is a data directory with a journal of the mode, in which a bit of
// everything happened after it was opened.
func aJournal(t *testing.T, mode trade.Mode, more ...*trade.Entry) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	account := trade.Account{Mode: mode, ID: "DOT1", Currency: "USD", Venue: "api.example.com"}
	j, err := journal.Open(dir, account, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range append([]*trade.Entry{{Opened: &trade.Opened{Account: account, Balance: trade.Cents(1_000_000)}}}, more...) {
		e.At = traded.Add(time.Duration(i) * time.Minute)
		if err := j.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// happenings are a won order, a lost one, one that was rejected, one of which nobody
// knows, and an orphan.
func happenings() []*trade.Entry {
	return []*trade.Entry{
		intent(1, "V75"), sentOff(1), boughtAs(1, 100), settledAs(1, 100, trade.Won, trade.Cents(195)),
		intent(2, "V75"), sentOff(2), boughtAs(2, 200), settledAs(2, 200, trade.Lost, 0),
		intent(3, "=HYPERLINK(\"x\")"), sentOff(3), {Rejected: &trade.Rejected{Intent: "i3", Code: "PriceMoved", Reason: "-the\nprice moved"}},
		{Adopted: &trade.Adopted{Contract: trade.Contract{ID: 300, Transaction: 301, Symbol: "R_10", Kind: trade.Rise, Price: trade.Cents(50), Purchased: traded.Add(4 * time.Hour)}}},
		intent(5, "V100_1s"), sentOff(5), {Unknown: &trade.Unknown{Intent: "i5", Reason: "no answer"}},
		{Halted: &trade.Halted{Reason: "orphan", Detail: "contract 300", By: "reconcile"}},
	}
}

func TestJournalListForPeople(t *testing.T) {
	dir := aJournal(t, trade.Live, happenings()...)
	got := quasarCommand(t, "", "journal", "list", "--account", "live", "--data-dir", dir)
	want := `LIVE: REAL MONEY
The live account DOT1 (USD) at api.example.com, balance by the journal 9999.45
HALTED since 2026-03-01 11:16:00 by reconcile: orphan (contract 300)

DECIDED (UTC)        INTENT      CONTRACT  STATE     ASSET              SIDE  KIND  STAKE  PRICE  PAYOUT  RESULT  PROFIT  ENDED (UTC)
2026-03-01 12:00:00  i1               100  SETTLED   V75                SELL  PUT    1.00   1.00    1.95  won      +0.95  2026-03-01 12:00:10
2026-03-01 13:00:00  i2               200  SETTLED   V75                SELL  PUT    1.00   1.00    1.95  lost     -1.00  2026-03-01 13:00:10
2026-03-01 14:00:00  i3                 –  REJECTED  =HYPERLINK(\"x\")  SELL  PUT    1.00      –    1.95  –            –  2026-03-01 11:11:00
2026-03-01 15:00:00  orphan-300       300  ORPHAN    R_10               BUY   CALL      –   0.50       –  –            –  –
2026-03-01 16:00:00  i5                 –  UNKNOWN   V100_1s            SELL  PUT    1.00      –    1.95  –            –  –

5 orders; 2 settled with -0.05 USD in all; 1 open and 1 unresolved with 1.50 USD at stake
`
	if diff := cmp.Diff(want, got.stdout); diff != "" || got.code != exitOK || got.stderr != "" {
		t.Errorf("%d %s -want +got\n%s", got.code, got.stderr, diff)
	}
}

func TestJournalListForPrograms(t *testing.T) {
	dir := aJournal(t, trade.Demo, happenings()...)
	t.Setenv("QUASAR_DATA_DIR", dir)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"all", nil, "i1 i2 i3 orphan-300 i5"},
		{"two states", []string{"--state", "open,UNKNOWN,orphan"}, "orphan-300 i5"},
		{"an asset", []string{"--asset", "v75"}, "i1 i2"},
		{"an index", []string{"--asset", "R_10"}, "orphan-300"},
		{"a day", []string{"--since", "2026-03-01"}, "i1 i2 i3 orphan-300 i5"},
		{"a time", []string{"--since", "2026-03-01T15:00:00+01:00"}, "i3 orphan-300 i5"},
		{"before the newest entry, which was at 11:16", []string{"--since", "1m"}, "i1 i2 i3 orphan-300 i5"},
		{"none", []string{"--since", "2026-03-02"}, ""},
	} {
		got := quasarCommand(t, "", append([]string{"journal", "list", "--account", "demo", "--json"}, c.args...)...)
		var names []string
		for line := range strings.Lines(got.stdout) {
			var o struct{ Intent, Account string }
			if err := json.Unmarshal([]byte(line), &o); err != nil || o.Account != "demo" {
				t.Errorf("%s: got %s, %v, want an order of demo", c.name, line, err)
			}
			names = append(names, o.Intent)
		}
		if diff := cmp.Diff(c.want, strings.Join(names, " ")); diff != "" || got.code != exitOK {
			t.Errorf("%s: %d %s -want +got\n%s", c.name, got.code, got.stderr, diff)
		}
	}
	got := quasarCommand(t, "", "journal", "list", "--account", "demo", "--json", "--state", "settled")
	want := `{"account":"demo","intent":"i1","decision":"d1","contract_id":100,"state":"SETTLED","asset":"V75","symbol":"R_75","side":"SELL","kind":"PUT","stake":"1.00","most":"1.00","price":"1.00",` +
		`"payout":"1.95","result":"won","brought":"1.95","profit":"0.95","reason":null,"decided_at":"2026-03-01T12:00:00Z","sent_at":"2026-03-01T11:02:00Z","bought_at":"2026-03-01T12:00:00Z",` +
		`"expires_at":null,"settled_at":"2026-03-01T12:00:10Z","changed_at":"2026-03-01T11:04:00Z","buy_transaction":101,"sell_transaction":102}`
	if first, _, _ := strings.Cut(got.stdout, "\n"); first != want {
		t.Errorf("-want +got\n%s", cmp.Diff(want, first))
	}
}

func TestJournalExport(t *testing.T) {
	dir := aJournal(t, trade.Demo, happenings()...)
	export := func(dir string, args ...string) string {
		t.Helper()
		got := quasarCommand(t, "", append([]string{"journal", "export", "--account", "demo", "--data-dir", dir}, args...)...)
		if got.code != exitOK || got.stderr != "" {
			t.Fatalf("%q: got %+v", args, got)
		}
		return got.stdout
	}
	rows, err := csv.NewReader(strings.NewReader(export(dir))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("got %d rows, %v, want 6", len(rows), err)
	}
	asset, reason := slices.Index(rows[0], "asset"), slices.Index(rows[0], "reason")
	if got := rows[3]; got[asset] != `'=HYPERLINK("x")` || got[reason] != "'-the price moved" {
		t.Errorf("got %q and %q, want no formula", got[asset], got[reason])
	}
	if got, want := strings.Join(rows[1], ","), "demo,i1,d1,100,SETTLED,V75,R_75,SELL,PUT,1.00,1.00,1.00,1.95,won,1.95,0.95,,2026-03-01T12:00:00Z,2026-03-01T11:02:00Z,2026-03-01T12:00:00Z,,2026-03-01T12:00:10Z,2026-03-01T11:04:00Z,101,102"; got != want {
		t.Errorf("-want +got\n%s", cmp.Diff(want, got))
	}
	again := aJournal(t, trade.Demo, happenings()...)
	for _, args := range [][]string{nil, {"--json"}, {"--entries"}} {
		if diff := cmp.Diff(export(dir, args...), export(again, args...)); diff != "" {
			t.Errorf("%q: another journal of the same entries: -one +other\n%s", args, diff)
		}
	}
	if got := strings.Count(export(dir, "--entries"), "\n"); got != 17 {
		t.Errorf("got %d entries, want 17", got)
	}
}

// The columns of CSV are the fields of JSON.
func TestJournalColumns(t *testing.T) {
	text, err := json.Marshal(&orderLine{})
	if err != nil {
		t.Fatal(err)
	}
	fields := make(map[string]any)
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, c := range csvColumns {
		if _, ok := fields[c.name]; !ok {
			t.Errorf("the column %s is no field", c.name)
		}
		delete(fields, c.name)
	}
	if len(fields) > 0 {
		t.Errorf("got no columns for %v", fields)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"V75": "V75", "": "", "1HZ75V": "1HZ75V", "a=b": "a=b",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "' =1", "\r\n=1": "'  =1", "  =1": "'  =1", "＝1": "'＝1", "\u00a0=1": "'\u00a0=1",
		"a\x00b\nc": "a b c", "\xff": "\uFFFD",
	} {
		if got := cellText(&text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestJournalShow(t *testing.T) {
	dir := aJournal(t, trade.Demo, happenings()...)
	for name, want := range map[string][]string{
		"i1":         {"Order             i1 of the demo account DOT1", "profit            0.95", "    5  2026-03-01 11:04:00.000  settled  won, brought 1.95 (told by the contract)"},
		"200":        {"Order             i2 of", "lost"},
		"300":        {"orphan-300", "contract 300 of our app for 0.50, which no intent explains"},
		"orphan-300": {"orphan-300", "ORPHAN"},
		"i3":         {"REJECTED", `PriceMoved: -the\nprice moved`},
	} {
		got := quasarCommand(t, "", "journal", "show", name, "--account", "demo", "--data-dir", dir)
		for _, part := range want {
			if got.code != exitOK || !strings.Contains(got.stdout, part) {
				t.Errorf("%s: got %d %s\n%s want %q", name, got.code, got.stderr, got.stdout, part)
			}
		}
	}
	got := quasarCommand(t, "", "journal", "show", "i5", "--account", "demo", "--data-dir", dir, "--json")
	var told struct {
		Order   struct{ State string }
		Entries []struct{ Seq int }
	}
	if err := json.Unmarshal([]byte(got.stdout), &told); err != nil || told.Order.State != "UNKNOWN" || len(told.Entries) != 3 {
		t.Errorf("got %v, %+v, want an unknown order and three entries", err, told)
	}
}

func TestJournalVerify(t *testing.T) {
	dir := aJournal(t, trade.Demo, happenings()...)
	got := quasarCommand(t, "", "journal", "verify", "--account", "demo", "--data-dir", dir)
	if got.code != exitOK || !strings.Contains(got.stdout, "17 entries whole, the newest at 2026-03-01 11:16:00; 5 orders\nsha256 ") {
		t.Errorf("got %+v, want that it is whole", got)
	}
	got = quasarCommand(t, "", "journal", "verify", "--account", "demo", "--data-dir", dir, "--json")
	var a verifyAnswer
	if err := json.Unmarshal([]byte(got.stdout), &a); err != nil || a.Entries != 17 || len(a.Head) != 64 || a.Balance != trade.Cents(999_945) {
		t.Errorf("got %s, %v, want that it is whole", got.stdout, err)
	}
}

func TestJournalsThatAreNotThere(t *testing.T) {
	dir := aJournal(t, trade.Demo)
	empty := t.TempDir()
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no account, which is paper's", []string{"list", "--data-dir", dir}, exitFailure, "there is one for --account demo"},
		{"a wrong account", []string{"list", "--data-dir", dir, "--account", "real"}, exitUsage, `--account: got "real"`},
		{"no directory, which is quasar-data", []string{"list"}, exitFailure, "quasar rank --trade paper --data-dir quasar-data makes one"},
		{"an empty name of a directory", []string{"list", "--data-dir", ""}, exitUsage, "--data-dir: got none, want that of quasar rank --trade"},
		{"another account's", []string{"list", "--account", "paper", "--data-dir", dir}, exitFailure, "there is one for --account demo"},
		{"none", []string{"verify", "--account", "paper", "--data-dir", empty}, exitFailure, "quasar rank --trade paper --data-dir " + empty + " makes one"},
		{"a state that is none", []string{"list", "--account", "demo", "--data-dir", dir, "--state", "lost"}, exitUsage, `--state: got "lost", want some of [planned sent`},
		{"a time that is none", []string{"export", "--account", "demo", "--data-dir", dir, "--since", "soon"}, exitUsage, `--since: got "soon"`},
		{"no order of the name", []string{"show", "i1", "--account", "demo", "--data-dir", dir}, exitFailure, `got no order "i1"`},
		{"no name", []string{"show", "--account", "demo", "--data-dir", dir}, exitUsage, "got 0 names"},
		{"a choice of entries", []string{"export", "--account", "demo", "--data-dir", dir, "--entries", "--state", "open"}, exitUsage, "--entries: want no --state"},
	} {
		got := quasarCommand(t, "", append([]string{"journal"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%s: got %+v, want %d and %q", c.name, got, c.code, c.want)
		}
	}
	got := quasarCommand(t, "", "journal", "list", "--account", "demo", "--data-dir", dir)
	if got.code != exitOK || !strings.HasSuffix(got.stdout, "balance by the journal 10000.00\n\nNo orders yet.\n") {
		t.Errorf("got %+v, want that there are no orders", got)
	}
	if got := heading(trade.NewLedger()); got != "No entry yet: no trader has found its account.\n\n" {
		t.Errorf("a journal without an entry: got %q, want that it has none", got)
	}
}

package app

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
	"github.com/karlquant/quasar/trade/report"
)

// coinFlips are n orders on two assets that a fair coin decided.
func coinFlips(n int) []*trade.Entry {
	random := rand.New(rand.NewPCG(1, 1))
	var entries []*trade.Entry
	for i := 1; i <= n; i++ {
		asset, contract := []string{"V75", "V100_1s"}[i%2], int64(i*10)
		result, brought := trade.Lost, trade.Money(0)
		if random.IntN(2) == 0 {
			result, brought = trade.Won, trade.Cents(195)
		}
		entries = append(entries, intent(i, asset), sentOff(i), boughtAs(i, contract), settledAs(i, contract, result, brought))
	}
	return entries
}

func reportOf(t *testing.T, dir string, args ...string) string {
	t.Helper()
	got := quasarCommand(t, "", append([]string{"report", "--data-dir", dir}, args...)...)
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("%q: got %+v", args, got)
	}
	return got.stdout
}

func TestReportForPeople(t *testing.T) {
	t.Setenv("COLUMNS", "90")
	dir := aJournal(t, trade.Live, append(coinFlips(60), intent(61, "\x1b[31m"), sentOff(61))...)
	want := `LIVE: REAL MONEY
The live account DOT1 (USD) at api.example.com, 2026-03-01 12:00 to 2026-03-03 23:00 UTC

Not distinguishable from chance: 39 of 60 won (65.0 %), break-even 51.3 %; +26.8 % of the
stake on average, 95 % interval -21.6 % to +95.0 %.

Settled      60 orders, 39 won, 21 lost
Win rate     65.0 % (95 %: 52.4 to 75.8); break-even 51.3 %
Per trade    +26.8 % of the stake (95 %, at every look: -21.6 to +95.0)
Profit       +16.05 USD after 1.50 USD of house margin on a turnover of 60.00 USD
On coins     -1.50 ± 7.55 USD with the same stakes; 1.4 % of coins do as well or better
Drawdown     5.05 USD (0.05 %); longest losing streak 5
P(edge > 0)  98.4 % to somebody who had no opinion before, and looks once
To prove it  80 trades that go as these did on average, looked at once; there are 60
Equity       ▁▁▁▁▁▁▂▁▁▁▁▁▁▁▁▁▂▂▃▃▃▃▃▄▄▅▄▄▄▄▅▅▆▅▆▆▆▆▆▇▆▆▅▅▄▅▅▆▆▇▇█▇█▇██ -0.05 to +16.05 USD
Apart        1 unresolved, at most 1.00 USD; not counted above

ASSET      N  PER TRADE      INTERVAL %     WON  EVEN AT  PROFIT  MARGIN  FINDING
\x1b[31m   0          –               –       –        –       –       –  none
V100_1s   30     -2.5 %  -59.3 to +95.0  50.0 %   51.3 %   -0.75    0.75  chance
V75       30    +56.0 %   -8.0 to +95.0  80.0 %   51.3 %  +16.80    0.75  chance
Intervals hold at every look, for 4 rows together (Bonferroni). Seed 1.

LIVE: REAL MONEY
`
	if diff := cmp.Diff(want, reportOf(t, dir, "--account", "live")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReportOfNothing(t *testing.T) {
	got := reportOf(t, aJournal(t, trade.Paper), "--account", "paper")
	want := "The paper account DOT1 (USD) at api.example.com\n\nNo trades yet.\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	empty := filepath.Join(t.TempDir(), "data")
	j, err := journal.Open(empty, trade.Account{Mode: trade.Paper, ID: "DOT1", Currency: "USD", Venue: "api.example.com"}, nil)
	if err := errors.Join(err, j.Close()); err != nil {
		t.Fatal(err)
	}
	if got := reportOf(t, empty, "--account", "paper"); got != noEntry+"\n\nNo trades yet.\n" {
		t.Errorf("of a journal without an entry: got %q", got)
	}
	got = reportOf(t, aJournal(t, trade.Demo, happenings()...), "--account", "demo")
	for _, part := range []string{"HALTED by reconcile: orphan", "1 open with 0.50 USD at stake, 1 unresolved, at most 1.00 USD, 1 rejected, 1 without a decision (0 ended, 0.00 USD)"} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), part) {
			t.Errorf("got\n%s\nwant %q", got, part)
		}
	}
}

// Without a word it is the paper account, in the directory where quasar rank trades by
// default; so it is for quasar journal.
func TestReportWithoutFlags(t *testing.T) {
	dir := aJournal(t, trade.Paper, coinFlips(2)...)
	t.Chdir(t.TempDir())
	if got := quasarCommand(t, "", "report"); got.code != exitFailure || !strings.Contains(got.stderr, "quasar rank --trade paper --data-dir quasar-data makes one") {
		t.Errorf("without a journal: got %+v, want how one is made", got)
	}
	if err := os.Rename(dir, "quasar-data"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"report"}, {"journal", "list"}, {"journal", "verify"}} {
		if got := quasarCommand(t, "", args...); got.code != exitOK || !strings.Contains(got.stdout, "paper") {
			t.Errorf("%q: got %+v, want the paper account", args, got)
		}
	}
}

// No line is wider than the terminal, down to 40 characters.
func TestReportFitsTheTerminal(t *testing.T) {
	dir := aJournal(t, trade.Demo, append(coinFlips(30), intent(31, strings.Repeat("x", 100)))...)
	for _, width := range []string{"40", "57", "80", "132"} {
		t.Setenv("COLUMNS", width)
		n, err := strconv.Atoi(width)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(reportOf(t, dir, "--account", "demo")) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > n {
				t.Errorf("%s: got %q", width, line)
			}
		}
	}
}

// Accounts stand beside each other, and one that cannot be read is in nobody's way.
func TestReportSideBySide(t *testing.T) {
	dir := aJournal(t, trade.Paper, coinFlips(8)...)
	demo := aJournal(t, trade.Demo, coinFlips(4)...)
	text, err := os.ReadFile(journal.File(demo, trade.Demo))
	if err != nil {
		t.Fatal(err)
	}
	for mode, text := range map[trade.Mode][]byte{trade.Demo: text, trade.Live: []byte("no journal")} {
		if err := os.WriteFile(journal.File(dir, mode), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := reportOf(t, dir, "--account", "paper", "--by", "kind")
	_, sides, _ := strings.Cut(got, "ACCOUNT")
	lines := strings.Split(sides, "\n")
	if len(lines) < 4 || !strings.HasPrefix(lines[1], "paper    8") || !strings.HasPrefix(lines[2], "demo     4") || !strings.HasPrefix(lines[3], "live: ") {
		t.Errorf("got\n%s", got)
	}
	if !strings.Contains(got, "\nKIND  N") || !strings.Contains(got, "\nPUT   8") {
		t.Errorf("got\n%s\nwant the rows of kinds", got)
	}
}

func TestReportForPrograms(t *testing.T) {
	dir := aJournal(t, trade.Demo, coinFlips(60)...)
	var r report.Report
	text := reportOf(t, dir, "--account", "demo", "--json", "--seed", "7", "--tried", "20", "--since", "2026-03-02")
	if err := json.Unmarshal([]byte(text), &r, trade.JSONOptions); err != nil || strings.Count(text, "\n") != 1 {
		t.Fatalf("got %s, %v, want one object", text, err)
	}
	if r.Account.Mode != trade.Demo || r.Seed != 7 || r.Correction.Tests != 20 || r.Verdict.Finding != report.Part || r.Total.N >= 60 || len(r.Assets) != 2 {
		t.Errorf("got %+v, %+v, %d", r.Verdict, r.Correction, r.Total.N)
	}
	again := reportOf(t, dir, "--account", "demo", "--json", "--seed", "7", "--tried", "20", "--since", "2026-03-02")
	if diff := cmp.Diff(text, again); diff != "" {
		t.Errorf("the same again: -one +other\n%s", diff)
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	dir := aJournal(t, trade.Demo)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--account", "demo", "--by", "side"}, exitUsage, `--by: got "side", want asset, kind or policy`},
		{[]string{"--account", "demo", "--since", "soon"}, exitUsage, `--since: got "soon"`},
		{[]string{"--account", "demo", "--tried", "-1"}, exitUsage, "--tried: got -1, want 0 or more"},
		{[]string{"--account", "paper"}, exitFailure, "there is one for --account demo"},
		{[]string{"--account", ""}, exitUsage, `--account: got "", want paper, demo or live`},
		{[]string{"--data-dir", ""}, exitUsage, "--data-dir: got none, want that of quasar rank --trade"},
	} {
		got := quasarCommand(t, "", slices.Concat([]string{"report", "--data-dir", dir}, c.args)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%q: got %+v, want %d and %q", c.args, got, c.code, c.want)
		}
	}
}

func TestAmounts(t *testing.T) {
	for x, want := range map[float64]string{0: "0.00", 12.345: "+12.35", -0.05: "-0.05", 0.00123: "+0.0012", -0.00000004: "-0.00000004"} {
		if got := showAmount(x, true); got != want {
			t.Errorf("%v: got %q, want %q", x, got, want)
		}
	}
}

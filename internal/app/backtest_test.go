package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/internal/backtest"
	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/trade"
)

// shortRecording is twenty minutes of an index and of its space, as quasar record writes them.
func shortRecording(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	records, _, err := (&backtest.World{Assets: []string{"V75"}, Seed: 1, From: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Long: 20 * time.Minute}).Records()
	if err != nil {
		t.Fatal(err)
	}
	w, err := recording.NewWriter(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for r := range records {
		to := recording.Record{At: r.At, Snapshot: jsontext.Value(r.Snapshot)}
		if r.Symbol != "" {
			to = recording.Record{At: r.At, Tick: &recording.Tick{Symbol: r.Symbol, Epoch: r.Tick.At.Unix(), Quote: jsontext.Value(strconv.FormatFloat(r.Tick.Price, 'f', -1, 64))}}
		}
		if err := w.Write(to); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBacktestOfARecording(t *testing.T) {
	dir := shortRecording(t)
	journal := func(name string, args ...string) []byte {
		file := filepath.Join(t.TempDir(), name)
		got := quasarCommand(t, "", append([]string{"backtest", dir, "--seed", "4", "--horizon", "12s", "--loss-streak=-1", "--per-hour=-1", "--journal", file}, args...)...)
		if got.code != exitOK || !strings.Contains(got.stdout, "Not distinguishable from chance") || !strings.Contains(got.stdout, "Played 600 ticks") || got.stderr != "" {
			t.Fatalf("got %+v", got)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := journal("first.jsonl")
	if !bytes.Equal(first, journal("again.jsonl")) {
		t.Error("another journal the second time")
	}
	if n := bytes.Count(first, []byte(`"settled"`)); n < 5 {
		t.Errorf("got %d settled orders, want some", n)
	}
	if bytes.Equal(first, journal("paid.jsonl", "--payout", "1.9")) {
		t.Error("a payout changes nothing")
	}
}

func TestBacktestAsJSON(t *testing.T) {
	got := quasarCommand(t, "", "backtest", "--days", "0.02", "--assets", "V75", "--json")
	var answer struct {
		Verdict struct {
			Sentence string `json:"sentence"`
		} `json:"verdict"`
		Account  trade.Account `json:"account"`
		Backtest playedReport  `json:"backtest"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &answer, trade.JSONOptions); err != nil {
		t.Error(err)
	}
	if got.code != exitOK || answer.Verdict.Sentence == "" || answer.Account.Mode != trade.Paper {
		t.Errorf("got %+v", got)
	}
	if b := answer.Backtest; b.Ticks != 864 || b.Part != nil || b.Payout != nil || b.From.IsZero() || !b.To.After(b.From) {
		t.Errorf("got %+v, want all of half an hour, with payouts of the house", b)
	}
}

// What is interrupted reports what it has, says that it is a part, and claims nothing.
func TestABacktestThatIsInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "part.jsonl")
	ctx, cancel := context.WithCancelCause(t.Context())
	var stdout, stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"backtest", "--days", "366", "--assets", "V100_1s", "--journal", file, "--resume"}, strings.NewReader(""), &stdout, &stderr)
	}()
	until(t, func() (result, bool) {
		text, _ := os.ReadFile(file) // it may not be there yet
		return result{}, bytes.Contains(text, []byte(`"settled"`))
	})
	cancel(&signalError{os.Interrupt})
	if code := <-ended; code != exitInterrupted {
		t.Errorf("got %d, want %d; %s", code, exitInterrupted, &stderr)
	}
	for _, want := range []string{"A part of a record proves nothing", "This is a part: it was interrupted."} {
		if got := strings.Join(strings.Fields(stdout.String()), " "); !strings.Contains(got, want) {
			t.Errorf("got %s, want %q", got, want)
		}
	}
}

func TestRecordsThatCannotBePlayedLeaveNoJournal(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"other":   {"{\"quasar_recording\":9}\n", "got version 9, want 1"},
		"nothing": {"", "got no tick"},
		"rubbish": {"{\"quasar_recording\":1}\n[\n", "line 2"},
	} {
		file, journal := filepath.Join(dir, name+recording.Extension), filepath.Join(dir, name+".jsonl")
		var zipped bytes.Buffer
		zip := gzip.NewWriter(&zipped)
		if _, err := zip.Write([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, zipped.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got := quasarCommand(t, "", "backtest", file, "--journal", journal)
		if got.code != exitFailure || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
		if _, err := os.Stat(journal); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got a journal, %v, want none", name, err)
		}
	}
}

func TestBacktestsThatAreRefused(t *testing.T) {
	empty, dir := t.TempDir(), shortRecording(t)
	there := filepath.Join(empty, "there.txt")
	if err := os.WriteFile(there, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		code int
		args []string
	}{
		"got no files of it": {exitFailure, []string{empty}},
		"no such file":       {exitFailure, []string{filepath.Join(empty, "none")}},
		"want neither: it begins with nothing learned": {exitUsage, []string{"--model", "x.pt"}},
		"got records and --days":                       {exitUsage, []string{dir, "--days", "3"}},
		"--days: got 0":                                {exitUsage, []string{"--days", "0"}},
		"--payout: got 0.9":                            {exitUsage, []string{"--payout", "0.9"}},
		"--by: got":                                    {exitUsage, []string{"--by", "luck"}},
		"index: got \"V76\"":                           {exitConfiguration, []string{"--assets", "V76"}},
		"from: got \"May\"":                            {exitConfiguration, []string{"--from", "May"}},
		"bandit: got \"luck\"":                         {exitConfiguration, []string{"--bandit", "luck", "--days", "0.01"}},
		"there.txt: file exists":                       {exitConfiguration, []string{"--days", "0.01", "--journal", there}},
	} {
		got := quasarCommand(t, "", append([]string{"backtest"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stderr, want) || got.stdout != "" {
			t.Errorf("%q: got %+v, want %d and %s", c.args, got, c.code, want)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "kept" {
		t.Errorf("the file that was there: got %q, %v", text, err)
	}
}

func TestBacktestSaysHowLongItTakes(t *testing.T) {
	var out bytes.Buffer
	p := newBacktestProgress(&out, 24*time.Hour)
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := backtest.Progress{From: from, Now: from.Add(6 * time.Hour), Ticks: 5, Snapshots: 4, Signals: 3}
	const want = "2026-03-01 06:00, 25 %, 30s left, 5 ticks, 4 snapshots, 3 signals"
	if got := p.text(now, 10*time.Second); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.span = 0
	if got := p.text(now, 10*time.Second); strings.Contains(got, "left") {
		t.Errorf("got %q of a record whose end is not known", got)
	}
	if p.at(now); out.Len() > 0 {
		t.Errorf("got %q at once, want it now and then", &out)
	}
}

// A short form of the no-edge month: an index is a fair game less the house's margin.
func TestABacktestOfChanceFindsChance(t *testing.T) {
	got := quasarCommand(t, "", "backtest", "--days", "0.1", "--seed", "9", "--assets", "V75,V100_1s")
	if got.code != exitOK || !strings.Contains(got.stdout, "Not distinguishable from chance") || !strings.Contains(got.stdout, "house margin") {
		t.Errorf("got %+v", got)
	}
}

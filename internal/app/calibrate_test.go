package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/calibration"
)

var recordedFrom = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// recordIndices records so many ticks of indices, as quasar record writes them, into a
// new directory.
func recordIndices(t *testing.T, indices []price.Index, seed uint64, ticks int) string {
	t.Helper()
	dir := t.TempDir()
	w, err := recording.NewWriter(dir, &recording.Options{MostTime: 10 * time.Minute, SyncEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	processes := make([]*price.Process, len(indices))
	for i := range indices {
		if processes[i], err = price.New(indices[i], seed); err != nil {
			t.Fatal(err)
		}
	}
	for n := range ticks {
		for i, p := range processes {
			at := recordedFrom.Add(time.Duration(n) * indices[i].Interval)
			tick := &recording.Tick{
				Symbol: indices[i].Symbol, Epoch: at.Unix(), Quote: jsontext.Value(strconv.FormatFloat(p.Next(), 'f', indices[i].Decimals, 64)),
			}
			if err := w.Write(recording.Record{At: recordedFrom.Add(time.Duration(n) * time.Second), Tick: tick}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func indicesNamed(t *testing.T, names ...string) []price.Index {
	t.Helper()
	var list []price.Index
	for _, name := range names {
		x, err := price.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

// calibrated runs quasar calibrate and reads the file that it wrote.
func calibrated(t *testing.T, args ...string) []calibration.Symbol {
	t.Helper()
	out := filepath.Join(t.TempDir(), "calibration.json")
	code, stdout, stderr := derivCommand(t, append([]string{"calibrate", "--out", out}, args...)...)
	if code != exitOK {
		t.Fatalf("got the code %d: %s%s", code, stdout, stderr)
	}
	symbols, err := readCalibration(out)
	if err != nil {
		t.Fatal(err)
	}
	return symbols
}

// What is measured in a recording of a simulator is what a simulator of that file has,
// measured again: but for what the intervals leave open, and for what a law's process
// makes from other parameters.
func TestASimulatorOfACalibrationCalibratesToTheSame(t *testing.T) {
	names := []string{"V75", "V100_1s", "CRASH50", "STEP"}
	first := calibrated(t, recordIndices(t, indicesNamed(t, names...), 1, 4000))
	if len(first) != len(names) {
		t.Fatalf("got %d symbols, want %d", len(first), len(names))
	}
	out := filepath.Join(t.TempDir(), "first.json")
	data, err := calibration.Encode(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, data, 0o600); err != nil {
		t.Fatal(err)
	}
	flags := simFlags{speed: 1, history: 1000, balance: "100", indices: names, measured: out, seed: 2}
	opts, err := flags.options(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := derivsim.New(opts); err != nil {
		t.Fatal(err)
	}
	second := calibrated(t, recordIndices(t, opts.Indices, 2, 4000))
	for i := range first {
		again := map[string]*calibration.Estimate{}
		for _, p := range second[i].Parameters() {
			again[p.Name] = p.Estimate
		}
		for _, p := range first[i].Parameters() {
			other := again[p.Name]
			if p.Name != "rise_size" && (other == nil || p.Low > other.High || p.High < other.Low) {
				t.Errorf("%s, %s: got %+v, then %+v", first[i].Symbol, p.Name, *p.Estimate, other)
			}
		}
	}
}

// The whole way, through sockets: a simulator, its recording with quotes, what was
// measured, and what a simulator of that asks for a contract.
func TestWhatIsRecordedOfASimulatorIsMeasured(t *testing.T) {
	sim := startSimulator(t, &derivsim.Options{
		Seed: 1, Speed: 400, Indices: indicesNamed(t, "V75_1s", "CRASH50"),
		Payouts: []derivsim.PayoutRule{{ContractType: "CALL", Ratio: 1.7}},
	})
	dir := filepath.Join(t.TempDir(), "recordings")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var code int
	var errs bytes.Buffer
	running.Go(func() {
		code = run(ctx, []string{
			"record", "V75_1s", "CRASH50", "--deriv-url", sim, "--dir", dir, "--sync", "10ms",
			"--quotes", "CALL/5t,PUT/1m", "--quotes-every", "1s",
		}, strings.NewReader(""), &bytes.Buffer{}, &errs)
	})
	quotes := 0
	for range 1500 {
		records := recorded(t, dir)
		quotes = len(slices.DeleteFunc(slices.Clone(records), func(r recording.Record) bool { return r.Quote == nil }))
		if len(records) > 3000 && quotes >= 6 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	running.Wait()
	if code != exitOK || quotes < 6 || !strings.Contains(errs.String(), "quotes and 0 snapshots in 1 files") {
		t.Fatalf("got the code %d and %d quotes: %s", code, quotes, errs.String())
	}
	symbols := calibrated(t, dir)
	if len(symbols) != 2 || symbols[0].Symbol != "1HZ75V" || !symbols[0].Volatility.Holds(0.75) || symbols[0].Gaps != 0 {
		t.Fatalf("got %+v, want a volatility of 75 %% and no gaps", symbols)
	}
	refused := fmt.Sprint(symbols[0].Refused)
	if !strings.Contains(refused, "{payout of CALL of 5t got ") && len(symbols[0].Payouts) == 0 {
		t.Errorf("got %s, want payouts, or too few", refused)
	}
}

// The payouts of a file are what a simulator of it pays, for the durations that were
// quoted, and for no others.
func TestASimulatorPaysWhatWasRecorded(t *testing.T) {
	dir := recordIndices(t, indicesNamed(t, "V75_1s"), 1, 300)
	w, err := recording.NewWriter(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		q := &recording.Quote{
			Symbol: "1HZ75V", ContractType: "CALL", Currency: "USD", Duration: 5, Unit: "t",
			Ask: jsontext.Value("100.00"), Payout: jsontext.Value(`187.65`), Spot: jsontext.Value("5500"), Epoch: recordedFrom.Unix() + int64(i),
		}
		if err := w.Write(recording.Record{At: recordedFrom, Quote: q}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "c.json")
	if code, _, stderr := derivCommand(t, "calibrate", dir, "--out", out); code != exitOK {
		t.Fatal(stderr)
	}
	flags := simFlags{speed: 1, history: 1000, balance: "100", indices: []string{"V75_1s", "V10"}, measured: out}
	opts, err := flags.options(nil)
	if err != nil {
		t.Fatal(err)
	}
	url := startSimulator(t, opts)
	for selection, want := range map[string]string{"V75_1s CALL --duration 5t": `"payout":18.77`, "V75_1s PUT --duration 5t": `"payout":19.5`, "V75_1s CALL --duration 6t": `"payout":19.5`} {
		code, stdout, stderr := derivCommand(t, append([]string{"deriv", "quote", "--url", url, "--json"}, strings.Fields(selection)...)...)
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%s: got %s%s, want %s", selection, stdout, stderr, want)
		}
	}
	if want := "1HZ75V. All else is assumed.\n"; !strings.HasSuffix(flags.told, want) {
		t.Errorf("got %q, want %q at its end", flags.told, want)
	}
}

func TestCalibratePrintsATableOrJSON(t *testing.T) {
	dir := recordIndices(t, indicesNamed(t, "V75", "CRASH500", "STEP"), 1, 1000)
	code, stdout, stderr := derivCommand(t, "calibrate", dir)
	for _, want := range []string{
		"SYMBOL   LAW    TICKS  FROM              TO                GAPS  LOST  TWICE\nCRASH500 crash   1000  2026-03-01 00:00  2026-03-01 00:16     0     0      0\n",
		"SYMBOL   ESTIMATE", "CRASH500 interval_seconds", "R_75     volatility", "stpRNG   step_size",
	} {
		if !strings.Contains(strings.ReplaceAll(stdout, "  ", " "), strings.ReplaceAll(want, "  ", " ")) {
			t.Errorf("got\n%s\nwant %q in it", stdout, want)
		}
	}
	if code != exitOK || !strings.Contains(stderr, "quasar calibrate: CRASH500: every, spike_size: got ") || !strings.Contains(stderr, " ticks more, ") {
		t.Errorf("got the code %d and %s, want what is too short for crashes", code, stderr)
	}
	_, stdout, _ = derivCommand(t, "calibrate", dir, "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 3 {
		t.Fatalf("got %d lines, want one for each symbol", len(lines))
	}
	for _, line := range lines {
		var one calibration.Symbol
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.Ticks != 1000 || one.Autocorrelation.N != 998 {
			t.Errorf("got %s, %v", line, err)
		}
	}
}

// Several files in any order, one of them cut by a crash, one twice, one that is no
// recording, and a symbol that nobody knows.
func TestCalibrateTakesWhatItCan(t *testing.T) {
	dir := recordIndices(t, indicesNamed(t, "V75_1s"), 1, 1700) // a file for each ten minutes
	files, err := recording.Files(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("got %v, %v, want three files", files, err)
	}
	whole, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[1], whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	rubbish := filepath.Join(t.TempDir(), "rubbish.jsonl.gz")
	if err := os.WriteFile(rubbish, []byte("rubbish that is no recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	strange := recordIndices(t, []price.Index{func() price.Index { x := indicesNamed(t, "V75")[0]; x.Symbol = "frxEURUSD"; return x }()}, 1, 50)
	args := []string{"calibrate", files[2], rubbish, strange, files[0], files[1], files[0], dir}
	code, stdout, stderr := derivCommand(t, args...)
	for _, want := range []string{"rubbish.jsonl.gz: got no gzip", "the rest of that file is left out", `"frxEURUSD" is left out with its 50 ticks: no law of it is known`} {
		if !strings.Contains(stderr, want) {
			t.Errorf("got %s, want %q in it", stderr, want)
		}
	}
	_, table, _ := strings.Cut(stdout, "\n")
	row := strings.Fields(table)
	if code != exitOK || len(row) < 10 || row[7] != "1" || row[9] != "0" {
		t.Errorf("got the code %d and %v, want one gap and nothing twice", code, row)
	}
	code, stdout, _ = derivCommand(t, append(args, "--json")...)
	if code != exitOK || !strings.HasSuffix(stdout, `{"symbol":"frxEURUSD","ticks":50,"left_out":"no law of it is known"}`+"\n") {
		t.Errorf("got the code %d and %s", code, stdout)
	}
}

func TestCalibrateSaysWhatIsWrong(t *testing.T) {
	dir := recordIndices(t, indicesNamed(t, "V75"), 1, 300)
	short := recordIndices(t, indicesNamed(t, "V75"), 1, 20)
	empty := t.TempDir()
	taken := filepath.Join(empty, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no recording", nil, exitUsage, "got no recording, want files or directories"},
		{"no such file", []string{"none.jsonl.gz"}, exitFailure, "none.jsonl.gz: no such file"},
		{"an empty directory", []string{empty}, exitFailure, "got no files of it"},
		{"too short", []string{short, "--out", filepath.Join(empty, "out")}, exitFailure, "R_75: all: got 20 ticks, want 201: 181 more, 6m\nquasar: calibrate: nothing could be measured, and no file was written"},
		{"a directory that is not there", []string{dir, "--out", filepath.Join(empty, "none", "out")}, exitFailure, "no such file or directory"},
		{"a directory in its place", []string{dir, "--out", taken}, exitFailure, "taken"},
	} {
		code, _, stderr := derivCommand(t, append([]string{"calibrate"}, test.args...)...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: got the code %d and %s, want %d and %s", test.name, code, stderr, test.code, test.want)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want nothing half written", entries, err)
	}
}

// The same recordings make the same file, to the byte.
func TestACalibrationDependsOnNothingButTheTicks(t *testing.T) {
	dir := recordIndices(t, indicesNamed(t, "V75", "CRASH50", "JUMP10"), 1, 2000)
	var before []byte
	for range 3 {
		out := filepath.Join(t.TempDir(), "c.json")
		if code, _, stderr := derivCommand(t, "calibrate", dir, "--out", out); code != exitOK {
			t.Fatal(stderr)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(data), string(before)); before != nil && diff != "" {
			t.Errorf("got (-) before (+):\n%s", diff)
		}
		before = data
	}
}

func TestSimRefusesAFileThatIsNoCalibration(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	random := make([]byte, 4096)
	source := rand.New(rand.NewPCG(1, 1))
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	for _, test := range []struct{ name, path, want string }{
		{"no file", filepath.Join(dir, "none"), "no such file"},
		{"a directory", dir, "is a directory"},
		{"noise", write("noise", string(random)), "noise: calibration: "},
		{"a file without end", "/dev/zero", "16 MiB"},
		{"a parameter that is none", write("typo", `{"quasar_calibration":1,"symbols":[{"symbol":"R_75","kind":"walk","volatilty":{}}]}`), "/symbols/0/volatilty: no such name"},
		{"an index that is not traded", write("other", `{"quasar_calibration":1,"symbols":[{"symbol":"R_10","kind":"walk"}]}`), "got none of the indices that are traded"},
	} {
		code, _, stderr := derivCommand(t, "sim", "--listen", "127.0.0.1:0", "--indices", "V75", "--calibration", test.path)
		if code != exitConfiguration || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: got the code %d and %s, want %s", test.name, code, stderr, test.want)
		}
	}
}

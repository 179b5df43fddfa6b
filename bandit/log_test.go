package bandit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// decision is one with all there is: two arms of which either could be chosen, and one
// that could not.
func decision(id int64) *bandit.DecisionRecord {
	return &bandit.DecisionRecord{
		ID: id, At: noon.Add(time.Duration(id) * time.Second), T: id / 12, Policy: "ucb", Config: "0badcafe", Step: 40,
		Arms: []bandit.ArmRecord{
			{Name: "V75", P: .95, Belief: &bandit.BeliefRecord{Mean: .25, SD: .5}, Key: new(-.125), X: bandit.Row{1, -2.5}},
			{Name: "V100", P: .05, Belief: &bandit.BeliefRecord{Mean: -.5, SD: 1}, X: bandit.Row{0, 3.1415927}},
			{Name: "CRASH500", Belief: &bandit.BeliefRecord{Mean: -2, SD: .1}, Key: new(1.), X: bandit.Row{5, -5}},
		},
		Chosen: 1, Explored: true,
		Gate: &bandit.GateRecord{N: 12, Mean: .01, Low: new(-.25), High: new(.5)},
	}
}

func outcome(id int64, arm string) *bandit.OutcomeRecord {
	return &bandit.OutcomeRecord{
		Decision: id, Arm: arm, At: noon.Add(time.Duration(id)*time.Second + time.Minute),
		Outcome: bandit.Outcome{Direction: -1, Move: -.001, Volatility: .002, Cost: .03}, Reward: new(.47), Weight: 1. / 12,
	}
}

func openLog(t *testing.T, path string, o *bandit.LogOptions) *bandit.Log {
	t.Helper()
	l, err := bandit.OpenLog(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the test may have closed it
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// collect reads all records, and what is said of those that cannot be read.
func collect(records iter.Seq2[bandit.Record, error]) (all []bandit.Record, said []string) {
	for r, err := range records {
		if err != nil {
			said = append(said, err.Error())
			continue
		}
		all = append(all, r)
	}
	return all, said
}

// ids are the numbers of the decisions among records.
func ids(records []bandit.Record) []int64 {
	var out []int64
	for _, r := range records {
		if r.Decision != nil {
			out = append(out, r.Decision.ID)
		}
	}
	return out
}

func written(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

func TestWhatIsRecordedIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, &bandit.LogOptions{Features: []string{"gap", "vol"}})
	traded := outcome(1, "V75")
	traded.Outcome = bandit.Outcome{Direction: 1, Move: .01, Volatility: .002, Traded: true, Stake: 10, PnL: -10, Fees: .25}
	dropped := &bandit.OutcomeRecord{Decision: 1, Arm: "CRASH500", At: noon.Add(time.Hour), Dropped: "no price"}
	must(t, l.Decision(decision(1)))
	for _, o := range []*bandit.OutcomeRecord{outcome(1, "V100"), traded, dropped} {
		must(t, l.Outcome(o))
	}
	must(t, l.Close())
	want := []bandit.Record{
		{Header: &bandit.LogHeader{Version: 1, Features: []string{"gap", "vol"}}},
		{Decision: decision(1)}, {Outcome: outcome(1, "V100")}, {Outcome: traded}, {Outcome: dropped},
	}
	got, said := collect(bandit.ReadLog(bytes.NewReader(written(t, path))))
	if diff := cmp.Diff(want, got); diff != "" || said != nil {
		t.Errorf("read %q (-want +got):\n%s", said, diff)
	}
	if diff := cmp.Diff(bandit.LogStats{Records: 4}, l.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// The format is a promise to whoever reads logs with a program of his own.
func TestTheFormatOfALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Decision(decision(3)))
	must(t, l.Outcome(outcome(3, "V75")))
	must(t, l.Close())
	want := `{"kind":"log","version":1,"crc32c":"3c6e5342"}
{"kind":"decision","id":3,"at":"2026-07-01T12:00:03Z","t":0,"policy":"ucb","config":"0badcafe","step":40,"arms":[` +
		`{"arm":"V75","p":0.95,"belief":{"mean":0.25,"sd":0.5},"key":-0.125,"x":"AACAPwAAIMA="},` +
		`{"arm":"V100","p":0.05,"belief":{"mean":-0.5,"sd":1},"x":"AAAAANsPSUA="},` +
		`{"arm":"CRASH500","p":0,"belief":{"mean":-2,"sd":0.1},"key":1,"x":"AACgQAAAoMA="}],` +
		`"chosen":1,"explored":true,"gate":{"open":false,"n":12,"mean":0.01,"low":-0.25,"high":0.5},"crc32c":"c8ee93d0"}
{"kind":"outcome","decision":3,"arm":"V75","at":"2026-07-01T12:01:03Z","direction":-1,"move":-0.001,"volatility":0.002,"cost":0.03,"reward":0.47,"weight":0.08333333333333333,"crc32c":"a62e2c2d"}
`
	if diff := cmp.Diff(want, string(written(t, path))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Wherever the process was killed in a write: what was whole before is there, the rest
// is reported and cut, and the log goes on.
func TestATornTailIsCutAndReported(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Decision(decision(1)))
	must(t, l.Decision(decision(2)))
	must(t, l.Close())
	data := written(t, path)
	header := bytes.IndexByte(data, '\n') + 1
	second := header + bytes.IndexByte(data[header:], '\n') + 1
	for end := range len(data) + 1 {
		if end%7 > 0 && min(end, abs(end-header), abs(end-second), len(data)-end) > 3 {
			continue // around the ends of records is where it matters
		}
		must(t, os.WriteFile(path, data[:end], 0o600))
		records, said := collect(bandit.ReadLog(bytes.NewReader(data[:end])))
		whole := end == 0 || end == header || end == second || end == len(data)
		if (said == nil) != whole {
			t.Fatalf("of %d bytes reading says %q, want a word if they end in a record", end, said)
		}
		var heard bytes.Buffer
		l := openLog(t, path, &bandit.LogOptions{Logger: slog.New(slog.NewTextHandler(&heard, nil)), NoSync: true})
		if stats := l.Stats(); (stats.Cut > 0) == whole || stats.Damaged > 0 || (heard.Len() > 0) == whole {
			t.Fatalf("of %d bytes: got %+v and %q, want to hear of a cut if they end in a record", end, stats, heard.String())
		}
		if _, said := collect(bandit.ReadLogs(path)); said != nil {
			t.Fatalf("of %d bytes, once it is open: got %q, want the rest cut", end, said)
		}
		must(t, l.Decision(decision(7)))
		must(t, l.Close())
		after, said := collect(bandit.ReadLogs(path))
		if diff := cmp.Diff(append(ids(records), 7), ids(after)); diff != "" || said != nil {
			t.Fatalf("of %d bytes, after going on: %q (-want +got):\n%s", end, said, diff)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// A bad sector costs the records on it, and none after it.
func TestDamageInTheMiddleCostsThatLineAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	for id := range int64(3) {
		must(t, l.Decision(decision(id)))
	}
	must(t, l.Close())
	data := written(t, path)
	data[bytes.Index(data, []byte(`"id":1`))+5] = '9'
	must(t, os.WriteFile(path, data, 0o600))
	records, said := collect(bandit.ReadLogs(path))
	if diff := cmp.Diff([]int64{0, 2}, ids(records)); diff != "" || len(said) != 1 || !strings.Contains(said[0], "line 3, at byte") || !strings.Contains(said[0], "checksum") {
		t.Errorf("got %q (-want +got):\n%s", said, diff)
	}
	again := openLog(t, path, nil)
	if diff := cmp.Diff(bandit.LogStats{Damaged: 1}, again.Stats()); diff != "" {
		t.Errorf("opening it (-want +got):\n%s", diff)
	}
	must(t, again.Close())
	if diff := cmp.Diff(data, written(t, path)); diff != "" {
		t.Errorf("it was changed (-was +is):\n%s", diff)
	}
}

// A log whose every line was changed, say by a program that writes lines in its own
// way, is not thrown away for it.
func TestALogOfDamagedLinesIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Decision(decision(1)))
	must(t, l.Close())
	data := bytes.ReplaceAll(written(t, path), []byte("\n"), []byte("\r\n"))
	must(t, os.WriteFile(path, data, 0o600))
	l = openLog(t, path, nil)
	must(t, l.Decision(decision(2)))
	must(t, l.Close())
	records, said := collect(bandit.ReadLogs(path))
	if diff := cmp.Diff([]int64{2}, ids(records)); diff != "" || len(said) != 2 || !bytes.HasPrefix(written(t, path), data) {
		t.Errorf("got %q (-want +got):\n%s", said, diff)
	}
}

// Whoever gives the wrong file does not lose it.
func TestWhatIsNoLogStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"notes":             "buy milk\n",
		"one letter":        "x",
		"no end":            "buy milk",
		"other JSON lines":  `{"kind":"trade","id":1}` + "\n",
		"zeros of a crash":  strings.Repeat("\x00", 5000),
		"a very long line":  strings.Repeat("long", 1<<20),
		"a beginning alike": `{"kind":"logs"}`,
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := bandit.OpenLog(path, nil); !errors.Is(err, bandit.ErrNoLog) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want that it is no log", name, err)
		}
		if got := string(written(t, path)); got != text {
			t.Errorf("%s: it was changed", name)
		}
		if _, said := collect(bandit.ReadLogs(path)); len(said) != 1 || !strings.Contains(said[0], bandit.ErrNoLog.Error()) {
			t.Errorf("%s: reading says %q, want once that it is no log", name, said)
		}
	}
	if _, err := bandit.OpenLog(dir, nil); err == nil {
		t.Error("a directory was opened as a log")
	}
}

func TestALaterFormatIsNotGuessedAt(t *testing.T) {
	const text = `{"kind":"log","version":2,"crc32c":"2f3ea0b6"}` + "\n" + "{}\n"
	_, said := collect(bandit.ReadLog(strings.NewReader(text)))
	if diff := cmp.Diff([]string{"line 1: another version of the format: got 2, want 1"}, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// However long it runs: so many files, none above its size, and the newest records.
func TestFilesAreBoundedInSizeAndNumber(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decisions.log")
	const maxBytes, files = 4000, 3
	o := &bandit.LogOptions{MaxBytes: maxBytes, Files: files, NoSync: true}
	l := openLog(t, path, o)
	for id := range int64(100) {
		must(t, l.Decision(decision(id)))
		if id%7 == 0 {
			must(t, l.Flush())
		}
		if id == 50 { // a restart does not matter
			must(t, l.Close())
			l = openLog(t, path, o)
		}
	}
	must(t, l.Close())
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if names = append(names, e.Name()); info.Size() > maxBytes {
			t.Errorf("%s has %d bytes, want at most %d", e.Name(), info.Size(), maxBytes)
		}
	}
	if diff := cmp.Diff([]string{"decisions.log", "decisions.log.1", "decisions.log.2"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	records, said := collect(bandit.ReadLogs(path))
	got := ids(records)
	if said != nil || len(got) < 10 || got[len(got)-1] != 99 {
		t.Fatalf("got %v and %q, want the newest decisions", got, said)
	}
	for i, id := range got {
		if want := 99 - int64(len(got)-1-i); id != want {
			t.Fatalf("got %v, want all from %d on", got, got[0])
		}
	}
}

// One record larger than a file has one of its own.
func TestARecordLargerThanAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, &bandit.LogOptions{MaxBytes: 10, Files: 9})
	for id := range int64(3) {
		must(t, l.Decision(decision(id)))
	}
	must(t, l.Close())
	records, said := collect(bandit.ReadLogs(path))
	if diff := cmp.Diff([]int64{0, 1, 2}, ids(records)); diff != "" || said != nil {
		t.Errorf("%q (-want +got):\n%s", said, diff)
	}
}

func TestOnlyOneProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	openLog(t, path, nil)
	if _, err := bandit.OpenLog(path, nil); err == nil || !strings.Contains(err.Error(), "another process has it") {
		t.Errorf("got %v, want that another has it", err)
	}
}

// A file that somebody removed or emptied is begun again, not written to in the dark.
func TestAFileThatIsTakenAwayIsBegunAgain(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"removed": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "decisions.log")
			l := openLog(t, path, nil)
			must(t, l.Decision(decision(1)))
			must(t, l.Flush())
			must(t, take(path))
			must(t, l.Decision(decision(2)))
			must(t, l.Close())
			records, said := collect(bandit.ReadLogs(path))
			if diff := cmp.Diff([]int64{2}, ids(records)); diff != "" || said != nil {
				t.Errorf("%q (-want +got):\n%s", said, diff)
			}
		})
	}
}

// What has no room is lost, counted, and the log says so where it is missing.
func TestWhatHasNoRoomIsCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, &bandit.LogOptions{Buffer: 2000})
	lost := 0
	for id := range int64(10) {
		err := l.Decision(decision(id))
		if errors.Is(err, bandit.ErrLogFull) {
			lost++
			continue
		}
		must(t, err)
	}
	if stats := l.Stats(); lost == 0 || stats.Lost != int64(lost) || stats.Records != int64(10-lost) || stats.Waiting > 2000 {
		t.Errorf("got %+v and %d errors, want the same and 2,000 bytes at most", stats, lost)
	}
	must(t, l.Flush())
	must(t, l.Decision(decision(10)))
	must(t, l.Close())
	records, said := collect(bandit.ReadLogs(path))
	want := bandit.Record{Lost: &bandit.LostRecord{Records: int64(lost)}}
	if diff := cmp.Diff(want, records[len(records)-2]); diff != "" || said != nil {
		t.Errorf("before the last: %q (-want +got):\n%s", said, diff)
	}
}

// Run writes every so often, and once more at its end.
func TestRunWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "decisions.log")
		l := openLog(t, path, nil)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		must(t, l.Decision(decision(1)))
		synctest.Wait()
		if waits := l.Stats().Waiting; waits == 0 {
			t.Error("it is written already, want it to wait for a second")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if waits := l.Stats().Waiting; waits != 0 {
			t.Errorf("after a second %d bytes wait, want none", waits)
		}
		must(t, l.Decision(decision(2)))
		stop()
		must(t, <-done)
		records, _ := collect(bandit.ReadLogs(path))
		if diff := cmp.Diff([]int64{1, 2}, ids(records)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAClosedLogTakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Close())
	must(t, l.Close())
	if err := l.Decision(decision(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v, want that it is closed", err)
	}
	must(t, l.Flush())
}

func TestRecordsThatNobodyCanJudgeByAreRefused(t *testing.T) {
	change := func(f func(d *bandit.DecisionRecord)) *bandit.DecisionRecord {
		d := decision(4)
		f(d)
		return d
	}
	nan := func() float64 { zero := 0.; return zero / zero }()
	for want, d := range map[string]*bandit.DecisionRecord{
		"decision 4: got no time":                                                             change(func(d *bandit.DecisionRecord) { d.At = time.Time{} }),
		"decision 4: chosen: got place 3 of 3 arms, want one of them":                         change(func(d *bandit.DecisionRecord) { d.Chosen = 3 }),
		"decision 4: CRASH500 was chosen with probability 0, want the one that it really had": change(func(d *bandit.DecisionRecord) { d.Chosen = 2 }),
		`decision 4: got the arm "V75" in place 1, want a name that no other has`:             change(func(d *bandit.DecisionRecord) { d.Arms[1].Name = "V75" }),
		"decision 4: V75: got the probability NaN, want 0 to 1":                               change(func(d *bandit.DecisionRecord) { d.Arms[0].P = nan }),
		"decision 4: got probabilities that add up to 1.03, want 1":                           change(func(d *bandit.DecisionRecord) { d.Arms[0].P = .98 }),
		"decision 4: V75: got the belief NaN ± 0.5, want finite numbers":                      change(func(d *bandit.DecisionRecord) { d.Arms[0].Belief.Mean = nan }),
		"decision 4: CRASH500: got the key NaN, want a finite number or none":                 change(func(d *bandit.DecisionRecord) { d.Arms[2].Key = new(nan) }),
		"decision 4: V100: got 1 features, want 2 as the first has":                           change(func(d *bandit.DecisionRecord) { d.Arms[1].X = bandit.Row{1} }),
		"feature 1: got NaN, want a finite number of 32 bits":                                 change(func(d *bandit.DecisionRecord) { d.Arms[0].X = bandit.NewRow([]float64{1, nan}) }),
		"feature 0: got +Inf, want a finite number of 32 bits":                                change(func(d *bandit.DecisionRecord) { d.Arms[0].X = bandit.NewRow([]float64{1e300, 0}) }),
		"decision 4: chosen: got place 0 of 0 arms, want one of them":                         {ID: 4, At: noon},
	} {
		l := openLog(t, filepath.Join(t.TempDir(), "decisions.log"), nil)
		if err := l.Decision(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if stats := l.Stats(); stats != (bandit.LogStats{}) {
			t.Errorf("%s: got %+v, want nothing recorded", want, stats)
		}
	}
}

func TestOutcomesThatAreNoneAreRefused(t *testing.T) {
	change := func(f func(o *bandit.OutcomeRecord)) *bandit.OutcomeRecord {
		o := outcome(4, "V75")
		f(o)
		return o
	}
	nan := func() float64 { zero := 0.; return zero / zero }()
	for want, o := range map[string]*bandit.OutcomeRecord{
		`an outcome of decision 4: got the arm "" at`:                                           change(func(o *bandit.OutcomeRecord) { o.Arm = "" }),
		"decision 4: V75: got the reward 0.47 of an outcome that was dropped (late), want none": change(func(o *bandit.OutcomeRecord) { o.Dropped = "late" }),
		"decision 4: V75: got the weight -1, want 0 to 1":                                       change(func(o *bandit.OutcomeRecord) { o.Weight = -1 }),
		"decision 4: V75: got the direction 3, want -1, 0 or 1":                                 change(func(o *bandit.OutcomeRecord) { o.Outcome.Direction = 3 }),
		"decision 4: V75: got the reward NaN, want a finite number or none":                     change(func(o *bandit.OutcomeRecord) { o.Reward = new(nan) }),
		"want finite numbers": change(func(o *bandit.OutcomeRecord) { o.Outcome.PnL = nan }),
	} {
		l := openLog(t, filepath.Join(t.TempDir(), "decisions.log"), nil)
		if err := l.Outcome(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestLogOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, o := range []bandit.LogOptions{{MaxBytes: -1}, {Files: -1}, {Every: -1}, {Buffer: -1}} {
		if _, err := bandit.OpenLog(filepath.Join(t.TempDir(), "x"), &o); err == nil || !strings.Contains(err.Error(), "want all above 0") {
			t.Errorf("%+v: got %v, want an error", o, err)
		}
	}
}

func TestARecordOfAChoice(t *testing.T) {
	r := &bandit.Round{T: 9, Arms: []int{4, 7}, X: [][]float64{{.5}, {.25}}}
	c := &bandit.Choice{Arm: 1, P: []float64{0, 1}, Mean: []float64{2, 1}, SD: []float64{.5, 3}, Explored: true}
	want := &bandit.DecisionRecord{
		T: 9, Chosen: 1, Explored: true,
		Arms: []bandit.ArmRecord{
			{Name: "arm 4", P: 0, Belief: &bandit.BeliefRecord{Mean: 2, SD: .5}, X: bandit.Row{.5}},
			{Name: "arm 7", P: 1, Belief: &bandit.BeliefRecord{Mean: 1, SD: 3}, X: bandit.Row{.25}},
		},
	}
	got := bandit.NewDecisionRecord(r, c, func(arm int) string { return fmt.Sprint("arm ", arm) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{.25}, got.Arms[1].X.Floats()); diff != "" {
		t.Errorf("the row again (-want +got):\n%s", diff)
	}
}

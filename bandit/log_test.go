package bandit_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
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

func TestLogOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, o := range []bandit.LogOptions{{MaxBytes: -1}, {Files: -1}, {Every: -1}, {Buffer: -1}} {
		if _, err := bandit.OpenLog(filepath.Join(t.TempDir(), "x"), &o); err == nil || !strings.Contains(err.Error(), "want all above 0") {
			t.Errorf("%+v: got %v, want an error", o, err)
		}
	}
}

package fileengine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, hubID string) hub.Engine { return open(t, t.TempDir(), hubID) })
}

// open opens a directory that is given back when the test ends.
func open(t *testing.T, dir, hubID string) *Engine {
	t.Helper()
	e, err := Open(dir, hubID, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, e) })
	return e
}

func shut(t *testing.T, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// started runs an engine; stop ends that.
func started(t *testing.T, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, nil) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	}
}

// recordOf is the record of an update that a hub accepted now.
func recordOf(space string, steps int64, now time.Time) hub.Record {
	now = now.Truncate(time.Microsecond)
	seq := now.UnixMicro()
	var r hub.Record
	r.Snapshot = quasar.Snapshot{SpaceName: space, Seq: seq, UpdatedAt: now, TrainingAt: now, VotingAt: now}
	r.Snapshot.Training = quasar.Training{TrainingSteps: &steps, ActorLoss: new(0.1), AVNAccuracy: new(1.0 / 3)}
	r.Snapshot.Voting = quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), LastPrice: new(451234.12), SignalSource: new("<ensemble> \"é\"")}
	for _, f := range []quasar.Field{quasar.TrainingSteps, quasar.ActorLoss, quasar.CriticLoss, quasar.AVNAccuracy, quasar.DominantSignal, quasar.BuyCount, quasar.LastPrice, quasar.SignalSource} {
		r.Stamps[f] = hub.Stamp{Seq: seq - int64(f), Hub: "h1"}
	}
	return r
}

// mustRead reads the state in a directory, which must be whole.
func mustRead(t *testing.T, dir string) *state {
	t.Helper()
	s, err := readState(filepath.Join(dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sameTimes compares times as points in time: a file has no zone.
var sameTimes = cmp.Comparer(time.Time.Equal)

func TestWhatWasOfferedIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	first := recordOf("A", 1, now)
	e := open(t, dir, "h1")
	stop := started(t, e)
	e.Offer(recordOf("A", 1, now.Add(-time.Minute)))
	e.Offer(first)
	e.Offer(recordOf("B", 2, now))
	stop()
	shut(t, e)

	e = open(t, dir, "h2")
	got := e.Restored()
	if len(got) != 2 || got[0].Snapshot.Seq <= first.Snapshot.Seq {
		t.Fatalf("got %+v, want two records with a higher seq", got)
	}
	first.Snapshot.Seq = got[0].Snapshot.Seq
	if diff := cmp.Diff(first, got[0], sameTimes); diff != "" {
		t.Errorf("-offered +restored\n%s", diff)
	}

	stop = started(t, e)
	e.Offer(recordOf("C", 3, now))
	stop()
	if got := mustRead(t, dir).records; len(got) != 3 || got[0].Snapshot.Seq != first.Snapshot.Seq {
		t.Errorf("with one more: got %+v in the file, want the restored ones in it as they are shown", got)
	}
}

// A hub that ends writes its last second, also when it was told to before it ran.
func TestTheEndOfRunWritesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		e := open(t, dir, "h1")
		stop := started(t, e)
		e.Offer(recordOf("A", 1, time.Now()))
		synctest.Wait()
		e.Offer(recordOf("B", 1, time.Now())) // the file is left alone for a second
		synctest.Wait()
		if got := len(mustRead(t, dir).records); got != 1 {
			t.Errorf("got %d records in the file, want the first alone", got)
		}
		stop()
		if got := len(mustRead(t, dir).records); got != 2 {
			t.Errorf("at the end: got %d records in the file, want 2", got)
		}
		e.Offer(recordOf("C", 1, time.Now()))
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Run(over, nil); err != nil {
			t.Error(err)
		}
		if got := len(mustRead(t, dir).records); got != 3 {
			t.Errorf("run once more: got %d records in the file, want 3", got)
		}
	})
}

func TestTheFileIsWrittenAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		e := open(t, dir, "h1")
		stop := started(t, e)
		defer stop()
		var written []time.Time
		look := func() {
			synctest.Wait()
			if at := mustRead(t, dir).writtenAt; len(written) == 0 || !at.Equal(written[len(written)-1]) {
				written = append(written, at)
			}
		}
		start := time.Now()
		for range 1000 {
			e.Offer(recordOf("A", 1, time.Now()))
			look()
			time.Sleep(10 * time.Millisecond)
		}
		for range 3600 { // nothing is new, so nothing is written
			time.Sleep(time.Second)
			look()
		}
		var want []time.Time
		for i := range 11 { // the first at once, the last when the second after the last is over
			want = append(want, start.Add(time.Duration(i)*time.Second))
		}
		if diff := cmp.Diff(want, written, sameTimes); diff != "" {
			t.Errorf("the file was written at: -want +got\n%s", diff)
		}
		if diff := cmp.Diff(start.Add(9990*time.Millisecond), mustRead(t, dir).records[0].Snapshot.UpdatedAt, sameTimes); diff != "" {
			t.Errorf("the newest update is not in the file: -want +got\n%s", diff)
		}
	})
}

// The directory goes away, as one on a network does, and comes back.
func TestAStateThatCannotBeSavedIsAProblemUntilItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		var log bytes.Buffer
		e, err := Open(dir, "h1", &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer shut(t, e)
		stop := started(t, e)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		e.Offer(recordOf("A", 1, time.Now()))
		time.Sleep(time.Minute)
		want := hub.EngineStatus{Name: "file", Ready: true, Members: []string{"h1"}, Problem: "the state is not saved: no such file or directory"}
		if diff := cmp.Diff(want, e.Status()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		want.Problem = ""
		if diff := cmp.Diff(want, e.Status()); diff != "" {
			t.Errorf("when the directory is back: -want +got\n%s", diff)
		}
		if got := mustRead(t, dir).records; len(got) != 1 {
			t.Errorf("when the directory is back: got %+v in the file, want what was offered before", got)
		}
		stop()
		if got := strings.Count(log.String(), "not saved"); got != 1 {
			t.Errorf("got %d lines about it, want one and not one a second:\n%s", got, &log)
		}
	})
}

// A disk that hangs gives no error, for as long as it hangs.
func TestAWriteThatTakesTooLongIsAProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, t.TempDir(), "h1")
		e.setBegun(time.Now())
		time.Sleep(slowWrite)
		if got := e.Status().Problem; got != "" {
			t.Errorf("after %v: got %q, want no problem", slowWrite, got)
		}
		time.Sleep(25 * time.Second)
		if got, want := e.Status().Problem, "the state is not saved: the disk has been at it for 35s"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Two hubs on one directory would each undo what the other wrote.
func TestADirectoryHasOneHub(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, "h1")
	_, err := Open(dir, "h2", nil)
	if want := "data directory " + dir + ": another process keeps its state there; give each hub a directory of its own"; err == nil || err.Error() != want {
		t.Fatalf("a second: got %v, want %q", err, want)
	}
	shut(t, first)
	open(t, dir, "h2")
}

func TestWhatCannotBeOpened(t *testing.T) {
	newer := appendSum(nil, []byte(`{"format":"quasar hub state","version":2,"kept":"in a way of its own"}`+"\n"))
	newer = append([]byte(`{"format":"quasar hub state","version":2,"kept":"in a way of its own"}`+"\n"), newer...)
	for _, c := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"a state of a newer version", func(path string) error { return os.WriteFile(path, newer, 0o600) }, "another version: got version 2 of the state, want 1"},
		{"a directory in place of the state", func(path string) error { return os.Mkdir(path, 0o700) }, "got a directory, want a regular file"},
		{"a link in place of the state", func(path string) error { return os.Symlink("/dev/zero", path) }, "got a link, want a regular file"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, stateFile)
		if err := c.make(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, "h1", nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.want)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("%s: got %v (%v), want what was there, and the lock", c.name, entries, err)
		}
		shut(t, open(t, filepath.Join(dir, "other"), "h1")) // nothing holds on to anything
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, "h1", nil); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file in place of the directory: got %v, want an error that says so", err)
	}
}

// A damaged state is evidence: it is moved, named, and never written over.
func TestADamagedStateIsSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, stateFile)
	good := appendState(nil, &state{time.Now(), []hub.Record{recordOf("A", 1, time.Now())}})
	for i, damaged := range [][]byte{nil, []byte("\x00\x00\x00"), good[:len(good)/2], bytes.Replace(good, []byte("BUY"), []byte("SEL"), 1)} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		e, err := Open(dir, "h1", &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Restored(); len(got) != 0 {
			t.Errorf("got %+v, want an empty start", got)
		}
		if got := e.Status().Problem; got != "" {
			t.Errorf("got the problem %q, want none: the next state can be saved", got)
		}
		shut(t, e)
		aside, err := filepath.Glob(path + ".corrupt-*")
		if err != nil || len(aside) != i+1 {
			t.Fatalf("got %q (%v), want %d files set aside", aside, err, i+1)
		}
		newest := aside[len(aside)-1]
		if got, err := os.ReadFile(newest); err != nil || !bytes.Equal(got, damaged) {
			t.Errorf("set aside: got %q (%v), want %q", got, err, damaged)
		}
		if !strings.Contains(log.String(), newest) {
			t.Errorf("the log does not name %s:\n%s", newest, &log)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no state", err)
	}
}

// A damaged state that cannot be moved yet is not written over either.
func TestADamagedStateThatCannotBeSetAsideStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e := open(t, dir, "h1")
	e.damaged = true
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil { // nothing can be renamed in a file
		t.Fatal(err)
	}
	e.Offer(recordOf("A", 1, time.Now()))
	e.save()
	if got, want := e.Status().Problem, "the state is not saved: not a directory"; got != want || !e.damaged {
		t.Errorf("got the problem %q, damaged %t, want %q, true", got, e.damaged, want)
	}
	if err := errors.Join(os.Remove(dir), os.Mkdir(dir, 0o700)); err != nil { // somebody took it away
		t.Fatal(err)
	}
	e.save()
	if got := e.Status().Problem; got != "" || e.damaged || len(mustRead(t, dir).records) != 1 {
		t.Errorf("got the problem %q, damaged %t, want a state that is saved", got, e.damaged)
	}
}

// The clock went back by an hour while the hub was down, which was killed some
// time after it had written the file: what it gave in that time is not known.
func TestSeqIsAboveAllThatWasGiven(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name    string
		written time.Time
		seq     int64
		want    int64
	}{
		{"the clock went on", now.Add(-time.Hour), now.Add(-2 * time.Hour).UnixMicro(), now.UnixMicro() + headStart},
		{"the clock went back", now.Add(time.Hour), now.UnixMicro(), now.Add(time.Hour).UnixMicro() + headStart},
		{"the clock had gone back before", now.Add(-time.Hour), now.Add(time.Hour).UnixMicro(), now.Add(2*time.Hour).UnixMicro() + headStart},
	} {
		e := open(t, t.TempDir(), "h1")
		r := recordOf("A", 1, now)
		r.Snapshot.Seq = c.seq
		e.restore(&state{c.written, []hub.Record{r}}, now)
		if got := e.Restored()[0].Snapshot.Seq; got != c.want {
			t.Errorf("%s: got seq %d, want %d", c.name, got, c.want)
		}
	}
}

// A hub that is killed before its first write was done, once more in the head start of
// the life before, leaves a file that knows nothing of what it gave.
func TestSeqIsAboveAllThatALifeWithoutAWriteGave(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a disk that is slow":           func(string) error { return nil },
		"a disk that takes no new file": func(dir string) error { return os.MkdirAll(filepath.Join(dir, stateFile+".tmp", "in the way"), 0o700) },
	} {
		dir := t.TempDir()
		e := open(t, dir, "h1")
		e.Offer(recordOf("A", 1, time.Now()))
		e.save()
		shut(t, e)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		for life := range 5 {
			e := open(t, dir, "h1")
			if got := e.Restored()[0].Snapshot.Seq; got <= last {
				t.Errorf("%s: life %d begins with seq %d, %d was given before", name, life, got, last)
			} else {
				last = got + 50 // updates, and then kill -9
			}
			time.Sleep(time.Millisecond)
			shut(t, e)
		}
	}
}

// A hub that is killed in the middle of a write leaves a part of a file behind.
func TestALeftoverOfAWriteDoesNoHarm(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, stateFile+".tmp"), []byte(`{"format":"qu`), 0o600); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, "h1")
	if got := e.Restored(); len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
	e.Offer(recordOf("A", 1, time.Now()))
	e.save()
	if got := fmt.Sprint(names(t, dir)); got != "[hub-state.jsonl hub-state.lock]" {
		t.Errorf("got the files %s, want the state and the lock alone", got)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

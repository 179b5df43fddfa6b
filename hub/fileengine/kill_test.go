package fileengine

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
)

// childEnv makes the test's own program a writer in the directory that it names.
const childEnv = "QUASAR_TEST_WRITE_TO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// manySpaces make a file large enough to be killed in the middle of.
const manySpaces = 500

// writeForEver writes one state after the other, as fast as the disk goes, and
// says so when the first is there.
func writeForEver(dir string) error {
	e, err := Open(dir, "h1", &Options{Every: time.Nanosecond})
	if err != nil {
		return err
	}
	steps := stepsIn(e.Restored())
	offerAll(e, steps+1)
	e.save()
	fmt.Println("written")
	go func() { _ = e.Run(context.Background(), nil) }()
	for steps += 2; ; steps++ {
		offerAll(e, steps)
		time.Sleep(time.Millisecond)
	}
}

func offerAll(e *Engine, steps int64) {
	for i := range manySpaces {
		e.Offer(recordOf(fmt.Sprintf("S%04d", i), steps, time.Now()))
	}
}

// stepsIn is the newest that a state has.
func stepsIn(records []hub.Record) (steps int64) {
	for _, r := range records {
		steps = max(steps, *r.Snapshot.Training.TrainingSteps)
	}
	return steps
}

// kill -9 at any moment, in the middle of a write for the most part: whatever the
// hub was doing, the next one finds a whole state, and none older than it was.
func TestAWriterIsKilledInALoop(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	leftovers, last := 0, int64(0)
	for range 20 {
		runAndKill(t, dir, time.Duration(random.IntN(20_000))*time.Microsecond)
		if _, err := os.Stat(filepath.Join(dir, stateFile+".tmp")); err == nil {
			leftovers++
		}
		records := mustRead(t, dir).records
		if len(records) != manySpaces || stepsIn(records) < last {
			t.Fatalf("seed %d: got %d records of step %d, want %d of at least step %d", seed, len(records), stepsIn(records), manySpaces, last)
		}
		last = stepsIn(records)
	}
	if got := names(t, dir); len(got) > 3 {
		t.Errorf("seed %d: got the files %q, want no more than the state, the lock and a leftover", seed, got)
	}
	t.Logf("%d of 20 were killed in the middle of a write; they came to step %d", leftovers, last)
}

func runAndKill(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("the writer: got %q, %v, want a word from it", line, err)
	}
	time.Sleep(after)
	_ = child.Process.Kill() // kill -9
	_ = child.Wait()         // it was killed
}

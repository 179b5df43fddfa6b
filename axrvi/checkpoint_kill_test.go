package axrvi

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// childEnv makes the test's own program save checkpoints in the folder that it
// names, from where the last one left off.
const childEnv = "QUASAR_TEST_SAVE_TO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, saveForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func saveForEver(dir string) error {
	h, err := Open(filepath.Join(dir, "x.quasar"), &HomeOptions{Sizes: small})
	if err != nil {
		return err
	}
	c := h.Checkpoint
	if c == nil {
		c = &Checkpoint{FeatureHash: "f", Model: someState(), Random: make([]byte, 200_000)} // large enough to be killed in the middle of
	}
	for turn := range 100_000 {
		c.Step++
		if err := h.Save(c); err != nil {
			return err
		}
		if turn == 1 {
			fmt.Println("saved twice")
		}
	}
	return nil
}

// kill -9 at any moment, in the middle of a save for the most part: both checkpoints
// are whole, the next process goes on from the newest, and leftovers do not pile up.
func TestASaverIsKilledInALoop(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.quasar")
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	last, leftovers := int64(0), 0
	for range 15 {
		saveAndKill(t, dir, time.Duration(random.IntN(20_000))*time.Microsecond)
		now, err := ReadCheckpoint(path)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		former, err := ReadCheckpoint(Former(path))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if now.Step < last+2 || former.Step != now.Step && former.Step != now.Step-1 {
			t.Fatalf("seed %d: got step %d and before it %d, want %d at least and the one before", seed, now.Step, former.Step, last+2)
		}
		last = now.Step
		files, err := os.ReadDir(dir)
		if err != nil || len(files) > 5 {
			t.Fatalf("seed %d: got %v, %v, want the two, the lock and what one killed saver leaves", seed, files, err)
		}
		leftovers += min(1, len(files)-3)
	}
	t.Logf("%d of 15 were killed in the middle of a save; they came to step %d", leftovers, last)
}

func saveAndKill(t *testing.T, dir string, after time.Duration) {
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
		t.Errorf("the saver: got %q, %v, want a word from it", line, err)
	}
	time.Sleep(after)
	_ = child.Process.Kill() // kill -9
	_ = child.Wait()         // it was killed
}

package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
)

// childEnv makes the test's own program do one of the children's work in the
// directory that follows the work's name.
const childEnv = "QUASAR_TEST_CHILD"

var children = map[string]func(dir string) error{"append": appendForEver, "lock": lockForEver}

func TestMain(m *testing.M) {
	work, dir, _ := strings.Cut(os.Getenv(childEnv), " ")
	if do := children[work]; do != nil {
		if err := do(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child starts one. What it says is read from the reader, which ends with it.
func child(t *testing.T, work, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+work+" "+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() }) // they may be gone
	return c, bufio.NewReader(out)
}

// appendForEver adds one to three entries after the other to what is there, and says
// after each transaction how many there are.
func appendForEver(dir string) error {
	j, err := Open(dir, account, nil)
	if err != nil {
		return err
	}
	for turn := 0; err == nil; turn++ {
		if j.last.seq > 0 {
			fmt.Println(j.last.seq)
		}
		var batch []*trade.Entry
		for i := range turn%3 + 1 {
			batch = append(batch, nth(j.last.seq+1+int64(i)))
		}
		err = j.Append(context.Background(), batch...)
	}
	return err
}

// kill -9 at any moment, in the middle of a transaction for the most part: what was
// acknowledged is there, in whole transactions, the chain holds, and the lock of the
// dead is free.
func TestAWriterIsKilledInALoop(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	last, unsaid := int64(0), 0
	for range 50 {
		acknowledged := appendAndKill(t, dir, time.Duration(random.IntN(10_000))*time.Microsecond)
		if acknowledged < last {
			t.Fatalf("seed %d: got %d entries acknowledged, want at least %d", seed, acknowledged, last)
		}
		last = verified(t, dir).Entries
		if last < acknowledged || last > acknowledged+3 {
			t.Fatalf("seed %d: got %d entries, want the %d that were acknowledged, and at most the transaction under way", seed, last, acknowledged)
		}
		if last > acknowledged {
			unsaid++
		}
	}
	t.Logf("seed %d: %d entries; %d of 50 were killed after a transaction and before they said so", seed, last, unsaid)
}

func appendAndKill(t *testing.T, dir string, after time.Duration) (acknowledged int64) {
	t.Helper()
	c, out := child(t, "append", dir)
	first, err := out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the writer: got %q, %v, want a number", first, err)
	}
	time.Sleep(after)
	_ = c.Process.Kill() // kill -9
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	lines := bytes.Split(bytes.TrimSpace(append(first, rest...)), []byte("\n"))
	acknowledged, err = strconv.ParseInt(string(lines[len(lines)-1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return acknowledged
}

// verified looks at a journal as a reader does, and takes it as the next trader does.
func verified(t *testing.T, dir string) *Summary {
	t.Helper()
	v, err := OpenView(dir, account.Mode)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := v.Verify(t.Context())
	if err := errors.Join(err, v.Close()); err != nil {
		t.Fatal(err)
	}
	return sum
}

func lockForEver(string) error {
	if _, err := LockAccount(account); err != nil {
		return err
	}
	fmt.Println("locked")
	time.Sleep(time.Minute) // it is killed before
	return nil
}

func TestAJournalIsReadWhileAnotherProcessWrites(t *testing.T) {
	dir := t.TempDir()
	writer, out := child(t, "append", dir)
	for range 10 {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		said, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := verified(t, dir).Entries; got < said {
			t.Errorf("got %d entries, want at least the %d that were acknowledged before", got, said)
		}
	}
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", writer.Process.Pid)) {
		t.Errorf("got %v, want that process %d has it", err, writer.Process.Pid)
	}
}

func TestAnAccountIsLockedUntilItsHolderDies(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.Getenv("TMPDIR")) // Windows
	holder, out := child(t, "lock", "")
	if line, err := out.ReadString('\n'); err != nil {
		t.Fatalf("got %q, %v, want a word", line, err)
	}
	want := fmt.Sprintf("process %d ", holder.Process.Pid)
	if _, err := LockAccount(account); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want that %shas it", err, want)
	}
	other := account
	other.ID = "DOT2"
	if lock, err := LockAccount(other); err != nil {
		t.Errorf("another account: got %v, want that it is free", err)
	} else if err := lock.Close(); err != nil {
		t.Error(err)
	}
	pretended := account
	pretended.Mode = trade.Paper
	if lock, err := LockAccount(pretended); err != nil {
		t.Errorf("a paper account: got %v, want that there is nothing to lock", err)
	} else if err := lock.Close(); err != nil {
		t.Error(err)
	}
	_ = holder.Process.Kill()
	_ = holder.Wait() // it was killed
	lock, err := LockAccount(account)
	if err != nil {
		t.Fatalf("after its holder died: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

package bandit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karlquant/quasar/bandit"
)

func init() {
	children["fill"] = func(dir string) error {
		rubbish := filepath.Join(dir, "rubbish")
		fill := func() error { return os.WriteFile(rubbish, make([]byte, 900<<10), 0o600) }
		return recordOnAFullDisk(dir, fill, func() error { return os.Remove(rubbish) })
	}
	children["limit"] = func(dir string) error {
		limit := func(most uint64) func() error {
			return func() error {
				return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY})
			}
		}
		return recordOnAFullDisk(dir, limit(100<<10), limit(unix.RLIM_INFINITY))
	}
}

// recordOnAFullDisk records more than there is room for, and goes on when there is.
func recordOnAFullDisk(dir string, fill, free func() error) error {
	var heard bytes.Buffer
	path := filepath.Join(dir, "decisions.log")
	l, err := bandit.OpenLog(path, &bandit.LogOptions{Buffer: 300 << 10, Every: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&heard, nil))})
	if err != nil {
		return err
	}
	if err := fill(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	id, lost := int64(0), 0
	for ; lost < 100; id++ {
		if err := l.Decision(decision(id)); errors.Is(err, bandit.ErrLogFull) {
			lost++
		} else if err != nil {
			return err
		}
	}
	err = l.Flush()
	fmt.Println(err)
	if !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EFBIG) {
		return fmt.Errorf("got %w, want that the disk is full", err)
	}
	if records, damage := collect(bandit.ReadLogs(path)); damage != nil || len(records) > 1000 {
		return fmt.Errorf("while it is full there are %d records and %q, want no torn one", len(records), damage)
	}
	if err := free(); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); l.Stats().Waiting > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := l.Decision(decision(id)); err != nil {
		return err
	}
	stop()
	if err := errors.Join(<-done, l.Close()); err != nil {
		return err
	}
	fmt.Print(heard.String())
	if said := heard.String(); strings.Count(said, "decisions cannot be recorded") != 1 || strings.Count(said, "decisions are recorded again") != 1 {
		return fmt.Errorf("got %s\nwant one line when it begins and one when it ends", said)
	}
	return everyRecordIsAccountedFor(path, id+1, int64(lost))
}

func everyRecordIsAccountedFor(path string, all, lost int64) error {
	records, damage := collect(bandit.ReadLogs(path))
	missing := int64(0)
	for _, r := range records {
		if r.Lost != nil {
			missing += r.Lost.Records
		}
	}
	if got := int64(len(ids(records))); damage != nil || missing != lost || got+missing != all {
		return fmt.Errorf("got %d decisions, %d lost and %q, want %d in all, %d lost", got, missing, damage, all, lost)
	}
	return nil
}

// On a full disk recording is refused at some time and never waits; when there is room
// again it goes on, and the log says what is missing. On a file system of 1 MiB in a
// mount namespace that ends with the child, or where that is forbidden with a limit on
// the size of files.
func TestRecordingOnAFullDisk(t *testing.T) {
	const inside = `mount -t tmpfs -o size=1m,mode=700 none "$0" && exec "$@"`
	dir := t.TempDir()
	unshare := []string{"unshare", "-rm", "sh", "-c", inside, dir}
	c := child(t, "fill "+dir, unshare...)
	if out, err := exec.CommandContext(t.Context(), unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil {
		t.Logf("no tmpfs here, so a limit: %v %s", err, out)
		c = child(t, "limit "+dir)
	}
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

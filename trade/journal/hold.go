package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/karlquant/quasar/internal/disk"
)

// lockSuffix is of the file that a process holds while it has a journal.
const lockSuffix = ".lock"

// pidAt is where the holder's number is in a lock: Windows lets nobody read the first
// byte while it is held.
const pidAt = 1

// hold takes a lock file until the process ends, and says in it whose it is.
func hold(path string) (*os.File, error) {
	f, err := disk.Hold(path)
	return held(path, f, err)
}

func held(path string, f *os.File, err error) (*os.File, error) {
	if errors.Is(err, disk.ErrHeld) {
		return nil, fmt.Errorf("%w: %s (%s)", ErrInUse, holder(path), path)
	}
	if err != nil {
		return nil, err
	}
	sign(f)
	return f, nil
}

// sign writes the number of this process, for people: who cannot write it holds the
// file all the same.
func sign(f *os.File) {
	if f.Truncate(pidAt) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), pidAt)
	}
}

// holder says which process holds a lock.
func holder(path string) string {
	const unknown = "it does not say which"
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer func() { _ = f.Close() }() // it was only read
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, pidAt)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return unknown
	}
	return fmt.Sprintf("process %d", pid)
}

package bandit

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strconv"
)

// ReadLogs reads the log at path from its beginning: the files that were full before
// it, as far as they are still there, and then the file itself. See ReadLog.
func ReadLogs(path string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		files, err := openLogs(path)
		defer func() {
			for _, f := range files {
				_ = f.Close() // it was only read
			}
		}()
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, f := range files {
			for r, err := range ReadLog(f) {
				var damage *LogDamage
				over := err != nil && !errors.As(err, &damage)
				if over {
					err = fmt.Errorf("%s: %w", f.Name(), err)
				}
				if !yield(r, err) || over {
					return
				}
			}
		}
	}
}

// openLogs opens the files of a log, the oldest first. They are opened before any is
// read, for they may be renamed meanwhile.
func openLogs(path string) ([]*os.File, error) {
	newest, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	files := []*os.File{newest}
	for i := 1; ; i++ {
		f, err := os.Open(path + "." + strconv.Itoa(i))
		if errors.Is(err, fs.ErrNotExist) {
			return files, nil
		}
		if err != nil {
			return files, err
		}
		files = append([]*os.File{f}, files...)
	}
}

package recording

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
)

// mostLine bounds one line, in bytes.
const mostLine = 16 << 20

// Files returns the recordings of a directory, the oldest first; a file is its
// own and only one.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*"+Extension))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("recording: %s: got no files of it, want some that end in %s", path, Extension)
	}
	slices.Sort(files)
	return files, err
}

// Read yields the records of files, in their order. An error is yielded with the
// name of the file, whose rest is left out; a cut end, as a crash leaves it, is
// none.
func Read(files ...string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, path := range files {
			if !readFile(path, yield) {
				return
			}
		}
	}
}

func readFile(path string, yield func(Record, error) bool) bool {
	file, err := os.Open(path)
	if err != nil {
		return yield(Record{}, fmt.Errorf("recording: %w", err))
	}
	defer func() { _ = file.Close() }()
	for r, err := range Decode(file) {
		if err != nil {
			err = fmt.Errorf("recording: %s: %w", path, err)
		}
		if !yield(r, err) {
			return false
		}
	}
	return true
}

// Decode yields the records of one file. An error is the last.
func Decode(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		zip, err := gzip.NewReader(r)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return // cut before anything was in it
		}
		if err != nil {
			yield(Record{}, fmt.Errorf("got no gzip: %w", err))
			return
		}
		lines := bufio.NewReaderSize(zip, 64<<10)
		for n := 1; ; n++ {
			line, err := readLine(lines)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return // the end, or where it was cut
			}
			var record Record
			if err == nil {
				record, err = parse(n, line)
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if n > 1 && !yield(record, nil) {
				return
			}
		}
	}
}

// parse reads a line, the first of which is the header and no record.
func parse(n int, line []byte) (r Record, err error) {
	if n > 1 {
		err = json.Unmarshal(line, &r)
		return r, err
	}
	var head header
	if err = json.Unmarshal(line, &head); err == nil && head.Version != Version {
		err = fmt.Errorf("got version %d, want %d", head.Version, Version)
	}
	return r, err
}

var errLongLine = fmt.Errorf("got a line of more than %d bytes", mostLine)

// readLine returns a whole line. One without its end was cut.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > mostLine:
			return nil, errLongLine
		}
	}
}

package disk

import (
	"fmt"
	"io/fs"
	"os"
)

// Open opens a file to be read, and says how it is. What is no file is refused before
// it is opened, for opening a pipe may take for ever.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: got %s, want a file", path, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

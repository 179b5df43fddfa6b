package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
)

// headSuffix is of the file beside a journal that has the newest entry's number and
// hash. It is written after each transaction and not synced, so it may be behind. It
// is never ahead, unless entries are gone: a log of SQLite whose end is damaged, or
// that somebody removed, is to SQLite one that never was longer.
const headSuffix = ".head"

// headFile is open for as long as the journal is.
type headFile struct{ *os.File }

func openHead(path string) (*headFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &headFile{f}, nil
}

// headLength is that of a head's line, which is always the same.
const headLength = 20 + 1 + 64 + 1 + 8 + 1

func formatHead(l link) string {
	text := fmt.Sprintf("%020d %s", l.seq, l.hash)
	return fmt.Sprintf("%s %08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

func (f *headFile) write(l link) error {
	_, err := f.WriteAt([]byte(formatHead(l)), 0)
	return err
}

// readHead returns what a head says. One that is not there or not whole says nothing,
// which is the zero link: power that fails while it is written leaves such a one.
func readHead(path string) (link, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return link{}, nil
	}
	if err != nil {
		return link{}, err
	}
	return parseHead(text), nil
}

func parseHead(text []byte) (l link) {
	var hash string
	if _, err := fmt.Sscanf(string(text), "%d %64s ", &l.seq, &hash); err != nil || len(text) != headLength {
		return link{}
	}
	if n, err := hex.Decode(l.hash[:], []byte(hash)); err != nil || n != len(l.hash) || l.seq < 0 || formatHead(l) != string(text) {
		return link{}
	}
	return l
}

package torchfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
)

// decodeZip reads DIR/data.pkl, which refers to the numbers in DIR/data/KEY. All
// of it is stored as it is: an archive that is compressed is not PyTorch's, and
// may be much larger than it looks.
func decodeZip(data []byte) (*File, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, damaged("%v", err)
	}
	a := archive{data: data, entries: make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		if a.entries[f.Name] != nil {
			return nil, damaged("the archive has %s twice", quote(f.Name))
		}
		a.entries[f.Name] = f
	}
	if err := a.find(); err != nil {
		return nil, err
	}
	program, err := a.read("data.pkl")
	if err != nil {
		return nil, err
	}
	length, err := scan(program)
	if err != nil {
		return nil, err
	}
	if length != len(program) {
		return nil, damaged("data.pkl goes on for %d bytes after its end", len(program)-length)
	}
	value, err := unpickle(program, a.load)
	if err != nil {
		return nil, err
	}
	return build("zip", value)
}

// archive is a zip file in memory.
type archive struct {
	data    []byte
	dir     string // with its slash
	entries map[string]*zip.File
	loaded  map[string]*storage
}

// find finds the folder that everything is in.
func (a *archive) find() error {
	a.loaded = make(map[string]*storage)
	found := 0
	for name := range a.entries {
		dir, base := name[:strings.LastIndexByte(name, '/')+1], name[strings.LastIndexByte(name, '/')+1:]
		switch {
		case base == "constants.pkl":
			return fmt.Errorf("got a TorchScript archive, which is code; %s", want)
		case base == "data.pkl" && strings.Count(dir, "/") == 1:
			a.dir = dir
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("got a zip archive with %d data.pkl, want one that PyTorch made; %s", found, want)
	}
	if _, there := a.entries[a.dir+"byteorder"]; there {
		order, err := a.read("byteorder")
		if err != nil {
			return err
		}
		if string(order) != "little" {
			return errBigEndian
		}
	}
	return nil
}

// read returns an entry's bytes: a part of the file, none are allocated.
func (a *archive) read(name string) ([]byte, error) {
	f := a.entries[a.dir+name]
	if f == nil {
		return nil, damaged("the archive has no %s", quote(a.dir+name))
	}
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return nil, damaged("%s is compressed, which PyTorch does not do", quote(f.Name))
	}
	from, err := f.DataOffset()
	if err != nil {
		return nil, damaged("%s: %v", quote(f.Name), err)
	}
	if from > int64(len(a.data)) || f.UncompressedSize64 > uint64(int64(len(a.data))-from) {
		return nil, damaged("%s is said to have %d bytes, more than the file", quote(f.Name), f.UncompressedSize64)
	}
	content := a.data[from : from+int64(f.UncompressedSize64)]
	if crc32.ChecksumIEEE(content) != f.CRC32 {
		return nil, damaged("%s does not have the checksum it should", quote(f.Name))
	}
	return content, nil
}

// load finds the numbers of a storage.
func (a *archive) load(s *storage) (*storage, error) {
	if there := a.loaded[s.key]; there != nil {
		if there.dtype != s.dtype || there.count != s.count {
			return nil, damaged("storage %s is once %d %s and once %d %s", quote(s.key), there.count, there.dtype, s.count, s.dtype)
		}
		return there, nil
	}
	content, err := a.read("data/" + s.key)
	if err != nil {
		return nil, err
	}
	if len(content) != s.count*s.dtype.size() {
		return nil, damaged("storage %s has %d bytes, want %d %s", quote(s.key), len(content), s.count, s.dtype)
	}
	s.data = content
	a.loaded[s.key] = s
	return s, nil
}

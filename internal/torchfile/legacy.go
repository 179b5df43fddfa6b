package torchfile

import (
	"encoding/binary"
	"math/big"

	"github.com/nlpodyssey/gopickle/types"
)

// magic and protocol are what the older format starts with.
const (
	magic    = "1950a86a20f9469cfc6c"
	protocol = 1001
)

// decodeLegacy reads the format before PyTorch 1.6: a magic number, the protocol,
// what machine wrote it, the objects and the keys of their storages, each a pickle,
// then the storages, each its count and its numbers.
func decodeLegacy(data []byte) (*File, error) {
	l := legacy{data: data, storages: make(map[string]*storage)}
	if n, err := l.pickle(); err != nil || !isMagic(n) {
		return nil, damaged("it does not start with PyTorch's magic number")
	}
	if n, err := l.pickle(); err != nil || n != protocol {
		return nil, damaged("want PyTorch's protocol %d", protocol)
	}
	if err := l.machine(); err != nil {
		return nil, err
	}
	value, err := l.pickle()
	if err != nil {
		return nil, err
	}
	keys, err := l.pickle()
	if err != nil {
		return nil, err
	}
	if err := l.numbers(keys); err != nil {
		return nil, err
	}
	return build("legacy", value)
}

func isMagic(v any) bool {
	n, ok := v.(*big.Int)
	return ok && n.Text(16) == magic
}

type legacy struct {
	data     []byte // what is still to be read
	storages map[string]*storage
}

// pickle reads the next pickle.
func (l *legacy) pickle() (any, error) {
	length, err := scan(l.data)
	if err != nil {
		return nil, err
	}
	value, err := unpickle(l.data[:length], l.load)
	l.data = l.data[length:]
	return value, err
}

// machine sees that it was one like those that this runs on.
func (l *legacy) machine() error {
	v, err := l.pickle()
	if err != nil {
		return err
	}
	d, ok := v.(*types.Dict)
	if !ok {
		return damaged("want a dict about the machine")
	}
	for _, e := range *d {
		if e.Key == "little_endian" && e.Value == false {
			return errBigEndian
		}
	}
	return nil
}

func (l *legacy) load(s *storage) (*storage, error) {
	there := l.storages[s.key]
	if there == nil {
		l.storages[s.key] = s
		return s, nil
	}
	if there.dtype != s.dtype || there.count != s.count {
		return nil, damaged("storage %s is once %d %s and once %d %s", quote(s.key), there.count, there.dtype, s.count, s.dtype)
	}
	return there, nil
}

// numbers reads the storages, in the order of their keys.
func (l *legacy) numbers(keys any) error {
	list, ok := keys.(*types.List)
	if !ok || list.Len() != len(l.storages) {
		return damaged("want a list of the keys of %d storages", len(l.storages))
	}
	for _, k := range *list {
		key, _ := k.(string)
		s := l.storages[key]
		if s == nil || s.data != nil {
			return damaged("storage %s is unknown or there twice", quote(key))
		}
		if err := l.fill(s); err != nil {
			return err
		}
	}
	if len(l.data) > 0 {
		return damaged("%d bytes follow the last storage", len(l.data))
	}
	return nil
}

func (l *legacy) fill(s *storage) error {
	size := 8 + s.count*s.dtype.size()
	if len(l.data) < size {
		return damaged("storage %s wants %d bytes, and there are %d", quote(s.key), size, len(l.data))
	}
	if n := binary.LittleEndian.Uint64(l.data); n != uint64(s.count) {
		return damaged("storage %s has %d numbers, want %d", quote(s.key), n, s.count)
	}
	s.data = l.data[8:size:size]
	l.data = l.data[size:]
	return nil
}

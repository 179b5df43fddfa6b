package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxHeader is the longest header, in bytes: room for some fifty thousand
// tensors.
const MaxHeader = 8 << 20

// prefix is the length of the header's length.
const prefix = 8

// IsOne tells by the first bytes whether a file is meant to be of this format.
func IsOne(head []byte) bool {
	return len(head) > prefix && head[prefix] == '{' && binary.LittleEndian.Uint64(head) <= 100_000_000 // the format's own limit
}

// Decode reads a file. Every byte of it has to belong to something: gaps, tensors
// that overlap, names that are there twice and unknown members are errors. The
// tensors keep parts of data. What it allocates beside them is bounded by the
// header that is really there.
func Decode(data []byte) (*File, error) {
	if len(data) < prefix {
		return nil, fmt.Errorf("got %d bytes, want at least %d: the file is cut off or not safetensors", len(data), prefix)
	}
	length := binary.LittleEndian.Uint64(data)
	body := data[prefix:]
	switch {
	case length > MaxHeader:
		return nil, fmt.Errorf("header: got a length of %d bytes, want at most %d: not safetensors, or not of ours", length, MaxHeader)
	case length > uint64(len(body)):
		return nil, fmt.Errorf("header: got %d of %d bytes: the file is cut off", len(body), length)
	}
	header, numbers := body[:length], body[length:]
	if len(header) == 0 || header[0] != '{' {
		return nil, errors.New("header: want it to start with {: not safetensors")
	}
	f, places, err := decodeHeader(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := f.place(places, numbers); err != nil {
		return nil, err
	}
	return f, nil
}

// span is where a tensor's numbers are.
type span struct{ from, to uint64 }

// decodeHeader returns the tensors without their numbers, and where those are.
func decodeHeader(header []byte) (*File, map[string]span, error) {
	d := jsontext.NewDecoder(bytes.NewReader(header)) // refuses names that come twice
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	f, places := &File{}, make(map[string]span)
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		name := token.String()
		if name == Metadata {
			err = json.UnmarshalDecode(d, &f.Metadata)
		} else {
			var t Tensor
			t, places[name], err = decodeTensor(d, name)
			f.Tensors = append(f.Tensors, t)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", quote(name), short(err))
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, short(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("want nothing but blanks after it")
	}
	return f, places, nil
}

func decodeTensor(d *jsontext.Decoder, name string) (Tensor, span, error) {
	var entry struct {
		DType   DType    `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets []uint64 `json:"data_offsets"`
	}
	if err := json.UnmarshalDecode(d, &entry, json.RejectUnknownMembers(true)); err != nil {
		return Tensor{}, span{}, err
	}
	if entry.Shape == nil || len(entry.Offsets) != 2 {
		return Tensor{}, span{}, errors.New("want dtype, shape and two data_offsets")
	}
	return Tensor{Name: name, DType: entry.DType, Shape: entry.Shape}, span{entry.Offsets[0], entry.Offsets[1]}, nil
}

// place gives each tensor its numbers, and sees that none are left.
func (f *File) place(places map[string]span, numbers []byte) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(places[a.Name].from, places[b.Name].from), cmp.Compare(places[a.Name].to, places[b.Name].to))
	})
	at := uint64(0)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		p := places[t.Name]
		switch {
		case p.from != at:
			return fmt.Errorf("tensor %s: starts at %d, want %d, where the one before it ends", quote(t.Name), p.from, at)
		case p.to < p.from:
			return fmt.Errorf("tensor %s: ends at %d, before it starts at %d", quote(t.Name), p.to, p.from)
		case p.to > uint64(len(numbers)):
			return fmt.Errorf("tensor %s: ends at %d, the file at %d: it is cut off", quote(t.Name), p.to, len(numbers))
		}
		t.Data = numbers[p.from:p.to:p.to]
		if err := t.check(); err != nil {
			return err
		}
		at = p.to
	}
	if at != uint64(len(numbers)) {
		return fmt.Errorf("got %d bytes after the last tensor, want none", uint64(len(numbers))-at)
	}
	return nil
}

// short keeps an error about a hostile header from being as long as that.
func short(err error) error {
	const most = 200
	if text := err.Error(); len(text) > most {
		return errors.New(quote(text))
	}
	return err
}

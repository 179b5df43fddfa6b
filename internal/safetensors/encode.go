package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Encode writes the file. The same tensors and metadata give the same bytes,
// whatever their order: the tensors are sorted by the size of their numbers, so
// that each starts at a multiple of it, and by name.
func (f *File) Encode() ([]byte, error) {
	tensors := slices.Clone(f.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(b.DType.size()-a.DType.size(), cmp.Compare(a.Name, b.Name))
	})
	if err := checkAll(tensors); err != nil {
		return nil, err
	}
	header, err := f.header(tensors)
	if err != nil {
		return nil, err
	}
	if len(header) > MaxHeader {
		return nil, fmt.Errorf("header: got %d bytes, want at most %d", len(header), MaxHeader)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(out, header...)
	for _, t := range tensors {
		out = append(out, t.Data...)
	}
	return out, nil
}

func checkAll(tensors []Tensor) error {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		if err := t.check(); err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("tensor %s: there are two of that name", quote(t.Name))
		}
		seen[t.Name] = true
	}
	return nil
}

// header is filled up with blanks, so that the numbers start at a multiple of 8.
func (f *File) header(tensors []Tensor) ([]byte, error) {
	var b bytes.Buffer
	h := headerWriter{e: jsontext.NewEncoder(&b)}
	h.token(jsontext.BeginObject)
	h.metadata(f.Metadata)
	at := 0
	for _, t := range tensors {
		h.tensor(&t, at)
		at += len(t.Data)
	}
	h.token(jsontext.EndObject)
	header := bytes.TrimRight(b.Bytes(), "\n")
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	return header, h.err
}

// headerWriter keeps the first error.
type headerWriter struct {
	e   *jsontext.Encoder
	err error
}

func (h *headerWriter) token(t jsontext.Token) {
	if h.err == nil {
		h.err = h.e.WriteToken(t)
	}
}

func (h *headerWriter) text(texts ...string) {
	for _, text := range texts {
		if h.err == nil && !utf8.ValidString(text) {
			h.err = fmt.Errorf("metadata: got %s, want UTF-8", quote(text))
		}
		h.token(jsontext.String(text))
	}
}

func (h *headerWriter) ints(ints ...int) {
	h.token(jsontext.BeginArray)
	for _, i := range ints {
		h.token(jsontext.Int(int64(i)))
	}
	h.token(jsontext.EndArray)
}

func (h *headerWriter) metadata(texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	h.text(Metadata)
	h.token(jsontext.BeginObject)
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		h.text(key, texts[key])
	}
	h.token(jsontext.EndObject)
}

func (h *headerWriter) tensor(t *Tensor, at int) {
	h.text(t.Name)
	h.token(jsontext.BeginObject)
	h.text("dtype", string(t.DType), "shape")
	h.ints(t.Shape...)
	h.text("data_offsets")
	h.ints(at, at+len(t.Data))
	h.token(jsontext.EndObject)
}

// FromFloat64s makes a tensor of type F64. The values must be as many as the
// shape says; Encode tells if not.
func FromFloat64s(name string, shape []int, values []float64) Tensor {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return Tensor{Name: name, DType: F64, Shape: slices.Clone(shape), Data: data}
}

// FromFloat32s makes a tensor of type F32.
func FromFloat32s(name string, shape []int, values []float32) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: slices.Clone(shape), Data: data}
}

// FromInt64s makes a tensor of type I64.
func FromInt64s(name string, shape []int, values []int64) Tensor {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, uint64(v))
	}
	return Tensor{Name: name, DType: I64, Shape: slices.Clone(shape), Data: data}
}

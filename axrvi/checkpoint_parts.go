package axrvi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/safetensors"
)

// writer collects the parts of a checkpoint and keeps the first error.
type writer struct {
	file safetensors.File
	err  error
}

func newWriter() *writer {
	return &writer{file: safetensors.File{Metadata: make(map[string]string)}}
}

// text adds a string to the metadata; nothing for "".
func (w *writer) text(key, value string) {
	if value != "" {
		w.file.Metadata[key] = value
	}
}

func (w *writer) json(key string, value any) {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		w.fail(fmt.Errorf("%s: %w", key, err))
	}
	w.text(key, string(text))
}

func (w *writer) tensor(t safetensors.Tensor) { w.file.Tensors = append(w.file.Tensors, t) }

// model adds a tensor of a State.
func (w *writer) model(t Tensor) {
	switch data := t.Data.(type) {
	case []float64:
		w.tensor(safetensors.FromFloat64s(t.Name, t.Shape, data))
	case []float32:
		w.tensor(safetensors.FromFloat32s(t.Name, t.Shape, data))
	case []int64:
		w.tensor(safetensors.FromInt64s(t.Name, t.Shape, data))
	case []byte:
		w.tensor(safetensors.Tensor{Name: t.Name, DType: safetensors.U8, Shape: t.Shape, Data: data})
	default:
		w.fail(fmt.Errorf("tensor %s: got %T, want []float64, []float32, []int64 or []byte", t.Name, t.Data))
	}
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// reader hands out the parts of a checkpoint, each once, and keeps the first error.
type reader struct {
	meta    map[string]string
	tensors map[string]safetensors.Tensor
	err     error
}

func newReader(f *safetensors.File) *reader {
	r := &reader{meta: maps.Clone(f.Metadata), tensors: make(map[string]safetensors.Tensor, len(f.Tensors))}
	for _, t := range f.Tensors {
		r.tensors[t.Name] = t
	}
	for _, key := range []string{"format", "schema_version", checksumKey} {
		delete(r.meta, key)
	}
	return r
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end returns the first error, which is one too if anything is left.
func (r *reader) end() error {
	left := slices.Sorted(maps.Keys(r.meta))
	left = append(left, slices.Sorted(maps.Keys(r.tensors))...)
	if len(left) > 0 {
		r.fail(fmt.Errorf("got the unknown parts %+q", clip(strings.Join(left, ", "))))
	}
	return r.err
}

func (r *reader) has(key string) bool { _, ok := r.meta[key]; return ok }

func (r *reader) text(key string) string {
	value := r.meta[key]
	delete(r.meta, key)
	return value
}

func (r *reader) json(key string, to any) {
	if err := json.Unmarshal([]byte(r.text(key)), to, json.RejectUnknownMembers(true)); err != nil {
		r.fail(fmt.Errorf("%s: %s", key, clip(err.Error())))
	}
}

func (r *reader) int(key string) int64 {
	text := r.text(key)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		r.fail(fmt.Errorf("%s: got %+q, want a number from 0 on", key, clip(text)))
	}
	return n
}

func (r *reader) time(key string) time.Time {
	text := r.text(key)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		r.fail(fmt.Errorf("%s: got %+q, want a time", key, clip(text)))
	}
	return at.UTC()
}

func (r *reader) tensor(name string, dtype safetensors.DType, shape []int) safetensors.Tensor {
	t, ok := r.tensors[name]
	delete(r.tensors, name)
	switch {
	case !ok:
		r.fail(fmt.Errorf("tensor %s: it is not there", name))
	case t.DType != dtype || !sameShape(t.Shape, shape):
		r.fail(fmt.Errorf("tensor %s: got %s of %v, want %s of %v", name, t.DType, t.Shape, dtype, shape))
	default:
		return t
	}
	return safetensors.Tensor{Name: name, DType: dtype}
}

// state returns the tensors that are left, in the order of their names.
func (r *reader) state() (s State) {
	for _, name := range slices.Sorted(maps.Keys(r.tensors)) {
		t := r.tensors[name]
		data, err := dataOf(&t)
		if err != nil {
			r.fail(err)
		}
		s.Tensors = append(s.Tensors, Tensor{Name: name, Shape: t.Shape, Data: data})
	}
	clear(r.tensors)
	return s
}

// dataOf returns the numbers of a tensor as a State has them.
func dataOf(t *safetensors.Tensor) (any, error) {
	switch t.DType {
	case safetensors.F64:
		return t.Float64s(), nil
	case safetensors.F32:
		return t.Float32s()
	case safetensors.I64:
		return t.Int64s()
	case safetensors.U8:
		return t.Data, nil
	}
	return nil, fmt.Errorf("tensor %+q: got %s, want F64, F32, I64 or U8", clip(t.Name), t.DType)
}

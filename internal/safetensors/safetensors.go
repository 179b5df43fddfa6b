// Package safetensors reads and writes files of the safetensors format: named
// tensors of numbers and a few strings about them, nothing that could run. It
// knows nothing of models.
//
// A file is the length of its header (8 bytes, little endian), the header (JSON)
// and the numbers, little endian and without gaps:
// https://huggingface.co/docs/safetensors.
package safetensors

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Metadata is the name in a header that no tensor may have: the strings stand
// there.
const Metadata = "__metadata__"

// maxDims is how many dimensions a tensor may have: PyTorch stops at 64.
const maxDims = 64

// DType is the type of a tensor's numbers, as headers write it.
type DType string

// The types that are read. Of these FromFloat64s, FromFloat32s and FromInt64s make
// F64, F32 and I64.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// size is how many bytes a number takes; 0 is an unknown type.
func (d DType) size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// Tensor is a named array of numbers, the last dimension running fastest. A shape
// without dimensions is a single number.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	// Data are the numbers as they stand in a file.
	Data []byte
}

// File is what a file has.
type File struct {
	// Metadata are strings about the tensors.
	Metadata map[string]string
	// Tensors are in the order of the file when it was read. Encode writes them in
	// an order of its own.
	Tensors []Tensor
}

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Len is how many numbers the tensor has.
func (t *Tensor) Len() int {
	n, _ := count(t.Shape, 1)
	return n
}

// check tells whether the tensor can be written.
func (t *Tensor) check() error {
	if t.Name == Metadata || !utf8.ValidString(t.Name) {
		return fmt.Errorf("name: got %s, want text other than %s", quote(t.Name), Metadata)
	}
	want, err := t.bytes()
	if err == nil && want != len(t.Data) {
		err = fmt.Errorf("got %d bytes, want %d for %s of %v", len(t.Data), want, t.DType, t.Shape)
	}
	if err != nil {
		return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
	}
	return nil
}

// bytes is how many bytes the numbers take by type and shape.
func (t *Tensor) bytes() (int, error) {
	size := t.DType.size()
	if size == 0 {
		return 0, fmt.Errorf("dtype: got %s, want one of F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL", quote(string(t.DType)))
	}
	if len(t.Shape) > maxDims {
		return 0, fmt.Errorf("shape: got %d dimensions, want at most %d", len(t.Shape), maxDims)
	}
	n, ok := count(t.Shape, size)
	if !ok {
		return 0, fmt.Errorf("shape: got %v, want sizes from 0 on whose product is a number of bytes", t.Shape)
	}
	return n, nil
}

// count multiplies sizes, and tells whether that can be done. A 0 does not excuse
// what would be too large without it.
func count(shape []int, unit int) (n int, ok bool) {
	n = unit
	empty := false
	for _, size := range shape {
		switch {
		case size < 0:
			return 0, false
		case size == 0:
			empty = true
		case n > math.MaxInt/size:
			return 0, false
		default:
			n *= size
		}
	}
	if empty {
		n = 0
	}
	return n, true
}

// quote makes text of a file fit for a message.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%+q", text)
}

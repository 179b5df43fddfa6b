// Package torchfile reads the tensors of files that torch.save wrote, both the zip
// archives of PyTorch 1.6 and later and the format before them. It runs nothing
// that a file asks for, knows nothing of models, and writes nothing.
//
// Such files are pickles: a program that builds objects. Only what builds dicts,
// lists, numbers, text and tensors is carried out; a file that names anything else
// (a whole module, os.system) is refused.
package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// MaxFile is the largest file that is read, in bytes.
const MaxFile = 64 << 20

// want is what a refused file should have been made with.
const want = `want weights alone: torch.save(model.state_dict(), "FILE.pt")`

// File is what a file has.
type File struct {
	// Format is "zip" or "legacy".
	Format string
	// Where is the key of the dict that holds the weights, such as "model"; empty if
	// the file is that dict itself.
	Where string
	// Weights are the tensors of that dict, in its order, by its keys.
	Weights []Tensor
	// Others are the tensors beside it, such as an optimizer's, by their keys joined
	// by dots.
	Others []Tensor
	// Values are what else is there, text and numbers.
	Values []Value
}

// Value is text or a number in a file.
type Value struct {
	Name string
	// Value is a bool, int, float64, string or nil.
	Value any
}

// DType is the type of a tensor's numbers, as PyTorch calls it.
type DType string

// The types of numbers that are read.
const (
	Float64  DType = "float64"
	Float32  DType = "float32"
	Float16  DType = "float16"
	BFloat16 DType = "bfloat16"
	Int64    DType = "int64"
	Int32    DType = "int32"
	Int16    DType = "int16"
	Int8     DType = "int8"
	UInt8    DType = "uint8"
	Bool     DType = "bool"
)

// size is how many bytes a number takes.
func (d DType) size() int {
	switch d {
	case Float64, Int64:
		return 8
	case Float32, Int32:
		return 4
	case Float16, BFloat16, Int16:
		return 2
	}
	return 1
}

// Tensor is a named array of numbers, the last dimension running fastest.
type Tensor struct {
	Name  string
	DType DType
	// Shape is empty for a single number.
	Shape []int
	// Data are the numbers, little endian.
	Data []byte
}

// CheckSize is an error for a file of more than MaxFile bytes.
func CheckSize(size int64) error {
	if size > MaxFile {
		return fmt.Errorf("got %d bytes, want at most %d; %s", size, MaxFile, want)
	}
	return nil
}

// IsOne tells by the first bytes whether a file may be of PyTorch.
func IsOne(data []byte) bool {
	return isZip(data) || len(data) > 0 && (data[0] == opProto || data[0] == 'L')
}

func isZip(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// Decode reads a file. The tensors keep parts of data; what is allocated beside
// them is bounded by the pickles in it, which may not have more than maxPickle
// bytes.
func Decode(data []byte) (f *File, err error) {
	if err := CheckSize(int64(len(data))); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // the unpickler's: it trusts what it reads
			err = damaged("%v", r)
		}
		if err != nil {
			f = nil
		}
	}()
	switch {
	case isZip(data):
		return decodeZip(data)
	case IsOne(data):
		return decodeLegacy(data)
	}
	return nil, fmt.Errorf("got neither a zip archive nor PyTorch's older format; %s", want)
}

// damaged is an error about a file that PyTorch did not write like that.
func damaged(format string, args ...any) error {
	return fmt.Errorf("the file is damaged or cut off: %s; copy it again, or make it anew; %s", clip(fmt.Sprintf(format, args...)), want)
}

// clip keeps text from a hostile file short.
func clip(text string) string {
	const most = 200
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// quote makes text of a file fit for a message.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%+q", text)
}

var errBigEndian = errors.New("got numbers in big-endian order, want those of a little-endian machine: load the file on one and save it there, " +
	`torch.save(model.state_dict(), "FILE.pt")`)

// Numbers goes over the numbers. Integers beyond 2^53 lose their last digits; a Bool
// is 0 or 1.
func (t *Tensor) Numbers() iter.Seq[float64] {
	return func(yield func(float64) bool) {
		for rest := t.Data; len(rest) > 0 && yield(t.DType.number(rest)); {
			rest = rest[t.DType.size():]
		}
	}
}

// Float64s returns the numbers.
func (t *Tensor) Float64s() []float64 {
	return slices.AppendSeq(make([]float64, 0, len(t.Data)/t.DType.size()), t.Numbers())
}

// number reads the first number of b.
func (d DType) number(b []byte) float64 {
	le := binary.LittleEndian
	switch d {
	case Float64:
		return math.Float64frombits(le.Uint64(b))
	case Float32:
		return float64(math.Float32frombits(le.Uint32(b)))
	case Float16:
		return float16(le.Uint16(b))
	case BFloat16:
		return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16))
	case Int64:
		return float64(int64(le.Uint64(b)))
	case Int32:
		return float64(int32(le.Uint32(b)))
	case Int16:
		return float64(int16(le.Uint16(b)))
	case Int8:
		return float64(int8(b[0]))
	}
	return float64(b[0])
}

// float16 is the number whose IEEE 754 binary16 the bits are.
func float16(bits uint16) float64 {
	sign, exponent, fraction := 1-2*float64(bits>>15), int(bits>>10&0x1f), float64(bits&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 0x1f:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

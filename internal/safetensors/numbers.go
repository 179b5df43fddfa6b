package safetensors

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
)

// Numbers goes over the numbers. Integers beyond 2^53 lose their last digits; a Bool
// is 0 or 1. Of an unknown type there are none.
func (t *Tensor) Numbers() iter.Seq[float64] {
	read, size := t.DType.reader(), t.DType.size()
	return func(yield func(float64) bool) {
		for rest := t.Data; read != nil && len(rest) >= size && yield(read(rest)); {
			rest = rest[size:]
		}
	}
}

// Float64s returns the numbers.
func (t *Tensor) Float64s() []float64 {
	return slices.AppendSeq(make([]float64, 0, t.Len()), t.Numbers())
}

// Float32s returns the numbers of a tensor of type F32.
func (t *Tensor) Float32s() ([]float32, error) {
	if t.DType != F32 {
		return nil, fmt.Errorf("tensor %s: got %s, want F32", quote(t.Name), t.DType)
	}
	values := make([]float32, 0, len(t.Data)/4)
	for at := 0; at < len(t.Data); at += 4 {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(t.Data[at:])))
	}
	return values, nil
}

// Int64s returns the numbers of a tensor of type I64.
func (t *Tensor) Int64s() ([]int64, error) {
	if t.DType != I64 {
		return nil, fmt.Errorf("tensor %s: got %s, want I64", quote(t.Name), t.DType)
	}
	values := make([]int64, 0, len(t.Data)/8)
	for at := 0; at < len(t.Data); at += 8 {
		values = append(values, int64(binary.LittleEndian.Uint64(t.Data[at:])))
	}
	return values, nil
}

// reader returns what reads one number of the type.
func (d DType) reader() func([]byte) float64 {
	le := binary.LittleEndian
	switch d {
	case F64:
		return func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }
	case F32:
		return func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }
	case F16:
		return func(b []byte) float64 { return float16(le.Uint16(b)) }
	case BF16:
		return func(b []byte) float64 { return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16)) }
	case I64:
		return func(b []byte) float64 { return float64(int64(le.Uint64(b))) }
	case U64:
		return func(b []byte) float64 { return float64(le.Uint64(b)) }
	case I32:
		return func(b []byte) float64 { return float64(int32(le.Uint32(b))) }
	case U32:
		return func(b []byte) float64 { return float64(le.Uint32(b)) }
	case I16:
		return func(b []byte) float64 { return float64(int16(le.Uint16(b))) }
	case U16:
		return func(b []byte) float64 { return float64(le.Uint16(b)) }
	case I8:
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case U8, Bool:
		return func(b []byte) float64 { return float64(b[0]) }
	}
	return nil
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

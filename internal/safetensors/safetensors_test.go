package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// numbersFile was made by Hugging Face's own package; testdata/make.py.
const numbersFile = "testdata/numbers.safetensors"

func TestAFileOfTheOriginal(t *testing.T) {
	data, err := os.ReadFile(numbersFile)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	type tensor struct {
		DType  DType
		Shape  []int
		Values []float64
	}
	got := make(map[string]tensor)
	for _, x := range f.Tensors {
		got[x.Name] = tensor{x.DType, x.Shape, x.Float64s()}
	}
	signed, unsigned := []float64{-2, 0, 1, 3, 100, 127}, []float64{0, 1, 200}
	want := map[string]tensor{
		"float64": {F64, []int{2, 3}, signed}, "float32": {F32, []int{2, 3}, signed}, "float16": {F16, []int{2, 3}, signed},
		"int64": {I64, []int{2, 3}, signed}, "int32": {I32, []int{2, 3}, signed}, "int16": {I16, []int{2, 3}, signed}, "int8": {I8, []int{2, 3}, signed},
		"uint64": {U64, []int{3}, unsigned}, "uint32": {U32, []int{3}, unsigned}, "uint16": {U16, []int{3}, unsigned}, "uint8": {U8, []int{3}, unsigned},
		"bool": {Bool, []int{2}, []float64{1, 0}}, "one": {F32, []int{}, []float64{.5}}, "none": {F32, []int{0, 3}, []float64{}},
		"special": {F16, []int{6}, []float64{math.Inf(1), math.Inf(-1), math.NaN(), 0x1p-24, 65504, 0x1.554p-2}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"made": "with 'quotes' and é"}, f.Metadata); diff != "" {
		t.Errorf("metadata: -want +got\n%s", diff)
	}
}

func TestEveryFloat16(t *testing.T) {
	for bits := range 1 << 16 {
		// The known way: as a float32 with the exponent moved.
		got := float16(uint16(bits))
		want := float64(math.Float32frombits(uint32(bits&0x7fff)<<13)) * 0x1p112
		if bits&0x7c00 == 0x7c00 {
			want = math.Inf(1)
			if bits&0x3ff != 0 {
				want = math.NaN()
			}
		}
		if bits&0x8000 != 0 {
			want = -want
		}
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: got %v, want %v", bits, got, want)
		}
	}
}

func TestBFloat16(t *testing.T) {
	x := Tensor{DType: BF16, Shape: []int{3}, Data: []byte{0x80, 0x3f, 0x49, 0xc0, 0x80, 0x7f}}
	if got := x.Float64s(); !cmp.Equal(got, []float64{1, -3.140625, math.Inf(1)}) {
		t.Errorf("got %v, want 1, -3.140625 and infinity", got)
	}
}

func example() *File {
	return &File{
		Metadata: map[string]string{"format": "test", "a": "\x00\"\\\n é \U0001f600"},
		Tensors: []Tensor{
			fromBytes("bytes", []byte{1, 2, 3}),
			FromFloat32s("net.0.weight", []int{2, 2}, []float32{1, -2, math.MaxFloat32, float32(math.Inf(1))}),
			FromFloat64s("b", []int{1, 2}, []float64{math.Copysign(0, -1), math.NaN()}),
			FromInt64s("a", []int{}, []int64{math.MinInt64}),
			FromFloat64s("empty", []int{3, 0}, nil),
		},
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	data, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	byName := cmpopts.SortSlices(func(a, b Tensor) bool { return a.Name < b.Name })
	if diff := cmp.Diff(example(), f, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, x := range f.Tensors {
		if cap(x.Data) != len(x.Data) {
			t.Errorf("%s: has room for %d bytes more, which are of others", x.Name, cap(x.Data)-len(x.Data))
		}
	}
	b, _ := f.Tensor("b")
	if values := b.Float64s(); math.Float64bits(values[0]) != 1<<63 || !math.IsNaN(values[1]) {
		t.Errorf("got %v, want -0 and NaN", values)
	}
	a, _ := f.Tensor("a")
	if ints, err := a.Int64s(); err != nil || !cmp.Equal(ints, []int64{math.MinInt64}) || a.Len() != 1 {
		t.Errorf("got %v, %v, want the smallest int64", ints, err)
	}
	w, _ := f.Tensor("net.0.weight")
	if got, err := w.Float32s(); err != nil || !cmp.Equal(got, []float32{1, -2, math.MaxFloat32, float32(math.Inf(1))}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, ok := f.Tensor("none"); ok {
		t.Error("got a tensor that is not there")
	}
}

func TestTheSameFileIsTheSameBytes(t *testing.T) {
	first, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	turned := example()
	for i, j := 0, len(turned.Tensors)-1; i < j; i, j = i+1, j-1 {
		turned.Tensors[i], turned.Tensors[j] = turned.Tensors[j], turned.Tensors[i]
	}
	for range 20 { // the order of a map is another each time
		if again, err := turned.Encode(); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("got %q, %v, want %q", again, err, first)
		}
	}
	if length := binary.LittleEndian.Uint64(first); length%8 != 0 {
		t.Errorf("got a header of %d bytes, want a multiple of 8", length)
	}
}

// made is a file with that header in front of the numbers.
func made(header string, numbers int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, numbers)...)
}

func TestWhatIsNotSafetensors(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "got 0 bytes, want at least 8: the file is cut off or not safetensors"},
		{"half a length", make([]byte, 5), "got 5 bytes, want at least 8: the file is cut off or not safetensors"},
		{"a header longer than allowed", binary.LittleEndian.AppendUint64(nil, 1<<40), "header: got a length of 1099511627776 bytes, want at most 8388608: not safetensors, or not of ours"},
		{"the longest length there is", binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "header: got a length of 18446744073709551615 bytes, want at most 8388608: not safetensors, or not of ours"},
		{"a header longer than the file", binary.LittleEndian.AppendUint64(nil, 4), "header: got 0 of 4 bytes: the file is cut off"},
		{"no header", made("", 4), "header: want it to start with {: not safetensors"},
		{"a blank before the header", made(" {}", 0), "header: want it to start with {: not safetensors"},
		{"a list", made("[]", 0), "header: want it to start with {: not safetensors"},
		{"an open header", made("{", 0), "header: jsontext: unexpected EOF"},
		{"two headers", made("{}{}", 0), "header: want nothing but blanks after it"},
		{"metadata that is no text", made(`{"__metadata__":{"a":1}}`, 0), `header: "__metadata__": json: `},
		{"metadata twice", made(`{"__metadata__":{},"__metadata__":{}}`, 0), `header: jsontext: duplicate object member name "__metadata__"`},
		{"a tensor twice", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `header: jsontext: duplicate object member name "a"`},
		{"a member twice", made(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `header: "a": jsontext: duplicate object member name "dtype"`},
		{"a member that nobody knows", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}`, 1), `unknown object member name "x"`},
		{"no shape", made(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), `header: "a": want dtype, shape and two data_offsets`},
		{"three offsets", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1), `header: "a": want dtype, shape and two data_offsets`},
		{"an unknown type", made(`{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "a": dtype: got "F8_E4M3", want one of F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL`},
		{"a negative size", made(`{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}`, 1), `tensor "a": shape: got [-1 -1], want sizes from 0 on whose product is a number of bytes`},
		{"a size that is no whole number", made(`{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, 1), `unmarshal JSON number 1.5 into Go int`},
		{"a product that is too large", made(`{"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), `tensor "a": shape: got [4611686018427387904 4], want sizes from 0 on whose product is a number of bytes`},
		{"a product that only a zero hides", made(`{"a":{"dtype":"F64","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}`, 0), `want sizes from 0 on whose product is a number of bytes`},
		{"too many dimensions", made(`{"a":{"dtype":"U8","shape":[`+strings.Repeat("1,", 64)+`1],"data_offsets":[0,1]}}`, 1), `tensor "a": shape: got 65 dimensions, want at most 64`},
		{"fewer bytes than the shape", made(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}`, 1), `tensor "a": got 1 bytes, want 2 for U8 of [2]`},
		{"a gap in front", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `tensor "a": starts at 1, want 0, where the one before it ends`},
		{"a gap between", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3), `tensor "b": starts at 2, want 1, where the one before it ends`},
		{"tensors that overlap", made(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `tensor "b": starts at 1, want 2, where the one before it ends`},
		{"two tensors in one place", made(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2), `tensor "b": starts at 0, want 2, where the one before it ends`},
		{"an end before the start", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 1), `tensor "b": ends at 0, before it starts at 1`},
		{"numbers that are cut off", made(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 1), `tensor "a": ends at 2, the file at 1: it is cut off`},
		{"bytes that are nobody's", made(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3), `got 2 bytes after the last tensor, want none`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decode(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	data, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if _, err := Decode(data[:n]); err == nil {
			t.Errorf("cut after %d of %d bytes: got no error", n, len(data))
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for _, c := range []struct {
		name string
		file File
		want string
	}{
		{"two of a name", File{Tensors: []Tensor{fromBytes("a", nil), FromFloat64s("a", nil, []float64{1})}}, `tensor "a": there are two of that name`},
		{"the name of the metadata", File{Tensors: []Tensor{fromBytes(Metadata, nil)}}, `name: got "__metadata__", want text other than __metadata__`},
		{"a name that is no text", File{Tensors: []Tensor{fromBytes("\xff", nil)}}, `name: got "\xff", want text other than __metadata__`},
		{"a shape of another size", File{Tensors: []Tensor{FromFloat64s("a", []int{2, 2}, []float64{1})}}, `tensor "a": got 8 bytes, want 32 for F64 of [2 2]`},
		{"no type", File{Tensors: []Tensor{{Name: "a"}}}, `tensor "a": dtype: got "", want one of F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL`},
		{"metadata that is no text", File{Metadata: map[string]string{"a": "\xff"}}, `metadata: got "\xff", want UTF-8`},
		{"metadata without end", File{Metadata: map[string]string{"a": strings.Repeat("x", MaxHeader)}}, `header: got 8388640 bytes, want at most 8388608`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if data, err := c.file.Encode(); data != nil || err == nil || err.Error() != c.want {
				t.Errorf("got %d bytes, %v, want %s", len(data), err, c.want)
			}
		})
	}
}

// fromBytes makes a tensor of type U8 with one dimension.
func fromBytes(name string, values []byte) Tensor {
	return Tensor{Name: name, DType: U8, Shape: []int{len(values)}, Data: values}
}

func TestIsOne(t *testing.T) {
	data, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		head []byte
		want bool
	}{
		{"a file", data[:16], true}, {"nothing", nil, false}, {"a zip file", []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00"), false},
		{"a pickle", []byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), false}, {"a length alone", data[:8], false},
	} {
		if got := IsOne(c.head); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

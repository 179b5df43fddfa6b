package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mustReadFile returns the bytes of one of the files that PyTorch 1.13 made.
func mustReadFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "torch-1.13", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEveryCutIsAnError(t *testing.T) {
	for _, name := range []string{"state-float32.pt", "state-float32-legacy.pt", "checkpoint-legacy.pt", "state-protocol-4-legacy.pt"} {
		data := mustReadFile(t, name)
		for n := range data {
			if _, err := Decode(data[:n]); err == nil || len(err.Error()) > 600 {
				t.Fatalf("%s: cut after %d of %d bytes: got %v, want a short error", name, n, len(data), err)
			}
		}
	}
}

// A zip archive has checksums: whichever byte is another one, the weights are the
// same or the file is refused.
func TestEveryByteOfAnArchiveChanged(t *testing.T) {
	data := mustReadFile(t, "state-float32.pt")
	good, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	want := decoded(good)
	refused := 0
	for at := range data {
		for _, change := range []byte{0xff, 0x01, 0x80} {
			data[at] ^= change
			f, err := Decode(data)
			if err != nil {
				refused++
			} else if diff := cmp.Diff(want, decoded(f)); diff != "" {
				t.Fatalf("byte %d changed by %#x: got other weights\n%s", at, change, diff)
			}
			data[at] ^= change
		}
	}
	if refused < len(data) {
		t.Errorf("got %d refused, want most of %d", refused, 3*len(data))
	}
}

// The older format has none: a changed number is a number. Everything else is
// refused, or the names and shapes are still some.
func TestEveryByteOfTheOlderFormatChanged(t *testing.T) {
	for name, changes := range map[string][]byte{"state-float32-legacy.pt": {1, 2, 4, 8, 16, 32, 64, 128}, "checkpoint-legacy.pt": {0xff}} {
		data := mustReadFile(t, name)
		for at := range data {
			for _, change := range changes {
				data[at] ^= change
				if f, err := Decode(data); err == nil {
					checkTensors(t, f)
				}
				data[at] ^= change
			}
		}
	}
}

// decoded is the weights by themselves: Decode's are parts of the file.
func decoded(f *File) map[string][]float64 {
	all := make(map[string][]float64)
	for _, x := range f.Weights {
		all[x.Name] = x.Float64s()
	}
	return all
}

func checkTensors(t *testing.T, f *File) {
	t.Helper()
	for _, list := range [][]Tensor{f.Weights, f.Others} {
		for _, x := range list {
			count := 1
			for _, size := range x.Shape {
				count *= size
			}
			if len(x.Data) != count*x.DType.size() {
				t.Fatalf("tensor %q of %v: got %d bytes, want %d %s", x.Name, x.Shape, len(x.Data), count, x.DType)
			}
		}
	}
}

// pickled is a pickle of protocol 2 with these operations.
func pickled(operations string) string { return "\x80\x02" + operations + "." }

// storageOf is the operations that push a reference to a float storage.
func storageOf(key string, count int32) string {
	return "(U\x07storagectorch\nFloatStorage\nU" + string(rune(len(key))) + key + "U\x03cpuJ" + string(binary.LittleEndian.AppendUint32(nil, uint32(count))) + "tQ"
}

// tensorOf is the operations that push a tensor of these parts.
func tensorOf(storage, offset, shape, stride string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + stride + "\x89NtR"
}

// dictOf is the operations that push a dict with one value under "w".
func dictOf(value string) string { return "}U\x01w" + value + "s" }

// entry is a file in an archive. Its sizes are its own if they are 0.
type entry struct {
	name, content string
	method        uint16
	size          uint64
	crc           uint32
}

// archived is a zip archive whose headers say what they are told to.
func archived(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		if e.size == 0 {
			e.size, e.crc = uint64(len(e.content)), crc32.ChecksumIEEE([]byte(e.content))
		}
		raw, err := w.CreateRaw(&zip.FileHeader{Name: e.name, Method: e.method, CRC32: e.crc, CompressedSize64: uint64(len(e.content)), UncompressedSize64: e.size})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func torchArchive(t testing.TB, operations string, storages ...entry) []byte {
	return archived(t, append(storages, entry{name: "a/data.pkl", content: pickled(operations)})...)
}

const numbers4 = "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40" // 1, 2, 3, 4

func TestTensorsThatDoNotFit(t *testing.T) {
	storage := storageOf("0", 4)
	numbers := entry{name: "a/data/0", content: numbers4}
	damage, after := "the file is damaged or cut off: ", "; copy it again, or make it anew"
	for _, c := range []struct{ name, operations, want string }{
		{"as it should be", dictOf(tensorOf(storage, "K\x01", "K\x03\x85", "K\x01\x85")), ""},
		{"sizes of 1 have any stride", dictOf(tensorOf(storage, "K\x00", "K\x01K\x04\x86", "K\x09K\x01\x86")), ""},
		{"beyond the storage", dictOf(tensorOf(storage, "K\x01", "K\x04\x85", "K\x01\x85")), damage + `tensor "w" has 4 numbers from number 1 on, and its storage 4` + after},
		{"before the storage", dictOf(tensorOf(storage, "J\xff\xff\xff\xff", "K\x02\x85", "K\x01\x85")), damage + `tensor "w" has 2 numbers from number -1 on, and its storage 4` + after},
		{"nothing, behind the storage", dictOf(tensorOf(storage, "K\x05", "K\x00\x85", "K\x01\x85")), damage + `tensor "w" has 0 numbers from number 5 on, and its storage 4` + after},
		{"a negative size", dictOf(tensorOf(storage, "K\x00", "J\xff\xff\xff\xff\x85", "K\x01\x85")), `tensor "w": shape: got [-1], want sizes from 0 on, and no more numbers than a file may have bytes`},
		{"a product that is too large", dictOf(tensorOf(storage, "K\x00", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87", "K\x01K\x01K\x01\x87")), `tensor "w": shape: got [2147483647 2147483647 2147483647], want sizes`},
		{"more sizes than strides", dictOf(tensorOf(storage, "K\x00", "K\x02K\x02\x86", "K\x01\x85")), `tensor "w": got 2 sizes and 1 strides, want as many`},
		{"too many dimensions", dictOf(tensorOf(storage, "K\x00", "("+strings.Repeat("K\x01", 65)+"t", "("+strings.Repeat("K\x01", 65)+"t")), `tensor "w": got 65 sizes and 65 strides, want as many, and at most 64`},
		{"a stride of 0", dictOf(tensorOf(storage, "K\x00", "K\x09\x85", "K\x00\x85")), `tensor "w": got strides [0] for the shape [9], want the numbers one after the other: save it .contiguous()`},
		{"a shape of text", dictOf(tensorOf(storage, "K\x00", "U\x01a\x85", "K\x01\x85")), damage + `a tensor is made of *torchfile.storage, int, *types.Tuple and *types.Tuple, want a storage, an offset, a shape and strides` + after},
		{"no storage", dictOf(tensorOf("N", "K\x00", "K\x01\x85", "K\x01\x85")), damage + `a tensor is made of <nil>, int, *types.Tuple and *types.Tuple, want a storage, an offset, a shape and strides` + after},
		{"a storage that is not there", dictOf(tensorOf(storageOf("7", 4), "K\x00", "K\x04\x85", "K\x01\x85")), damage + `the archive has no "a/data/7"` + after},
		{"a storage elsewhere", dictOf(tensorOf(storageOf("../../etc/passwd", 4), "K\x00", "K\x04\x85", "K\x01\x85")), damage + `the archive has no "a/data/../../etc/passwd"` + after},
		{"a storage that is said to be larger", dictOf(tensorOf(storageOf("0", 5), "K\x00", "K\x04\x85", "K\x01\x85")), damage + `storage "0" has 16 bytes, want 5 float32` + after},
		{"a storage that is said to be huge", dictOf(tensorOf(storageOf("0", math.MaxInt32), "K\x00", "K\x04\x85", "K\x01\x85")), damage + `a reference to a storage has a torchfile.DType, string and int, want type, key and count` + after},
		{"a storage of negative size", dictOf(tensorOf(storageOf("0", -1), "K\x00", "K\x04\x85", "K\x01\x85")), damage + `a reference to a storage has a torchfile.DType, string and int, want type, key and count` + after},
		{"a storage of two sizes", "}(U\x01a" + tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85") + "U\x01b" + tensorOf(storageOf("0", 3), "K\x00", "K\x03\x85", "K\x01\x85") + "u", damage + `storage "0" is once 4 float32 and once 3 float32` + after},
		{"a reference that is none", dictOf("NQ"), damage + `want a reference to a storage of five or six parts` + after},
	} {
		t.Run(c.name, func(t *testing.T) { checkDecode(t, torchArchive(t, c.operations, numbers), c.want) })
	}
}

// checkDecode wants no error, or one that contains a text and says what to do.
func checkDecode(t *testing.T, data []byte, want string) {
	t.Helper()
	f, err := Decode(data)
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want a file", err)
	case want != "" && (f != nil || err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %+v, %v\nwant %s", f, err, want)
	case err != nil && (len(err.Error()) > 800 || !strings.Contains(err.Error(), "torch.save(model.state_dict(), ")):
		t.Errorf("got %d bytes: %v\nwant a short error that says what to do", len(err.Error()), err)
	}
}

// What an unpickler does not survive: lengths that it believes, stacks that it
// keeps, values that contain themselves.
func TestPicklesMadeToHurt(t *testing.T) {
	four := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	eight := func(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
	ofItself := "}q\x00U\x01wh\x00s"                                                                        // d = {}; d["w"] = d
	laughs := "]q\x000" + strings.Repeat("](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00eq\x000", 40) + "h\x00" // each list has the one before it eight times
	deep := "}q\x000" + strings.Repeat("}U\x01wh\x00sq\x000", 50) + "h\x00"
	storage := storageOf("0", 4)
	for _, c := range []struct{ name, operations, want string }{
		{"text of 4 GiB", "X" + four(math.MaxUint32), "got a length of 4294967295 bytes at byte 7 of a pickle, want at most 1048576"},
		{"text of 2^63 bytes", "\x8d" + eight(1<<63), "got a length of 9223372036854775808 bytes"},
		{"bytes of 16 EiB", "\x8e" + eight(math.MaxUint64), "got a length of 18446744073709551615 bytes"},
		{"a bytearray of 1 TiB", "\x96" + eight(1<<40), "got a length of 1099511627776 bytes"},
		{"text longer than the pickle", "X" + four(1000), "a pickle wants 1000 bytes from byte 7 on, and there are 1"},
		{"a frame of 16 EiB", "\x95" + eight(math.MaxUint64), "a pickle wants 18446744073709551615 bytes from byte 11 on, and there are 1"},
		{"a number of a million digits", "\x8b" + four(400_000) + strings.Repeat("\x7f", 400_000), "got a length of 400000 bytes at byte 7 of a pickle, want at most 255"},
		{"a number of no digits", "\x8a\x00", "the file is damaged or cut off: runtime error"},
		{"a number written out for ever", "L" + strings.Repeat("9", 100_000) + "L\n", "a line at byte 3 has no end"},
		{"a million marks", strings.Repeat("(", 1_000_000), "got objects nested more than 32 deep"},
		{"a million dicts", strings.Repeat("}", 1_000_000), "got more than 200000 operations of a pickle"},
		{"a pickle without end", strings.Repeat("N", 2<<20), "got more than 200000 operations of a pickle"},
		{"a text of a megabyte and more", "X" + four(1<<20) + strings.Repeat("x", 1<<20), "got a pickle of more than 1048576 bytes"},
		{"a dict of itself", ofItself, "got no tensors in the dict and the dicts in it"},
		{"a dict of itself beside tensors", "}q\x00(U\x01wh\x00U\x01x" + tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85") + "u", "got more than 100000 values or more than 8 levels"},
		{"lists of lists of lists", "}(U\x01w" + tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85") + "U\x01x" + laughs + "u", "got more than 100000 values or more than 8 levels"},
		{"dicts fifty deep", "}(U\x01w" + tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85") + "U\x01x" + deep + "u", "got more than 100000 values or more than 8 levels"},
		{"a dict that is a key of itself", "}q\x00h\x00K\x01s", "got no tensors"},
		{"bytes for a key", "}C\x01aK\x01s", "unhashable"},
		{"a dict with half an entry", "}(U\x01wu", "the file is damaged or cut off: runtime error"},
		{"a call of a storage", storage + ")R", "REDUCE requires a Callable object: a storage"},
		{"a call of a tensor", tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85") + ")R", "REDUCE requires a Callable object: a tensor"},
		{"a call with what is no tuple", "ctorch\nSize\nNR", "REDUCE args must be *Tuple"},
		{"a class of the unpickler's own", "ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR", "the file is damaged or cut off"},
		{"evaluated text", "cbuiltins\neval\n(U\x011tR", `got a pickle that calls or makes "builtins.eval", which was not done`},
		{"evaluated text by a name on the stack", "U\x08builtinsU\x04eval\x93(U\x011tR", `got a pickle that calls or makes "builtins.eval", which was not done`},
		{"an instance", "(i__main__\nNet\n", `got a whole object of the class "__main__.Net", which is code`},
		{"a class with a name of a kilobyte", "c" + strings.Repeat("m", 1000) + "\nx\n", `got a pickle that calls or makes "mmmm`},
		{"an extension", "\x82\x01", "no pickle has the operation 0x82, at byte 2"},
		{"an unknown operation", "\xff", "no pickle has the operation 0xff, at byte 2"},
		{"nothing", "", "the stack is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := torchArchive(t, c.operations, entry{name: "a/data/0", content: numbers4})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			checkDecode(t, data, c.want)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("got %d bytes allocated, want at most 64 MiB for %d bytes", got, len(data))
			}
		})
	}
}

func TestArchivesMadeToHurt(t *testing.T) {
	good := dictOf(tensorOf(storageOf("0", 4), "K\x00", "K\x04\x85", "K\x01\x85"))
	numbers := entry{name: "a/data/0", content: numbers4}
	program := entry{name: "a/data.pkl", content: pickled(good)}
	with := func(e entry, change func(*entry)) entry { change(&e); return e }
	for _, c := range []struct {
		name    string
		entries []entry
		want    string
	}{
		{"as it should be", []entry{numbers, program}, ""},
		{"a bomb for numbers", []entry{with(numbers, func(e *entry) { e.method, e.size = zip.Deflate, 1<<40 }), program}, `"a/data/0" is compressed, which PyTorch does not do`},
		{"a bomb for the pickle", []entry{numbers, with(program, func(e *entry) { e.method, e.size = zip.Deflate, 1<<40 })}, `"a/data.pkl" is compressed, which PyTorch does not do`},
		{"sizes that differ", []entry{with(numbers, func(e *entry) { e.size = 1 << 40 }), program}, `"a/data/0" is compressed, which PyTorch does not do`},
		{"another checksum", []entry{with(numbers, func(e *entry) { e.size, e.crc = 16, 1 }), program}, `"a/data/0" does not have the checksum it should`},
		{"numbers twice", []entry{numbers, numbers, program}, `the archive has "a/data/0" twice`},
		{"two pickles", []entry{numbers, program, with(program, func(e *entry) { e.name = "b/data.pkl" })}, `got a zip archive with 2 data.pkl, want one that PyTorch made`},
		{"no pickle", []entry{numbers}, `got a zip archive with 0 data.pkl, want one that PyTorch made`},
		{"a pickle without a folder", []entry{numbers, with(program, func(e *entry) { e.name = "data.pkl" })}, `got a zip archive with 0 data.pkl, want one that PyTorch made`},
		{"more than one pickle in a pickle", []entry{numbers, with(program, func(e *entry) { e.content += "N." })}, `data.pkl goes on for 2 bytes after its end`},
		{"little endian", []entry{numbers, program, {name: "a/byteorder", content: "little"}}, ""},
		{"big endian", []entry{numbers, program, {name: "a/byteorder", content: "big"}}, "got numbers in big-endian order, want those of a little-endian machine"},
	} {
		t.Run(c.name, func(t *testing.T) { checkDecode(t, archived(t, c.entries...), c.want) })
	}
}

// An archive's directory may say that a file lies where there is none.
func TestAnEntryBeyondTheEndOfTheArchive(t *testing.T) {
	data := archived(t, entry{name: "a/data/0", content: numbers4}, entry{name: "a/data.pkl", content: pickled(dictOf(tensorOf(storageOf("0", 4), "K\x00", "K\x04\x85", "K\x01\x85")))})
	at := bytes.Index(data, []byte("PK\x01\x02"))
	for _, size := range []uint32{17, 1 << 20, 1 << 30, math.MaxUint32 - 1} {
		changed := bytes.Clone(data)
		binary.LittleEndian.PutUint32(changed[at+20:], size)
		binary.LittleEndian.PutUint32(changed[at+24:], size)
		checkDecode(t, changed, `the file is damaged or cut off`)
	}
	for _, offset := range []uint32{1, uint32(len(data)), math.MaxUint32 - 1} {
		changed := bytes.Clone(data)
		binary.LittleEndian.PutUint32(changed[at+42:], offset)
		checkDecode(t, changed, `the file is damaged or cut off`)
	}
}

func TestOldFilesMadeToHurt(t *testing.T) {
	head := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + "\x80\x02M\xe9\x03."
	machine := pickled("}U\rlittle_endian\x88s")
	key := func(s string) string { return strings.Replace(s, "tQ", "NtQ", 1) } // the older format has a sixth part
	dict := pickled(dictOf(tensorOf(key(storageOf("0", 4)), "K\x00", "K\x04\x85", "K\x01\x85")))
	keys := pickled("](U\x010e")
	numbers := "\x04\x00\x00\x00\x00\x00\x00\x00" + numbers4
	for _, c := range []struct{ name, data, want string }{
		{"as it should be", head + machine + dict + keys + numbers, ""},
		{"another magic number", "\x80\x02\x8a\nm\xfc\x9cF\xf9 j\xa8P\x19." + machine, "it does not start with PyTorch's magic number"},
		{"any pickle", pickled("N"), "it does not start with PyTorch's magic number"},
		{"another protocol", head[:len(head)-3] + "\xe8\x03.", "want PyTorch's protocol 1001"},
		{"a big-endian machine", head + pickled("}U\rlittle_endian\x89s") + dict + keys + numbers, "got numbers in big-endian order"},
		{"no machine", head + pickled("N") + dict + keys + numbers, "want a dict about the machine"},
		{"no keys", head + machine + dict + pickled("N") + numbers, "want a list of the keys of 1 storages"},
		{"too many keys", head + machine + dict + pickled("](U\x010U\x010e") + numbers, "want a list of the keys of 1 storages"},
		{"another key", head + machine + dict + pickled("](U\x011e") + numbers, `storage "1" is unknown or there twice`},
		{"a key that is no text", head + machine + dict + pickled("](K\x01e") + numbers, `storage "" is unknown or there twice`},
		{"another count", head + machine + dict + keys + "\x05" + numbers[1:], `storage "0" has 5 numbers, want 4`},
		{"a huge count", head + machine + dict + keys + "\xff\xff\xff\xff\xff\xff\xff\xff" + numbers[8:], `storage "0" has 18446744073709551615 numbers, want 4`},
		{"fewer numbers", head + machine + dict + keys + numbers[:23], `storage "0" wants 24 bytes, and there are 23`},
		{"more numbers", head + machine + dict + keys + numbers + "x", `1 bytes follow the last storage`},
		{"a view of a storage", head + machine + pickled(dictOf(tensorOf(strings.Replace(storageOf("0", 4), "tQ", "(U\x01vK\x00K\x04ttQ", 1), "K\x00", "K\x04\x85", "K\x01\x85"))) + keys + numbers, "got a view of a storage, as PyTorch before 0.4 wrote them"},
		{"a tar archive", "storages" + strings.Repeat("\x00", 249) + "ustar  ", "got neither a zip archive nor PyTorch's older format"},
	} {
		t.Run(c.name, func(t *testing.T) { checkDecode(t, []byte(c.data), c.want) })
	}
}

func TestAFileThatIsTooLarge(t *testing.T) {
	if err := CheckSize(MaxFile + 1); err == nil || err.Error() != "got 67108865 bytes, want at most 67108864"+saveWeights {
		t.Errorf("got %v, want that it is too large", err)
	}
	if err := CheckSize(MaxFile); err != nil {
		t.Errorf("got %v, want that as much may be", err)
	}
}

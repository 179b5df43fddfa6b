package torchfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDecode holds what Decode promises for any bytes: no panic, short errors that
// say what to do, and tensors that are as large as their shape.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/torch-*/*.pt")
	if err != nil || len(files) == 0 {
		f.Fatal("no files of PyTorch", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkAny(t, data) })
}

// FuzzPickle puts the operations into an archive, with its checksum, and into a
// file of the older format.
func FuzzPickle(f *testing.F) {
	storage := storageOf("0", 4)
	f.Add([]byte(dictOf(tensorOf(storage, "K\x00", "K\x04\x85", "K\x01\x85"))))
	f.Add([]byte("]q\x00](h\x00h\x00eq\x00"))
	f.Fuzz(func(t *testing.T, operations []byte) {
		checkAny(t, torchArchive(t, string(operations), entry{name: "a/data/0", content: numbers4}))
		head := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + "\x80\x02M\xe9\x03." + pickled("}")
		tail := pickled("](U\x010e") + "\x04\x00\x00\x00\x00\x00\x00\x00" + numbers4
		checkAny(t, bytes.Join([][]byte{[]byte(head), []byte(pickled(string(operations))), []byte(tail)}, nil))
	})
}

func checkAny(t *testing.T, data []byte) {
	t.Helper()
	f, err := Decode(data)
	if err != nil {
		if f != nil || len(err.Error()) > 800 {
			t.Errorf("got %v and an error of %d bytes: %q", f, len(err.Error()), err)
		}
		return
	}
	checkTensors(t, f)
}

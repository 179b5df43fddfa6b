package safetensors

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzDecode holds what Decode promises for any bytes: no panic, short errors, and
// a file that is read is the same when it has been written and read again, and
// from then on the same bytes.
func FuzzDecode(f *testing.F) {
	original, err := os.ReadFile(numbersFile)
	if err != nil {
		f.Fatal(err)
	}
	ours, err := example().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(original)
	f.Add(ours)
	f.Add(ours[:len(ours)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Decode(data)
		if err != nil {
			if len(err.Error()) > 600 {
				t.Errorf("got an error of %d bytes: %q", len(err.Error()), err)
			}
			return
		}
		checkWritten(t, file)
	})
}

func checkWritten(t *testing.T, file *File) {
	t.Helper()
	for _, x := range file.Tensors {
		if values := x.Float64s(); len(values) != x.Len() {
			t.Fatalf("%q: got %d values, want %d", x.Name, len(values), x.Len())
		}
	}
	once, err := file.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(once)
	if err != nil {
		t.Fatal(err)
	}
	byName := cmpopts.SortSlices(func(a, b Tensor) bool { return a.Name < b.Name })
	if diff := cmp.Diff(file, again, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-first +again\n%s", diff)
	}
	if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
		t.Errorf("got %q, %v, want %q", twice, err, once)
	}
}

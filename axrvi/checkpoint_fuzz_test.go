package axrvi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/safetensors"
)

// FuzzDecodeCheckpoint holds what DecodeCheckpoint promises for any bytes, with the
// checksum that they have and with the right one: no panic, an error of one kind, and
// what is read is written as bytes that are read as the same.
func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(encoded(f, &Checkpoint{Created: created, Model: netState(smallNet())}))
	full := encoded(f, learned(f))
	f.Add(full)
	f.Add(full[:len(full)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		checkAny(t, data)
		if resealed, ok := reseal(data); ok {
			checkAny(t, resealed)
		}
	})
}

// reseal gives bytes the checksum that is right for them.
func reseal(data []byte) ([]byte, bool) {
	member := []byte(`"` + checksumKey + `":"`)
	at := bytes.Index(data, member) + len(member)
	if at < len(member) || at+len(noChecksum) > len(data) {
		return nil, false
	}
	data = bytes.Clone(data)
	copy(data[at:], noChecksum)
	data, err := seal(data)
	return data, err == nil
}

func checkAny(t *testing.T, data []byte) {
	t.Helper()
	c, err := DecodeCheckpoint(data)
	if err != nil {
		if c != nil || errors.Is(err, errDamaged) == errors.Is(err, ErrIncompatible) || len(err.Error()) > 1000 {
			t.Fatalf("got %v and %d bytes of error, want one that is damaged or incompatible: %q", c, len(err.Error()), err)
		}
		return
	}
	once, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeCheckpoint(once)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, again, equal); diff != "" {
		t.Errorf("-first +again\n%s", diff)
	}
	if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
		t.Errorf("got other bytes, %v, want those of the first time", err)
	}
}

// FuzzImport holds that no file makes ImportFile panic, and that what it takes over
// has the sizes.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"state-float32.pt", "checkpoint-legacy.pt", "state-bfloat16.pt", "refused-code.pt"} {
		data, err := os.ReadFile(filepath.Join(pytorch, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(file(f, floats("net.0.weight", 3, 4), floats("net.0.bias", 3), floats("net.2.weight", 2, 3), floats("net.4.weight", 1, 2)))
	f.Add(binary.LittleEndian.AppendUint64(nil, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Networks(data); err != nil && len(err.Error()) > 1000 {
			t.Errorf("got %d bytes of error: %q", len(err.Error()), err)
		}
		got, err := decodeImport(data, small)
		if err != nil {
			return
		}
		c := &Checkpoint{Created: created, Model: netState(got.Layers), Imported: got.Hash}
		if !cmp.Equal(sizesOf(got.Layers), small) {
			t.Fatalf("got a network %v, want %v", sizesOf(got.Layers), small)
		}
		checkAny(t, encoded(t, c))
		exported, err := c.ExportNet("net.")
		if err != nil { // numbers that float32 does not have
			return
		}
		if _, err := safetensors.Decode(exported); err != nil {
			t.Fatal(err)
		}
	})
}

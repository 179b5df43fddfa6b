package axrvi

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
	"github.com/karlquant/quasar/internal/safetensors"
)

func TestANetworkIsExportedAsPyTorchNamesIt(t *testing.T) {
	data, err := (&Checkpoint{Model: netState(smallNet())}).ExportNet("")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]int)
	for _, x := range f.Tensors {
		got[x.Name] = x.Shape
		if x.DType != safetensors.F32 {
			t.Errorf("%s: got %s, want F32", x.Name, x.DType)
		}
	}
	want := map[string][]int{"0.weight": {3, 4}, "0.bias": {3}, "2.weight": {2, 3}, "2.bias": {2}, "4.weight": {1, 2}, "4.bias": {1}}
	if diff := cmp.Diff(want, got); diff != "" || f.Metadata["format"] != "pt" {
		t.Errorf("got %v, -want +got\n%s", f.Metadata, diff)
	}
	back, err := decodeImport(data, small)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallNet(), back.Layers); diff != "" {
		t.Errorf("imported again: -want +got\n%s", diff)
	}
	named, err := (&Checkpoint{Model: netState(smallNet())}).ExportNet("net.")
	if err != nil || !strings.Contains(string(named), `"net.4.weight":`) {
		t.Errorf("got %v, want the names under net", err)
	}
}

func TestWhatCannotBeExported(t *testing.T) {
	if _, err := (&Checkpoint{}).ExportNet(""); err == nil || err.Error() != "the checkpoint has no network" {
		t.Errorf("got %v, want that there is none", err)
	}
	wide := []learn.Layer{{In: 1, Out: 1, Weight: []float64{1e300}, Bias: []float64{0}}}
	if _, err := (&Checkpoint{Model: netState(wide)}).ExportNet(""); err == nil || err.Error() != "tensor net.0.weight: got 1e+300 in it, want numbers within the range of float32" {
		t.Errorf("got %v, want that the number is too large", err)
	}
}

func TestANetworkThatIsNone(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*State)
		want   string
	}{
		{"a layer that does not fit the one before it", func(s *State) { s.Tensors[2].Shape = []int{3, 2} }, "tensors net.1.weight and net.1.bias: got [3 2] and [2], want a layer that takes what the one before it gives"},
		{"a weight of three dimensions", func(s *State) { s.Tensors[0].Shape = []int{3, 4, 1} }, "got [3 4 1] and [3], want a layer"},
		{"a weight of another type", func(s *State) { s.Tensors[0].Data = []float32{1} }, "got [3 4] and [3], want a layer"},
		{"no bias", func(s *State) { s.Tensors[5].Name = "x" }, "got [1 2] and [], want a layer"},
		{"a weight that is no number", func(s *State) { s.Tensors[4].Data = []float64{1, math.NaN()} }, `tensor "net.2.weight": got NaN in it, want finite numbers`},
	} {
		h, s := newHome(t), netState(smallNet())
		c.change(&s)
		if layers, err := s.layers(); layers != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v\nwant %s", c.name, layers, err, c.want)
		}
		checkpoint := &Checkpoint{Created: created, Model: s}
		if err := checkpoint.Save(h.path("x.quasar")); err != nil {
			continue // that is told, too
		}
		if got, err := h.open("x.quasar"); got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v\nwant %s", c.name, err, c.want)
		}
	}
}

// A ranker that is told to start from what 'quasar model import' made.
func TestAnImportedCheckpointIsANetworkToStartFrom(t *testing.T) {
	h := newHome(t)
	if err := (&Checkpoint{Created: created, Model: netState(smallNet()), Imported: "ab"}).Save(h.path("x.quasar")); err != nil {
		t.Fatal(err)
	}
	got, err := h.open("x.quasar")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if got.Checkpoint != nil || got.Import == nil || !cmp.Equal(got.Import.Layers, smallNet()) {
		t.Errorf("got %+v, want the network", got)
	}
	if err := got.Save(learned(t)); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadCheckpoint(h.path("x.quasar")); err != nil || c.Imported != "ab" {
		t.Errorf("got %v, want that it says where its network came from", err)
	}
}

func TestACheckpointWithANetworkOfOtherSizes(t *testing.T) {
	h := newHome(t)
	h.save("x.quasar", 1, 1, "")
	_, err := Open(h.path("x.pt"), &HomeOptions{Sizes: []int{4, 5, 1}, FeatureHash: learned(t).FeatureHash})
	want := "incompatible: " + filepath.Join(h.dir, "x.quasar") + ": got a network 4-3-2-1, want 4-5-1; to start anew"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

package axrvi

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/safetensors"
)

// saveModel saves a model, and loadModel restores another from the file.
func saveModel(t *testing.T, path string, m *Model, step int64) {
	t.Helper()
	c := &Checkpoint{Created: created, Step: step, FeatureHash: "f", Model: m.State()}
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
}

func loadModel(t *testing.T, path string, o Options) *Model {
	t.Helper()
	c, err := LoadCheckpoint(path, "f", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(t, o)
	if err := m.Restore(c.Model); err != nil {
		t.Fatal(err)
	}
	return m
}

// A run that is stopped and goes on from its checkpoint, twice, ends in the same
// bytes as one that was not.
func TestGoingOnFromACheckpointGivesTheSameBytes(t *testing.T) {
	for _, o := range []Options{{Features: 3, Seed: 5, Replay: 500}, {Features: 3, Linear: true}} {
		dir := t.TempDir()
		whole, parts := filepath.Join(dir, "whole.quasar"), filepath.Join(dir, "parts.quasar")
		p := newPlay(2, 10, 3, turning)
		m := newModel(t, o)
		p.teach(m, 600)
		saveModel(t, whole, m, 600)

		p = newPlay(2, 10, 3, turning)
		m = newModel(t, o)
		for _, rounds := range []int{150, 300, 150} {
			p.teach(m, rounds)
			saveModel(t, parts, m, p.t)
			m = loadModel(t, parts, Options{Features: 3, Seed: 77, Linear: o.Linear, Replay: o.Replay})
		}
		a, err := ReadModel(whole)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadModel(parts)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("linear %t: got other bytes after stops", o.Linear)
		}
		if diff := cmp.Diff(m.State(), loadModel(t, whole, o).State()); diff != "" {
			t.Errorf("linear %t: got another state after stops\n%s", o.Linear, diff)
		}
	}
}

// What a model has learned comes out for PyTorch, and what comes from there goes in.
func TestAModelsNetworkThereAndBack(t *testing.T) {
	p := newPlay(1, 4, 4, corner)
	m := newModel(t, Options{Features: 4, Hidden: []int{3, 2}})
	if !cmp.Equal(m.Sizes(), small) {
		t.Fatalf("got a network %v, want %v", m.Sizes(), small)
	}
	imported, err := ImportFile(filepath.Join(pytorch, "state-float32.pt"), m.Sizes())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Adopt(imported.Layers); err != nil {
		t.Fatal(err)
	}
	state := m.State()
	layers, err := state.layers()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallNet(), layers); diff != "" {
		t.Errorf("taken over: -want +got\n%s", diff)
	}
	p.teach(m, 200)
	data, err := (&Checkpoint{Model: m.State()}).ExportNet("")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	trained, _ := f.Tensor("0.weight")
	if got, err := trained.Float32s(); err != nil || len(got) != 12 || cmp.Equal(trained.Float64s(), smallNet()[0].Weight) {
		t.Errorf("got %v, %v, want twelve weights that have been trained", got, err)
	}
	state = m.State()
	if state.onlyNet() {
		t.Error("got that a model which has learned is a network alone")
	}
}

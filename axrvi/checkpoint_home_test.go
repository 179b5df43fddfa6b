package axrvi

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHomePath(t *testing.T) {
	for _, c := range []struct{ model, want string }{
		{"axrvi.pt", "axrvi.quasar"}, {"a/b.pth", "a/b.quasar"}, {"x.safetensors", "x.quasar"}, {"x.bin", "x.quasar"}, {"x.ckpt", "x.quasar"},
		{"x.quasar", "x.quasar"}, {"axrvi", "axrvi.quasar"}, {"axrvi.v2", "axrvi.v2.quasar"}, {".pt", ".quasar"}, {"a.b/c", "a.b/c.quasar"},
	} {
		if got := HomePath(c.model); got != c.want {
			t.Errorf("%s: got %s, want %s", c.model, got, c.want)
		}
	}
}

// home is a folder with a model and what is learned from it.
type home struct {
	t   *testing.T
	dir string
}

func newHome(t *testing.T) *home { return &home{t, t.TempDir()} }

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

// put copies a file of PyTorch's, changed at minute.
func (h *home) put(name, from string, minute int) {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(pytorch, from))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), data, 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.touch(name, minute)
}

// save writes a checkpoint, changed at minute.
func (h *home) save(name string, step int64, minute int, imported string) {
	h.t.Helper()
	c := learned(h.t)
	c.Step, c.Imported = step, imported
	if err := c.Save(h.path(name)); err != nil {
		h.t.Fatal(err)
	}
	h.touch(name, minute)
}

func (h *home) touch(name string, minute int) {
	h.t.Helper()
	at := created.Add(time.Duration(minute) * time.Minute)
	if err := os.Chtimes(h.path(name), at, at); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) open(model string) (*Home, error) {
	return Open(h.path(model), &HomeOptions{Sizes: small, FeatureHash: learned(h.t).FeatureHash})
}

func TestWhatARankerStartsFrom(t *testing.T) {
	imported, err := ImportFile(filepath.Join(pytorch, "state-float32.pt"), small)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		there func(h *home)
		model string
		step  int64 // of the checkpoint; 0 for none
		takes bool  // a network
		note  string
		want  string // the error
	}{
		{"nothing is there", func(*home) {}, "x.pt", 0, false, "x.pt is not there: starting anew; what is learned is kept in DIR/x.quasar", ""},
		{"nothing is there, under our own name", func(*home) {}, "x.quasar", 0, false, "x.quasar is not there: starting anew; what is learned is kept in DIR/x.quasar", ""},
		{"a network alone", func(h *home) { h.put("x.pt", "state-float32.pt", 1) }, "x.pt", 0, true, "the network of DIR/x.pt is taken over; what is learned is kept in DIR/x.quasar", ""},
		{"what was learned alone", func(h *home) { h.save("x.quasar", 7, 1, "") }, "x.pt", 7, false, "", ""},
		{"what was learned, under its own name", func(h *home) { h.save("x.quasar", 7, 1, "") }, "x.quasar", 7, false, "", ""},
		{"a network and what was learned since", func(h *home) { h.put("x.pt", "state-float32.pt", 1); h.save("x.quasar", 7, 2, "") }, "x.pt", 7, false, "x.quasar is newer than DIR/x.pt and is used: it has what was learned since", ""},
		{"both of the same time", func(h *home) { h.put("x.pt", "state-float32.pt", 2); h.save("x.quasar", 7, 2, "") }, "x.pt", 7, false, "is newer", ""},
		{"a network that is newer than what was learned", func(h *home) { h.save("x.quasar", 7, 1, ""); h.put("x.pt", "state-float32.pt", 2) }, "x.pt", 0, true, "x.pt is newer than DIR/x.quasar: what was learned there is set aside with the first save", ""},
		{"a network that was copied after it had been taken over", func(h *home) { h.save("x.quasar", 7, 1, imported.Hash); h.put("x.pt", "state-float32.pt", 2) }, "x.pt", 7, false, "x.quasar is used: it has what was learned since DIR/x.pt was taken over", ""},
		{"a network, and a checkpoint that is gone but for the former one", func(h *home) {
			h.put("x.pt", "state-float32.pt", 1)
			h.save("x.quasar", 6, 2, "")
			h.save("x.quasar", 7, 2, "")
			h.t.Log(os.Remove(h.path("x.quasar")))
		}, "x.pt", 6, false, "is newer", ""},
		{"a checkpoint under another name", func(h *home) { h.save("y.quasar", 7, 1, ""); h.t.Log(os.Rename(h.path("y.quasar"), h.path("x.pt"))) }, "x.pt", 7, false, "x.pt is a checkpoint and is used; what is learned is kept in DIR/x.quasar", ""},
		{"a network of other inputs", func(h *home) { h.put("x.pt", "parts.pt", 1) }, "x.pt", 0, false, "", "got no fully connected layers"},
		{"a file with code", func(h *home) { h.put("x.pt", "refused-code.pt", 1) }, "x.pt", 0, false, "", `got a pickle that calls or makes "posix.system", which was not done`},
		{"a file of PyTorch under our own name", func(h *home) { h.put("x.quasar", "state-float32.pt", 1) }, "x.quasar", 0, false, "", "got a file of PyTorch, want a checkpoint: quasar model import"},
		{"a damaged checkpoint", func(h *home) { h.save("x.quasar", 7, 1, ""); h.t.Log(damage(h.t, h.path("x.quasar"))) }, "x.pt", 0, false, "", "to start anew and keep this file under another name: quasar model reset DIR/x.quasar"},
		{"a folder", func(h *home) { h.t.Log(os.Mkdir(h.path("x.pt"), 0o700)) }, "x.pt", 0, false, "", "x.pt: got a directory, want a file"},
		{"a folder that is not there", func(*home) {}, "no/x.pt", 0, false, "", "the model's state cannot be kept: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			c.there(h)
			before := content(t, h.path("x.pt"))
			got, err := h.open(c.model)
			if c.want != "" {
				if want := strings.ReplaceAll(c.want, "DIR", h.dir); got != nil || !errors.As(err, new(*OpenError)) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			if (got.Import != nil) != c.takes || (got.Checkpoint != nil) != (c.step > 0) || c.step > 0 && got.Checkpoint.Step != c.step {
				t.Errorf("got %+v, want the checkpoint of step %d, a network: %t", got, c.step, c.takes)
			}
			if notes, want := strings.Join(got.Notes, "\n"), strings.ReplaceAll(c.note, "DIR", h.dir); !strings.Contains(notes, want) || want == "" && notes != "" {
				t.Errorf("got the notes\n%s\nwant %s", notes, want)
			}
			checkpoint := learned(t)
			checkpoint.Step = 8
			if err := got.Save(checkpoint); err != nil {
				t.Fatal(err)
			}
			if again, err := LoadCheckpoint(h.path("x.quasar"), "", nil); err != nil || again.Step != 8 {
				t.Errorf("got %v, want what was saved", err)
			}
			if after := content(t, h.path("x.pt")); after != before {
				t.Error("x.pt was written to")
			}
		})
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "a folder"
	}
	return string(data)
}

// What was learned is not lost when somebody puts another network in its place.
func TestWhatWasLearnedIsSetAsideForANewerNetwork(t *testing.T) {
	h := newHome(t)
	h.save("x.quasar", 6, 1, "")
	h.save("x.quasar", 7, 1, "")
	h.touch("x.quasar.1", 1)
	h.put("x.pt", "state-float32.pt", 2)
	got, err := h.open("x.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	for step := range int64(3) {
		c := learned(t)
		c.Step = step
		if err := got.Save(c); err != nil {
			t.Fatal(err)
		}
	}
	names := make(map[string]int64)
	files, err := filepath.Glob(h.path("*quasar*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if c, err := readCheckpoint(path, ""); err == nil {
			names[filepath.Base(path)] = c.Step
		}
	}
	const stamp = ".before-20260304T050607.000000Z"
	if diff := cmp.Diff(map[string]int64{"x.quasar": 2, "x.quasar.1": 1, "x.quasar" + stamp: 7, "x.quasar.1" + stamp: 6}, names); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if c, err := LoadCheckpoint(h.path("x.quasar"), "", nil); err != nil || c.Imported != got.Import.Hash {
		t.Errorf("got %v, want that it says where its network came from", err)
	}
}

func TestAModelHasOneRanker(t *testing.T) {
	h := newHome(t)
	first, err := h.open("x.pt")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := h.open("x.pt"); second != nil || !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), "a ranker is running with it") {
		t.Errorf("got %v, want that another one has it", err)
	}
	if _, err := Reset(h.path("x.quasar"), created); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that a ranker has it", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := h.open("x.pt")
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// A process that was killed while it wrote leaves a file that nobody needs.
func TestOpenSweepsUp(t *testing.T) {
	h := newHome(t)
	if err := os.WriteFile(h.path(".x.quasar1234567890123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := h.open("x.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if left, err := filepath.Glob(h.path(".x*")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want none", left, err)
	}
}

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// run runs a program to its end and wants it to go well.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// A network goes from PyTorch into a checkpoint and back, and gives the very same
// outputs.
func TestANetworkOfPyTorchThereAndBack(t *testing.T) {
	torch := pythonWith("torch", "clients/torch_model.py")(t)
	script := func(args ...string) string { return run(t, torch[0], append(torch[1:], args...)...) }
	sizes := wantedSizes(t, script)
	for _, name := range []string{"state.pt", "legacy.pt", "checkpoint.pt"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			script("make", sizes, dir)
			before, err := os.ReadFile(at(name))
			if err != nil {
				t.Fatal(err)
			}
			t.Log(run(t, quasarBinary, "model", "import", at(name), "-o", at("x.quasar")))
			run(t, quasarBinary, "model", "export", at("x.quasar"), "-o", at("exported.safetensors"))
			if said := script("check", sizes, dir); !strings.Contains(said, "<All keys matched successfully>") {
				t.Errorf("got %s, want all keys to match", said)
			} else {
				t.Log(said)
			}
			if after, err := os.ReadFile(at(name)); err != nil || !bytes.Equal(after, before) {
				t.Errorf("got %v, want the file of PyTorch as it was", err)
			}
		})
	}
}

// wantedSizes are those of the ranker's network, which it tells when it is given
// another.
func wantedSizes(t *testing.T, script func(args ...string) string) string {
	t.Helper()
	dir := t.TempDir()
	script("make", "3-2-1", dir)
	out, err := exec.CommandContext(t.Context(), quasarBinary, "model", "import", filepath.Join(dir, "state.pt"), "-o", filepath.Join(dir, "x.quasar")).CombinedOutput()
	wanted := regexp.MustCompile(`got a network 3-2-1, want ([0-9-]+) \(inputs, hidden units, outputs\): its inputs are not the \d+ features`).FindSubmatch(out)
	if err == nil || wanted == nil {
		t.Fatalf("got %v %s, want that its inputs are others", err, out)
	}
	return string(wanted[1])
}

// The files in internal/torchfile/testdata are of two releases of PyTorch. This one
// makes them with the release that is here.
func TestFilesOfThePyTorchThatIsHere(t *testing.T) {
	torch := pythonWith("torch", "../internal/torchfile/testdata/make.py")(t)
	dir := t.TempDir()
	run(t, torch[0], torch[1], dir)
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Torch string
		Files map[string]map[string]tensor
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	t.Logf("PyTorch %s, %d files", expected.Torch, len(expected.Files))
	if len(expected.Files) < 20 {
		t.Errorf("got %d files, want 20 at least", len(expected.Files))
	}
	for name, want := range expected.Files {
		checkInspected(t, filepath.Join(dir, name), want)
	}
	refused, err := filepath.Glob(filepath.Join(dir, "refused-*.pt"))
	if err != nil || len(refused) < 20 {
		t.Errorf("got %d files to refuse, %v, want 20 at least", len(refused), err)
	}
	for _, path := range refused {
		cmd := exec.CommandContext(t.Context(), quasarBinary, "model", "inspect", path)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "torch.save(model.state_dict(), ") {
			t.Errorf("%s: got %v %s, want it refused, and what to do", path, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "evil-was-here")); !os.IsNotExist(err) {
		t.Errorf("got %v, want that nothing in a file was run", err)
	}
}

type tensor struct {
	DType  string
	Shape  []int
	Values []float64
}

func checkInspected(t *testing.T, path string, want map[string]tensor) {
	t.Helper()
	var got struct {
		Tensors []struct {
			Name, DType    string
			Shape          []int
			Min, Mean, Max *float64
		}
	}
	if err := json.Unmarshal([]byte(run(t, quasarBinary, "model", "inspect", "--json", path)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Tensors) != len(want) {
		t.Errorf("%s: got %d tensors, want %d", path, len(got.Tensors), len(want))
	}
	for _, x := range got.Tensors {
		w := want[x.Name]
		same := x.DType == w.DType && len(x.Shape) == len(w.Shape) && (x.Mean == nil) == (len(w.Values) == 0)
		if same && x.Mean != nil {
			least, sum, greatest := math.Inf(1), 0.0, math.Inf(-1)
			for _, v := range w.Values {
				least, sum, greatest = min(least, v), sum+v, max(greatest, v)
			}
			same = *x.Min == least && *x.Max == greatest && math.Abs(*x.Mean-sum/float64(len(w.Values))) < 1e-9
		}
		if !same {
			t.Errorf("%s: %s: got %+v, want %+v", path, x.Name, x, w)
		}
	}
}

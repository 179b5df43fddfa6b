package torchfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// read is a tensor as PyTorch said that it is, in expected.json.
type read struct {
	DType  DType     `json:"dtype"`
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values"`
}

// releases are the folders of files, each made by one release of PyTorch with
// testdata/make.py.
func releases(t testing.TB) []string {
	t.Helper()
	folders, err := filepath.Glob("testdata/torch-*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("got %v, %v, want the files that PyTorch made", folders, err)
	}
	return folders
}

func TestFilesThatPyTorchMade(t *testing.T) {
	for _, folder := range releases(t) {
		text, err := os.ReadFile(filepath.Join(folder, "expected.json"))
		if err != nil {
			t.Fatal(err)
		}
		var expected struct {
			Files map[string]map[string]read `json:"files"`
		}
		if err := json.Unmarshal(text, &expected); err != nil {
			t.Fatal(err)
		}
		if len(expected.Files) < 20 {
			t.Errorf("%s: got %d files, want 20 at least", folder, len(expected.Files))
		}
		for name, want := range expected.Files {
			t.Run(filepath.Base(folder)+"/"+name, func(t *testing.T) { checkFile(t, filepath.Join(folder, name), want) })
		}
	}
}

// readFile reads the file at path.
func readFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func checkFile(t *testing.T, path string, want map[string]read) {
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	format := "zip"
	if strings.Contains(path, "-legacy") {
		format = "legacy"
	}
	if f.Format != format {
		t.Errorf("got the format %q, want %q", f.Format, format)
	}
	got := make(map[string]read)
	for _, x := range f.Weights {
		got[x.Name] = read{x.DType, x.Shape, x.Float64s()}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func names(tensors []Tensor) (all []string) {
	for _, x := range tensors {
		all = append(all, x.Name)
	}
	return all
}

func TestWeightsAmongOtherThings(t *testing.T) {
	layers := []string{"0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"}
	for _, name := range []string{"checkpoint.pt", "checkpoint-legacy.pt"} {
		f, err := readFile(filepath.Join("testdata", "torch-1.13", name))
		if err != nil {
			t.Fatal(err)
		}
		if f.Where != "model" || !cmp.Equal(names(f.Weights), layers) {
			t.Errorf("%s: got %q under %q, want the layers in order under \"model\"", name, names(f.Weights), f.Where)
		}
		var others []string
		for _, n := range []string{"0", "1", "2", "3", "4", "5"} {
			others = append(others, "optimizer.state."+n+".step", "optimizer.state."+n+".exp_avg", "optimizer.state."+n+".exp_avg_sq")
		}
		if diff := cmp.Diff(others, names(f.Others)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		meta := make(map[string]any)
		for _, v := range f.Values {
			if key, ok := strings.CutPrefix(v.Name, "meta."); ok {
				meta[key] = v.Value
			}
		}
		want := map[string]any{
			"step": "12345678901234567890", "loss": .25, "name": `é "x"`, "best": nil, "ok": true, "dtype": "torch.float32",
			"shape.0": 4, "shape.1": 3, "history.0": 1, "history.1": 2.5, "history.2.0": 3,
		}
		if diff := cmp.Diff(want, meta); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	f, err := readFile("testdata/torch-1.13/lightning.pt")
	if err != nil || f.Where != "state_dict" {
		t.Errorf("got %+v, %v, want the weights under \"state_dict\"", f, err)
	}
}

const saveWeights = `; want weights alone: torch.save(model.state_dict(), "FILE.pt")`

func TestFilesThatPyTorchMadeAndWeRefuse(t *testing.T) {
	folders := releases(t)
	for i, folder := range folders {
		var err error
		if folders[i], err = filepath.Abs(folder); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir()) // where what a file runs would leave its traces
	for _, c := range []struct{ name, want string }{
		{"module", `got a whole object of the class "torch.nn.modules.container.Sequential", which is code`},
		{"transposed", `tensor "w": got strides [1 3] for the shape [3 2], want the numbers one after the other: save it .contiguous()`},
		{"expanded", `tensor "w": got strides [0] for the shape [1000000], want the numbers one after the other: save it .contiguous()`},
		{"tensor", `got one tensor, want a dict of tensors`},
		{"list", `got a list, want a dict of tensors`},
		{"empty", `got no tensors in the dict and the dicts in it`},
		{"two", `got tensors under "actor, critic", and cannot tell which are the model's`},
		{"code", `got a pickle that calls or makes "posix.system", which was not done`},
		{"sparse", `got a pickle that calls or makes "torch._utils._rebuild_sparse_tensor", which was not done`},
		{"quantized", `got a pickle that calls or makes "torch._utils._rebuild_qtensor", which was not done`},
		{"complex", `got a pickle that calls or makes "torch.ComplexFloatStorage", which was not done`},
		{"script", `got a TorchScript archive, which is code`},
	} {
		for _, folder := range folders {
			checkRefused(t, filepath.Join(folder, "refused-"+c.name+".pt"), c.want)
			if c.name != "script" { // TorchScript was never in the older format
				checkRefused(t, filepath.Join(folder, "refused-"+c.name+"-legacy.pt"), c.want)
			}
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want no trace of what a file runs", left, err)
	}
}

func checkRefused(t *testing.T, path, want string) {
	t.Helper()
	f, err := readFile(path)
	if want = path + ": " + want + saveWeights; f != nil || err == nil || err.Error() != want {
		t.Errorf("got %+v, %v\nwant %s", f, err, want)
	}
}

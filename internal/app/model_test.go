package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/rank"
)

// pytorchFiles were made by PyTorch; see make.py beside them.
const pytorchFiles = "../torchfile/testdata/torch-2.15"

// weights writes a safetensors file with the layers of a network.
func weights(t *testing.T, path string, sizes ...int) {
	t.Helper()
	var f safetensors.File
	for i, in := range sizes[:len(sizes)-1] {
		out := sizes[i+1]
		name := []string{"in", "middle", "out"}[i]
		values := make([]float32, in*out)
		for k := range values {
			values[k] = float32(k%7) / 8
		}
		f.Tensors = append(f.Tensors, safetensors.FromFloat32s(name+".weight", []int{out, in}, values), safetensors.FromFloat32s(name+".bias", []int{out}, make([]float32, out)))
	}
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestModelsThereAndBack(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	sizes := axrvi.DefaultSizes()
	weights(t, at("x.pt"), sizes...) // safetensors under the name of a file of PyTorch
	before, err := os.ReadFile(at("x.pt"))
	if err != nil {
		t.Fatal(err)
	}
	got := quasarCommand(t, "", "model", "import", at("x.pt"), "-o", at("x.quasar"))
	if got.code != exitOK || !strings.Contains(got.stderr, `"middle.weight" f32 [16 32]: taken over as net.1.weight`) || !strings.Contains(got.stderr, "Made "+at("x.quasar")) {
		t.Fatalf("import: got %+v", got)
	}
	if got := quasarCommand(t, "", "model", "export", at("x.quasar"), "-o", at("y.safetensors"), "--prefix", "net."); got.code != exitOK {
		t.Fatalf("export: got %+v", got)
	}
	after, err := os.ReadFile(at("y.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Decode(after)
	if err != nil {
		t.Fatal(err)
	}
	want, err := safetensors.Decode(before)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"in.weight": "net.0.weight", "middle.weight": "net.2.weight", "out.weight": "net.4.weight"} {
		a, _ := want.Tensor(from)
		b, _ := f.Tensor(to)
		if diff := cmp.Diff(a.Float64s(), b.Float64s()); diff != "" || len(f.Tensors) != 6 {
			t.Errorf("%s: -want +got\n%s", to, diff)
		}
	}
	if after, err := os.ReadFile(at("x.pt")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("got %v, want the model as it was", err)
	}
	for _, args := range [][]string{{"import", at("x.pt"), "-o", at("x.quasar")}, {"export", at("x.quasar"), "-o", at("y.safetensors")}} {
		if got := quasarCommand(t, "", append([]string{"model"}, args...)...); got.code != exitFailure || !strings.Contains(got.stderr, ": it is there already: choose another name, or move it away") {
			t.Errorf("%s once more: got %+v, want that nothing is written over", args[0], got)
		}
	}
}

func TestInspect(t *testing.T) {
	dir := t.TempDir()
	quasarFile := filepath.Join(dir, "x.quasar")
	weights(t, filepath.Join(dir, "x.pt"), axrvi.DefaultSizes()...)
	if got := quasarCommand(t, "", "model", "import", filepath.Join(dir, "x.pt"), "-o", quasarFile); got.code != exitOK {
		t.Fatalf("import: got %+v", got)
	}
	for _, c := range []struct {
		path  string
		lines []string
	}{
		{quasarFile, []string{"A checkpoint of the ranker", ", after 0 rounds", "Features    none", "Network of  a file with the SHA-256 ", "net.1.weight  f64", "[16 32]  0    0.3743  0.75"}},
		{filepath.Join(dir, "x.pt"), []string{"A safetensors file", "Network  ", "middle.weight  f32"}},
		{filepath.Join(pytorchFiles, "checkpoint.pt"), []string{"A file of PyTorch, as a zip archive, with the weights under model", "Network", "4-3-2-1 (inputs, hidden units, outputs)", `\u00e9 \"x\"`, "BESIDE IT", "optimizer.state.0.exp_avg", "12345678901234567890"}},
		{filepath.Join(pytorchFiles, "state-bfloat16-legacy.pt"), []string{"A file of PyTorch, in the format before 1.6", "bfloat16"}},
	} {
		got := quasarCommand(t, "", "model", "inspect", c.path)
		for _, line := range c.lines {
			if got.code != exitOK || !strings.Contains(got.stdout, line) {
				t.Errorf("%s: got %d %s\n%s\nwant %s", c.path, got.code, got.stderr, got.stdout, line)
			}
		}
	}
}

func TestInspectShowsWhatARankerWasTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.quasar")
	c := &axrvi.Checkpoint{
		Step: 7, FeatureHash: "h", Config: []byte("{\"policy\":\"\u009b31m\",\"seed\":1}"),
		Features: &rank.FeaturesState{Hash: "h", Names: []string{"V75", "\x1b[31m"}, Cells: make([]float64, 2*rank.StateWidth)}, Gate: &bandit.GateState{N: 5},
	}
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	got := quasarCommand(t, "", "model", "inspect", path)
	for _, line := range []string{"after 7 rounds", `Told      {"policy":"\u009b31m","seed":1}`, `Assets    V75 \x1b[31m`, "Gate      5 outcomes"} {
		if got.code != exitOK || !strings.Contains(got.stdout, line) {
			t.Errorf("got %d %s\n%s\nwant %s", got.code, got.stderr, got.stdout, line)
		}
	}
	if strings.ContainsAny(got.stdout, "\x1b\u009b") {
		t.Errorf("got %q, want nothing that steers a terminal", got.stdout)
	}
}

func TestInspectAsJSON(t *testing.T) {
	got := quasarCommand(t, "", "model", "inspect", filepath.Join(pytorchFiles, "checkpoint-legacy.pt"), "--json")
	var answer struct {
		Kind, Format, Where string
		Networks            [][]int
		Tensors             []struct {
			Name, DType    string
			Shape          []int
			Min, Mean, Max float64
		}
		Others   []struct{ Name string } `json:"other_tensors"`
		Metadata map[string]any
	}
	if err := json.Unmarshal([]byte(got.stdout), &answer); got.code != exitOK || err != nil || strings.Count(got.stdout, "\n") != 1 {
		t.Fatalf("got %+v, %v, want one object on a line", got, err)
	}
	if answer.Kind != "pytorch" || answer.Format != "legacy" || answer.Where != "model" || !cmp.Equal(answer.Networks, [][]int{{4, 3, 2, 1}}) ||
		len(answer.Tensors) != 6 || len(answer.Others) != 18 || answer.Metadata["meta.loss"] != .25 {
		t.Errorf("got %s", got.stdout)
	}
	if first := answer.Tensors[0]; first.Name != "0.weight" || first.DType != "float32" || !cmp.Equal(first.Shape, []int{3, 4}) || first.Min >= first.Mean || first.Mean >= first.Max {
		t.Errorf("got %+v", first)
	}
}

func TestModelsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	weights(t, at("narrow.pt"), 7, 32, 16, 1)
	weights(t, at("damaged.quasar"), 1, 1)
	imported := at("good.quasar")
	weights(t, at("good.pt"), axrvi.DefaultSizes()...)
	if got := quasarCommand(t, "", "model", "import", at("good.pt"), "-o", imported); got.code != exitOK {
		t.Fatalf("import: got %+v", got)
	}
	data, err := os.ReadFile(imported)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := errors.Join(os.WriteFile(at("damaged.quasar"), data, 0o600), os.WriteFile(at("garbage.pt"), []byte("garbage"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no file", []string{"inspect"}, exitUsage, "inspect: got 0 files, want one"},
		{"two files", []string{"export", "a", "b"}, exitUsage, "export: got 2 files, want one"},
		{"a file that is not there", []string{"inspect", at("none.pt")}, exitFailure, "none.pt: no such file"},
		{"a file that the ranker keeps beside it", []string{"inspect", at("good")}, exitFailure, "what the ranker learned is in " + at("good.quasar")},
		{"garbage", []string{"inspect", at("garbage.pt")}, exitFailure, "garbage.pt: got neither a zip archive nor PyTorch's older format; want weights alone: torch.save(model.state_dict(), "},
		{"code", []string{"inspect", filepath.Join(pytorchFiles, "refused-code.pt")}, exitFailure, `got a pickle that calls or makes "posix.system", which was not done`},
		{"a damaged checkpoint", []string{"inspect", at("damaged.quasar")}, exitFailure, "damaged: got the checksum "},
		{"a network of other inputs", []string{"import", at("narrow.pt"), "-o", at("new.quasar")}, exitFailure, "its inputs are not the "},
		{"a whole module", []string{"import", filepath.Join(pytorchFiles, "refused-module.pt"), "-o", at("new.quasar")}, exitFailure, "which is code; want weights alone"},
		{"an import to nowhere", []string{"import", at("good.pt")}, exitUsage, `import: output: got "", want NAME.quasar`},
		{"an import to a file of PyTorch", []string{"import", at("good.pt"), "-o", at("new.pt")}, exitUsage, `want NAME.quasar`},
		{"an import into a folder that is not there", []string{"import", at("good.pt"), "-o", at("no/new.quasar")}, exitFailure, "no such file or directory"},
		{"an export to a file of PyTorch", []string{"export", imported, "-o", at("new.pt")}, exitUsage, `want NAME.safetensors`},
		{"an export of a file of PyTorch", []string{"export", filepath.Join(pytorchFiles, "state-float32.pt"), "-o", at("new.safetensors")}, exitFailure, "got a file of PyTorch, want a checkpoint"},
		{"an export of a damaged checkpoint", []string{"export", at("damaged.quasar"), "-o", at("new.safetensors")}, exitFailure, "damaged: "},
		{"a reset of a file of PyTorch", []string{"reset", at("good.pt"), "--yes"}, exitUsage, "want a checkpoint, NAME.quasar"},
		{"a reset of nothing", []string{"reset", at("none.quasar"), "--yes"}, exitFailure, "there is no such checkpoint, and nothing to reset"},
		{"a reset where nobody can be asked", []string{"reset", imported}, exitUsage, "reset: nobody is here to ask: say --yes"},
		{"an unknown command", []string{"improve"}, exitUsage, `unknown command "improve"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quasarCommand(t, "y\n", append([]string{"model"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("got %d %s%s\nwant %d %s", got.code, got.stdout, got.stderr, c.code, c.want)
			}
		})
	}
	if left, err := filepath.Glob(at("new*")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing half written", left, err)
	}
}

func TestModelReset(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.quasar")
	c := &axrvi.Checkpoint{}
	for range 2 {
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	running, err := axrvi.Open(path, &axrvi.HomeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := quasarCommand(t, "", "model", "reset", path, "--yes"); got.code != exitFailure || !strings.Contains(got.stderr, "a ranker is running with it") {
		t.Errorf("got %+v, want that it is refused while a ranker is running", got)
	}
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	got := quasarCommand(t, "", "model", "reset", path, "--yes")
	if got.code != exitOK || !strings.Contains(got.stderr, "Set aside as "+path+".1.before-") || !strings.Contains(got.stderr, " and "+path+".before-") {
		t.Errorf("got %+v", got)
	}
	if left, err := filepath.Glob(path + "*before*"); err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want both under other names", left, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("got %v, want that the next ranker starts anew", err)
	}
}

package axrvi

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
	"github.com/karlquant/quasar/internal/safetensors"
)

// pytorch has files that PyTorch made, of a network 4-3-2-1; see its make.py.
const pytorch = "../internal/torchfile/testdata/torch-2.15"

var small = []int{4, 3, 2, 1}

// eighths are n numbers an eighth apart, from the first on.
func eighths(first, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(first+i) / 8
	}
	return values
}

// smallNet is the network in those files.
func smallNet() []learn.Layer {
	return []learn.Layer{
		{In: 4, Out: 3, Weight: eighths(0, 12), Bias: eighths(-1, 3)},
		{In: 3, Out: 2, Weight: eighths(-2, 6), Bias: eighths(-3, 2)},
		{In: 2, Out: 1, Weight: eighths(-4, 2), Bias: eighths(-5, 1)},
	}
}

func TestANetworkOfPyTorchIsTakenOver(t *testing.T) {
	for _, name := range []string{
		"state-float32.pt", "state-float32-legacy.pt", "state-float64.pt", "state-float16.pt", "state-float16-legacy.pt",
		"state-bfloat16.pt", "state-bfloat16-legacy.pt", "state-protocol-5.pt", "parameters.pt",
	} {
		got, err := ImportFile(filepath.Join(pytorch, name), small)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(smallNet(), got.Layers); name != "parameters.pt" && diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if len(got.Notes) != 6 || len(got.Hash) != 64 {
			t.Errorf("%s: got the notes %q and the hash %q", name, got.Notes, got.Hash)
		}
	}
}

func TestWhatBecameOfEachTensorIsTold(t *testing.T) {
	got, err := ImportFile(filepath.Join(pytorch, "checkpoint-legacy.pt"), small)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"0.weight" float32 [3 4]: taken over as net.0.weight`, `"0.bias" float32 [3]: taken over as net.0.bias`,
		`"2.weight" float32 [2 3]: taken over as net.1.weight`, `"2.bias" float32 [2]: taken over as net.1.bias`,
		`"4.weight" float32 [1 2]: taken over as net.2.weight`, `"4.bias" float32 [1]: taken over as net.2.bias`,
		`"optimizer.state.0.step" float32 []: left aside: not of the network`, `"optimizer.state.0.exp_avg" float32 [3 4]: left aside: not of the network`,
	}
	if diff := cmp.Diff(want, got.Notes[:min(len(got.Notes), 8)]); diff != "" || len(got.Notes) != 6+18 {
		t.Errorf("got %d notes, want 24; -want +got\n%s", len(got.Notes), diff)
	}
}

// file is a safetensors file with tensors of these names and shapes.
func file(t testing.TB, tensors ...safetensors.Tensor) []byte {
	t.Helper()
	data, err := (&safetensors.File{Tensors: tensors}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func floats(name string, shape ...int) safetensors.Tensor {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return safetensors.FromFloat32s(name, shape, make([]float32, n))
}

func TestWhichNetworkIsTakenOver(t *testing.T) {
	layers := func(prefix string, names []string, sizes ...int) (all []safetensors.Tensor) {
		for i, name := range names {
			all = append(all, floats(prefix+name+".weight", sizes[i+1], sizes[i]), floats(prefix+name+".bias", sizes[i+1]))
		}
		return all
	}
	join := func(all ...[]safetensors.Tensor) (joined []safetensors.Tensor) {
		for _, some := range all {
			joined = append(joined, some...)
		}
		return joined
	}
	three := []string{"0", "2", "4"}
	for _, c := range []struct {
		name    string
		tensors []safetensors.Tensor
		note    string // one of the notes
		want    string // the error
	}{
		{"a Sequential", layers("", three, 4, 3, 2, 1), `"4.weight" f32 [1 2]: taken over as net.2.weight`, ""},
		{"under a name, with numbers that are not in the order of text", layers("net.", []string{"8", "9", "10"}, 4, 3, 2, 1), `"net.10.weight" f32 [1 2]: taken over as net.2.weight`, ""},
		{"layers with names", layers("", []string{"fc1", "fc2", "out"}, 4, 3, 2, 1), `"out.bias" f32 [1]: taken over as net.2.bias`, ""},
		{"one without biases", []safetensors.Tensor{floats("0.weight", 3, 4), floats("1.weight", 2, 3), floats("2.weight", 1, 2)}, `"2.weight" f32 [1 2]: taken over as net.2.weight`, ""},
		{"the actor of an actor and a critic", join(layers("actor.", three, 4, 3, 2, 1), layers("critic.", three, 5, 3, 2, 1)), `"critic.0.weight" f32 [3 5]: left aside: not of the network`, ""},
		{"something beside it", join(layers("", three, 4, 3, 2, 1), []safetensors.Tensor{floats("log_std", 1)}), `"log_std" f32 [1]: left aside: not of the network`, ""},
		{"two that fit", join(layers("actor.", three, 4, 3, 2, 1), layers("critic.", three, 4, 3, 2, 1)), "", `got 2 networks of the sizes 4-3-2-1, from "actor.0.weight" and "critic.0.weight" on, want one`},
		{"other inputs", layers("", three, 9, 3, 2, 1), "", `got a network 9-3-2-1, want 4-3-2-1 (inputs, hidden units, outputs): its inputs are not the 4 features that the ranker has, so its weights would mean nothing here; docs/features.md lists them`},
		{"other hidden units", layers("", three, 4, 8, 2, 1), "", `got a network 4-8-2-1, want 4-3-2-1 (inputs, hidden units, outputs)`},
		{"more outputs", layers("", three, 4, 3, 2, 3), "", `got a network 4-3-2-3, want 4-3-2-1 (inputs, hidden units, outputs)`},
		{"a layer more", layers("", []string{"0", "2", "4", "6"}, 4, 3, 2, 1, 1), "", `got a network 4-3-2-1-1, want 4-3-2-1 (inputs, hidden units, outputs)`},
		{"a layer in front", layers("", []string{"0", "2", "4", "6"}, 7, 4, 3, 2, 1), "", `got a network 7-4-3-2-1, want 4-3-2-1 (inputs, hidden units, outputs): its inputs are not the 4 features`},
		{"a bias of another size", []safetensors.Tensor{floats("0.weight", 3, 4), floats("0.bias", 2)}, "", `got no fully connected layers`},
		{"whole numbers", []safetensors.Tensor{safetensors.FromInt64s("0.weight", []int{1, 1}, []int64{1})}, "", `got no fully connected layers (NAME.weight with two dimensions), want those of a network 4-3-2-1`},
		{"a convolution", []safetensors.Tensor{floats("0.weight", 3, 4, 3, 3), floats("0.bias", 3)}, "", `got no fully connected layers`},
		{"nothing", nil, "", `got no fully connected layers`},
		{"a weight that is no number", []safetensors.Tensor{floats("0.weight", 3, 4), floats("1.weight", 2, 3), safetensors.FromFloat64s("2.weight", []int{1, 2}, []float64{1, math.NaN()})}, "", `tensor "2.weight": got NaN in it, want finite numbers`},
		{"a bias that is infinite", join(layers("", three[:2], 4, 3, 2), []safetensors.Tensor{floats("4.weight", 1, 2), safetensors.FromFloat64s("4.bias", []int{1}, []float64{math.Inf(1)})}), "", `tensor "4.bias": got +Inf in it, want finite numbers`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeImport(file(t, c.tensors...), small)
			if c.want != "" {
				if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v\nwant %s", err, c.want)
				}
				return
			}
			if err != nil || len(got.Layers) != 3 || !strings.Contains(strings.Join(got.Notes, "\n"), c.note) {
				t.Errorf("got %v and %+v\nwant the note %s", err, got, c.note)
			}
		})
	}
}

func TestWhatCannotBeTakenOver(t *testing.T) {
	dir := t.TempDir()
	garbage, large := filepath.Join(dir, "garbage.pt"), filepath.Join(dir, "large.pt")
	if err := errors.Join(os.WriteFile(garbage, []byte("garbage"), 0o600), os.WriteFile(large, nil, 0o600), os.Truncate(large, 1<<40)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(pytorch, "refused-module.pt"), `got a whole object of the class "torch.nn.modules.container.Sequential", which is code; want weights alone: torch.save(model.state_dict(), `},
		{filepath.Join(pytorch, "refused-code-legacy.pt"), `got a pickle that calls or makes "posix.system", which was not done`},
		{filepath.Join(pytorch, "integers.pt"), `got no fully connected layers`},
		{garbage, `got neither a zip archive nor PyTorch's older format; want weights alone`},
		{large, `got 1099511627776 bytes, want at most 67108864; want weights alone: torch.save(model.state_dict(), `},
		{dir, `got a directory, want a file`},
		{filepath.Join(dir, "none.pt"), `no such file`},
	} {
		if got, err := ImportFile(c.path, small); got != nil || err == nil || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v\nwant %s", c.path, err, c.want)
		}
	}
}

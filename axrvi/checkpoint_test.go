package axrvi

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/rank"
)

var created = time.Date(2026, time.March, 4, 5, 6, 7, 89, time.UTC)

// learned is a checkpoint of a ranker that has seen a few assets.
func learned(t testing.TB) *Checkpoint {
	t.Helper()
	features, err := rank.NewFeatures(nil)
	if err != nil {
		t.Fatal(err)
	}
	normaliser, row := rank.NewNormaliser(0), make([]float64, rank.Width)
	price, accuracy, signal, count := 100.0, .5, quasar.Buy, int64(3)
	seen := make(map[string]time.Time)
	for i := range 50 {
		now := created.Add(time.Duration(i) * time.Second)
		name := fmt.Sprintf("V%d \"é\"", 75+i%3)
		price *= 1.001
		s := &quasar.Snapshot{SpaceName: name, Seq: now.UnixMicro(), UpdatedAt: now, TrainingAt: now, VotingAt: now}
		s.Training.AVNAccuracy, s.Voting.LastPrice = &accuracy, &price
		s.Voting.DominantSignal, s.Voting.BuyCount, s.Voting.SellCount = &signal, &count, &count
		if asset, ok := features.Update(s, now); ok {
			features.Row(asset, now, row)
			normaliser.Observe(row)
			seen[name] = now
		}
		if i == 40 {
			normaliser.Freeze()
		}
	}
	gate, err := bandit.NewGate(nil)
	if err != nil {
		t.Fatal(err)
	}
	gate.Observe(.5)
	chance := rand.NewChaCha8([32]byte{1})
	random, err := chance.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	state, norm, gated := features.State(), NormState{}, gate.State()
	norm.Live, norm.Frozen = normaliser.State()
	gated.Up[0] = math.Inf(-1)
	return &Checkpoint{
		Created: created, Step: 1234, FeatureHash: features.Hash(), Config: jsontext.Value(`{"policy":"ucb"}`),
		Imported: strings.Repeat("ab", 32), LastSeen: seen, Random: random,
		Model: someState(), Features: &state, Norm: &norm, Gate: &gated,
	}
}

// someState has a network and numbers of every type.
func someState() State {
	s := netState(smallNet())
	s.Tensors = append(s.Tensors,
		Tensor{"random", []int{3}, []byte{1, 2, 255}}, Tensor{"replay.t", []int{2}, []int64{math.MinInt64, 7}},
		Tensor{"replay.x", []int{2, 1}, []float32{.1, -2}}, Tensor{"head.arm.x", []int{0, 58}, []float64{}})
	slices.SortFunc(s.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func encoded(t testing.TB, c *Checkpoint) []byte {
	t.Helper()
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var equal = cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

func TestACheckpointIsReadAsItWasWritten(t *testing.T) {
	for _, c := range []struct {
		name       string
		checkpoint *Checkpoint
	}{
		{"of a ranker that has learned", learned(t)},
		{"of one that knows nothing", &Checkpoint{Created: created}},
		{"of one without assets", &Checkpoint{Created: created, Features: &rank.FeaturesState{}}},
	} {
		got, err := DecodeCheckpoint(encoded(t, c.checkpoint))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.checkpoint, got, equal); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

func TestTheSameCheckpointIsTheSameBytes(t *testing.T) {
	want := encoded(t, learned(t))
	for range 10 { // the order of a map is another each time
		if got := encoded(t, learned(t)); !bytes.Equal(got, want) {
			t.Fatal("got other bytes for the same state")
		}
	}
	read, err := DecodeCheckpoint(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, read); !bytes.Equal(got, want) {
		t.Error("got other bytes for what was read")
	}
}

// Whoever knows safetensors can read it.
func TestACheckpointIsASafetensorsFile(t *testing.T) {
	f, err := safetensors.Decode(encoded(t, learned(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata; got["format"] != "quasar-ranker" || got["schema_version"] != "1" || got["step"] != "1234" ||
		got["created"] != "2026-03-04T05:06:07.000000089Z" || got["config"] != `{"policy":"ucb"}` ||
		!strings.Contains(got["assets"], `"V76 \"é\"":{"index":1,"last_seen":"2026-03-04T05:06:56.000000089Z"}`) {
		t.Errorf("got the metadata %q", got)
	}
	cells, _ := f.Tensor("features.cells")
	if !slices.Equal(cells.Shape, []int{3, rank.StateWidth}) {
		t.Errorf("got cells of %v, want a row for each of 3 assets", cells.Shape)
	}
}

func TestBytesOfACheckpointChanged(t *testing.T) {
	data := encoded(t, learned(t))
	// All bytes of what is told of the tensors; of those themselves, one here and there.
	for at := 0; at < len(data); at += 1 + at/4000 {
		change := []byte{1, 0x80, 0x20}[at%3]
		data[at] ^= change
		if _, err := DecodeCheckpoint(data); err == nil {
			t.Fatalf("byte %d changed by %#x: got no error", at, change)
		}
		data[at] ^= change
	}
	for n := 0; n < len(data); n += 1 + n/100 {
		if _, err := DecodeCheckpoint(data[:n]); !errors.Is(err, errDamaged) {
			t.Fatalf("cut after %d bytes: got %v, want that it is damaged", n, err)
		}
	}
	if _, err := DecodeCheckpoint(append(data, 0)); !errors.Is(err, errDamaged) {
		t.Errorf("a byte more: got %v, want that it is damaged", err)
	}
}

// sealed is a checkpoint with other metadata and tensors, and the right checksum.
func sealed(t testing.TB, c *Checkpoint, change func(*safetensors.File)) []byte {
	t.Helper()
	f, err := safetensors.Decode(encoded(t, c))
	if err != nil {
		t.Fatal(err)
	}
	change(f)
	f.Metadata[checksumKey] = noChecksum
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if data, err = seal(data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCheckpointsThatAreNotOurs(t *testing.T) {
	meta := func(key, value string) func(*safetensors.File) {
		return func(f *safetensors.File) { f.Metadata[key] = value }
	}
	for _, c := range []struct {
		name   string
		change func(*safetensors.File)
		kind   error
		want   string
	}{
		{"another format", meta("format", "pt"), ErrIncompatible, `got safetensors of the format "pt", want a checkpoint of the ranker`},
		{"a newer schema", meta("schema_version", "2"), ErrIncompatible, `got a checkpoint of schema "2", want 1: it was made by another version of quasar`},
		{"a step before the first", meta("step", "-1"), errDamaged, `step: got "-1", want a number from 0 on`},
		{"no step", func(f *safetensors.File) { delete(f.Metadata, "step") }, errDamaged, `step: got "", want a number from 0 on`},
		{"a time that is none", meta("created", "yesterday"), errDamaged, `created: got "yesterday", want a time`},
		{"random numbers that are none", meta("rng", "*"), errDamaged, "illegal base64 data"},
		{"a configuration that is none", meta("config", "{"), errDamaged, "config: want JSON"},
		{"assets that are none", meta("assets", "[]"), errDamaged, "assets: "},
		{"two assets of one number", meta("assets", `{"a":{"index":0},"b":{"index":0}}`), errDamaged, "got the number 0, want each from 0 to 1 once"},
		{"an asset of a number beyond", meta("assets", `{"a":{"index":7}}`), errDamaged, `asset "a": got the number 7, want each from 0 to 0 once`},
		{"fewer assets than cells", meta("assets", `{"a":{"index":0}}`), errDamaged, "tensor features.cells: got F64 of [3 "},
		{"a part nobody knows", meta("surprise", "1"), errDamaged, `got the unknown parts "surprise"`},
		{"a tensor of a type that no model has", func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "surprise", DType: safetensors.I8, Shape: []int{1}, Data: []byte{1}})
		}, errDamaged, `tensor "surprise": got I8, want F64, F32, I64 or U8`},
		{"a tensor that is missing", func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == "norm.mean" })
		}, errDamaged, "tensor norm.mean: it is not there"},
		{"a tensor of another type", func(f *safetensors.File) {
			f.Tensors = slices.DeleteFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == "gate.up" })
			f.Tensors = append(f.Tensors, safetensors.FromInt64s("gate.up", []int{1}, []int64{1}))
		}, errDamaged, "tensor gate.up: got I64 of [1], want F64 of [-1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeCheckpoint(sealed(t, learned(t), c.change))
			if got != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %v: %s", err, c.kind, c.want)
			}
		})
	}
}

// logged collects what is logged.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

func mustSave(t testing.TB, path string, steps ...int64) {
	t.Helper()
	for _, step := range steps {
		c := learned(t)
		c.Step = step
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFormerCheckpointHelps(t *testing.T) {
	for _, c := range []struct {
		name   string
		steps  []int64
		change func(t *testing.T, path string) error
		want   int64 // the step; -1 for an error
		loud   bool
	}{
		{"the newest is used", []int64{1, 2, 3}, func(*testing.T, string) error { return nil }, 3, false},
		{"the former one where the newest is damaged", []int64{1, 2, 3}, damage, 2, true},
		{"the former one where the newest is empty", []int64{1, 2}, func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, 1, true},
		{"the former one where the newest is gone", []int64{1, 2}, func(_ *testing.T, path string) error { return os.Remove(path) }, 1, true},
		{"an error where there is no former one", []int64{1}, damage, -1, false},
		{"an error where both are damaged", []int64{1, 2}, func(t *testing.T, path string) error { return errors.Join(damage(t, path), damage(t, Former(path))) }, -1, false},
		{"an error where the newest is of another schema", []int64{1, 2}, func(t *testing.T, path string) error {
			return os.WriteFile(path, sealed(t, learned(t), func(f *safetensors.File) { f.Metadata["schema_version"] = "7" }), 0o600)
		}, -1, false},
		{"an error where the newest is a folder", []int64{1, 2}, func(_ *testing.T, path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.quasar")
			mustSave(t, path, c.steps...)
			if err := c.change(t, path); err != nil {
				t.Fatal(err)
			}
			log, said := logged()
			got, err := LoadCheckpoint(path, learned(t).FeatureHash, log)
			switch {
			case c.want >= 0 && (err != nil || got.Step != c.want):
				t.Errorf("got %v, want step %d", err, c.want)
			case c.want < 0 && (err == nil || got != nil || !strings.Contains(err.Error(), path)):
				t.Errorf("got %v, want an error that names the file", err)
			}
			if got := strings.Contains(said.String(), "level=ERROR") && strings.Contains(said.String(), "what was learned since is lost"); got != c.loud {
				t.Errorf("got the log %q, want it loud: %t", said, c.loud)
			}
		})
	}
	if _, err := LoadCheckpoint(filepath.Join(t.TempDir(), "x.quasar"), "", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it is not there", err)
	}
}

// damage changes a byte of the numbers.
func damage(_ *testing.T, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)-9] ^= 4
	return os.WriteFile(path, data, 0o600)
}

func TestACheckpointOfOtherFeatures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.quasar")
	mustSave(t, path, 1, 2)
	got, err := LoadCheckpoint(path, "1234", nil)
	want := path + ": incompatible: got a checkpoint of the features " + learned(t).FeatureHash +
		", want 1234: they were made otherwise, or with other options; to start anew and keep this file under another name: quasar model reset " + path
	if got != nil || !errors.Is(err, ErrIncompatible) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	imported := &Checkpoint{Created: created, Model: netState(smallNet())} // its network has seen no features
	if err := imported.Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCheckpoint(path, "1234", nil); err != nil {
		t.Errorf("one that was imported: %v", err)
	}
}

func TestWhatCannotBeSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.quasar")
	mustSave(t, path, 1)
	for _, c := range []struct {
		name   string
		change func(*Checkpoint)
		want   string
	}{
		{"a step below 0", func(c *Checkpoint) { c.Step = -1 }, "step: got -1, want 0 or more"},
		{"features of another hash", func(c *Checkpoint) { c.FeatureHash = "x" }, `feature hash: got "x", and `},
		{"an asset twice", func(c *Checkpoint) { c.Features.Names[1] = c.Features.Names[0] }, `asset "V75 \"\u00e9\"": got it twice`},
		{"fewer cells than assets", func(c *Checkpoint) { c.Features.Cells = c.Features.Cells[1:] }, `tensor "features.cells": got `},
		{"a tensor of another type", func(c *Checkpoint) { c.Model.Tensors[0].Data = []int{1} }, "tensor head.arm.x: got []int, want []float64, []float32, []int64 or []byte"},
		{"a tensor of another shape", func(c *Checkpoint) { c.Model.Tensors[0].Shape = []int{1, 2} }, `tensor "head.arm.x": got 0 bytes, want 16 for F64 of [1 2]`},
		{"a tensor that is another part's", func(c *Checkpoint) { c.Model.Tensors[0].Name = "norm.mean" }, `tensor "norm.mean": there are two of that name`},
		{"a configuration that is no JSON", func(c *Checkpoint) { c.Config = jsontext.Value("{") }, "config: want JSON"},
	} {
		bad := learned(t)
		c.change(bad)
		if err := bad.Save(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if got, err := LoadCheckpoint(path, "", nil); err != nil || got.Step != 1 {
		t.Errorf("got %v, want what was there", err)
	}
}

func TestReset(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.quasar")
	if _, err := Reset(path, created); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is nothing", err)
	}
	mustSave(t, path, 1, 2)
	set, err := Reset(path, created)
	want := []string{Former(path) + ".before-20260304T050607.000000Z", path + ".before-20260304T050607.000000Z"}
	if diff := cmp.Diff(want, set); err != nil || diff != "" {
		t.Errorf("got %v, -want +got\n%s", err, diff)
	}
	for i, name := range set {
		if got, err := readCheckpoint(name, ""); err != nil || got.Step != int64(i+1) {
			t.Errorf("%s: got %v, want it whole", name, err)
		}
	}
	if _, err := LoadCheckpoint(path, "", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the next one starts anew", err)
	}
}

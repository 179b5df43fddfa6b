package axrvi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/rank"
)

// Schema is the version of the checkpoints that are written, and the only one that
// is read.
const Schema = 1

// checkpointFormat is what the metadata of a checkpoint say that it is.
const checkpointFormat = "quasar-ranker"

// ErrIncompatible says that a checkpoint is whole, but of another schema or of other
// features: to go on with it would be wrong.
var ErrIncompatible = errors.New("incompatible")

// errDamaged says that a file is not what was once written.
var errDamaged = errors.New("damaged")

// Checkpoint is all that a ranker has learned. The same checkpoint gives the same
// bytes.
type Checkpoint struct {
	// Created is when it was made; it is kept to the nanosecond.
	Created time.Time
	// Step is how many rounds were learned from.
	Step int64
	// FeatureHash names the meaning of the features, as rank.Features.Hash does; "" for
	// a network that was imported and has seen none.
	FeatureHash string
	// Config is the JSON of what the ranker was told, for people; nil for none.
	Config jsontext.Value
	// Imported is the SHA-256 of the file that the network came from, in hexadecimal;
	// "" for none.
	Imported string
	// LastSeen is when each asset was last heard of; assets may be missing.
	LastSeen map[string]time.Time
	// Random is the state of the random numbers, of ChaCha8.MarshalBinary; nil for none.
	Random []byte

	// Model is what the Model knows; nothing but its network in a checkpoint that was
	// made from a file of PyTorch. Its names may not be those of the other parts.
	Model State
	// What follows is what the others know; nil for none.
	Features *rank.FeaturesState
	Norm     *NormState
	Gate     *bandit.GateState
}

// NormState is all that a rank.Normaliser knows.
type NormState struct{ Live, Frozen rank.NormaliserState }

// Encode returns the file: safetensors, with a checksum over all of it.
func (c *Checkpoint) Encode() ([]byte, error) {
	w := newWriter()
	if err := c.writeMeta(w); err != nil {
		return nil, err
	}
	if c.parts(exchange{w: w}); w.err != nil {
		return nil, w.err
	}
	data, err := w.file.Encode()
	if err != nil {
		return nil, err
	}
	return seal(data)
}

// seal puts the checksum in its place.
func seal(data []byte) ([]byte, error) {
	at, err := findChecksum(data, noChecksum)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	hex.Encode(data[at:], sum[:])
	return data, nil
}

// noChecksum stands in the place of the checksum while it is taken.
var noChecksum = strings.Repeat("0", 2*sha256.Size)

const checksumKey = "checksum"

func findChecksum(data []byte, sum string) (int, error) {
	member := `"` + checksumKey + `":"`
	at := bytes.Index(data, []byte(member+sum))
	if at < 0 {
		return 0, fmt.Errorf("%w: it has no checksum where one should be", errDamaged)
	}
	return at + len(member), nil
}

// DecodeCheckpoint reads what Encode returned. The error is ErrIncompatible for a
// file that is whole, but of another schema.
func DecodeCheckpoint(data []byte) (*Checkpoint, error) {
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err := checkFormat(f.Metadata); err != nil {
		return nil, err
	}
	if err := checkSum(data, f.Metadata[checksumKey]); err != nil {
		return nil, err
	}
	r := newReader(f)
	c := &Checkpoint{}
	c.readMeta(r)
	c.parts(exchange{r: r})
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return c, nil
}

// IsCheckpoint tells by the metadata of a safetensors file whether it is meant to be
// a checkpoint, of whatever schema.
func IsCheckpoint(meta map[string]string) bool { return meta["format"] == checkpointFormat }

func checkFormat(meta map[string]string) error {
	if !IsCheckpoint(meta) {
		return fmt.Errorf("%w: got safetensors of the format %+q, want a checkpoint of the ranker; weights alone are taken over by 'quasar model import'", ErrIncompatible, clip(meta["format"]))
	}
	if got := meta["schema_version"]; got != fmt.Sprint(Schema) {
		return fmt.Errorf("%w: got a checkpoint of schema %+q, want %d: it was made by another version of quasar", ErrIncompatible, clip(got), Schema)
	}
	return nil
}

func checkSum(data []byte, sum string) error {
	at, err := findChecksum(data, sum)
	if err != nil {
		return err
	}
	h := sha256.New()
	for _, part := range [][]byte{data[:at], []byte(noChecksum), data[at+len(sum):]} {
		_, _ = h.Write(part) // a hash takes everything
	}
	if got := hex.EncodeToString(h.Sum(nil)); len(sum) != len(noChecksum) || got != sum {
		return fmt.Errorf("%w: got the checksum %s, want %s", errDamaged, got, clip(sum))
	}
	return nil
}

// clip keeps text from a file short.
func clip(text string) string {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

func (c *Checkpoint) writeMeta(w *writer) error {
	if c.Step < 0 {
		return fmt.Errorf("step: got %d, want 0 or more", c.Step)
	}
	if c.Features != nil && c.Features.Hash != c.FeatureHash {
		return fmt.Errorf("feature hash: got %+q, and %+q of the features", c.FeatureHash, c.Features.Hash)
	}
	w.text("format", checkpointFormat)
	w.text("schema_version", fmt.Sprint(Schema))
	w.text(checksumKey, noChecksum)
	w.text("feature_set_hash", c.FeatureHash)
	w.text("created", c.Created.UTC().Format(time.RFC3339Nano))
	w.text("step", fmt.Sprint(c.Step))
	w.text("imported", c.Imported)
	if c.Config != nil && !c.Config.IsValid() {
		return errors.New("config: want JSON")
	}
	w.text("config", string(c.Config))
	w.text("rng", base64.StdEncoding.EncodeToString(c.Random))
	if c.Features != nil {
		all, err := newAssets(c.Features.Names, c.LastSeen)
		if err != nil {
			return err
		}
		w.json("assets", all)
		w.json("sources", c.Features.Sources)
	}
	if c.Gate != nil {
		counts := *c.Gate
		counts.Up, counts.Down = nil, nil // in tensors: they may be infinite
		w.json("gate", counts)
	}
	return w.err
}

func (c *Checkpoint) readMeta(r *reader) {
	c.FeatureHash, c.Imported = r.text("feature_set_hash"), r.text("imported")
	c.Created, c.Step = r.time("created"), r.int("step")
	c.Config = jsontext.Value(r.text("config"))
	if len(c.Config) == 0 {
		c.Config = nil
	} else if !c.Config.IsValid() {
		r.fail(errors.New("config: want JSON"))
	}
	random, err := base64.StdEncoding.DecodeString(r.text("rng"))
	if r.fail(err); len(random) > 0 {
		c.Random = random
	}
	if r.has("assets") {
		c.Features = &rank.FeaturesState{Hash: c.FeatureHash}
		var assets assets
		r.json("assets", &assets)
		r.json("sources", &c.Features.Sources)
		var err error
		c.Features.Names, c.LastSeen, err = assets.names()
		r.fail(err)
	}
	if r.has("gate") {
		c.Gate = &bandit.GateState{}
		r.json("gate", c.Gate)
	}
}

// assets are the numbers of the assets by name, and when they were last heard of.
type assets map[string]assetMeta

type assetMeta struct {
	Index    int        `json:"index"`
	LastSeen *time.Time `json:"last_seen,omitzero"`
}

func newAssets(names []string, seen map[string]time.Time) (assets, error) {
	all := make(assets, len(names))
	for i, name := range names {
		meta := assetMeta{Index: i}
		if at, ok := seen[name]; ok {
			at = at.UTC()
			meta.LastSeen = &at
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("asset %+q: got it twice, want each once", clip(name))
		}
		all[name] = meta
	}
	return all, nil
}

// names puts the assets back in order.
func (a assets) names() (names []string, seen map[string]time.Time, err error) {
	names = make([]string, len(a))
	taken := make([]bool, len(a))
	for name, meta := range a {
		if meta.Index < 0 || meta.Index >= len(a) || taken[meta.Index] {
			return nil, nil, fmt.Errorf("asset %+q: got the number %d, want each from 0 to %d once", clip(name), meta.Index, len(a)-1)
		}
		names[meta.Index], taken[meta.Index] = name, true
		if meta.LastSeen != nil {
			if seen == nil {
				seen = make(map[string]time.Time)
			}
			seen[name] = *meta.LastSeen
		}
	}
	return names, seen, nil
}

// parts writes the tensors of what the parts know, or reads them.
func (c *Checkpoint) parts(e exchange) {
	if f := c.Features; f != nil {
		e.numbers("features.clock", &f.Clock[0], &f.Clock[1])
		e.floats("features.cells", &f.Cells, len(f.Names), rank.StateWidth)
	}
	if e.here("norm.count", c.Norm != nil) {
		if c.Norm == nil {
			c.Norm = &NormState{}
		}
		e.normaliser("norm.", &c.Norm.Live)
		e.normaliser("norm.frozen.", &c.Norm.Frozen)
	}
	if g := c.Gate; g != nil {
		e.floats("gate.up", &g.Up)
		e.floats("gate.down", &g.Down)
	}
	e.state(&c.Model)
}

func (e exchange) normaliser(prefix string, s *rank.NormaliserState) {
	e.floats(prefix+"count", &s.Count)
	e.floats(prefix+"mean", &s.Mean, len(s.Count))
	e.floats(prefix+"variance", &s.Variance, len(s.Count))
}

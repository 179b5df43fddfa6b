package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/internal/torchfile"
)

func newModelInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what is in a checkpoint, a safetensors file or a file of PyTorch",
		Long: `Inspect says what a file is, by its content and not by its name, and lists its
tensors. Nothing in it is run. It exits with 1 if the file is damaged or cannot be
used.`,
		Example: "  quasar model inspect axrvi.quasar\n  quasar model inspect axrvi.pt --json",
		Args:    oneFile,
	}
	asJSON := cmd.Flags().Bool("json", false, "print it as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := describe(args[0])
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), d)
		}
		return d.print(cmd.OutOrStdout())
	}
	return cmd
}

// description is what is said of a model's file.
type description struct {
	File string `json:"file"`
	// Kind is checkpoint, safetensors or pytorch.
	Kind   string `json:"kind"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Networks are the sizes of the chains of fully connected layers.
	Networks   [][]int         `json:"networks"`
	Checkpoint *checkpointInfo `json:"checkpoint,omitempty"`
	Format     string          `json:"format,omitempty"`
	Where      string          `json:"where,omitempty"`
	Metadata   map[string]any  `json:"metadata,omitempty"`
	Tensors    []tensorInfo    `json:"tensors"`
	Others     []tensorInfo    `json:"other_tensors,omitempty"`
}

type checkpointInfo struct {
	Created     time.Time      `json:"created"`
	Step        int64          `json:"step"`
	FeatureHash string         `json:"feature_set_hash"`
	Config      jsontext.Value `json:"config,omitempty"`
	Imported    string         `json:"imported,omitempty"`
	Assets      []string       `json:"assets"`
	GateCount   int64          `json:"gate_outcomes"`
}

// tensorInfo has the least, the mean and the greatest of the numbers that are
// finite; nil if there are none.
type tensorInfo struct {
	Name      string   `json:"name"`
	DType     string   `json:"dtype"`
	Shape     []int    `json:"shape"`
	Least     *float64 `json:"min"`
	Mean      *float64 `json:"mean"`
	Greatest  *float64 `json:"max"`
	NotFinite int      `json:"not_finite"`
}

func describe(path string) (*description, error) {
	data, err := axrvi.ReadModel(path)
	if home := axrvi.HomePath(path); errors.Is(err, fs.ErrNotExist) && home != path && exists(home) {
		err = fmt.Errorf("%w; what the ranker learned is in %s", err, home)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	d := &description{File: path, Bytes: len(data), SHA256: hex.EncodeToString(sum[:])}
	if safetensors.IsOne(data) {
		err = d.safetensors(data)
	} else {
		err = d.pytorch(data)
	}
	if err == nil {
		d.Networks, err = axrvi.Networks(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (d *description) safetensors(data []byte) error {
	f, err := safetensors.Decode(data)
	if err != nil {
		return err
	}
	d.Kind = "safetensors"
	for _, t := range f.Tensors {
		d.Tensors = append(d.Tensors, newTensorInfo(t.Name, string(t.DType), t.Shape, t.Numbers()))
	}
	if len(f.Metadata) > 0 {
		d.Metadata = make(map[string]any, len(f.Metadata))
	}
	for key, value := range f.Metadata {
		d.Metadata[key] = value
	}
	if !axrvi.IsCheckpoint(f.Metadata) {
		return nil
	}
	c, err := axrvi.DecodeCheckpoint(data)
	if err != nil {
		return err
	}
	d.Kind, d.Metadata = "checkpoint", nil
	d.Checkpoint = &checkpointInfo{Created: c.Created, Step: c.Step, FeatureHash: c.FeatureHash, Config: c.Config, Imported: c.Imported, Assets: []string{}}
	if c.Gate != nil {
		d.Checkpoint.GateCount = c.Gate.N
	}
	if c.Features != nil {
		d.Checkpoint.Assets = append(d.Checkpoint.Assets, c.Features.Names...)
	}
	return nil
}

func (d *description) pytorch(data []byte) error {
	f, err := torchfile.Decode(data)
	if err != nil {
		return err
	}
	d.Kind, d.Format, d.Where = "pytorch", f.Format, f.Where
	for _, t := range f.Weights {
		d.Tensors = append(d.Tensors, newTensorInfo(t.Name, string(t.DType), t.Shape, t.Numbers()))
	}
	for _, t := range f.Others {
		d.Others = append(d.Others, newTensorInfo(t.Name, string(t.DType), t.Shape, t.Numbers()))
	}
	if len(f.Values) > 0 {
		d.Metadata = make(map[string]any, len(f.Values))
	}
	for _, v := range f.Values {
		d.Metadata[v.Name] = printable(v.Value)
	}
	return nil
}

// printable keeps what JSON has no words for: NaN and the infinities.
func printable(v any) any {
	if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return fmt.Sprint(x)
	}
	return v
}

func newTensorInfo(name, dtype string, shape []int, values iter.Seq[float64]) tensorInfo {
	t := tensorInfo{Name: name, DType: strings.ToLower(dtype), Shape: append([]int{}, shape...)}
	least, greatest, sum, count := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.NotFinite++
			continue
		}
		count++
		least, greatest = min(least, v), max(greatest, v)
		sum += (v - sum) / count // a mean of its own: a plain sum may overflow
	}
	if count > 0 {
		t.Least, t.Mean, t.Greatest = &least, &sum, &greatest
	}
	return t
}

func (d *description) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\n", d.title())
	fmt.Fprintf(table, "Size\t%d bytes, SHA-256 %s\n", d.Bytes, d.SHA256)
	if c := d.Checkpoint; c != nil {
		fmt.Fprintf(table, "Created\t%s, after %d rounds\n", c.Created.Format(time.RFC3339), c.Step)
		fmt.Fprintf(table, "Features\t%s\n", orNone(c.FeatureHash))
		fmt.Fprintf(table, "Told\t%s\n", orNone(strings.ReplaceAll(quoted([]string{string(c.Config)}), `\"`, `"`)))
		fmt.Fprintf(table, "Assets\t%s\n", orNone(quoted(c.Assets)))
		fmt.Fprintf(table, "Gate\t%d outcomes\n", c.GateCount)
		if c.Imported != "" {
			fmt.Fprintf(table, "Network of\ta file with the SHA-256 %s\n", c.Imported)
		}
	}
	for _, sizes := range d.Networks {
		fmt.Fprintf(table, "Network\t%s (inputs, hidden units, outputs)\n", dashed(sizes))
	}
	for _, key := range slices.Sorted(maps.Keys(d.Metadata)) {
		fmt.Fprintf(table, "%s\t%s\n", quoted([]string{key}), short(d.Metadata[key]))
	}
	fmt.Fprintln(table)
	printTensors(table, "TENSOR", d.Tensors)
	if len(d.Others) > 0 {
		fmt.Fprintln(table)
		printTensors(table, "BESIDE IT", d.Others)
	}
	return table.Flush()
}

func (d *description) title() string {
	switch d.Kind {
	case "checkpoint":
		return "A checkpoint of the ranker"
	case "pytorch":
		title := "A file of PyTorch, as a zip archive"
		if d.Format == "legacy" {
			title = "A file of PyTorch, in the format before 1.6"
		}
		if d.Where != "" {
			title += ", with the weights under " + quoted([]string{d.Where})
		}
		return title
	}
	return "A safetensors file"
}

func printTensors(w io.Writer, title string, tensors []tensorInfo) {
	fmt.Fprintf(w, "%s\tTYPE\tSHAPE\tMIN\tMEAN\tMAX\t\n", title)
	for _, t := range tensors {
		warning := ""
		if t.NotFinite > 0 {
			warning = fmt.Sprintf("%d not finite", t.NotFinite)
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\t%s\t%s\n", quoted([]string{t.Name}), t.DType, t.Shape, figure(t.Least), figure(t.Mean), figure(t.Greatest), warning)
	}
}

func figure(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g", *x)
}

// quoted joins texts of a file, each safe for a terminal.
func quoted(texts []string) string {
	safe := make([]string, len(texts))
	for i, text := range texts {
		q := fmt.Sprintf("%+q", text)
		safe[i] = q[1 : len(q)-1]
	}
	return strings.Join(safe, " ")
}

// short is a value in a line.
func short(v any) string {
	const most = 100
	text := quoted([]string{fmt.Sprint(v)})
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func dashed(sizes []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(sizes), "[]"), " ", "-")
}

package rank_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/rank"
)

const featuresDoc = "../docs/features.md"

// tables is what the document has between its marks: a table for each group.
func tables() string {
	var out strings.Builder
	group := ""
	for _, f := range rank.Table() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&out, "\n**%s**\n\n| Feature | Formula | Unit | Range | z | Not known |\n|---|---|---|---|---|---|\n", group)
		}
		z := ""
		if f.Scaled {
			z = "z"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %g to %g | %s | %s |\n",
			f.Name, escape.Replace(f.Formula), f.Unit, f.Min, f.Max, z, strings.Join(f.Missing, ", "))
	}
	return out.String()
}

// escape keeps a formula from being read as two cells.
var escape = strings.NewReplacer("|", `\|`)

// The document has the table that the code has.
func TestGoldenDocument(t *testing.T) {
	data, err := os.ReadFile(featuresDoc)
	if err != nil {
		t.Fatal(err)
	}
	between := regexp.MustCompile(`(?s)(<!-- The tables .*? -->\n)(.*?)(\n## Verified skill\n)`)
	found := between.FindSubmatch(data)
	if found == nil {
		t.Fatalf("%s: got no place for the tables", featuresDoc)
	}
	if *update {
		written := between.ReplaceAllFunc(data, func([]byte) []byte {
			return []byte(string(found[1]) + tables() + string(found[3]))
		})
		if err := os.WriteFile(featuresDoc, written, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(tables(), string(found[2])); diff != "" {
		t.Errorf("%s is not what the code does (make golden) -code +document\n%s", featuresDoc, diff)
	}
}

var featureName = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)

func TestTheTableIsWhole(t *testing.T) {
	table := rank.Table()
	seen := make(map[string]rank.Feature)
	for _, f := range table {
		if _, twice := seen[f.Name]; twice || !featureName.MatchString(f.Name) {
			t.Errorf("got the name %q twice or not in lower case", f.Name)
		}
		if f.Formula == "" || f.Unit == "" || f.Group == "" || f.Min >= f.Max {
			t.Errorf("%s: got %+v, want a formula, a unit, a group and a range", f.Name, f)
		}
		seen[f.Name] = f
	}
	for _, f := range table {
		for _, mask := range f.Missing {
			if m, ok := seen[mask]; !ok || m.Group != "Not known" || !f.Scaled {
				t.Errorf("%s: got the mask %q, want one that there is, and for a feature that is scaled", f.Name, mask)
			}
		}
	}
	if len(table) != rank.Width || len(seen) != rank.Width {
		t.Errorf("got %d features, want %d", len(seen), rank.Width)
	}
	table[0].Missing[0] = "spoilt"
	if rank.Table()[0].Missing[0] == "spoilt" {
		t.Error("the table is not the caller's own")
	}
}

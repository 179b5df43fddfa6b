package axrvi

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/karlquant/quasar/internal/safetensors"
)

// docs/model-files.md has every name that a checkpoint has.
func TestTheNamesInACheckpointAreExplained(t *testing.T) {
	page, err := os.ReadFile("../docs/model-files.md")
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(t, Options{Features: 4})
	newPlay(1, 3, 4, slope).teach(m, 20)
	c := learned(t)
	c.Model = m.State()
	f, err := safetensors.Decode(encoded(t, c))
	if err != nil {
		t.Fatal(err)
	}
	layer := regexp.MustCompile(`\.\d+\.`)
	like := strings.NewReplacer("recent.", "head.", "phi.xx", "head.xx", "phi.xy", "head.xy", "phi.factor", "head.factor",
		"phi.whitened", "head.whitened", "phi.numbers", "head.numbers", "phi.counts", "head.counts") // the page says that they are alike
	names := make(map[string]bool)
	for _, x := range f.Tensors {
		names[like.Replace(layer.ReplaceAllString(x.Name, ".N."))] = true
	}
	for key := range f.Metadata {
		names[key] = true
	}
	if len(names) < 40 {
		t.Errorf("got %d names, want 40 at least", len(names))
	}
	for name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/model-files.md: got nothing about %s", name)
		}
	}
}

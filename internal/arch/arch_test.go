package arch

import (
	"os"
	"path"
	"strings"
	"testing"
)

// TestHouse holds the arrows over this module.
func TestHouse(t *testing.T) {
	law, err := House()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := Check(os.DirFS("../.."), "github.com/karlquant/quasar", law)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// The map in CONTRIBUTING.md has every package, or the folder of programs that it lies
// in, and nothing that is not there.
func TestTheMapIsWhole(t *testing.T) {
	places := mapOfContributing(t)
	files, err := read(os.DirFS("../.."), "github.com/karlquant/quasar")
	if err != nil {
		t.Fatal(err)
	}
	missing := make(map[string]bool)
	for _, f := range files {
		programs := strings.HasPrefix(f.pkg, "e2e/") || strings.HasPrefix(f.pkg, "examples/")
		if !places[f.pkg] && !(programs && places[path.Dir(f.pkg)]) && !missing[f.pkg] {
			missing[f.pkg] = true
			t.Errorf("got no %s in the map of CONTRIBUTING.md, want every package there", f.pkg)
		}
	}
	for place := range places {
		if _, err := os.Stat("../../" + place); place != Root && err != nil {
			t.Errorf("the map of CONTRIBUTING.md: %v", err)
		}
	}
}

// mapOfContributing are the places in the left column of the map.
func mapOfContributing(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "## Where a thing lives\n")
	table, _, _ := strings.Cut(after, "\n## ")
	places := make(map[string]bool)
	for line := range strings.Lines(table) {
		left, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if line == left || !strings.HasPrefix(left, "`") {
			continue
		}
		for place := range strings.SplitSeq(left, ", ") {
			name, _, _ := strings.Cut(strings.TrimPrefix(place, "`"), "`")
			places[name] = true
		}
	}
	return places
}

package app

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Whatever the files in deploy/ start a hub with, it is a flag of the hub.
func TestWhatDeployStartsIsThere(t *testing.T) {
	seen := 0
	for _, name := range []string{"compose/compose.yaml", "kubernetes/hubs.yaml"} {
		data, err := os.ReadFile("../../deploy/cluster/" + name)
		if err != nil {
			t.Fatal(err)
		}
		documents := yaml.NewDecoder(bytes.NewReader(data))
		for {
			var document yaml.Node
			if documents.Decode(&document) != nil {
				break
			}
			seen += checkFlags(t, name, &document)
		}
	}
	if seen < 20 {
		t.Errorf("found %d flags in all, want those of four hubs", seen)
	}
}

func checkFlags(t *testing.T, file string, node *yaml.Node) (seen int) {
	t.Helper()
	if word, ok := strings.CutPrefix(node.Value, "--"); ok {
		name, _, _ := strings.Cut(word, "=")
		if newHub().Flags().Lookup(name) == nil {
			t.Errorf("%s:%d: got --%s, want a flag of 'quasar hub'", file, node.Line, name)
		}
		seen++
	}
	for _, inner := range node.Content {
		seen += checkFlags(t, file, inner)
	}
	return seen
}

package arch

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// Whoever publishes, subscribes or ranks links no NATS: it belongs to a hub that is
// one of several. The sources are read for who imports it, for the go command may
// answer from before a change; that command knows what comes along.
func TestWhoLinksNATS(t *testing.T) {
	may := map[string]bool{"hub/natsengine": true, "e2e/cluster": true}
	tree := os.DirFS("../..")
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (name == "bench" || name == "tools" || path.Base(name) == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || may[path.Dir(name)] {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if strings.Contains(string(data), `"`+natsModules) {
			t.Errorf("%s imports NATS, want that in %v alone", name, may)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../publisher", "../../subscriber", "../../ranker", "../../hub").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), natsModules) {
		t.Errorf("publisher, subscriber, ranker or hub links NATS:\n%s", out)
	}
}

// natsModules is how the import paths of NATS begin.
const natsModules = "github.com/" + "nats-io/"

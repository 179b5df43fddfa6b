//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestTheImageRunsWithoutAnEngine puts the file system of deploy/Dockerfile together
// with the command that the file has for it, and runs what the file says in it: as user
// 1000, with a root that cannot be written to, and nothing else of this machine in sight.
// That an engine reads the file as we do is not tested here.
func TestTheImageRunsWithoutAnEngine(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root: nothing can be mounted")
	}
	image := readImage(t, "../deploy/Dockerfile")
	root := image.assemble(t, release(t, "1.0.0-rc1"))
	address := freeAddress(t)

	run := func(env []string, args ...string) *exec.Cmd {
		return image.command(root, append(env, "QUASAR_LISTEN="+address), args...)
	}
	t.Run("closed to strangers", func(t *testing.T) {
		public := image.command(root, nil, image.cmd...)
		if said, err := public.CombinedOutput(); err == nil || !strings.Contains(string(said), "quasar token new --role publisher") {
			t.Errorf("got %v\n%s\nwant it to say which tokens are missing", err, said)
		}
	})
	h := &hub{process: start(t, "the image", run(nil, image.cmd...)), address: address}
	h.awaitAlive()
	h.publish("V75", "7")
	health := image.command(root, nil, append(image.health[1:len(image.health)-1:len(image.health)-1], "http://"+address)...)
	if said, err := health.CombinedOutput(); err != nil || !strings.Contains(string(said), "ok") {
		t.Errorf("the health check: %v\n%s", err, said)
	}
	eventually(t, "its state is on the volume", func() bool {
		kept, _ := filepath.Glob(filepath.Join(root, "data", "*"))
		return len(kept) > 0
	})
	h.kill()

	again := &hub{process: start(t, "the image again", run(nil, image.cmd...)), address: address}
	again.awaitAlive()
	if status, body := again.get("/api/state"); status != http.StatusOK || !strings.Contains(string(body), `"V75"`) {
		t.Errorf("after a kill: got %d %s, want what was published", status, body)
	}
}

// image is what the last stage of a Dockerfile says.
type image struct {
	user                    string
	env                     []string
	entrypoint, cmd, health []string
}

func readImage(t *testing.T, file string) *image {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	i := &image{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "FROM":
			*i = image{} // another stage
			if _, stage, named := strings.Cut(rest, " AS "); !named && rest != "scratch" {
				t.Errorf("got the last stage %s%s, want scratch", rest, stage)
			}
		case "USER":
			i.user = rest
		case "ENV":
			i.env = append(i.env, strings.Fields(rest)...)
		case "ENTRYPOINT":
			i.entrypoint = list(t, rest)
		case "CMD":
			i.cmd = list(t, rest)
		case "HEALTHCHECK":
			_, check, _ := strings.Cut(rest, "CMD ")
			i.health = list(t, check)
		}
	}
	if i.user != "1000:1000" || len(i.entrypoint) != 1 || len(i.health) < 3 || len(i.cmd) == 0 {
		t.Fatalf("%s: got %+v", file, i)
	}
	return i
}

func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}

// release builds what `make release` would publish for this machine, once of each
// version.
func release(t *testing.T, version string) string {
	t.Helper()
	dist := filepath.Join(filepath.Dir(quasarBinary), "dist-"+version)
	binary := filepath.Join(dist, "quasar_"+version+"_linux_"+runtime.GOARCH)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	build := exec.Command("go", "run", "./internal/release", "-version", version, "-only", "linux/"+runtime.GOARCH, "-python", "", "-dist", dist)
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return binary
}

// put puts a binary where the image has its own, whether that one runs or not.
func (i *image) put(t *testing.T, root, binary string) {
	t.Helper()
	to := filepath.Join(root, i.entrypoint[0])
	run(t, "cp", binary, to+".new")
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

// assemble makes the folder /image of the first stage.
func (i *image) assemble(t *testing.T, binary string) string {
	t.Helper()
	root := t.TempDir()
	i.put(t, root, binary)
	for _, dir := range []string{"data", "tmp", "etc/ssl/certs", "dev", "proc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"data", "tmp"} {
		if err := os.Chown(filepath.Join(root, dir), 1000, 1000); err != nil {
			t.Fatal(err)
		}
	}
	for dir := root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // another user has to come by
			t.Fatal(err)
		}
	}
	return root
}

// command runs one in the image, in a name space of its own in which the root cannot be
// written to, the volume and /tmp aside.
func (i *image) command(root string, env []string, args ...string) *exec.Cmd {
	const script = `
set -e
mount --bind "$0" "$0"
mount --bind "$0/data" "$0/data"
mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
mount -o remount,bind,ro "$0"
exec env -i PATH="$PATH:/usr/sbin" "$@"`
	line := []string{"--mount", "sh", "-c", script, root}
	line = append(append(line, i.env...), env...)
	line = append(line, "chroot", "--userspec="+i.user, root)
	return exec.Command("unshare", append(append(line, i.entrypoint...), args...)...)
}

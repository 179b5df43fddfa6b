package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// module writes a module that is built in a second.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module github.com/karlquant/quasar\n\ngo 1.26.0\n",
		"cmd/quasar/main.go":      "package main\n\nimport \"github.com/karlquant/quasar/internal/build\"\n\nfunc main() { build.Main() }\n",
		"internal/build/build.go": "package build\n\nimport \"fmt\"\n\nvar stamped string\n\nfunc Main() { fmt.Println(\"quasar\", stamped) }\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func made(t *testing.T, source, dist string) {
	t.Helper()
	only := runtime.GOOS + "/" + runtime.GOARCH
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-source", source, "-dist", dist, "-version", "1.2.3-rc4", "-only", only, "-python", ""}, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
}

func TestAReleaseIsStampedAndTheSameWhereverItIsMade(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "elsewhere")
	if err := os.MkdirAll(filepath.Join(first, "of the last release"), 0o755); err != nil {
		t.Fatal(err)
	}
	made(t, module(t), first)
	made(t, module(t), second)
	binary := platform{runtime.GOOS, runtime.GOARCH}.file("1.2.3-rc4")
	said, err := exec.CommandContext(t.Context(), filepath.Join(first, binary)).Output()
	if err != nil || string(said) != "quasar 1.2.3-rc4\n" {
		t.Errorf("got %q, %v, want its version", said, err)
	}
	files, err := os.ReadDir(first)
	if err != nil || len(files) != 3 {
		t.Fatalf("got %v, %v, want the binary, the checksums and what it is made of", files, err)
	}
	for _, f := range files {
		a, _ := os.ReadFile(filepath.Join(first, f.Name()))
		b, err := os.ReadFile(filepath.Join(second, f.Name()))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: got %d bytes and then %d others, %v, want the same", f.Name(), len(a), len(b), err)
		}
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sumsFile)
	check.Dir = first
	if _, err := exec.LookPath("sha256sum"); err == nil {
		if said, err := check.CombinedOutput(); err != nil || strings.Count(string(said), ": OK") != 2 {
			t.Errorf("sha256sum: %v\n%s", err, said)
		}
	}
}

func TestAReleaseThatDoesNotBuildLeavesTheLastOne(t *testing.T) {
	source, dist := module(t), filepath.Join(t.TempDir(), "dist")
	made(t, source, dist)
	if err := os.WriteFile(filepath.Join(source, "cmd", "quasar", "main.go"), []byte("package main\n\nfunc main() { nothing() }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"-source", source, "-dist", dist, "-version", "1.2.4", "-only", "linux/amd64", "-python", ""}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "build linux/amd64") || !strings.Contains(err.Error(), "undefined: nothing") {
		t.Errorf("got %v, want what is wrong", err)
	}
	if files, err := os.ReadDir(dist); err != nil || len(files) != 3 {
		t.Errorf("got %v, %v, want the last release", files, err)
	}
	if left, _ := filepath.Glob(dist + "*half"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestABinaryThatSaysAnotherVersionIsNotPublished(t *testing.T) {
	source, dist := module(t), filepath.Join(t.TempDir(), "dist")
	if err := os.WriteFile(filepath.Join(source, "internal", "build", "build.go"), []byte("package build\n\nfunc Main() { println(\"quasar devel\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"-source", source, "-dist", dist, "-version", "1.2.4", "-only", runtime.GOOS + "/" + runtime.GOARCH, "-python", ""}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `says "quasar devel\n", want the version 1.2.4`) {
		t.Errorf("got %v, want which version it says", err)
	}
	if _, err := os.Stat(dist); err == nil {
		t.Error("it was published")
	}
}

func TestThePythonPackageIsBuiltOrSaysWhyNot(t *testing.T) {
	dir := t.TempDir()
	r := &release{source: "../..", version: "1.2.4", python: "no-such-python", out: &bytes.Buffer{}}
	if err := r.wheel(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "got no no-such-python, want Python 3.9 or later") {
		t.Errorf("got %v, want what is missing", err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no Python here")
	}
	r.python = python
	if err := r.wheel(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "is __version__ of websocket_client.py 1.2.4?") {
		t.Errorf("another version: got %v, want where it stands", err)
	}
	r.version = versionOf(t, "Makefile")
	if err := r.wheel(t.Context(), dir); err != nil {
		t.Error(err)
	}
}

// versionOf is the version that a file of the repository states.
func versionOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	found := stated[name].FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s: got no version", name)
	}
	return string(found[1])
}

var stated = map[string]*regexp.Regexp{
	"Makefile":                             regexp.MustCompile(`(?m)^VERSION +\?= (.+)$`),
	"CHANGELOG.md":                         regexp.MustCompile(`(?m)^## \[(\d.+?)\] - \d{4}-\d\d-\d\d$`), // the newest one
	"deploy/Dockerfile":                    regexp.MustCompile(`(?m)^ARG VERSION=(.+)$`),
	"deploy/compose/compose.yaml":          regexp.MustCompile(`(?m)^  image: quasar:(.+)$`),
	"deploy/huggingface/hub/Dockerfile":    regexp.MustCompile(`(?m)^ARG VERSION=v(.+)$`),
	"deploy/huggingface/ranker/Dockerfile": regexp.MustCompile(`(?m)^ARG VERSION=v(.+)$`),
	"deploy/huggingface/space/Dockerfile":  regexp.MustCompile(`(?m)^ARG VERSION=v(.+)$`),
	"python/websocket_client.py":           regexp.MustCompile(`(?m)^__version__ = "(.+)"$`),
}

func TestAllFilesStateOneVersion(t *testing.T) {
	want := versionOf(t, "Makefile")
	for name := range stated {
		got := versionOf(t, name)
		if name == "python/websocket_client.py" && got == pythonVersion(want) {
			continue
		}
		if got != want {
			t.Errorf("%s: got the version %s, want %s of the Makefile", name, got, want)
		}
	}
}

func TestVersionsOfPython(t *testing.T) {
	for version, want := range map[string]string{
		"1.0.0": "1.0.0", "1.0.0-rc1": "1.0.0rc1", "1.0.0-rc.2": "1.0.0rc2", "2.1.0-alpha3": "2.1.0a3", "2.1.0-beta.4": "2.1.0b4",
	} {
		if got := pythonVersion(version); got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}

func TestWhatIsNoReleaseIsRefused(t *testing.T) {
	for want, args := range map[string][]string{
		`got the version "", want one such as 1.0.0-rc1`:                                                                                {},
		`got the version "v1.0.0", want one such as 1.0.0-rc1`:                                                                          {"-version", "v1.0.0"},
		`got the platform "plan9/mips", want one of linux/amd64, linux/arm64, darwin/amd64, darwin/arm64, windows/amd64, windows/arm64`: {"-version", "1.0.0", "-only", "plan9/mips"},
	} {
		if err := run(context.Background(), args, &bytes.Buffer{}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
}

func TestTheListHasTheModulesOfTheBinary(t *testing.T) {
	got, err := contents(&debug.BuildInfo{
		GoVersion: "go1.26.8", Main: debug.Module{Path: "github.com/karlquant/quasar"},
		Deps: []*debug.Module{{Path: "example.com/a", Version: "v1.2.3", Sum: "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},
	}, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	const want = `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":` +
		`{"type":"application","bom-ref":"pkg:golang/github.com/karlquant/quasar@1.0.0","name":"github.com/karlquant/quasar","version":"1.0.0","purl":"pkg:golang/github.com/karlquant/quasar@1.0.0"}},"components":[` +
		`{"type":"library","bom-ref":"pkg:golang/stdlib@1.26.8","name":"stdlib","version":"1.26.8","purl":"pkg:golang/stdlib@1.26.8"},` +
		`{"type":"library","bom-ref":"pkg:golang/example.com/a@v1.2.3","name":"example.com/a","version":"v1.2.3","purl":"pkg:golang/example.com/a@v1.2.3",` +
		`"hashes":[{"alg":"SHA-256","content":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}]}]}`
	if err != nil || string(text) != want {
		t.Errorf("got %s, %v\nwant %s", text, err, want)
	}
	if _, err := contents(&debug.BuildInfo{Deps: []*debug.Module{{Path: "example.com/a", Version: "v1.2.3"}}}, "1.0.0"); err == nil {
		t.Error("got no error for a module without a checksum")
	}
}

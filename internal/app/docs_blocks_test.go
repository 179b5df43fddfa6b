//go:build unix

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// asCommand makes this test's binary the quasar command, for the documentation's blocks.
const asCommand = "QUASAR_TEST_AS_COMMAND"

// docsLong lets the blocks run that take long: make docs-test.
const docsLong = "QUASAR_DOCS"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// documented are the pages whose blocks are run: all but the records of what once was.
func documented(path string) bool {
	return path != "CHANGELOG.md" && !strings.HasPrefix(path, "docs/decisions/")
}

// What the documentation tells people to type is typed here, page by page, each in a
// shell, a directory and on ports of its own. A comment before a block says what else
// than to run it has to be done: "background" (it goes on until the page ends), "file
// NAME" (people save it), "from FILE" (it stands in that file, which is tested), "long"
// (only with QUASAR_DOCS=1), "parse REASON" (its commands are there and take their
// flags; for what needs a venue, or has tests of its own), "skip REASON".
func TestTheBlocksOfTheDocumentationRun(t *testing.T) {
	for _, p := range readPages(t, documented) {
		t.Run(p.path, func(t *testing.T) {
			t.Parallel()
			script := newScript(t)
			for i := range p.blocks {
				script.add(&p.blocks[i])
			}
			if script.commands > 0 && !t.Failed() {
				script.run(p)
			}
		})
	}
}

// script is a page as one shell script, so that what one block sets the next one finds.
type script struct {
	t        *testing.T
	dir      string
	ports    map[string]string // what stands in the documentation: what stands for it
	text     strings.Builder
	commands int
}

func newScript(t *testing.T) *script {
	s := &script{t: t, dir: t.TempDir(), ports: make(map[string]string)}
	for _, documented := range []string{"7860", "7861", "7862", "7870", "8080"} {
		s.ports[documented] = freePort(t)
	}
	return s
}

// portsTaken counts the ports that were tried.
var portsTaken atomic.Int64

// freePort is one that nobody listens at, below those that systems give to whoever asks
// for any: a server of a block comes to it only later.
func freePort(t *testing.T) string {
	t.Helper()
	const first, count = 15_000, 16_000
	for range count {
		port := strconv.FormatInt(first+(int64(os.Getpid())*97+portsTaken.Add(1))%count, 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("found no free port")
	return ""
}

// add takes a block into the script, or tests it at once.
func (s *script) add(b *block) {
	switch {
	case (b.word == "skip" || b.word == "parse") && len(b.more) < 10:
		s.t.Errorf("line %d: %s: got no reason, want one", b.line, b.word)
	case b.word == "skip":
	case b.word == "parse":
		s.parse(b)
	case b.word == "long" && os.Getenv(docsLong) == "":
	case b.word == "file":
		s.write(b.more, s.local(b.text))
	case b.word == "from":
		s.checkSource(b)
	case b.word != "" && b.word != "background" && b.word != "long":
		s.t.Errorf("line %d: docs-test: got %q, want background, file, from, long, parse or skip", b.line, b.word)
	default:
		s.addLanguage(b)
	}
}

func (s *script) addLanguage(b *block) {
	language, _, _ := strings.Cut(b.language, " ")
	switch language {
	case "sh":
		s.shell(b, s.local(b.text))
	case "python":
		name := fmt.Sprintf("block-%d.py", b.line)
		s.write(name, s.local(b.text))
		s.shell(b, "python3 "+name+"\n")
	case "json":
		if !json.Valid([]byte(b.text)) {
			s.t.Errorf("line %d: this is not JSON", b.line)
		}
	case "yaml":
		if err := yaml.Unmarshal([]byte(b.text), new(any)); err != nil {
			s.t.Errorf("line %d: %v", b.line, err)
		}
	case "text", "mermaid":
	default:
		s.t.Errorf("line %d: a block of the language %q; want sh, python, json, yaml, text or mermaid, or a comment before it", b.line, language)
	}
}

// local puts free ports in place of the documented ones, and keeps everything on this
// machine.
func (s *script) local(text string) string {
	for documented, free := range s.ports {
		text = strings.ReplaceAll(text, ":"+documented, ":"+free)
	}
	return strings.NewReplacer("0.0.0.0:", "127.0.0.1:", "//HOST:", "//127.0.0.1:").Replace(text)
}

func (s *script) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

var server = regexp.MustCompile(`quasar (hub|rank|sim|demo)\b`)

var listening = regexp.MustCompile(`--listen \S+:([0-9]+)`)

// shell adds commands. Of those in the background it waits until what they start answers.
func (s *script) shell(b *block, text string) {
	s.commands++
	fmt.Fprintf(&s.text, "echo '# line %d' >&2\n", b.line)
	if b.word != "background" {
		s.text.WriteString(text)
		return
	}
	fmt.Fprintf(&s.text, "( set -e\n%s) || echo 'line %d ended' >>.ended &\n", text, b.line)
	for line := range strings.Lines(text) {
		if m := server.FindStringSubmatch(line); m != nil {
			port := s.ports[map[string]string{"hub": "7860", "demo": "7860", "rank": "7861", "sim": "7870"}[m[1]]]
			if given := listening.FindStringSubmatch(line); given != nil {
				port = given[1]
			}
			fmt.Fprintf(&s.text, "answers %s\n", port)
		}
	}
}

// checkSource holds that a block stands in a file that is compiled and tested, its
// indentation aside.
func (s *script) checkSource(b *block) {
	text, err := os.ReadFile(filepath.Join(repository, b.more))
	if err != nil {
		s.t.Error(err)
		return
	}
	if !strings.Contains(flat(string(text)), flat(b.text)) {
		s.t.Errorf("line %d: this is not in %s", b.line, b.more)
	}
	s.write(filepath.Base(b.more), s.local(b.text))
}

// parse holds that the commands of ours in a block are there and take their flags.
func (s *script) parse(b *block) {
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if args := exampleArgs(line); args != nil {
			if err := takes(args); err != nil {
				s.t.Errorf("line %d: %s: %v", b.line, strings.TrimSpace(line), err)
			}
		}
	}
}

func flat(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// The commands that are not what they seem: ours is this binary, on the page's own
// ports; make says what it would do, for all of it is tested elsewhere; go runs nothing
// but our command.
const (
	quasarScript = `#!/bin/sh
export ` + asCommand + `=1
case "$1" in
hub) export QUASAR_LISTEN="${QUASAR_LISTEN:-127.0.0.1:$PORT7860}" ;;
rank) export QUASAR_LISTEN="${QUASAR_LISTEN:-127.0.0.1:$PORT7861}" QUASAR_HUB="${QUASAR_HUB:-ws://127.0.0.1:$PORT7860}" ;;
sim) export QUASAR_LISTEN="${QUASAR_LISTEN:-127.0.0.1:$PORT7870}" ;;
demo) export QUASAR_LISTEN="127.0.0.1:$PORT7860" QUASAR_RANKER_LISTEN="127.0.0.1:$PORT7861" ;;
*) export QUASAR_HUB="${QUASAR_HUB:-ws://127.0.0.1:$PORT7860}" ;;
esac
exec "$QUASAR_TEST_BINARY" "$@"
`
	makeScript = `#!/bin/sh
exec /usr/bin/env PATH="$REAL_PATH" make -n -C "$REPOSITORY" "$@" >/dev/null
`
	goScript = `#!/bin/sh
case "$1 $2" in
"run ./cmd/quasar") shift 2; exec quasar "$@" ;;
"install github.com/karlquant/quasar/cmd/quasar@latest"|"install ./cmd/quasar") exit 0 ;;
esac
export PATH="$REAL_PATH" HOME="$REAL_HOME" GOFLAGS=-mod=mod GOPROXY=off
case "$1 $2" in
"mod init") exec go "$@" ;;
"get github.com/karlquant/quasar@latest")
	cp "$REPOSITORY/go.sum" .
	exec go mod edit -require github.com/karlquant/quasar@v0.0.0 -replace "github.com/karlquant/quasar=$REPOSITORY" ;;
"run .") exec go "$@" ;;
esac
echo "go $*: the documentation's test does not run this" >&2
exit 1
`
	prologue = `set -eu
answers() {
	for i in $(seq 200); do
		if curl -s -o /dev/null "http://127.0.0.1:$1/livez"; then return 0; fi
		sleep 0.05
	done
	echo "nothing answers at port $1" >&2
	return 1
}
`
	epilogue = `test ! -e .ended || { cat .ended; exit 1; }
`
)

func (s *script) run(p *page) {
	s.t.Helper()
	for _, tool := range []string{"sh", "curl", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			s.t.Skipf("no %s: install it to run the documentation's blocks", tool)
		}
	}
	s.t.Logf("a free port each: %v", s.ports)
	bin := filepath.Join(s.dir, ".bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		s.t.Fatal(err)
	}
	for name, text := range map[string]string{"quasar": quasarScript, "make": makeScript, "go": goScript} {
		s.write(filepath.Join(".bin", name), text)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", prologue+s.text.String()+epilogue)
	cmd.Dir, cmd.Env = s.dir, s.environment(bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 100*time.Millisecond
	err := cmd.Start()
	if err == nil {
		pid := cmd.Process.Pid
		defer func() { _ = syscall.Kill(-pid, syscall.SIGKILL) }() // what is in the background
		err = cmd.Wait()
	}
	if err != nil && !strings.Contains(err.Error(), "WaitDelay") {
		s.t.Errorf("%s: %v\n%s", p, err, out.Bytes())
	}
}

func (s *script) environment(bin string) []string {
	python, err := filepath.Abs(filepath.Join(repository, "python"))
	if err != nil {
		s.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	env := []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "REAL_PATH=" + os.Getenv("PATH"), "REAL_HOME=" + os.Getenv("HOME"),
		"REPOSITORY=" + filepath.Dir(python), "QUASAR_TEST_BINARY=" + self,
		"GORACE=atexit_sleep_ms=0", "PYTHONPATH=" + python, "PYTHONDONTWRITEBYTECODE=1", "HOME=" + s.dir, "GOCOVERDIR=" + s.dir,
	}
	for documented, free := range s.ports {
		env = append(env, "PORT"+documented+"="+free)
	}
	return env
}

//go:build e2e

package e2e

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startSim starts a fast simulator and returns its URL.
func startSim(t *testing.T) string {
	t.Helper()
	address := freeAddress(t)
	p := start(t, "quasar sim", exec.Command(quasarBinary, "sim", "--listen", address, "--speed", "200", "--seed", "1", "--indices", "V75_1s,CRASH50"))
	eventually(t, "the simulator is there", func() bool { return strings.Contains(p.errors(), "quasar sim on") })
	return "http://" + address
}

// epochs reads the ticks of all recordings in a directory, as gzip and a JSON library
// of others see them, up to where each is cut.
func epochs(t *testing.T, dir string) map[string][]int64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]int64)
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if zip, err := gzip.NewReader(file); err == nil { // cut before anything was in it
			for lines := bufio.NewScanner(zip); lines.Scan(); {
				var record struct {
					Tick struct {
						Symbol string
						Epoch  int64
					}
				}
				if json.Unmarshal(lines.Bytes(), &record) == nil && record.Tick.Epoch > 0 { // the last line may be cut
					all[record.Tick.Symbol] = append(all[record.Tick.Symbol], record.Tick.Epoch)
				}
			}
		}
		_ = file.Close() // it was only read
	}
	return all
}

// TestARecorderIsKilledInALoop kills a recorder at any moment: all that it had synced
// is there, each file can be read, and what was recorded before is as it was.
func TestARecorderIsKilledInALoop(t *testing.T) {
	url, dir := startSim(t), t.TempDir()
	before := 0
	for round := range 8 {
		p := start(t, "quasar record", exec.Command(quasarBinary, "record", "V75_1s", "CRASH50", "--deriv-url", url, "--dir", dir, "--sync", "10ms", "--file-bytes", "2000"))
		eventually(t, "it records", func() bool { return len(epochs(t, dir)["1HZ75V"]) > before+200 })
		synced := epochs(t, dir)
		time.Sleep(time.Duration(round*7) * time.Millisecond)
		p.kill()
		after := epochs(t, dir)
		for symbol, list := range synced {
			if len(after[symbol]) < len(list) {
				t.Fatalf("%s: got %d ticks after the kill, %d before", symbol, len(after[symbol]), len(list))
			}
		}
		before = len(after["1HZ75V"])
	}
	out := filepath.Join(t.TempDir(), "calibration.json")
	text, err := exec.Command(quasarBinary, "calibrate", dir, "--out", out).CombinedOutput()
	if err != nil || !strings.Contains(string(text), "1HZ75V   volatility") {
		t.Errorf("quasar calibrate: %v\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
	if err != nil || len(files) < 16 {
		t.Errorf("got %d files, %v, want several of each life", len(files), err)
	}
}

// TestARecorderWithoutRoom has a disk of 256 KiB fill up, or a limit on the size of
// files where that is forbidden: the recorder ends and says why, and what it wrote can
// be read.
func TestARecorderWithoutRoom(t *testing.T) {
	url, dir := startSim(t), t.TempDir()
	args := []string{quasarBinary, "record", "V75_1s", "CRASH50", "--deriv-url", url, "--dir", dir, "--sync", "1ms"}
	const disk = `mount -t tmpfs -o size=32k,mode=700 none "$0" && { "$@"; code=$?; cp "$0"/* "$OUT"; exit $code; }`
	out := t.TempDir()
	cmd := exec.Command("unshare", append([]string{"-rm", "sh", "-c", disk, dir}, args...)...)
	if text, err := exec.Command("unshare", "-rm", "sh", "-c", `mount -t tmpfs none "$0"`, t.TempDir()).CombinedOutput(); err != nil {
		t.Logf("no tmpfs here, so a limit: %v %s", err, text)
		out = dir
		cmd = exec.Command("sh", append([]string{"-c", `ulimit -f 16; exec "$@"`, "sh"}, args...)...)
	}
	cmd.Env = append(os.Environ(), "OUT="+out)
	p := start(t, "quasar record", cmd)
	err := p.wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("got %v, exit code %d, want 1", err, code)
	}
	said := p.errors()
	if !strings.Contains(said, "no space left on device") && !strings.Contains(said, "file too large") || !strings.Contains(said, "quasar record: ") {
		t.Errorf("got %s, want why it ended, and what it kept", said)
	}
	t.Log(strings.TrimSpace(said))
	if n := len(epochs(t, out)["1HZ75V"]); n < 100 {
		t.Errorf("got %d ticks in what it left, want 100 or more", n)
	}
}

// TestARecorderEndsInGoodOrder has SIGTERM lose nothing, and files for the owner alone.
func TestARecorderEndsInGoodOrder(t *testing.T) {
	url, dir := startSim(t), filepath.Join(t.TempDir(), "new")
	p := start(t, "quasar record", exec.Command(quasarBinary, "record", "V75_1s", "--deriv-url", url, "--dir", dir, "--sync", "1h"))
	time.Sleep(2 * time.Second)
	for range 2 { // as timeout(1) does
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.wait(); err != nil {
		t.Errorf("got %v, want exit code 0", err)
	}
	list := epochs(t, dir)["1HZ75V"]
	for i := 1; i < len(list); i++ {
		if list[i] != list[i-1]+1 {
			t.Fatalf("got %d after %d", list[i], list[i-1])
		}
	}
	if len(list) < 100 || !strings.Contains(p.errors(), " ticks, 0 quotes and 0 snapshots in 1 files") {
		t.Errorf("got %d ticks: %s", len(list), p.errors())
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o007 != 0 {
			t.Errorf("%s: got %v, want nothing for others", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

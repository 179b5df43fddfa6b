//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// hosted is a folder of deploy/huggingface, put together as its Dockerfile says and
// started with the variables and secrets that its README names. What go install would
// take from the network is built from here. That Hugging Face builds and runs it as we
// do is not tested.
type hosted struct {
	*hub
	image *image
	root  string
	env   []string
}

func host(t *testing.T, folder, binary string, env ...string) *hosted {
	t.Helper()
	h := &hosted{hub: &hub{address: freeAddress(t)}, image: readImage(t, "../deploy/huggingface/"+folder+"/Dockerfile")}
	h.root = h.image.assemble(t, binary)
	h.env = slices.Concat(env, []string{"QUASAR_LISTEN=" + h.address, "SPACE_ID=owner/" + folder, "SPACE_HOST=owner-" + folder + ".hf.space"})
	h.up(t)
	return h
}

func (h *hosted) up(t *testing.T) {
	t.Helper()
	h.process = start(t, h.env[len(h.env)-1], h.image.command(h.root, h.env, h.image.cmd...))
	h.awaitAlive()
}

// update ends the hub as an orchestrator does, and starts another binary in its place.
func (h *hosted) update(t *testing.T, binary string) {
	t.Helper()
	h.image.put(t, h.root, binary)
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.wait(); err != nil {
		t.Errorf("got %v at the end of %s, want none", err, h.address)
	}
	h.up(t)
}

// isWell holds what Hugging Face wants of each Space.
func (h *hosted) isWell(t *testing.T) {
	t.Helper()
	check := slices.Concat(h.image.health[1:len(h.image.health)-1], []string{"http://" + h.address})
	if said, err := h.image.command(h.root, nil, check...).CombinedOutput(); err != nil {
		t.Errorf("the health check of %s: %v\n%s", h.root, err, said)
	}
	resp, err := http.Get("http://" + h.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors https://huggingface.co") || resp.Header.Get("X-Frame-Options") != "" {
		t.Errorf("%s: got the policy %q, want one that lets huggingface.co hold it in a frame", h.env[len(h.env)-1], policy)
	}
}

func TestTheSpacesTalkAndTheHubIsUpdatedUnderThem(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root: nothing can be mounted")
	}
	python := pythonWith("json", "")(t)[0]
	binary := release(t, "1.0.0-rc1")
	file := filepath.Join(t.TempDir(), "quasar-tokens.jsonl")
	publish := newToken(t, file, "--role", "publisher", "--space", "V75", "--space", "PY")
	subscribe := newToken(t, file, "--role", "subscriber")
	view := newToken(t, file, "--role", "viewer")
	tokens, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	h := host(t, "hub", binary, "QUASAR_TOKENS="+string(tokens))
	space := host(t, "space", binary, "HUB_WS_URL="+h.ws(""), "QUASAR_TOKEN="+publish)
	ranker := host(t, "ranker", binary, "HUB_SUB_URL="+h.ws(""), "QUASAR_TOKEN="+subscribe, "QUASAR_TOKENS="+string(tokens), "QUASAR_ASSETS=V75,PY")
	trainer := exec.Command(python, "clients/trainer.py", h.ws(""), "PY")
	trainer.Env = append(os.Environ(), "PYTHONPATH=../python", "QUASAR_TOKEN="+publish)
	start(t, "Python trainer", trainer)
	for _, one := range []*hosted{h, space, ranker} {
		one.isWell(t)
	}

	spaces := []string{"V75", "PY"}
	before := map[string]reading{}
	for _, name := range spaces {
		eventually(t, name+" trains", func() bool { before[name] = h.readAs(t, view, name); return before[name].steps > 3 })
		eventually(t, name+" is ranked", func() bool {
			_, body := request(t, "http://"+ranker.address+"/rankings", "X-Quasar-Token", view)
			return strings.Contains(string(body), `"`+name+`"`)
		})
	}
	h.update(t, release(t, "1.0.1"))
	if got := at(h.object("/health"), "version"); got != "1.0.1" {
		t.Errorf("got the version %v, want the new one", got)
	}
	for _, name := range spaces {
		eventually(t, name+" is back by itself", func() bool {
			now := h.readAs(t, view, name)
			if now.seq != 0 && now.seq < before[name].seq {
				t.Errorf("%s: got seq %f after %f, want it never to go back", name, now.seq, before[name].seq)
			}
			return now.connected && now.steps > before[name].steps && now.seq > before[name].seq
		})
	}
	eventually(t, "the space says that it is connected", func() bool { return at(space.object("/health"), "connected") == true })
}

// readAs reads a space as whoever has the token.
func (h *hosted) readAs(t *testing.T, token, space string) (r reading) {
	t.Helper()
	status, body := request(t, "http://"+h.address+"/metrics/"+space, "X-Quasar-Token", token)
	if status != http.StatusOK {
		return r
	}
	return readingOf(decode(t, string(body)))
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const deployed = "../deploy/prometheus/"

// prometheusTool returns the path of one of Debian's prometheus.
func prometheusTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s: apt-get install prometheus", name)
	}
	return path
}

// promtool runs promtool, which must be content.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(prometheusTool(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// prometheus is a running Prometheus that scrapes one hub every second.
type prometheus struct {
	*process
	url string
}

// startPrometheus starts one with the configuration that is deployed, but for the
// hub's address, the times, and the file with who vouches for the hub's certificate,
// "" for a hub without one.
func startPrometheus(t *testing.T, hub, ca string) *prometheus {
	t.Helper()
	binary := prometheusTool(t, "prometheus")
	rules, err := filepath.Abs(deployed + "quasar.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(deployed + "prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for from, to := range map[string]string{
		"127.0.0.1:7860": hub, "scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s", "quasar.rules.yml": rules,
	} {
		if strings.Count(config, from) != 1 {
			t.Fatalf("prometheus.yml: got %d times %q, want it once", strings.Count(config, from), from)
		}
		config = strings.Replace(config, from, to, 1)
	}
	if job := "  - job_name: quasar\n"; ca != "" {
		config = strings.Replace(config, job, job+"    scheme: https\n    tls_config: {ca_file: "+ca+"}\n", 1)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	p := &prometheus{url: "http://" + address}
	p.process = start(t, "prometheus", exec.Command(binary, "--config.file="+path, "--storage.tsdb.path="+folder, "--web.listen-address="+address, "--log.level=warn"))
	eventually(t, "prometheus is ready", func() bool {
		status, _, err := get(p.url + "/-/ready")
		return err == nil && status == http.StatusOK
	})
	return p
}

// answer is what Prometheus's API says.
type answer[T any] struct {
	Status, Error string
	Data          T
}

func ask[T any](p *prometheus, path string, query url.Values) T {
	p.t.Helper()
	status, body, err := get(p.url + path + "?" + query.Encode())
	if err != nil {
		p.t.Fatal(err)
	}
	var a answer[T]
	if err := json.Unmarshal(body, &a); err != nil || status != http.StatusOK || a.Status != "success" {
		p.t.Fatalf("%s %v: got %d %s (%v)", path, query, status, body, err)
	}
	return a.Data
}

// values returns the numbers that an expression has at the moment, without those
// that are none.
func (p *prometheus) values(expr string) []float64 {
	p.t.Helper()
	data := ask[struct {
		Result []struct{ Value [2]any }
	}](p, "/api/v1/query", url.Values{"query": {expr}})
	var out []float64
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		if x, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	return out
}

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// alert is one of quasar.rules.yml.
type alert struct {
	Alert, Expr string
	Labels      struct{ Severity string }
	Annotations struct{ Summary, Action string }
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	readYAML(t, deployed+"quasar.rules.yml", &file)
	return file.Groups[0].Rules
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Each alert fires when it should and not when it should not, as its cases have
// it, and says what is the matter and what to do.
func TestEveryAlertFiresWhenItShould(t *testing.T) {
	promtool(t, "", "check", "rules", deployed+"quasar.rules.yml")
	promtool(t, "", "check", "config", deployed+"prometheus.yml")
	promtool(t, "", "test", "rules", deployed+"quasar.rules_test.yml")

	var file struct {
		Tests []struct {
			Rules []struct {
				Alertname string
				Expected  []struct{} `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, deployed+"quasar.rules_test.yml", &file)
	type cases struct{ fires, quiet int }
	tested := make(map[string]cases)
	for _, test := range file.Tests {
		for _, r := range test.Rules {
			c := tested[r.Alertname]
			if len(r.Expected) > 0 {
				c.fires++
			} else {
				c.quiet++
			}
			tested[r.Alertname] = c
		}
	}
	for _, a := range alerts(t) {
		if c := tested[a.Alert]; c.fires == 0 || c.quiet == 0 {
			t.Errorf("%s: got %d cases that fire and %d that do not, want both", a.Alert, c.fires, c.quiet)
		}
		if !slices.Contains([]string{"page", "look"}, a.Labels.Severity) || a.Annotations.Summary == "" || a.Annotations.Action == "" {
			t.Errorf("%s: got %+v, want a severity, a summary and an action", a.Alert, a)
		}
	}
}

// A real Prometheus scrapes a real hub, the only one of its cluster: promtool finds nothing wrong with what the
// hub says, every expression of the dashboard has numbers, every series that an
// alert looks at is there, and those alerts that should rise here do.
func TestADashboardAndAlertsOverARealHub(t *testing.T) {
	prometheusTool(t, "prometheus")
	h := &hub{address: freeAddress(t)}
	h.process = start(t, "quasar hub", exec.Command(quasarBinary, "hub", "--listen", h.address, "--insecure-allow-anonymous", "--hub-id", "a", "--cluster-listen", "127.0.0.1:0"))
	h.awaitAlive()
	p := startPrometheus(t, h.address, "")
	start(t, "trainer", exec.Command(trainerBinary, "ws://"+h.address, "V75"))
	start(t, "watch", exec.Command(quasarBinary, "watch", "--json", "--hub", "ws://"+h.address))
	visit(t, h)

	status, text := h.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: got %d", status)
	}
	promtool(t, string(text), "check", "metrics")

	checkDashboard(t, p)
	checkAlerts(t, p, false, map[string]string{"QuasarHubOpen": "pending", "QuasarSpaceContested": "pending", "QuasarSpaceSuspect": "firing"})
}

// expiry are the series that only a hub with certificates has.
var expiry = []string{"quasar_hub_certificate_expiry_timestamp_seconds", "quasar_hub_cluster_certificate_expiry_timestamp_seconds"}

// A hub over TLS, for clients and for other hubs, tells when its certificates expire,
// which those of a test do soon.
func TestTheEndOfACertificateOverARealHub(t *testing.T) {
	prometheusTool(t, "prometheus")
	chain, key := issue(t)
	address := freeAddress(t)
	start(t, "quasar hub", exec.Command(quasarBinary, "hub", "--listen", address, "--tls-cert", chain, "--tls-key", key,
		"--cluster-listen", "127.0.0.1:0", "--cluster-tls-cert", chain, "--cluster-tls-key", key, "--cluster-tls-ca", chain))
	p := startPrometheus(t, address, chain)
	checkAlerts(t, p, true, map[string]string{"QuasarCertificateEnds": "inactive", "QuasarCertificateEndsSoon": "pending", "QuasarClusterCertificateEnds": "pending"})
}

// visit does what leaves a trace in counters that are not there before: two
// publishers of one space, a bad frame, a false price, and requests that are refused.
func visit(t *testing.T, h *hub) {
	t.Helper()
	ctx := t.Context()
	var contested []*websocket.Conn
	for range 2 {
		conn, _, err := websocket.Dial(ctx, h.ws("/ws/publish/CONTESTED"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		contested = append(contested, conn)
	}
	h.get("/rankings?order=best")
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.address+"/rankings", nil)
	r.Host = "evil.example"
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Fatalf("a foreign Host: got %d, want 403", answer.StatusCode)
	}
	for i, frame := range []string{`{"type":"training","data":{"training_steps":1}}`, `{"type":"voting","data":{"buy_count":1}}`} {
		go repeat(ctx, contested[i], frame)
	}
	for _, frame := range []string{"rubbish", `{"type":"voting","data":{"last_price":1000}}`, `{"type":"voting","data":{"last_price":9000}}`} {
		if err := contested[1].Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
}

// repeat sends a frame ten times a second, as long as it is taken.
func repeat(ctx context.Context, conn *websocket.Conn, frame string) {
	for {
		if err := conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// dashboard is what a test reads of Grafana's JSON.
type dashboard struct {
	Panels []struct {
		ID          int
		Type, Title string
		Description string
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

// Each expression has at least one number within patience: what it shows on a live
// hub is never just an empty panel.
func checkDashboard(t *testing.T, p *prometheus) {
	text, err := os.ReadFile("../deploy/grafana/quasar.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	checkLayout(t, &d)
	variables := strings.NewReplacer("$__rate_interval", "10s", "$job", "quasar", "$instance", ".*", "$space", ".*")
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			checkVariable(t, p, v.Name, variables.Replace(v.Definition))
		}
	}
	expressions := 0
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			expressions++
			expr := variables.Replace(target.Expr)
			if strings.Contains(expr, "$") || !strings.Contains(target.Expr, `job=~"$job", instance=~"$instance"`) {
				t.Errorf("%s: got %s, want it for the chosen job and instance and no other variable", panel.Title, target.Expr)
			}
			eventually(t, panel.Title+" has numbers: "+expr, func() bool { return len(p.values(expr)) > 0 })
		}
	}
	if expressions < 30 {
		t.Errorf("got %d expressions, want those of all panels", expressions)
	}
}

// checkLayout holds the panels apart: Grafana is not here to look at.
func checkLayout(t *testing.T, d *dashboard) {
	t.Helper()
	taken, ids := make(map[[2]int]string), make(map[int]bool)
	for _, panel := range d.Panels {
		if ids[panel.ID] || panel.Title == "" || panel.Type != "row" && (panel.Description == "" || len(panel.Targets) == 0) {
			t.Errorf("panel %d, %q: want an id of its own, a title, a description and something to show", panel.ID, panel.Title)
		}
		ids[panel.ID] = true
		g := panel.GridPos
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s: stands in the way of %q or out of the page, at %d, %d", panel.Title, other, x, y)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

func checkVariable(t *testing.T, p *prometheus, name, definition string) {
	t.Helper()
	m := labelValues.FindStringSubmatch(definition)
	if m == nil {
		t.Fatalf("$%s: got %s, want label_values", name, definition)
	}
	eventually(t, "$"+name+" has something to choose", func() bool {
		return len(ask[[]string](p, "/api/v1/label/"+m[2]+"/values", url.Values{"match[]": {m[1]}})) > 0
	})
}

// selector is a series in an expression: its name, and its labels if any.
var selector = regexp.MustCompile(`\b(?:up|process_\w+|go_\w+|quasar_hub_\w+)(?:\{[^}]*\})?`)

// Prometheus evaluates every alert without an error, each series in them is one
// that the hub has, and those whose reason is here are in the state that they should
// be in. A hub with certificates is asked for the series of those alone.
func checkAlerts(t *testing.T, p *prometheus, certified bool, states map[string]string) {
	for _, a := range alerts(t) {
		for _, series := range selector.FindAllString(a.Expr, -1) {
			if slices.Contains(expiry, series) == certified {
				eventually(t, fmt.Sprintf("%s: there is %s", a.Alert, series), func() bool { return len(p.values(series)) > 0 })
			}
		}
	}
	type state struct{ Name, State, Health, LastError string }
	var got, want []state
	for _, a := range alerts(t) {
		want = append(want, state{a.Alert, states[a.Alert], "ok", ""})
	}
	defer func() { // the newest, when patience is over
		if t.Failed() {
			t.Log(cmp.Diff(want, got))
		}
	}()
	eventually(t, "the alerts are evaluated, and those rise that should", func() bool {
		data := ask[struct{ Groups []struct{ Rules []state } }](p, "/api/v1/rules", nil)
		got = data.Groups[0].Rules
		for i := range got { // when the others rise is held by promtool; here it is a matter of timing
			if states[got[i].Name] == "" {
				got[i].State = ""
			}
		}
		return cmp.Equal(want, got)
	})
}

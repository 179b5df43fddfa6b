package app

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// original stands in for the original hub, as far as its documents fix what it does:
// what nobody sent is 0, NaN goes through as Python writes it, nothing is checked, and
// keys that came later are not there.
type original struct {
	mu          sync.Mutex // guards what follows
	snapshots   map[string]map[string]any
	subscribers []*websocket.Conn
	// spoil changes a snapshot before it is told, for a hub that is wrong.
	spoil func(snapshot map[string]any)
	// ascending sorts as the guide's other formula has it.
	ascending bool
	// listed has the publishers in a list of names.
	listed bool
	// private wants an Authorization, as a private Space does.
	private string
}

func (o *original) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o.private != "" && r.Header.Get("Authorization") != o.private {
		http.NotFound(w, r)
		return
	}
	switch name, publishes := strings.CutPrefix(r.URL.Path, "/ws/publish/"); {
	case publishes:
		o.takeFrom(w, r, name)
	case r.URL.Path == "/ws/subscribe":
		o.tell(w, r)
	default:
		o.answer(w, r.URL.Path)
	}
}

func (o *original) takeFrom(w http.ResponseWriter, r *http.Request, space string) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	for {
		_, text, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		var message map[string]any
		if json.Unmarshal(strictJSON(text), &message) == nil {
			o.merge(r.Context(), space, message)
		}
	}
}

func (o *original) merge(ctx context.Context, space string, message map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.snapshots[space]
	if s == nil {
		s = map[string]any{
			"space_name": space, "updated_at": 1.5,
			"training": map[string]any{"training_steps": 0.0, "actor_loss": 0.0, "critic_loss": 0.0, "avn_loss": 0.0, "avn_accuracy": 0.0},
			"voting":   map[string]any{"dominant_signal": "NEUTRAL", "buy_count": 0.0, "sell_count": 0.0, "last_price": 0.0, "signal_source": ""},
		}
	}
	o.snapshots[space] = s // of whatever is heard, as setdefault does
	switch message["type"] {
	case "metrics":
		maps.Copy(asObject(s["training"]), asObject(message["training"]))
		maps.Copy(asObject(s["voting"]), asObject(message["voting"]))
	case "training", "voting":
		maps.Copy(asObject(s[message["type"].(string)]), asObject(message["data"]))
	default:
		return
	}
	if o.spoil != nil {
		o.spoil(s)
	}
	o.send(ctx, o.subscribers, map[string]any{"type": "metrics_update", "space_name": space, "snapshot": s, "hub_timestamp": 1.5})
}

// send writes as Python does: NaN bare.
func (o *original) send(ctx context.Context, to []*websocket.Conn, message map[string]any) {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	for _, ws := range to {
		_ = ws.Write(ctx, websocket.MessageText, []byte(strings.ReplaceAll(string(text), `"NaN"`, "NaN")))
	}
}

func (o *original) tell(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	o.mu.Lock()
	o.send(r.Context(), []*websocket.Conn{ws}, map[string]any{"type": "initial_state", "snapshots": o.snapshots, "hub_timestamp": 1.5})
	o.subscribers = append(o.subscribers, ws)
	o.mu.Unlock()
	<-ws.CloseRead(r.Context()).Done()
}

func (o *original) answer(w http.ResponseWriter, path string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken() {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	var answer any
	space, one := strings.CutPrefix(path, "/metrics/")
	switch {
	case one && o.snapshots[space] == nil:
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"detail": "Not Found"}
	case one:
		answer = map[string]any{"space_name": space, "snapshot": o.snapshots[space], "hub_timestamp": 1.5}
	case path == "/rankings":
		answer = map[string]any{"rankings": o.rows(), "hub_timestamp": 1.5}
	case path == "/api/state":
		answer = map[string]any{"snapshots": o.snapshots, "rankings": o.rows(), "hub_timestamp": 1.5}
	case path == "/health":
		answer = map[string]any{"status": "ok", "subscribers": len(o.subscribers)}
	default:
		answer = "<!doctype html>"
	}
	if state, ok := answer.(map[string]any); ok && o.listed && path == "/api/state" {
		state["publishers"] = []string{}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write([]byte(strings.ReplaceAll(string(text), `"NaN"`, "NaN")))
}

// broken tells whether a snapshot has what cannot be added up, or written as JSON.
func (o *original) broken() bool {
	for _, s := range o.snapshots {
		if _, text := asObject(s["voting"])["buy_count"].(string); text || asObject(s["training"])["actor_loss"] == "NaN" {
			return true
		}
	}
	return false
}

func (o *original) rows() []map[string]any {
	number := func(v any) float64 { x, _ := v.(float64); return x }
	var rows []map[string]any
	for name, s := range o.snapshots {
		training, voting := asObject(s["training"]), asObject(s["voting"])
		buy, sell, confidence := number(voting["buy_count"]), number(voting["sell_count"]), 0.0
		if buy+sell > 0 {
			confidence = max(buy, sell) / (buy + sell)
		}
		rows = append(rows, map[string]any{"space_name": name, "score": confidence - number(training["avn_accuracy"]), "signal_confidence": confidence})
	}
	slices.SortFunc(rows, func(a, b map[string]any) int {
		c := cmpFloat(b["score"].(float64), a["score"].(float64))
		if o.ascending {
			c = -c
		}
		if c == 0 {
			c = strings.Compare(a["space_name"].(string), b["space_name"].(string))
		}
		return c
	})
	return rows
}

func cmpFloat(a, b float64) int {
	switch {
	case a-b > 1e-9:
		return 1
	case b-a > 1e-9:
		return -1
	}
	return 0
}

func startOriginal(t *testing.T, o *original) string {
	t.Helper()
	o.snapshots = make(map[string]map[string]any)
	server := httptest.NewServer(o)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// compared runs quasar compare and returns its findings by verdict.
func compared(t *testing.T, theirs, ours string, args ...string) (code int, found map[string][]finding) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), append([]string{"compare", "--theirs", theirs, "--ours", ours, "--json", "--wait", "10s"}, args...), strings.NewReader(""), &out, &errs)
	found = make(map[string][]finding)
	for line := range strings.Lines(out.String()) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		found[f.Verdict] = append(found[f.Verdict], f)
	}
	if len(found) == 0 {
		t.Fatalf("got nothing but %d and %s", code, &errs)
	}
	return code, found
}

func TestTwoHubsOfOursAreTheSame(t *testing.T) {
	t.Parallel()
	code, found := compared(t, realHub(t), realHub(t))
	if code != exitOK || len(found[expected])+len(found[different]) > 0 {
		t.Errorf("got the code %d, expected %v, different %v; want all the same", code, found[expected], found[different])
	}
	if len(found[same]) < 200 {
		t.Errorf("got %d things that were compared, want 200 or more", len(found[same]))
	}
}

// What differs from the original is what the migration guide says.
func TestTheOriginalDiffersAsTheGuideSays(t *testing.T) {
	t.Parallel()
	code, found := compared(t, startOriginal(t, &original{}), realHub(t))
	if code != exitOK || len(found[different]) > 0 {
		t.Errorf("got the code %d and %v, want no difference that has no reason", code, found[different])
	}
	reasons := make(map[string]bool)
	for _, f := range found[expected] {
		reasons[f.Why] = true
	}
	for _, f := range found[same] {
		if f.Where == "/rankings" && f.What == "the status" {
			reasons["it answers"] = true
		}
	}
	for _, why := range []string{"it answers", whyNull, whyNaN, whySchema, whyChecked, whyMore} {
		if !reasons[why] {
			t.Errorf("nothing was found that differs since %s", why)
		}
	}
}

// In a private Space, too.
func TestTheOtherOrderIsFound(t *testing.T) {
	t.Parallel()
	theirs := startOriginal(t, &original{ascending: true, private: "Bearer hf_sesame"})
	code, found := compared(t, theirs, realHub(t), "--authorization", "Bearer hf_sesame")
	if code != exitOK || !slices.ContainsFunc(found[expected], func(f finding) bool { return f.Why == whyOrders && f.Ours == "asc" }) {
		t.Errorf("got the code %d and %v, want the order asc to be found", code, found[expected])
	}
}

// A hub that loses votes is found out.
func TestAHubThatIsWrongIsFoundOut(t *testing.T) {
	t.Parallel()
	code, found := compared(t, startOriginal(t, &original{spoil: func(s map[string]any) { asObject(s["voting"])["sell_count"] = 1.0 }}), realHub(t))
	if code != exitFailure || !slices.ContainsFunc(found[different], func(f finding) bool {
		return f.Where == "/ws/subscribe, a whole frame" && f.What == "sell_count" && f.Theirs == 1.0 && f.Ours == 3.0
	}) {
		t.Errorf("got the code %d and %v, want a different sell_count", code, found[different])
	}
}

// The original's ranking need not hold whole snapshots; its state does.
func TestTheOriginalCanBeWatched(t *testing.T) {
	t.Parallel()
	o := &original{}
	hub := startOriginal(t, o)
	o.merge(t.Context(), "V75", map[string]any{"type": "training", "data": map[string]any{"training_steps": 1200.0}})
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"watch", "--once", "--json", "--hub", hub}, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("got the code %d and %s, want 0", code, &errs)
	}
	var got struct {
		SpaceName string         `json:"space_name"`
		Training  map[string]any `json:"training"`
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got.SpaceName != "V75" || got.Training["training_steps"] != 1200.0 {
		t.Errorf("got %v and %s, want V75 and its steps", err, &out)
	}
}

// What a scene is about excuses nothing else in it.
func TestAReasonExcusesOnlyWhatItIsAbout(t *testing.T) {
	t.Parallel()
	wrong := func(s map[string]any) {
		training, voting := asObject(s["training"]), asObject(s["voting"])
		if training["actor_loss"] == "NaN" {
			training["critic_loss"] = 5.0
		}
		if voting["dominant_signal"] == "HOLD" {
			voting["last_price"] = 5.0
		}
		if voting["sell_count"] == 0.0 && training["avn_accuracy"] == 0.4 {
			training["training_steps"] = 5.0
		}
	}
	code, found := compared(t, startOriginal(t, &original{spoil: wrong, listed: true}), realHub(t))
	got := make([]string, 0, len(found[different]))
	for _, f := range found[different] {
		got = append(got, f.Where+", "+f.What)
	}
	want := []string{
		"/ws/subscribe, training alone, training_steps",
		"/ws/subscribe, no votes at all, training_steps",
		"/ws/subscribe, a loss that diverged, critic_loss",
		"/ws/subscribe, values out of range, last_price",
		"/api/state, the kind of publishers",
	}
	if diff := cmp.Diff(want, got); diff != "" || code != exitFailure {
		t.Errorf("got the code %d and differences that are not the wanted ones (-want +got):\n%s", code, diff)
	}
}

// What an earlier run left behind on one of them would be taken for a difference.
func TestCompareWantsSpacesThatNoneOrBothHave(t *testing.T) {
	t.Parallel()
	theirs, ours := realHub(t), realHub(t)
	publish := func(hub string) {
		args := []string{"publish", "COMPARE_3", "--hub", hub, "--training-steps", "3"}
		if code := run(t.Context(), args, strings.NewReader(""), &strings.Builder{}, &strings.Builder{}); code != exitOK {
			t.Fatalf("got the code %d of publish, want 0", code)
		}
		eventually(t, func() bool { // until it is in the first frame, and not behind that
			p := peer{address: hub}
			if p.subscribe(t.Context()) != nil {
				return false
			}
			defer p.close()
			return p.had["COMPARE_3"] != nil
		}, func() string { return "no COMPARE_3 at " + hub })
	}
	publish(theirs)
	var errs strings.Builder
	code := run(t.Context(), []string{"compare", "--theirs", theirs, "--ours", ours}, strings.NewReader(""), &strings.Builder{}, &errs)
	if code != exitUsage || !strings.Contains(errs.String(), "COMPARE_3 on "+theirs+" alone") || !strings.Contains(errs.String(), "--prefix") {
		t.Errorf("got the code %d and %s, want %d, the space, the hub and --prefix", code, &errs, exitUsage)
	}
	publish(ours)
	if code, found := compared(t, theirs, ours); code != exitOK {
		t.Errorf("got the code %d and %v where both have the space, want none", code, found[different])
	}
}

func TestCompareWantsTwoHubs(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"no other hub", []string{"compare"}, exitUsage},
		{"an endpoint of the other hub", []string{"compare", "--theirs", "ws://127.0.0.1:1/ws/subscribe"}, exitUsage},
		{"an endpoint of ours", []string{"compare", "--theirs", "ws://127.0.0.1:1", "--ours", "ws://127.0.0.1:1/ws/publish/V75"}, exitUsage},
		{"a name that names no space", []string{"compare", "--theirs", "x", "--prefix", "/"}, exitUsage},
		{"a credential that others could read", []string{"compare", "--theirs", "ws://hub.example", "--authorization", "Bearer hf_sesame"}, exitConfiguration},
		{"nobody there", []string{"compare", "--theirs", "ws://127.0.0.1:1", "--wait", time.Second.String()}, exitNoConnection},
	} {
		if code := run(t.Context(), c.args, strings.NewReader(""), &strings.Builder{}, &strings.Builder{}); code != c.code {
			t.Errorf("%s: got %d, want %d", c.name, code, c.code)
		}
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Values that are in foreign fields only: they may be in no answer.
const (
	foreignNumber = "31337.25"
	foreignWord   = "never-leaves-the-hub"
)

// frames are what a publisher sends: permitted fields in every spelling that is
// forgiven, with foreign ones at every depth.
var frames = []string{
	`{"type":"identify","space":"SPACE"}`,
	`{"type":"metrics",
	  "training":{"training_steps":100,"actor_loss":0.5,"critic_loss":0.4,"avn_loss":0.3,"avn_accuracy":0.61,
	    "rewards":[31337.25,1],"cpu_percent":31337.25,"agents":{"a1":{"q_buy":31337.25,"internal":{"hidden":"never-leaves-the-hub"}}}},
	  "voting":{"dominant_signal":" buy ","buy_count":"7","sell_count":3.0,"last_price":451.25,"signal_source":"ensemble",
	    "agent_votes":[{"agent":"never-leaves-the-hub","q_sell":31337.25}]},
	  "buffer_size":31337.25,"rewards":{"sum":31337.25}}`,
	`{"type":"training","data":{"training_steps":200.0,"actor_loss":NaN,"critic_loss":Infinity,"avn_loss":-Infinity,"memory_mb":31337.25}}`,
	`{"type":"heartbeat"}`,
	`{"type":"metrics","training":{"rewards":31337.25}}`,
	`{"type":"voting","data":{"dominant_signal":"SELL","buy_count":"2","sell_count":9.0,"q_buy":31337.25}}`,
}

// wantStripped counts the foreign fields of frames by name.
var wantStripped = map[string]any{
	"rewards": 3.0, "cpu_percent": 1.0, "agents": 1.0, "a1": 1.0, "q_buy": 2.0, "internal": 1.0, "hidden": 1.0,
	"agent_votes": 1.0, "agent": 1.0, "q_sell": 1.0, "buffer_size": 1.0, "sum": 1.0, "memory_mb": 1.0,
}

// wantSnapshots are the three that the frames make, without what the hub stamps.
func wantSnapshots(space string) []any {
	training := func(steps float64, actor, critic, avn any) map[string]any {
		return map[string]any{"training_steps": steps, "actor_loss": actor, "critic_loss": critic, "avn_loss": avn, "avn_accuracy": 0.61}
	}
	voting := func(signal string, buy, sell float64) map[string]any {
		return map[string]any{"dominant_signal": signal, "buy_count": buy, "sell_count": sell, "last_price": 451.25, "signal_source": "ensemble"}
	}
	return []any{
		map[string]any{"space_name": space, "training": training(100, 0.5, 0.4, 0.3), "voting": voting("BUY", 7, 3)},
		map[string]any{"space_name": space, "training": training(200, nil, nil, nil), "voting": voting("BUY", 7, 3)},
		map[string]any{"space_name": space, "training": training(200, nil, nil, nil), "voting": voting("SELL", 2, 9)},
	}
}

// TestForeignClients lets each client that is here publish, while all of them subscribe.
func TestForeignClients(t *testing.T) {
	t.Run("plain", func(t *testing.T) { foreignClients(t, false) })
	t.Run("compressed", func(t *testing.T) { foreignClients(t, true) })
}

func foreignClients(t *testing.T, compression bool) {
	h := startHub(t, freeAddress(t), fmt.Sprintf("--compression=%t", compression))
	here := present(t)
	for i, c := range here {
		t.Run(c.name+" publishes", func(t *testing.T) {
			space := fmt.Sprintf("E2E_%d", i)
			subscribers := make([]*process, len(here))
			for j, s := range here {
				subscribers[j] = s.start(t, "subscribe", h.ws("/ws/subscribe"))
				checkInitialState(t, subscribers[j].line(), i)
				checkCompressed(t, h, compression && s.deflates)
			}
			publish(t, c, h.ws("/ws/publish/"+space), space)
			for j, s := range subscribers {
				t.Run(here[j].name+" subscribes", func(t *testing.T) { checkUpdates(t, s, space) })
			}
			checkAnswers(t, h, space)
		})
	}
}

// checkCompressed holds that the newest subscriber is compressed to, or is not.
func checkCompressed(t *testing.T, h *hub, want bool) {
	t.Helper()
	rows := h.object("/api/state")["subscribers"].([]any)
	if got := at(rows[len(rows)-1], "compressed"); got != want {
		t.Errorf("got the row %v, want compressed: %t", rows[len(rows)-1], want)
	}
}

// publish sends the frames and holds that nothing comes back.
func publish(t *testing.T, c client, url, space string) {
	t.Helper()
	p := c.start(t, "publish", url)
	if got := p.line(); got != "open" {
		t.Fatalf("publisher: got %q, want it open", got)
	}
	for _, frame := range frames {
		p.say(strings.ReplaceAll(strings.ReplaceAll(frame, "\n", ""), "SPACE", space))
	}
	p.stdin.Close()
	if got := p.line(); got != "closed" {
		t.Errorf("publisher: got the data frame %q, want none", got)
	}
	if err := p.wait(); err != nil {
		t.Errorf("publisher: %v", err)
	}
}

// checkInitialState holds that the first message is a state of n spaces.
func checkInitialState(t *testing.T, text string, n int) {
	t.Helper()
	checkForeign(t, "initial_state", text)
	message := decode(t, text)
	snapshots, _ := message["snapshots"].(map[string]any)
	if message["type"] != "initial_state" || len(snapshots) != n {
		t.Fatalf("first message: got type %v with %d snapshots, want initial_state with %d", message["type"], len(snapshots), n)
	}
	for space, snapshot := range snapshots {
		if got := at(snapshot, "space_name"); got != space {
			t.Errorf("initial_state: got space_name %v under %s", got, space)
		}
	}
}

func checkUpdates(t *testing.T, s *process, space string) {
	var got []any
	lastSeq := 0.0
	for range wantSnapshots(space) {
		text := s.line()
		checkForeign(t, "metrics_update", text)
		message := decode(t, text)
		snapshot, _ := message["snapshot"].(map[string]any)
		if message["type"] != "metrics_update" || message["space_name"] != space || message["hub_timestamp"] == nil {
			t.Fatalf("got %s, want a metrics_update of %s", text, space)
		}
		seq, _ := snapshot["seq"].(float64)
		if seq <= lastSeq {
			t.Errorf("seq: got %f after %f, want it to rise", seq, lastSeq)
		}
		lastSeq = seq
		got = append(got, unstamped(t, snapshot))
	}
	if diff := cmp.Diff(wantSnapshots(space), got); diff != "" {
		t.Errorf("snapshots (-want +got):\n%s", diff)
	}
}

// unstamped takes away what the hub stamps, which has to be there.
func unstamped(t *testing.T, snapshot any) any {
	t.Helper()
	object, _ := snapshot.(map[string]any)
	for _, key := range []string{"seq", "updated_at", "training_at", "voting_at"} {
		if stamp, ok := object[key].(float64); !ok || stamp <= 0 {
			t.Errorf("%s: got %v, want a number above 0", key, object[key])
		}
		delete(object, key)
	}
	return snapshot
}

// checkAnswers reads every endpoint after a publisher has gone.
func checkAnswers(t *testing.T, h *hub, space string) {
	t.Helper()
	for _, path := range []string{"/", "/rankings", "/rankings?order=asc", "/rankings?order=balanced", "/metrics/" + space, "/health", "/api/state", "/metrics", "/livez", "/readyz", "/openapi.json"} {
		status, body := h.get(path)
		if status != 200 {
			t.Errorf("GET %s: got status %d, want 200", path, status)
		}
		for _, value := range []string{foreignNumber, foreignWord} {
			if strings.Contains(string(body), value) {
				t.Errorf("GET %s: got the foreign value %s in it", path, value)
			}
		}
	}
	for _, path := range []string{"/rankings", "/metrics/" + space, "/health", "/api/state"} {
		_, body := h.get(path)
		checkForeign(t, "GET "+path, string(body))
	}
	last := wantSnapshots(space)[2]
	if diff := cmp.Diff(last, unstamped(t, h.object("/metrics/" + space)["snapshot"])); diff != "" {
		t.Errorf("GET /metrics/%s (-want +got):\n%s", space, diff)
	}
	row := at(h.object("/api/state"), "publishers", space)
	got := map[string]any{"stripped_fields": at(row, "stripped_fields"), "rejected": at(row, "rejected"), "non_finite": at(row, "non_finite")}
	if diff := cmp.Diff(map[string]any{"stripped_fields": wantStripped, "rejected": 1.0, "non_finite": 3.0}, got); diff != "" {
		t.Errorf("publisher's row (-want +got):\n%s", diff)
	}
}

// checkForeign holds that no foreign field is in a message, but as the name of
// a count, and no foreign value at all.
func checkForeign(t *testing.T, where, text string) {
	t.Helper()
	for _, value := range []string{foreignNumber, foreignWord} {
		if strings.Contains(text, value) {
			t.Errorf("%s: got the foreign value %s in it", where, value)
		}
	}
	for _, key := range foreignKeys(decode(t, text)) {
		t.Errorf("%s: got the foreign field %s in it", where, key)
	}
}

func foreignKeys(value any) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			if _, foreign := wantStripped[key]; foreign {
				found = append(found, key)
			}
			if key != "stripped_fields" {
				found = append(found, foreignKeys(below)...)
			}
		}
	case []any:
		for _, below := range value {
			found = append(found, foreignKeys(below)...)
		}
	}
	return found
}

package ranker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
)

// document is an answer as a stranger reads it.
type document = map[string]any

func read(t *testing.T, body []byte) document {
	t.Helper()
	var doc document
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return doc
}

// fakeStart is when each bubble starts, in Unix seconds.
const fakeStart = 946684800.

// untaught is what the ranker says of a policy that has not learned anything.
func untaught(model any) document {
	notes := []any{"no outcome is known yet: the formula orders the assets until one is, 1m0s after the first decision"}
	if model == nil {
		notes = append(notes, "what is learned is forgotten with the process: --model FILE keeps it")
	}
	return document{
		"active": "ucb", "reward": "simple", "feedback": "both", "model": model, "ordered_by": "formula",
		"horizon_seconds": 60., "decide_every_seconds": 5., "cost": 0., "decisions": 0.,
		"labels": document{"learned": 0., "dropped": 0., "pending": 0.},
		"gate":   document{"open": false, "n": 0., "least": 50., "needed": nil, "mean": nil, "interval": nil, "sentence": "no evidence of an edge: 0 outcomes so far"},
		"notes":  notes,
	}
}

// prior is the belief about an asset of which nothing is known.
func prior(r interface{ Ranking() ranker.Ranking }, place int) document {
	b := r.Ranking().Assets[place].Belief
	return document{"score": b.Score, "mean": 0., "sd": b.SD, "interval": []any{b.Low(), b.High()}}
}

func TestRankingsHasEveryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 3, 7, 3, 0.5), {SpaceName: "B"}}
		r := follow(t, hub, &ranker.Options{Assets: []string{"A", "B", "C"}})
		time.Sleep(2 * time.Second)
		w := ask(r, "GET", "/rankings")
		confidence, accuracy := 0.7, 0.5
		want := document{
			"hub_timestamp": fakeStart + 2, "connected": true, "since": fakeStart, "policy": "ucb", "ordered_by": "formula", "order": "asc", "formula": quasar.Formula,
			"count": 2., "waiting": []any{"C"},
			"rankings": []any{
				document{
					"rank": 1., "formula_rank": 1., "belief": prior(r, 0), "propensity": nil, "space_name": "A", "score": confidence - accuracy, "signal_confidence": confidence, "avn_accuracy": accuracy,
					"dominant_signal": "BUY", "reason": nil, "connected": nil, "tradable": true, "held_back": []any{}, "stale": false,
					"age_seconds": 2., "voting_age_seconds": 2.,
					"snapshot": document{
						"space_name": "A", "seq": 3., "updated_at": fakeStart, "training_at": fakeStart, "voting_at": fakeStart,
						"training": document{"training_steps": nil, "actor_loss": nil, "critic_loss": nil, "avn_loss": nil, "avn_accuracy": 0.5},
						"voting":   document{"dominant_signal": "BUY", "buy_count": 7., "sell_count": 3., "last_price": 100., "signal_source": nil},
					},
				},
				document{
					"rank": nil, "formula_rank": nil, "belief": prior(r, 1), "propensity": nil, "space_name": "B", "score": nil, "signal_confidence": nil, "avn_accuracy": nil,
					"dominant_signal": nil, "reason": "no votes", "connected": nil, "tradable": false,
					"held_back": []any{"no votes", "no signal", "no price", "stale: the time of its update is unknown"}, "stale": true,
					"age_seconds": nil, "voting_age_seconds": nil,
					"snapshot": document{
						"space_name": "B", "seq": 0., "updated_at": nil, "training_at": nil, "voting_at": nil,
						"training": document{"training_steps": nil, "actor_loss": nil, "critic_loss": nil, "avn_loss": nil, "avn_accuracy": nil},
						"voting":   document{"dominant_signal": nil, "buy_count": nil, "sell_count": nil, "last_price": nil, "signal_source": nil},
					},
				},
			},
		}
		if diff := cmp.Diff(want, read(t, w.Body.Bytes())); diff != "" {
			t.Errorf("/rankings (-want +got):\n%s", diff)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type: got %q, want application/json", got)
		}
		embedded, err := json.Marshal(r.Ranking())
		if err != nil || !bytes.Equal(embedded, w.Body.Bytes()) {
			t.Errorf("a Ranking as JSON: got %s, %v, want what /rankings answers", embedded, err)
		}
	})
}

func TestHealthAndStateHaveEveryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.Down.Store(true)
		r := prepare(t, hub, &ranker.Options{StaleAfter: 5 * time.Second, InsecureAllowAnonymous: true})
		health := document{
			"status": "ok", "version": "unknown", "hub_timestamp": fakeStart, "timestamp": fakeStart, "uptime_seconds": 0.,
			"insecure_allow_anonymous": true, "assets": 0., "waiting": []any{}, "updates": 0.,
			"hub": document{"url": "ws://localhost", "connected": false, "since": fakeStart, "last_frame_at": nil, "connects": 0.,
				"last_error": nil, "last_error_at": nil},
			"policy":  untaught(nil),
			"trading": document{"enabled": false, "mode": nil, "standing": nil, "note": "off: --trade paper trades on paper"},
		}
		if diff := cmp.Diff(health, read(t, ask(r, "GET", "/health").Body.Bytes())); diff != "" {
			t.Errorf("/health (-want +got):\n%s", diff)
		}
		state := health
		state["stale_after_seconds"], state["order"], state["ordered_by"], state["formula"], state["rankings"] = 5., "asc", "formula", quasar.Formula, []any{}
		state["decisions"], state["trade"] = []any{}, nil
		if diff := cmp.Diff(state, read(t, ask(r, "GET", "/api/state").Body.Bytes())); diff != "" {
			t.Errorf("/api/state (-want +got):\n%s", diff)
		}
	})
}

func TestHealthTellsOfTheHubAndOfWhatWasAskedFor(t *testing.T) {
	t.Chdir(t.TempDir()) // it writes x.quasar
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5)}
		var log bytes.Buffer
		r := follow(t, hub, &ranker.Options{
			Policy: "ucb", Reward: "simple", Model: "x.pt", Version: "1.2.3",
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		time.Sleep(2 * time.Second)
		hub.Down.Store(true)
		hub.leave()
		got := read(t, ask(r, "GET", "/health").Body.Bytes())
		if diff := cmp.Diff(document{
			"url": "ws://localhost", "connected": false, "since": fakeStart + 2, "last_frame_at": fakeStart, "connects": 1.,
			"last_error": "connection lost without a close frame", "last_error_at": fakeStart + 2,
		}, got["hub"]); diff != "" {
			t.Errorf("hub (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(untaught("x.pt"), got["policy"]); diff != "" {
			t.Errorf("policy (-want +got):\n%s", diff)
		}
		if !strings.Contains(log.String(), `msg="no connection to the hub" reason="connection lost without a close frame"`) {
			t.Errorf("the log does not say that the hub is gone:\n%s", log.String())
		}
	})
}

// Two decisions a minute apart: the first is known by then. Whoever asked for the
// first before sees it as it was.
func TestDecisionsTellWhatWasChosenAndWhatBecameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5), hub.snap("N", 1, 7, 3, 0.5)}
		hub.initial[1].Voting.DominantSignal = new(quasar.Neutral)
		r := follow(t, hub, &ranker.Options{Horizon: 10 * time.Second, DecideEvery: 10 * time.Second, Seed: 1})
		price := 100.0
		for range 31 {
			time.Sleep(time.Second)
			s := hub.snap("A", time.Now().Unix(), 7, 3, 0.5)
			price *= 1.001
			s.Voting.LastPrice = new(price)
			hub.update(s)
		}
		doc := read(t, ask(r, "GET", "/decisions?limit=2").Body.Bytes())
		if got := doc["policy"].(document)["labels"]; !cmp.Equal(got, document{"learned": 2., "dropped": 0., "pending": 1.}) {
			t.Errorf("labels: got %v, want 2 learned and 1 pending", got)
		}
		decisions := doc["decisions"].([]any)
		if len(decisions) != 2 || doc["count"] != 2. {
			t.Fatalf("got %v decisions, count %v, want the newest 2", len(decisions), doc["count"])
		}
		newest, before := decisions[0].(document), decisions[1].(document)
		if newest["id"] != 3. || before["id"] != 2. || newest["timestamp"] != fakeStart+30 {
			t.Errorf("got %v at %v and %v, want 3 at the 30th second and 2", newest["id"], newest["timestamp"], before["id"])
		}
		if got := newest["held_back"]; !cmp.Equal(got, document{"no signal": 1.}) {
			t.Errorf("held back: got %v, want one for its signal", got)
		}
		a := newest["candidates"].([]any)[0].(document)
		if a["space_name"] != "A" || a["direction"] != 1. || a["propensity"] != 1. || a["outcome"] != nil || newest["space_name"] != "A" {
			t.Errorf("the newest: got %v, want A alone, a BUY, its outcome not known", newest)
		}
		known := before["candidates"].([]any)[0].(document)["outcome"].(document)
		if move := known["move"].(float64); move < 0.0099 || move > 0.0101 || known["reward"].(float64) <= 0 || known["dropped"] != nil {
			t.Errorf("the one before: got %v, want a move of ten steps of 0.001 and a reward above 0", known)
		}
		k := r.Ranking()
		at := slices.Index(k.Names(), "A")
		if k.ByFormula || k.Assets[at].Belief.Mean <= 0 || k.Assets[at].Propensity == nil || *k.Assets[at].Propensity != 1 {
			t.Errorf("the ranking: got %+v, want A by the policy, with a mean above 0 and propensity 1", k.Assets[at])
		}
		if n := k.Assets[1-at]; n.Propensity != nil || n.Tradable() {
			t.Errorf("the ranking: got %+v, want N held back and without a propensity", n)
		}
	})
}

func TestMetricsTellWhatWasLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5)}
		r := follow(t, hub, &ranker.Options{Policy: "greedy", Horizon: 2 * time.Second, DecideEvery: time.Second, Version: "1.2.3"})
		for i := range 10 {
			time.Sleep(time.Second)
			s := hub.snap("A", time.Now().Unix(), 7, 3, 0.5)
			s.Voting.LastPrice = new(100 + float64(i*i%7))
			hub.update(s)
		}
		text := ask(r, "GET", "/metrics").Body.String()
		health := read(t, ask(r, "GET", "/health").Body.Bytes())["policy"].(document)
		for _, want := range []string{
			`quasar_ranker_info{feedback="both",policy="greedy",reward="simple",version="1.2.3"} 1`,
			"quasar_ranker_connected 1", "quasar_ranker_updates_total 11", "quasar_ranker_assets 1", "quasar_ranker_gate_open 0",
			fmt.Sprintf("quasar_ranker_decisions_total %v", health["decisions"]),
			fmt.Sprintf(`quasar_ranker_outcomes_total{result="learned"} %v`, health["labels"].(document)["learned"]),
			fmt.Sprintf(`quasar_ranker_outcomes_pending %v`, health["labels"].(document)["pending"]),
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("/metrics has not %q", want)
			}
		}
		if health["decisions"] == 0. {
			t.Error("there was no decision")
		}
	})
}

func TestAQueryChoosesOrderAndLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5), hub.snap("B", 1, 6, 4, 0.9), hub.snap("C", 1, 5, 5, 0.45), hub.snap("D", 1, 0, 0, 0.5)}
		r := follow(t, hub, nil)
		for target, want := range map[string]string{
			"/rankings":                        "asc 4: B C A D",
			"/rankings?order=asc":              "asc 4: B C A D",
			"/rankings?order=desc":             "desc 4: A C B D",
			"/rankings?order=balanced&limit=2": "balanced 4: C B",
			"/rankings?limit=0":                "asc 4:",
			"/rankings?limit=9":                "asc 4: B C A D",
			"/api/state?order=desc":            "desc <nil>: A C B D",
		} {
			doc := read(t, ask(r, "GET", target).Body.Bytes())
			got := fmt.Sprintf("%v %v:", doc["order"], doc["count"])
			for _, row := range doc["rankings"].([]any) {
				got += " " + row.(document)["space_name"].(string)
			}
			if got != want {
				t.Errorf("%s: got %s, want %s", target, got, want)
			}
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, newHub(t), &ranker.Options{AllowedHosts: []string{"mine.example"}})
		for _, c := range []struct {
			name, method, target string
			header               []string
			status               int
			detail               string
		}{
			{"an order that is none", "GET", "/rankings?order=best", nil, 400, `order: got "best", want "desc", "asc" or "balanced"`},
			{"a limit below nothing", "GET", "/rankings?limit=-1", nil, 400, `limit: got "-1", want an integer from 0`},
			{"a limit twice", "GET", "/rankings?limit=1&limit=2", nil, 400, "limit: got it 2 times, want it once"},
			{"a key of nothing", "GET", "/rankings?sort=asc", nil, 400, `query: got "sort", want order or limit`},
			{"a limit of the state", "GET", "/api/state?limit=1", nil, 400, `query: got "limit", want order`},
			{"an order of decisions", "GET", "/decisions?order=asc", nil, 400, `query: got "order", want limit`},
			{"a query of health", "GET", "/health?order=asc", nil, 400, `query: got "order", want none`},
			{"a path of nothing", "GET", "/token", nil, 404, "path: got one that names nothing here, want /, /rankings, /decisions, /positions, /risk, /performance, /api/state, /health, /metrics, /openapi.json, /livez, /readyz or /trade/"},
			{"a page that is not there", "GET", "/ui/", nil, 404, "path: got one that names nothing here"},
			{"another method", "POST", "/rankings", nil, 405, `method: got "POST", want GET or HEAD`},
			{"another method of nothing", "DELETE", "/x", nil, 405, `method: got "DELETE", want GET or HEAD`},
			{"a name that was pointed at us", "GET", "/rankings", []string{"Host", "evil.example"}, 403,
				`host: got "evil.example", want a loopback name, an IP address or one of --allow-host`},
		} {
			w := ask(r, c.method, c.target, c.header...)
			want := document{"type": "about:blank", "title": http.StatusText(c.status), "status": float64(c.status), "detail": c.detail}
			if diff := cmp.Diff(want, read(t, w.Body.Bytes())); diff != "" || w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: got %d %s (-want +got):\n%s", c.name, w.Code, w.Header().Get("Content-Type"), diff)
			}
		}
		if w := ask(r, "GET", "/rankings", "Host", "mine.example:443"); w.Code != 200 {
			t.Errorf("a host that is allowed: got %d, want 200", w.Code)
		}
	})
}

// What is not a file of the page's, or made to be polled, is as it was for one
// moment and for whoever asked.
func TestWhatMayBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := follow(t, newHub(t), &ranker.Options{UI: fstest.MapFS{"index.html": {Data: []byte("page")}}})
		for want, paths := range map[string][]string{
			"no-store": {"/rankings", "/decisions", "/health", "/metrics", "/openapi.json", "/livez", "/readyz", "/view/session", "/nothing"},
			"no-cache": {"/api/state", "/", "/ui/"},
		} {
			for _, path := range paths {
				if got := ask(r, "GET", path).Header().Get("Cache-Control"); got != want {
					t.Errorf("%s: got Cache-Control %q, want %q", path, got, want)
				}
			}
		}
	})
}

// The state is polled: it costs nothing while nothing changes but the ages, and
// whatever a page shows makes it new.
func TestTheStateIsNewWhenSomethingChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5)}
		r := follow(t, hub, nil)
		etag := ""
		poll := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			w := ask(r, "GET", "/api/state", "If-None-Match", `"other", `+etag)
			if w.Code != want || w.Header().Get("Etag") == "" || (w.Body.Len() == 0) != (want == 304) {
				t.Errorf("%s: got %d with %d bytes, want %d", when, w.Code, w.Body.Len(), want)
			}
			if want == 200 && w.Header().Get("Etag") == etag {
				t.Errorf("%s: got the ETag of before, want a new one", when)
			}
			etag = w.Header().Get("Etag")
		}
		poll("the first time", 200)
		time.Sleep(20 * time.Second)
		poll("20 s later", 304)
		hub.update(hub.snap("A", 2, 9, 1, 0.5))
		poll("after an update of the same values", 200)
		time.Sleep(30 * time.Second)
		poll("just not stale", 304)
		time.Sleep(time.Second)
		poll("stale by time alone", 200)
		poll("stale as before", 304)
		hub.say(`{"type":"metrics_update","space_name":"../x"}`)
		poll("after a frame that makes no sense", 200)
		hub.Down.Store(true)
		hub.leave()
		poll("the hub went", 200)
		time.Sleep(time.Minute)
		poll("and other reasons came", 200)
		hub.leave(hub.snap("A", 3, 9, 1, 0.5))
		hub.Down.Store(false)
		time.Sleep(time.Minute)
		poll("the hub came back", 200)
		poll("at rest", 304)
		if w := ask(r, "GET", "/api/state?order=desc", "If-None-Match", etag); w.Code != 200 {
			t.Errorf("in another order: got %d, want 200", w.Code)
		}
	})
}

func TestReadyIsWithAHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		r := prepare(t, hub, nil)
		w := ask(r, "GET", "/readyz")
		if detail := read(t, w.Body.Bytes())["detail"]; w.Code != 503 || w.Header().Get("Retry-After") != "1" ||
			detail != "not ready: no connection to the hub since 2000-01-01T00:00:00Z" {
			t.Errorf("before the first connection: got %d, Retry-After %q, %v", w.Code, w.Header().Get("Retry-After"), detail)
		}
		running := follow(t, hub, nil)
		if w := ask(running, "GET", "/readyz"); w.Code != 200 || w.Body.String() != `{"status":"ready"}` {
			t.Errorf("with a hub: got %d %s, want 200", w.Code, w.Body)
		}
		hub.Down.Store(true)
		hub.leave()
		if w := ask(running, "GET", "/readyz"); w.Code != 503 {
			t.Errorf("with the hub gone: got %d, want 503", w.Code)
		}
		for _, h := range []http.Handler{r, running} {
			if w := ask(h, "GET", "/livez"); w.Code != 200 || w.Body.String() != `{"status":"ok"}` {
				t.Errorf("/livez: got %d %s, want 200", w.Code, w.Body)
			}
		}
	})
}

func TestThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		files := fstest.MapFS{
			"index.html":     {Data: []byte("<!doctype html>")},
			"ranker/main.js": {Data: []byte("export {};")},
		}
		r := prepare(t, hub, &ranker.Options{UI: files, FrameAncestors: []string{"https://huggingface.co"}})
		for target, want := range map[string]string{
			"/":                  "200 text/html; charset=utf-8",
			"/ui/":               "200 text/html; charset=utf-8",
			"/ui/ranker/main.js": "200 text/javascript; charset=utf-8",
			"/ui/ranker/":        "404 application/problem+json",
			"/ui/../x":           "404 application/problem+json",
		} {
			w := ask(r, "GET", target)
			if got := fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type")); got != want {
				t.Errorf("%s: got %s, want %s", target, got, want)
			}
			policy := w.Header().Get("Content-Security-Policy")
			if w.Code == 200 && (!strings.HasPrefix(policy, "default-src 'none';") || !strings.HasSuffix(policy, "frame-ancestors https://huggingface.co")) {
				t.Errorf("%s: got the policy %q", target, policy)
			}
			if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s: got X-Content-Type-Options %q, want nosniff", target, got)
			}
		}
		for name, ui := range map[string]fs.FS{"no UI": nil, "a UI without a page": fstest.MapFS{"main.js": {}}} {
			w := ask(prepare(t, hub, &ranker.Options{UI: ui}), "GET", "/")
			if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(w.Body.String(), "/rankings") {
				t.Errorf("%s: got %d %s %s, want a hint in plain text", name, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
		}
	})
}

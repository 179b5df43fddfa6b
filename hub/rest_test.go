package hub_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// The table of the guide: scores and the three orders, the unranked behind.
func TestRankings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		for name, frame := range map[string]string{
			"V75":     `{"type":"metrics","training":{"avn_accuracy":0.86},"voting":{"buy_count":7,"sell_count":3,"dominant_signal":"BUY"}}`, // -0.16
			"V100":    `{"type":"metrics","training":{"avn_accuracy":0.5},"voting":{"buy_count":1,"sell_count":9}}`,                          // 0.4
			"BOOM":    `{"type":"metrics","training":{"avn_accuracy":0.5},"voting":{"buy_count":5,"sell_count":5}}`,                          // 0
			"AALSO":   `{"type":"metrics","training":{"avn_accuracy":0.5},"voting":{"buy_count":4,"sell_count":4}}`,                          // 0
			"NOVOTES": `{"type":"metrics","training":{"avn_accuracy":0.5},"voting":{"buy_count":0,"sell_count":0}}`,
			"NOACC":   votes(2, 1),
		} {
			publisher(t, s, name).text(frame)
		}
		publisher(t, s, "SILENT")
		synctest.Wait()
		for query, want := range map[string][]string{
			"":                       {"V100", "AALSO", "BOOM", "V75", "NOACC", "NOVOTES"},
			"?order=desc":            {"V100", "AALSO", "BOOM", "V75", "NOACC", "NOVOTES"},
			"?order=asc":             {"V75", "AALSO", "BOOM", "V100", "NOACC", "NOVOTES"},
			"?order=balanced":        {"AALSO", "BOOM", "V75", "V100", "NOACC", "NOVOTES"},
			"?limit=2":               {"V100", "AALSO"},
			"?limit=0":               nil,
			"?limit=99999&order=asc": {"V75", "AALSO", "BOOM", "V100", "NOACC", "NOVOTES"},
		} {
			_, body := get(t, s, "/rankings"+query)
			var answer struct {
				Count    int
				Order    string
				Formula  string
				Rankings []ranking
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, r := range answer.Rankings {
				got = append(got, r.SpaceName)
				switch ranked := r.SpaceName[:2] != "NO"; {
				case ranked && (r.Rank == nil || *r.Rank != i+1 || r.Score == nil || r.Reason != nil):
					t.Errorf("%s: %s: got %+v, want rank %d", query, r.SpaceName, r, i+1)
				case !ranked && (r.Rank != nil || r.Score != nil || r.Reason == nil):
					t.Errorf("%s: %s: got %+v, want no rank and a reason", query, r.SpaceName, r)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || answer.Count != 6 || answer.Formula != quasar.Formula {
				t.Errorf("%s: got the count %d and %q (-want +got):\n%s", query, answer.Count, answer.Formula, diff)
			}
		}
		_, body := get(t, s, "/metrics/V75?order=asc")
		var one ranking
		if err := json.Unmarshal([]byte(body), &one); err != nil || *one.Rank != 1 || one.SpaceName != "V75" || *one.SignalConfidence != 0.7 {
			t.Errorf("got %s (%v)", body, err)
		}
		var raw map[string]any
		_, body = get(t, s, "/metrics/NOVOTES")
		if err := json.Unmarshal([]byte(body), &raw); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"rank", "score", "signal_confidence", "dominant_signal"} {
			if v, ok := raw[key]; !ok || v != nil {
				t.Errorf("%s of an asset without votes: got %v, want null", key, v)
			}
		}
		if raw["reason"] != "no votes" {
			t.Errorf("got the reason %v", raw["reason"])
		}
	})
}

// Errors say what was got and what is wanted, as RFC 9457 has it.
func TestErrorsOfREST(t *testing.T) {
	s := hubtest.New(t, nil)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/rankings?order=best", 400},
		{"GET", "/rankings?order=", 400},
		{"GET", "/rankings?order=asc&order=desc", 400},
		{"GET", "/rankings?limit=-1", 400},
		{"GET", "/rankings?limit=many", 400},
		{"GET", "/rankings?limit=99999999999999999999", 400},
		{"GET", "/rankings?sort=asc", 400},
		{"GET", "/rankings?order=asc;limit=1", 400},
		{"GET", "/rankings?%zz", 400},
		{"GET", "/rankings?\u202e=1", 400},
		{"GET", "/api/state?limit=1", 400},
		{"GET", "/health?x", 400},
		{"GET", "/metrics/V75?limit=1", 400},
		{"GET", "/metrics/V75", 404},
		{"GET", "/nothing", 404},
		{"GET", "/ui/", 404},
		{"GET", "/sdk/websocket_client.py", 404},
		{"POST", "/rankings", 405},
		{"DELETE", "/metrics/V75", 405},
		{"PUT", "/api/state", 405},
		{"PATCH", "/health", 405},
		{"OPTIONS", "/", 405},
		{"POST", "/livez", 405},
		{"POST", "/readyz", 405},
		{"POST", "/metrics", 405},
		{"POST", "/openapi.json", 405},
		{"TRACE", "/rankings", 405},
		{"POST", "/nothing", 404},
		{"GET", "/ws/subscribe", 426},
		{"GET", "/ws/publish/V75", 426},
		{"POST", "/ws/subscribe", 405},
		{"POST", "/ws/publish/V75", 405},
	} {
		answer := ask(t, s, c.method, c.path)
		checkProblem(t, c.method+" "+c.path, answer, c.want)
		allow := map[bool]string{true: "GET", false: "GET, HEAD"}[strings.HasPrefix(c.path, "/ws/")]
		if got := answer.Header.Get("Allow"); c.want == 405 && got != allow {
			t.Errorf("%s %s: got Allow %q, want %q", c.method, c.path, got, allow)
		}
	}
}

// Odd paths are refused where they stand: no redirect, which WebSocket clients do
// not follow, no upgrade, nothing of another place.
func TestOddPaths(t *testing.T) {
	s := hubtest.New(t, &hub.Options{UI: fstest.MapFS{"index.html": {Data: []byte("page")}}})
	publisher(t, s, "V75").text(steps(1))
	for _, c := range []struct {
		path string
		want int
	}{
		{"//rankings", 404}, {"/rankings/", 404}, {"/./rankings", 404}, {"/x/../rankings", 404}, {"/RANKINGS", 404}, {"/rankings%00", 404}, {"/rankings%20", 404},
		{"/metrics/", 400}, {"/metrics//V75", 400}, {"/metrics/V75/", 400}, {"/metrics/..%2f..%2fetc%2fpasswd", 400}, {"/metrics/../rankings", 400},
		{"/metrics/%00", 400}, {"/metrics/%0a", 400}, {"/metrics/%ff", 400}, {"/metrics/%e2%80%ae", 400}, {"/metrics/%d0%b0", 400}, {"/metrics/__proto__", 400},
		{"/metrics/" + strings.Repeat("a", 4000), 400}, {"/metrics/v75", 404},
		{"/ws/publish", 404}, {"/ws/publish/", 400}, {"//ws/publish/V75", 404}, {"/ws//publish/V75", 404}, {"/ws/publish/../subscribe", 400},
		{"/ws/subscribe/", 404}, {"/ws/subscribe/x", 404}, {"/ws/", 404}, {"/ws", 404},
		{"/ui", 404}, {"/ui//", 404}, {"/ui/../hub.go", 404}, {"/ui/%2e%2e/hub.go", 404}, {"/ui/index.html/", 404}, {"/ui/.", 404},
	} {
		for _, upgrade := range []bool{false, true} {
			conn, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			request := "GET " + c.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
			if upgrade {
				request = strings.Replace(handshake, "%s", c.path, 1)
				request = strings.Replace(request, "%s", "", 1)
			}
			_, answer := shakeRaw(t, conn, request, http.MethodGet)
			checkProblem(t, c.path, answer, c.want)
			conn.Close()
		}
	}
}

// HEAD is GET without the body.
func TestHEAD(t *testing.T) {
	s := hubtest.New(t, &hub.Options{UI: fstest.MapFS{"index.html": {Data: []byte("page")}}})
	publisher(t, s, "V75").text(steps(1))
	eventually(t, "V75", func() bool { return len(stateOf(t, s.Hub).Snapshots) == 1 })
	for _, path := range []string{"/", "/ui/", "/rankings", "/metrics/V75", "/metrics", "/health", "/api/state", "/livez", "/readyz", "/openapi.json", "/metrics/NONE"} {
		head, whole := ask(t, s, http.MethodHead, path), ask(t, s, http.MethodGet, path)
		body, err := io.ReadAll(head.Body)
		if err != nil || len(body) != 0 {
			t.Errorf("%s: got the body %q (%v)", path, body, err)
		}
		if head.StatusCode != whole.StatusCode || head.Header.Get("Content-Type") != whole.Header.Get("Content-Type") {
			t.Errorf("%s: got %s %s, want what GET has: %s %s", path, head.Status, head.Header.Get("Content-Type"), whole.Status, whole.Header.Get("Content-Type"))
		}
	}
}

// What is not a file of the page's, or made to be polled, is as it was for one
// moment and for whoever asked.
func TestWhatMayBeKept(t *testing.T) {
	s := hubtest.New(t, &hub.Options{UI: fstest.MapFS{"index.html": {Data: []byte("page")}}, SDK: fstest.MapFS{"websocket_client.py": {Data: []byte("sdk")}}})
	publisher(t, s, "V75").text(steps(1))
	eventually(t, "V75", func() bool { return len(stateOf(t, s.Hub).Snapshots) == 1 })
	for want, paths := range map[string][]string{
		"no-store": {"/rankings", "/metrics/V75", "/metrics", "/health", "/livez", "/readyz", "/openapi.json", "/login", "/nothing", "/ws/subscribe"},
		"no-cache": {"/", "/ui/", "/api/state", "/sdk/websocket_client.py"},
	} {
		for _, path := range paths {
			if got := ask(t, s, http.MethodGet, path).Header.Get("Cache-Control"); got != want {
				t.Errorf("%s: got Cache-Control %q, want %q", path, got, want)
			}
		}
	}
}

// /api/state is polled: it is sent again when something is shown differently, and
// not when only time has passed.
func TestTheETagOfTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		p.text(steps(1))
		synctest.Wait()
		time.Sleep(12 * time.Second) // the rate of updates is 0 again
		known := ""
		poll := func(query, what string, want int) {
			t.Helper()
			synctest.Wait()
			answer := ask(t, s, http.MethodGet, "/api/state"+query, "If-None-Match: "+known)
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != want || want == http.StatusNotModified && len(body) != 0 {
				t.Errorf("%s: got %s, want %d", what, answer.Status, want)
			}
			if answer.Header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s: got Cache-Control %q", what, answer.Header.Get("Cache-Control"))
			}
			known = answer.Header.Get("Etag")
		}
		poll("", "the first", 200)
		poll("", "nothing happened", 304)
		time.Sleep(15 * time.Second)
		poll("", "only time has passed", 304)
		poll("?order=asc", "another order", 200)
		poll("?order=asc", "the same order", 304)
		poll("", "the first order again", 200)
		time.Sleep(4 * time.Second)
		poll("", "it became stale", 200)
		poll("", "it stays stale", 304)
		sub := subscriber(t, s, "")
		poll("", "a subscriber came", 200)
		p.text(`{"type":"heartbeat"}`)
		poll("", "a sign of life", 200)
		p.text("rubbish")
		poll("", "a rejection", 200)
		p.text(steps(1))
		poll("", "an update", 200)
		time.Sleep(time.Second)
		poll("", "the rate of updates", 200)
		time.Sleep(time.Second)
		poll("", "the same rate of updates", 304)
		sub.close(1000)
		<-sub.done
		poll("", "a subscriber went", 200)
		poll("", "nothing happened", 304)
		known = `"x", ` + strings.TrimPrefix(known, "W/")
		poll("", "one of a list, in the strong form", 304)
		known = "*"
		poll("", "any", 304)
	})
}

func TestStaleness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		p := publisher(t, s, "V75")
		p.text(votes(7, 3))
		p.text(`{"type":"training","data":{"avn_accuracy":0.5}}`)
		synctest.Wait()
		check := func(what string, age float64, stale, connected bool) {
			t.Helper()
			synctest.Wait()
			r := stateOf(t, s.Hub).Rankings[0]
			if r.AgeSeconds != age || r.Stale != stale || r.Connected != connected || r.Score == nil {
				t.Errorf("%s: got age %v, stale %v, connected %v, score %v", what, r.AgeSeconds, r.Stale, r.Connected, r.Score)
			}
		}
		check("at once", 0, false, true)
		time.Sleep(30 * time.Second)
		p.text(`{"type":"heartbeat"}`)
		check("at the limit", 30, false, true)
		time.Sleep(time.Second / 2)
		check("beyond it, though there are signs of life", 30.5, true, true)
		p.text(steps(2))
		check("with an update", 0, false, true)
		p.close(1000)
		<-p.done
		time.Sleep(40 * time.Second)
		check("with nobody there", 40, true, false)
	})
}

func TestHealthAndLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "h1", Version: "v1.2.3", InsecureAllowAnonymous: true})
		publisher(t, s, "V75").text(steps(1))
		subscriber(t, s, "")
		time.Sleep(5 * time.Second)
		_, body := get(t, s, "/health")
		var health struct {
			Status, Version        string
			HubID                  string  `json:"hub_id"`
			UptimeSeconds          float64 `json:"uptime_seconds"`
			InsecureAllowAnonymous bool    `json:"insecure_allow_anonymous"`
			Publishers             map[string]publisherRow
			Subscribers, Assets    int
			Engine                 hub.EngineStatus
		}
		if err := json.Unmarshal([]byte(body), &health); err != nil {
			t.Fatal(err)
		}
		if health.Status != "ok" || health.Version != "v1.2.3" || health.HubID != "h1" || health.UptimeSeconds != 5 || !health.InsecureAllowAnonymous ||
			health.Subscribers != 1 || health.Assets != 1 || health.Publishers["V75"].Accepted != 1 || !health.Engine.Ready || health.Engine.Name != "memory" {
			t.Errorf("got %s", body)
		}
		for path, want := range map[string]string{"/livez": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
			if status, body := get(t, s, path); status != 200 || body != want {
				t.Errorf("%s: got %d %s, want %s", path, status, body, want)
			}
		}
		if _, body := get(t, s, "/api/state"); !strings.Contains(body, `"insecure_allow_anonymous":true`) {
			t.Errorf("the state does not show that the hub is open: %s", body)
		}
	})
}

// An engine that cannot reach its cluster makes the hub not ready, and no more.
func TestAnEngineThatIsNotReady(t *testing.T) {
	s := hubtest.New(t, &hub.Options{Engine: lostEngine{hub.NewMemoryEngine("h1")}})
	answer := ask(t, s, http.MethodGet, "/readyz")
	checkProblem(t, "/readyz", answer, http.StatusServiceUnavailable)
	if status, _ := get(t, s, "/health"); status != http.StatusOK {
		t.Errorf("/health: got %d, want 200", status)
	}
}

type lostEngine struct{ hub.Engine }

func (lostEngine) Status() hub.EngineStatus {
	return hub.EngineStatus{Name: "lost", Problem: "nobody answers"}
}

package hub_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/hubtest"
)

// goldenPublish is a case of spec/golden/publish.json. A field of Training and
// Voting that is not there was not taken.
type goldenPublish struct {
	Name        string `json:"name"`
	Frame       string `json:"frame"`
	FrameBase64 []byte `json:"frame_base64"`
	Want        struct {
		Error     string         `json:"error"`
		Training  map[string]any `json:"training"`
		Voting    map[string]any `json:"voting"`
		Stripped  []string       `json:"stripped"`
		NonFinite float64        `json:"non_finite"`
		Dropped   []string       `json:"dropped"`
	} `json:"want"`
}

func readGoldenFile[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "spec", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s: got no case", name)
	}
	return cases
}

// groups are training and voting of an answer, all ten keys.
type groups struct{ Training, Voting map[string]any }

// unknownGroups are those of a space that nothing is known of.
func unknownGroups() groups {
	return groups{
		Training: map[string]any{"training_steps": nil, "actor_loss": nil, "critic_loss": nil, "avn_loss": nil, "avn_accuracy": nil},
		Voting:   map[string]any{"dominant_signal": nil, "buy_count": nil, "sell_count": nil, "last_price": nil, "signal_source": nil},
	}
}

// books are what a hub says of a publisher's frames.
type books struct {
	Accepted, Rejected, Stripped, NonFinite, FieldErrors, Superseded float64
	StrippedFields                                                   map[string]any
	LastReason                                                       any
}

// What the golden file says of a frame is what a live hub makes of it: in the
// snapshot, in its books and to its subscribers.
func TestGoldenFramesThroughALiveHub(t *testing.T) {
	for _, c := range readGoldenFile[goldenPublish](t, "publish.json") {
		t.Run(c.Name, func(t *testing.T) {
			s := hubtest.New(t, nil)
			subscriber := openSocket(t, s, "/ws/subscribe")
			nextMessage(t, subscriber) // the initial state
			publisher := publisherOf(t, s, "V75")
			publisher(c.text())
			if diff := cmp.Diff(c.wantBooks(), booksOf(t, s, "V75")); diff != "" {
				t.Errorf("books, -want +got\n%s", diff)
			}
			want, accepted := c.wantGroups()
			if !accepted {
				fetch(t, s, "/metrics/V75", http.StatusNotFound)
				// Nothing was told to anybody: the next message is of the next frame.
				publisher(`{"type":"training","data":{"training_steps":4711}}`)
				want = unknownGroups()
				want.Training["training_steps"] = 4711.0
			}
			checkGroups(t, "/metrics/V75", want, fetch(t, s, "/metrics/V75", http.StatusOK)["snapshot"])
			checkGroups(t, "broadcast", want, decoded(t, nextMessage(t, subscriber))["snapshot"])
		})
	}
}

func (c *goldenPublish) text() string {
	if c.FrameBase64 != nil {
		return string(c.FrameBase64)
	}
	return c.Frame
}

// wantGroups lays what was taken over what is known of a new space.
func (c *goldenPublish) wantGroups() (want groups, accepted bool) {
	want = unknownGroups()
	maps.Copy(want.Training, c.Want.Training)
	maps.Copy(want.Voting, c.Want.Voting)
	return want, len(c.Want.Training)+len(c.Want.Voting) > 0
}

func (c *goldenPublish) wantBooks() books {
	want := books{
		Stripped: float64(len(c.Want.Stripped)), NonFinite: c.Want.NonFinite, FieldErrors: float64(len(c.Want.Dropped)),
		StrippedFields: make(map[string]any),
	}
	for _, name := range c.Want.Stripped {
		n, _ := want.StrippedFields[name].(float64)
		want.StrippedFields[name] = n + 1
	}
	if _, accepted := c.wantGroups(); accepted {
		want.Accepted = 1
	}
	if len(c.Want.Dropped) > 0 {
		want.LastReason = c.Want.Dropped[0]
	}
	if c.Want.Error != "" {
		want.Rejected, want.LastReason = 1, c.Want.Error
	}
	return want
}

// booksOf reads the row of a space in /health, and holds that the totals are the
// same: there is no other publisher.
func booksOf(t *testing.T, s *hubtest.Server, space string) books {
	t.Helper()
	health := fetch(t, s, "/health", http.StatusOK)
	row, _ := health["publishers"].(map[string]any)[space].(map[string]any)
	total, _ := health["stats"].(map[string]any)
	for _, key := range []string{"accepted", "rejected", "stripped", "non_finite", "field_errors", "superseded"} {
		if !cmp.Equal(row[key], total[key]) {
			t.Errorf("%s: got %v in the row and %v in the totals", key, row[key], total[key])
		}
	}
	number := func(key string) float64 { x, _ := row[key].(float64); return x }
	got := books{
		Accepted: number("accepted"), Rejected: number("rejected"), Stripped: number("stripped"),
		NonFinite: number("non_finite"), FieldErrors: number("field_errors"), Superseded: number("superseded"),
	}
	got.StrippedFields, _ = row["stripped_fields"].(map[string]any)
	if rejection, ok := row["last_rejection"].(map[string]any); ok {
		got.LastReason = rejection["reason"]
	}
	return got
}

// fetch reads a JSON answer.
func fetch(t *testing.T, s *hubtest.Server, path string, want int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != want {
		t.Fatalf("%s: got %s, want %d", path, answer.Status, want)
	}
	var body map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

func decoded(t *testing.T, message []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(message, &v); err != nil {
		t.Fatalf("%s: %v", message, err)
	}
	return v
}

func checkGroups(t *testing.T, where string, want groups, snapshot any) {
	t.Helper()
	s, _ := snapshot.(map[string]any)
	training, _ := s["training"].(map[string]any)
	voting, _ := s["voting"].(map[string]any)
	if diff := cmp.Diff(want, groups{training, voting}); diff != "" {
		t.Errorf("%s, -want +got\n%s", where, diff)
	}
}

// goldenMerge is a case of spec/golden/merge.json. The hub stamps its own times
// and seq, so only what it says of the space can be compared.
type goldenMerge struct {
	Name      string `json:"name"`
	SpaceName string `json:"space_name"`
	Frames    []struct {
		Frame     string         `json:"frame"`
		Broadcast map[string]any `json:"broadcast"`
	} `json:"frames"`
}

func TestGoldenMergesThroughALiveHub(t *testing.T) {
	for _, c := range readGoldenFile[goldenMerge](t, "merge.json") {
		t.Run(c.Name, func(t *testing.T) {
			s := hubtest.New(t, nil)
			subscriber := openSocket(t, s, "/ws/subscribe")
			nextMessage(t, subscriber)
			publish := publisherOf(t, s, c.SpaceName)
			seq := 0.0
			for _, f := range c.Frames {
				publish(f.Frame)
				if f.Broadcast == nil {
					continue // what comes next shows that nothing was sent
				}
				got := decoded(t, nextMessage(t, subscriber))
				next, _ := got["snapshot"].(map[string]any)["seq"].(float64)
				if next <= seq {
					t.Errorf("got seq %v behind %v", next, seq)
				}
				seq = next
				if diff := cmp.Diff(timeless(f.Broadcast), timeless(got)); diff != "" {
					t.Errorf("%s\n-want +got\n%s", f.Frame, diff)
				}
			}
			publish(`{"type":"training","data":{"training_steps":4711}}`)
			last, _ := decoded(t, nextMessage(t, subscriber))["snapshot"].(map[string]any)
			if steps := last["training"].(map[string]any)["training_steps"]; steps != 4711.0 {
				t.Errorf("a frame that changes nothing was broadcast: training_steps %v", steps)
			}
		})
	}
}

// timeless is a broadcast without what the hub stamps. Whether a group ever came
// stays: its time is null or it is not.
func timeless(broadcast map[string]any) map[string]any {
	broadcast = maps.Clone(broadcast)
	delete(broadcast, "hub_timestamp")
	snapshot, _ := broadcast["snapshot"].(map[string]any)
	snapshot = maps.Clone(snapshot)
	for _, key := range slices.Collect(maps.Keys(snapshot)) {
		switch key {
		case "seq", "updated_at":
			delete(snapshot, key)
		case "training_at", "voting_at":
			snapshot[key] = snapshot[key] != nil
		}
	}
	broadcast["snapshot"] = snapshot
	return broadcast
}

// goldenRanking is a case of spec/golden/ranking.json.
type goldenRanking struct {
	Name   string           `json:"name"`
	Spaces []map[string]any `json:"spaces"`
	Want   map[string][]struct {
		Rank             int      `json:"rank"`
		SpaceName        string   `json:"space_name"`
		Score            *float64 `json:"score"`
		SignalConfidence *float64 `json:"signal_confidence"`
		Reason           string   `json:"reason"`
	} `json:"want"`
}

func TestGoldenRankingsThroughALiveHub(t *testing.T) {
	for _, c := range readGoldenFile[goldenRanking](t, "ranking.json") {
		t.Run(c.Name, func(t *testing.T) {
			s := hubtest.New(t, nil)
			for _, space := range c.Spaces {
				publisherOf(t, s, space["space_name"].(string))(frameOf(t, space))
			}
			for order, want := range c.Want {
				rows, _ := fetch(t, s, "/rankings?order="+order, http.StatusOK)["rankings"].([]any)
				var got, wanted []map[string]any
				for _, row := range rows {
					got = append(got, part(row.(map[string]any), "rank", "space_name", "score", "signal_confidence", "reason"))
				}
				for _, w := range want {
					wanted = append(wanted, map[string]any{"rank": notZero(float64(w.Rank)), "space_name": w.SpaceName,
						"score": known(w.Score), "signal_confidence": known(w.SignalConfidence), "reason": notZero(w.Reason)})
				}
				if diff := cmp.Diff(wanted, got); diff != "" {
					t.Errorf("%s, -want +got\n%s", order, diff)
				}
			}
		})
	}
}

// frameOf makes the frame that a space of a ranking sends: an explicit null for
// what is not known.
func frameOf(t *testing.T, space map[string]any) string {
	t.Helper()
	frame, err := json.Marshal(map[string]any{"type": "metrics",
		"training": part(space, "avn_accuracy"), "voting": part(space, "buy_count", "sell_count")})
	if err != nil {
		t.Fatal(err)
	}
	return string(frame)
}

func part(of map[string]any, keys ...string) map[string]any {
	out := make(map[string]any, len(keys))
	for _, key := range keys {
		out[key] = of[key]
	}
	return out
}

// notZero and known are what the hub writes: null for nothing.
func notZero[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}

func known(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

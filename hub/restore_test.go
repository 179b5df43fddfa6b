package hub_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// remembering is an engine that kept records of an earlier life.
type remembering struct {
	hub.Engine
	kept    []hub.Record
	problem string
	offered []hub.Record
	sockets func() int // how many are open
	atEnd   int        // how many were when Run was told to end
}

func (e *remembering) Restored() []hub.Record { return e.kept }
func (e *remembering) Offer(r hub.Record)     { e.offered = append(e.offered, r) }

func (e *remembering) Status() hub.EngineStatus {
	status := e.Engine.Status()
	status.Problem = e.problem
	return status
}

func (e *remembering) Run(ctx context.Context, from hub.Receiver) error {
	err := e.Engine.Run(ctx, from)
	if e.sockets != nil {
		e.atEnd = e.sockets()
	}
	return err
}

func remember(records ...hub.Record) *remembering {
	return &remembering{Engine: hub.NewMemoryEngine("h1"), kept: records}
}

// keptRecord is the record of an update of training that a hub took at a time.
func keptRecord(space string, steps int64, at time.Time) hub.Record {
	var r hub.Record
	r.Snapshot = quasar.Snapshot{SpaceName: space, Seq: at.UnixMicro(), UpdatedAt: at, TrainingAt: at, Training: quasar.Training{TrainingSteps: &steps}}
	r.Stamps[quasar.TrainingSteps] = hub.Stamp{Seq: at.UnixMicro(), Hub: "h0"}
	return r
}

// What a hub shows from before its start is as old as it was, even if that was a
// second ago: its publishers may be gone.
func TestARestoredSpaceIsStaleUntilItIsUpdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := time.Now()
		time.Sleep(time.Second)
		engine := remember(keptRecord("V75", 900, before))
		s := hubtest.New(t, &hub.Options{Engine: engine})

		got := stateOf(t, s.Hub)
		want := engine.kept[0].Snapshot
		if diff := cmp.Diff(map[string]quasar.Snapshot{"V75": want}, got.Snapshots, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("/api/state: -want +got\n%s", diff)
		}
		if row := got.Rankings[0]; !row.Stale || row.Connected || row.AgeSeconds != 1 {
			t.Errorf("/api/state: got %+v, want it stale, not connected, of the age of a second", row)
		}
		if code, body := get(t, s, "/metrics/V75"); code != http.StatusOK || !strings.Contains(body, `"stale":true`) {
			t.Errorf("/metrics/V75: got %d %s, want it stale", code, body)
		}
		if len(engine.offered) != 0 {
			t.Errorf("the engine was offered what it gave: %+v", engine.offered)
		}

		p := publisher(t, s, "V75")
		synctest.Wait()
		if row := stateOf(t, s.Hub).Rankings[0]; !row.Stale {
			t.Errorf("with a publisher that has sent nothing yet: got %+v, want it stale", row)
		}
		p.text(votes(7, 3))
		synctest.Wait()
		row := stateOf(t, s.Hub).Rankings[0]
		if row.Stale || *row.Snapshot.Training.TrainingSteps != 900 || *row.Snapshot.Voting.BuyCount != 7 || row.Snapshot.Seq <= want.Seq {
			t.Errorf("updated: got %+v, want it fresh, merged, with a higher seq", row)
		}
	})
}

// A page that polls must see that what it knew is stale now.
func TestRestoredSpacesChangeTheETagWhenTheyAreUpdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{Engine: remember(keptRecord("V75", 1, time.Now()))})
		first := ask(t, s, http.MethodGet, "/api/state").Header.Get("Etag")
		if answer := ask(t, s, http.MethodGet, "/api/state", "If-None-Match: "+first); answer.StatusCode != http.StatusNotModified {
			t.Errorf("while nothing happens: got %s, want 304", answer.Status)
		}
		publisher(t, s, "V75").text(steps(2))
		synctest.Wait()
		if answer := ask(t, s, http.MethodGet, "/api/state", "If-None-Match: "+first); answer.StatusCode != http.StatusOK {
			t.Errorf("updated: got %s, want 200", answer.Status)
		}
	})
}

func TestASubscriberStartsFromRestoredSpaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(-time.Hour)
		s := hubtest.New(t, &hub.Options{Engine: remember(keptRecord("V75", 1, at), keptRecord("V100", 2, at))})
		sub := subscriber(t, s, "")
		synctest.Wait()
		publisher(t, s, "V75").text(steps(3))
		synctest.Wait()
		frames := sub.updates()
		if len(frames) != 2 {
			t.Fatalf("got %d frames, want the initial state and one update", len(frames))
		}
		if diff := cmp.Diff([]int64{2, 1, 3}, stepsOf(t, frames)); diff != "" {
			t.Fatalf("steps of V100 and V75, then of the update: -want +got\n%s", diff)
		}
		if got := frames[0].Snapshots[1]; !got.UpdatedAt.Equal(at) || got.Seq != at.UnixMicro() {
			t.Errorf("got %+v, want it with the time and the seq that it had", got)
		}
	})
}

// The clock may go back while the hub is down; seq may not.
func TestSeqGoesOnFromWhatWasRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(time.Hour)
		s := hubtest.New(t, &hub.Options{Engine: remember(keptRecord("V75", 1, ahead))})
		publisher(t, s, "V75").text(steps(2))
		synctest.Wait()
		if got := stateOf(t, s.Hub).Snapshots["V75"].Seq; got != ahead.UnixMicro()+1 {
			t.Errorf("got seq %d, want %d", got, ahead.UnixMicro()+1)
		}
	})
}

func TestRestoredSpacesAreBoundedLikeOthers(t *testing.T) {
	at := time.Now()
	h, err := hub.New(&hub.Options{MaxSpaces: 2, Engine: remember(keptRecord("A", 1, at), keptRecord("B", 1, at), keptRecord("C", 1, at))})
	if err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, h).Stats.Assets; got != 2 {
		t.Errorf("got %d spaces, want 2", got)
	}
}

// health is what these tests look at of /health.
type health struct {
	Status string
	Engine struct {
		Ready   bool
		Problem *string
	}
}

// A disk that is full must be seen, and must not take the hub out of service.
func TestAProblemOfTheEngineDegradesHealthAlone(t *testing.T) {
	engine := remember(keptRecord("V75", 1, time.Now()))
	engine.problem = "the state is not saved: no space left on device"
	s := hubtest.New(t, &hub.Options{Engine: engine})
	code, body := get(t, s, "/health")
	var got health
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if code != http.StatusOK || got.Status != "degraded" || got.Engine.Problem == nil || *got.Engine.Problem != engine.problem {
		t.Errorf("/health: got %d %s, want 200, degraded and the problem", code, body)
	}
	if code, body := get(t, s, "/metrics"); code != http.StatusOK || !strings.Contains(body, "\nquasar_hub_degraded 1\n") {
		t.Errorf("/metrics: got %d %s, want 200 and quasar_hub_degraded 1", code, body)
	}
	for _, path := range []string{"/readyz", "/livez", "/rankings", "/api/state", "/metrics/V75"} {
		if code, body := get(t, s, path); code != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", path, code, body)
		}
	}
}

// What comes in while the hub says goodbye is for the engine, too.
func TestTheEngineWorksUntilTheLastSocketIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := remember()
		s := hubtest.New(t, &hub.Options{Engine: engine})
		engine.sockets = func() int { return stateOf(t, s.Hub).Stats.Publishers }
		publisher(t, s, "V75").text(steps(1))
		synctest.Wait()
		if got := engine.sockets(); got != 1 {
			t.Fatalf("got %d publishers, want 1", got)
		}
		s.Close()
		if engine.atEnd != 0 {
			t.Errorf("got %d publishers when the engine was told to end, want none", engine.atEnd)
		}
	})
}

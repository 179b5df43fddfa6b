package hub_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// What Prometheus is told parses as its text, and is what the books say.
func TestPrometheusIsToldWhatTheBooksSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{ID: "h1", Version: "v1.2.3"})
		old := publisher(t, s, "V75")
		synctest.Wait()
		p := publisher(t, s, "V75")
		q := publisher(t, s, "V100")
		subscriber(t, s, "")
		synctest.Wait()
		old.text(steps(1))
		p.text(`{"type":"metrics","rewards":1,"training":{"actor_loss":NaN,"training_steps":5},"voting":{"buy_count":-1}}`)
		p.text("rubbish")
		p.text(`{"type":"identify","space":"V76"}`)
		p.text(`{"type":"heartbeat"}`)
		p.send(fin|opBinary, "{}")
		long := publisher(t, s, "LONG")
		long.text(strings.Repeat(" ", 65_537))
		q.text(votes(1, 2))
		synctest.Wait()
		time.Sleep(2500 * time.Millisecond)
		q.text(votes(1, 3))
		synctest.Wait()

		ask(t, s, http.MethodGet, "/rankings?order=best")
		got, families := metricsOf(t, s)
		if writes, bytes := got["quasar_hub_writes_total"], got["quasar_hub_written_bytes_total"]; writes < 1 || bytes < 3*200 {
			t.Errorf("got %v writes of %v bytes, want the state and three updates in them", writes, bytes)
		}
		delete(got, "quasar_hub_writes_total") // how many gather in one, and how long they are, is not for here
		delete(got, "quasar_hub_written_bytes_total")
		want := map[string]float64{
			"quasar_hub_info hub_id=h1 version=v1.2.3": 1, "quasar_hub_ready": 1, "quasar_hub_degraded": 0, "quasar_hub_anonymous": 0,
			"quasar_hub_frames_total result=accepted": 3, "quasar_hub_frames_total result=superseded": 1, "quasar_hub_frames_total result=sign_of_life": 1,
			"quasar_hub_frames_total reason=malformed result=rejected": 1, "quasar_hub_frames_total reason=binary result=rejected": 1,
			"quasar_hub_frames_total reason=space result=rejected": 1, "quasar_hub_frames_total reason=encoding result=rejected": 0,
			"quasar_hub_frames_total reason=too_big result=rejected": 1, "quasar_hub_frames_total reason=protocol result=rejected": 0,
			"quasar_hub_fields_total reason=stripped": 1, "quasar_hub_fields_total reason=invalid": 1, "quasar_hub_fields_total reason=non_finite": 1,
			"quasar_hub_broadcasts_total": 3, "quasar_hub_conflated_total": 0,
			"quasar_hub_sent_frames_total": 3, "quasar_hub_conflations_total": 0, "quasar_hub_stalled_total": 0, "quasar_hub_subscriber_lag_frames": 0,
			"quasar_hub_publishers": 2, "quasar_hub_subscribers": 1, "quasar_hub_assets": 2, "quasar_hub_stale_assets": 0,
			"quasar_hub_oldest_snapshot_age_seconds": 2.5, "quasar_hub_unlabelled_assets": 0,
			"quasar_hub_snapshot_age_seconds space=V75": 2.5, "quasar_hub_snapshot_age_seconds space=V100": 0,
			"quasar_hub_group_age_seconds group=training space=V75": 2.5, "quasar_hub_group_age_seconds group=voting space=V100": 0,
			"quasar_hub_training_steps space=V75": 5, "quasar_hub_space_connected space=V75": 1, "quasar_hub_space_connected space=V100": 1,
			"quasar_hub_connections_total role=publisher": 4, "quasar_hub_connections_total role=subscriber": 1,
			"quasar_hub_closes_total reason=too_big role=publisher": 1, "quasar_hub_closes_total reason=peer role=subscriber": 0,
			"quasar_hub_request_errors_total endpoint=rest status=400": 1, "quasar_hub_log_lines_left_out_total": 0,
		}
		for _, name := range []string{"quasar_hub_group_age_seconds group=voting space=V75", "quasar_hub_training_steps space=V100"} {
			if x, ok := got[name]; ok {
				t.Errorf("%s: got %v of what is not known, want nothing", name, x)
			}
		}
		maps.DeleteFunc(got, func(name string, _ float64) bool { // what may be told beside it
			_, known := want[name]
			return !known
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		books := stateOf(t, s.Hub).Stats
		want2 := stats{Publishers: 2, Subscribers: 1, Assets: 2, Accepted: 3, Rejected: 4, FieldErrors: 1, NonFinite: 1, Stripped: 1, Superseded: 1, Broadcasts: 3, UpdatesPerSecond: 0.2}
		if diff := cmp.Diff(want2, books); diff != "" {
			t.Errorf("the books (-want +got):\n%s", diff)
		}
		for _, name := range []string{"go_goroutines", "go_sched_latencies_seconds", "process_open_fds", "process_resident_memory_bytes"} {
			if families[name] == nil {
				t.Errorf("got no %s", name)
			}
		}
	})
}

// metricsOf returns what a hub tells Prometheus of itself, and the families of all.
func metricsOf(t *testing.T, s *hubtest.Server) (ours map[string]float64, families map[string]*dto.MetricFamily) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(ask(t, s, http.MethodGet, "/metrics").Body)
	if err != nil {
		t.Fatal(err)
	}
	ours = make(map[string]float64)
	for name, family := range families {
		if strings.HasPrefix(name, "quasar_") {
			for _, m := range family.Metric {
				ours[name+labels(m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return ours, families
}

func labels(m *dto.Metric) string {
	var out []string
	for _, l := range m.Label {
		if l.GetValue() != "" { // an empty label is none
			out = append(out, " "+l.GetName()+"="+l.GetValue())
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// Two hubs of one process do not mix.
func TestEachHubHasABookOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := hubtest.New(t, nil), hubtest.New(t, nil)
		publisher(t, a, "V75").text(steps(1))
		synctest.Wait()
		for server, want := range map[*hubtest.Server]string{a: `quasar_hub_assets 1`, b: `quasar_hub_assets 0`} {
			body, _ := io.ReadAll(ask(t, server, http.MethodGet, "/metrics").Body)
			if !strings.Contains(string(body), want+"\n") {
				t.Errorf("got %s, want %s in it", body, want)
			}
		}
	})
}

// A stranger who makes up spaces makes no more than a bounded number of series,
// and takes nobody's series away.
func TestSpacesBeyondTheBoundHaveNoSeries(t *testing.T) {
	s := hubtest.New(t, nil)
	known := func(prefix string, n int) {
		now := time.Now()
		for i := range n {
			r := hub.Record{Snapshot: quasar.Snapshot{SpaceName: fmt.Sprintf("%s%04d", prefix, i), Seq: 1, UpdatedAt: now.Add(-time.Hour)}}
			r.Snapshot.TrainingAt, r.Snapshot.VotingAt, r.Snapshot.Training.TrainingSteps = now, now, new(int64(7))
			r.Stamps[0] = hub.Stamp{Seq: 1, Hub: "h2"}
			s.Hub.MergeRecord(r)
		}
	}
	told := func(want map[string]int) {
		t.Helper()
		got, _ := metricsOf(t, s)
		count := map[string]int{"assets": int(got["quasar_hub_assets"]), "untold": int(got["quasar_hub_unlabelled_assets"]), "stale": int(got["quasar_hub_stale_assets"])}
		for name := range got {
			if space, ok := strings.CutPrefix(name, "quasar_hub_snapshot_age_seconds space="); ok {
				count[space[:1]]++
			}
		}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if most := 5*1000 + 200; len(got) > most {
			t.Errorf("got %d series, want at most %d", len(got), most)
		}
		if age := got["quasar_hub_oldest_snapshot_age_seconds"]; age < 3600 {
			t.Errorf("got %v for the oldest, want an hour", age)
		}
	}
	known("M", 600)
	told(map[string]int{"assets": 600, "untold": 0, "stale": 600, "M": 600})
	known("A", 900)
	known("Z", 900)
	told(map[string]int{"assets": 2400, "untold": 1400, "stale": 2400, "M": 600, "A": 400})
	told(map[string]int{"assets": 2400, "untold": 1400, "stale": 2400, "M": 600, "A": 400})
}

// Answers that say no are counted by what was asked for and by their status, of
// which there are few, whatever strangers ask for.
func TestRefusalsAreCountedInFewSeries(t *testing.T) {
	s := hubtest.New(t, nil)
	for i := range 50 {
		for _, path := range []string{"/metrics/NONE%d", "/nothing/%d", "/ws/publish/..%d", "/ws/subscribe?%d", "/rankings?x%d"} {
			ask(t, s, http.MethodGet, fmt.Sprintf(path, i))
		}
		ask(t, s, "X"+strconv.Itoa(i), "/rankings")
	}
	got, _ := metricsOf(t, s)
	maps.DeleteFunc(got, func(name string, _ float64) bool { return !strings.HasPrefix(name, "quasar_hub_request_errors_total") })
	want := map[string]float64{
		"quasar_hub_request_errors_total endpoint=rest status=404": 100, "quasar_hub_request_errors_total endpoint=rest status=400": 50,
		"quasar_hub_request_errors_total endpoint=rest status=405":    50,
		"quasar_hub_request_errors_total endpoint=publish status=400": 50, "quasar_hub_request_errors_total endpoint=subscribe status=400": 50,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// How long updates take is told as a histogram: here one subscriber took its two
// at once, and the other, compressed, the second only after three seconds.
func TestTheLatencyOfUpdatesIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, &hub.Options{Compression: true})
		p := publisher(t, s, "V75")
		subscriber(t, s, "")
		conn, _ := s.Dial(t.Context())
		slow := opened(t, conn, "/ws/subscribe", "Sec-WebSocket-Extensions: permessage-deflate\r\n")
		_, _ = slow.readAsItIs()
		for n := range 2 {
			time.Sleep(time.Second)
			p.text(steps(n))
			time.Sleep(time.Duration(n) * 3 * time.Second)
			_, _ = slow.readAsItIs()
			synctest.Wait()
		}
		_, families := metricsOf(t, s)
		h := families["quasar_hub_fanout_latency_seconds"].GetMetric()[0].GetHistogram()
		within := make(map[float64]uint64)
		for _, b := range h.Bucket {
			within[b.GetUpperBound()] = b.GetCumulativeCount()
		}
		if h.GetSampleCount() != 4 || h.GetSampleSum() != 3 || within[0.0001] != 3 || within[2.5] != 3 || within[5] != 4 {
			t.Errorf("got %v, want four updates, three of them at once", h)
		}
	})
}

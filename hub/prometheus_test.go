package hub_test

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/karlquant/quasar/hub/hubtest"
)

// What Prometheus is told parses as its text, and is what the books say.
func TestPrometheusIsToldWhatTheBooksSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		old := publisher(t, s, "V75")
		synctest.Wait()
		p := publisher(t, s, "V75")
		q := publisher(t, s, "V100")
		subscriber(t, s, "")
		synctest.Wait()
		old.text(steps(1))
		p.text(`{"type":"metrics","rewards":1,"training":{"actor_loss":NaN,"training_steps":5},"voting":{"buy_count":-1}}`)
		p.text("rubbish")
		q.text(votes(1, 2))
		synctest.Wait()
		time.Sleep(2500 * time.Millisecond)
		q.text(votes(1, 3))
		synctest.Wait()

		answer := ask(t, s, http.MethodGet, "/metrics")
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]float64)
		for name, family := range families {
			if strings.HasPrefix(name, "quasar_") {
				for _, m := range family.Metric {
					got[name+labels(m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
		if writes, bytes := got["quasar_hub_writes_total"], got["quasar_hub_written_bytes_total"]; writes < 1 || bytes < 3*200 {
			t.Errorf("got %v writes of %v bytes, want the state and three updates in them", writes, bytes)
		}
		delete(got, "quasar_hub_writes_total") // how many gather in one, and how long they are, is not for here
		delete(got, "quasar_hub_written_bytes_total")
		want := map[string]float64{
			"quasar_hub_frames_total result=accepted": 3, "quasar_hub_frames_total result=rejected": 1, "quasar_hub_frames_total result=superseded": 1,
			"quasar_hub_fields_total reason=stripped": 1, "quasar_hub_fields_total reason=invalid": 1, "quasar_hub_fields_total reason=non_finite": 1,
			"quasar_hub_broadcasts_total": 3, "quasar_hub_conflated_total": 0,
			"quasar_hub_sent_frames_total": 3, "quasar_hub_conflations_total": 0, "quasar_hub_stalled_total": 0, "quasar_hub_subscriber_lag_frames": 0,
			"quasar_hub_publishers": 2, "quasar_hub_subscribers": 1, "quasar_hub_assets": 2,
			"quasar_hub_snapshot_age_seconds space=V75": 2.5, "quasar_hub_snapshot_age_seconds space=V100": 0,
		}
		maps.DeleteFunc(got, func(name string, _ float64) bool { // what may be told beside it
			_, known := want[name]
			return !known
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		books := stateOf(t, s.Hub).Stats
		want2 := stats{Publishers: 2, Subscribers: 1, Assets: 2, Accepted: 3, Rejected: 1, FieldErrors: 1, NonFinite: 1, Stripped: 1, Superseded: 1, Broadcasts: 3, UpdatesPerSecond: 0.2}
		if diff := cmp.Diff(want2, books); diff != "" {
			t.Errorf("the books (-want +got):\n%s", diff)
		}
		if families["go_goroutines"] == nil {
			t.Error("got nothing of the process")
		}
	})
}

func labels(m *dto.Metric) string {
	var out []string
	for _, l := range m.Label {
		out = append(out, " "+l.GetName()+"="+l.GetValue())
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

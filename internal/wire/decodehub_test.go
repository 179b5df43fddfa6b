package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

// What a hub of another version, or a stranger that stands in its place, may send.
func TestDecodeHubBelievesNoHub(t *testing.T) {
	one := func(s quasar.Snapshot) HubFrame {
		return HubFrame{Type: MetricsUpdate, Snapshots: []quasar.Snapshot{s}}
	}
	for _, c := range []struct {
		name, frame, wantErr string
		want                 HubFrame
	}{
		{name: "a key in another case is another key", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":1,"SEQ":2,"Training":{"avn_loss":5},"voting":{"Buy_Count":9}}}`,
			want: one(quasar.Snapshot{SpaceName: "A", Seq: 1})},
		{name: "groups may be null", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":1,"training":null,"voting":null,"updated_at":null}}`,
			want: one(quasar.Snapshot{SpaceName: "A", Seq: 1})},
		{name: "a signal is put into its canonical spelling", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"voting":{"dominant_signal":" buy"}}}`,
			want: one(quasar.Snapshot{SpaceName: "A", Voting: quasar.Voting{DominantSignal: new(quasar.Buy)}})},
		{name: "a timestamp that is no time", frame: `{"type":"initial_state","snapshots":{},"hub_timestamp":1e300}`, wantErr: "hub_timestamp: got 1e+300, want Unix seconds"},
		{name: "a timestamp in milliseconds", frame: `{"type":"initial_state","snapshots":{},"hub_timestamp":1760000000123}`, wantErr: "hub_timestamp: got 1.760000000123e+12, want Unix seconds"},
		{name: "an update at no time", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"updated_at":-1e300}}`, wantErr: `snapshot of "A": updated_at: got -1e+300, want Unix seconds`},
		{name: "votes at no time", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"voting_at":1e300}}`, wantErr: `snapshot of "A": voting_at: got 1e+300, want Unix seconds`},
		{name: "training at no time", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"training_at":1e300}}`, wantErr: `snapshot of "A": training_at: got 1e+300, want Unix seconds`},
		{name: "a snapshot that is null", frame: `{"type":"metrics_update","space_name":"A","snapshot":null}`, wantErr: `metrics_update of "A": got no snapshot`},
		{name: "a snapshot that is a list", frame: `{"type":"metrics_update","space_name":"A","snapshot":[1]}`, wantErr: `snapshot of "A": `},
		{name: "a seq beyond what every reader holds", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":9007199254740992}}`, wantErr: `snapshot of "A": got seq 9007199254740992`},
		{name: "a seq with a fraction", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":1.5}}`, wantErr: `snapshot of "A": `},
		{name: "a number beyond float64", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"training":{"avn_loss":1e999}}}`, wantErr: `snapshot of "A": `},
		{name: "a duplicate key inside a snapshot", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":1,"seq":2}}`, wantErr: "duplicate"},
		{name: "a duplicate space", frame: `{"type":"initial_state","snapshots":{"A":{"seq":1},"A":{"seq":2}}}`, wantErr: "duplicate"},
		{name: "bytes that are not UTF-8", frame: "{\"type\":\"initial_state\",\"snapshots\":{\"A\":{\"voting\":{\"signal_source\":\"\xff\"}}}}", wantErr: "invalid UTF-8"},
		{name: "a long name of a stranger is cut", frame: `{"type":"metrics_update","space_name":"` + strings.Repeat("\u00e9", 1000) + `"}`,
			wantErr: `metrics_update of "` + strings.Repeat(`\u00e9`, 32) + `\u2026": got no snapshot`},
		{name: "nothing", frame: ``, wantErr: "hub frame: "},
		{name: "a bottomless array", frame: `{"type":"initial_state","snapshots":` + strings.Repeat("[", 1<<20), wantErr: "hub frame: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeHub([]byte(c.frame))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("got %v, want %s", err, c.wantErr)
				}
				if diff := cmp.Diff(HubFrame{}, got); diff != "" {
					t.Errorf("beside an error, -want +got\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v, -want +got\n%s", err, diff)
			}
		})
	}
}

func TestEachBadSnapshotOfAnInitialStateIsDroppedAlone(t *testing.T) {
	got, err := DecodeHub([]byte(`{"type":"initial_state","snapshots":{"GOOD":{"seq":3},"NULL":null,"LIST":[],"LATE":{"updated_at":1e300},"HALF":{"seq":1.5},"BACK":{"seq":-1},"../X":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]quasar.Snapshot{{SpaceName: "GOOD", Seq: 3}}, got.Snapshots); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var dropped []string
	for _, e := range got.Dropped {
		about, _, _ := strings.Cut(e.Error(), ",")
		about, _, _ = strings.Cut(about, " json:")
		dropped = append(dropped, about)
	}
	want := []string{`space name: got "../X"`, `snapshot of "BACK": got seq -1`, `snapshot of "HALF":`, `snapshot of "LATE": updated_at: got 1e+300`,
		`snapshot of "LIST":`, `snapshot of "NULL": got null`}
	if diff := cmp.Diff(want, dropped); diff != "" {
		t.Errorf("dropped, -want +got\n%s", diff)
	}
}

package hub_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

func TestValidRecord(t *testing.T) {
	good := keptRecord("V75", 900, time.UnixMicro(1_760_000_000_123_456))
	for _, c := range []struct {
		name   string
		change func(*hub.Record)
		want   string // of the error; "" for none
	}{
		{"as a hub keeps it", func(*hub.Record) {}, ""},
		{"a field that became null keeps its stamp", func(r *hub.Record) { r.Snapshot.Training.TrainingSteps = nil }, ""},
		{"no name", func(r *hub.Record) { r.Snapshot.SpaceName = "" }, "space name"},
		{"a name with markup", func(r *hub.Record) { r.Snapshot.SpaceName = "<b>" }, "space name"},
		{"no seq", func(r *hub.Record) { r.Snapshot.Seq = 0 }, "seq: got 0"},
		{"a negative seq", func(r *hub.Record) { r.Snapshot.Seq = -1 }, "seq: got -1"},
		{"a seq that leaves no room for more", func(r *hub.Record) { r.Snapshot.Seq = math.MaxInt64 }, "seq: got 9223372036854775807"},
		{"no time", func(r *hub.Record) { r.Snapshot.UpdatedAt = time.Time{} }, "updated_at"},
		{"a value that nobody wrote", func(r *hub.Record) { r.Snapshot.Voting.BuyCount = new(int64(1)) }, "stamp of buy_count"},
		{"a stamp above the seq", func(r *hub.Record) { r.Stamps[quasar.TrainingSteps].Seq++ }, "stamp of training_steps"},
		{"a negative stamp", func(r *hub.Record) { r.Stamps[quasar.BuyCount].Seq-- }, "stamp of buy_count"},
		{"a stamp of no hub", func(r *hub.Record) { r.Stamps[quasar.TrainingSteps].Hub = "" }, "stamp of training_steps"},
		{"a hub that could forge a log line", func(r *hub.Record) { r.Stamps[quasar.TrainingSteps].Hub = "a\nb" }, "stamp of training_steps"},
		{"a value that breaks its rule", func(r *hub.Record) { r.Snapshot.Training.TrainingSteps = new(int64(-1)) }, "training_steps: got -1"},
	} {
		r := good
		c.change(&r)
		got, err := r.Valid()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v, want no error", c.name, err)
		case c.want == "":
			if diff := cmp.Diff(r, got); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.name, diff)
			}
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.want)
		case !cmp.Equal(got, hub.Record{}):
			t.Errorf("%s: got %+v beside the error, want nothing", c.name, got)
		}
	}
}

// No NaN gets into a hub, by whatever way.
func TestValidRecordHasOnlyValuesThatAHubStores(t *testing.T) {
	r := keptRecord("V75", 1, time.Now())
	stamp := r.Stamps[quasar.TrainingSteps]
	r.Stamps[quasar.ActorLoss], r.Stamps[quasar.AVNAccuracy] = stamp, stamp
	r.Snapshot.Training.ActorLoss, r.Snapshot.Training.AVNAccuracy = new(math.NaN()), new(1.5)
	got, err := r.Valid()
	if err != nil {
		t.Fatal(err)
	}
	if got.Snapshot.Training.ActorLoss != nil || *got.Snapshot.Training.AVNAccuracy != 1 {
		t.Errorf("got %+v, want no loss and an accuracy of 1", got.Snapshot.Training)
	}
}

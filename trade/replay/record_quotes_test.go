package replay

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/internal/recording"
)

// A recording may hold quotes. They are no snapshots, and nothing that a replay plays.
func TestQuotesOfARecordingAreLeftOut(t *testing.T) {
	w, err := recording.NewWriter(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_700_000_000, 0)
	for _, r := range []recording.Record{
		{At: at, Tick: &recording.Tick{Symbol: "R_75", Epoch: at.Unix(), Quote: jsontext.Value("1.5")}},
		{At: at, Quote: &recording.Quote{Symbol: "R_75", ContractType: "CALL", Ask: jsontext.Value("10"), Payout: jsontext.Value("19.5"), Spot: jsontext.Value("1.5")}},
		{At: at, Snapshot: jsontext.Value(`{}`)},
	} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []Record
	for r, err := range Recording(w.Path()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if len(got) != 2 || got[0].Symbol != "R_75" || string(got[1].Snapshot) != "{}" {
		t.Errorf("got %+v, want the tick and the snapshot", got)
	}
}

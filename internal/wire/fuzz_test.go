package wire

import (
	"bytes"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

// FuzzDecode holds what Decode promises for any bytes: it never panics, lets no
// value out of its range through, and a decoded update survives being sent on.
func FuzzDecode(f *testing.F) {
	for _, c := range readGolden[publishCase](f, "publish.json") {
		f.Add(c.bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := Decode(data)
		if err != nil {
			if len(err.Error()) > 300 {
				t.Errorf("error of %d bytes: %q", len(err.Error()), err)
			}
			return
		}
		checkUpdate(t, frame.Update)
		if !frame.Type.Updates() {
			return
		}
		again, err := Decode(AppendUpdate(nil, frame.Update))
		if err != nil || len(again.Stripped)+len(again.Dropped)+again.NonFinite > 0 {
			t.Fatalf("sent on: %+v, %v", again, err)
		}
		if diff := cmp.Diff(frame.Update, again.Update); diff != "" {
			t.Errorf("sent on, -first +again\n%s", diff)
		}
		checkBroadcast(t, frame.Update)
	})
}

func checkUpdate(t *testing.T, u quasar.Update) {
	t.Helper()
	if valid, dropped := u.Valid(); len(dropped) > 0 || !cmp.Equal(valid, u) {
		t.Errorf("not valid: %+v, dropped %v", u, dropped)
	}
	for _, x := range []*float64{u.Training.ActorLoss, u.Training.CriticLoss, u.Training.AVNLoss, u.Training.AVNAccuracy, u.Voting.LastPrice} {
		if x != nil && (math.IsNaN(*x) || math.IsInf(*x, 0)) {
			t.Errorf("got %v", *x)
		}
	}
}

// checkBroadcast sends u through a snapshot to a subscriber.
func checkBroadcast(t *testing.T, u quasar.Update) {
	t.Helper()
	now := time.UnixMicro(1760000000123456)
	before, err := quasar.Snapshot{SpaceName: "V75"}.Apply(u, now)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	got, err := DecodeHub(AppendMetricsUpdate(nil, &before, now))
	if err != nil {
		t.Fatalf("broadcast: %v", err)
	}
	want := HubFrame{Type: MetricsUpdate, Snapshots: []quasar.Snapshot{before}, HubTimestamp: now}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("broadcast, -sent +received\n%s", diff)
	}
}

// What Python writes and JSON does not know. The replacement has the same
// length in bytes as a number would, so that offsets do not matter.
var pythonNumbers = regexp.MustCompile(`-?Infinity|NaN`)

// FuzzScan holds the scanner against jsontext, which a publisher's frame would
// be read with if it took NaN: what one refuses the other refuses.
func FuzzScan(f *testing.F) {
	for _, c := range readGolden[publishCase](f, "publish.json") {
		f.Add(c.bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if pythonNumbers.Match(data) {
			return
		}
		d := decoder{scanner: scanner{data: data}}
		err := d.skip(nil)
		if d.space(); err == nil && d.pos < len(data) {
			return // jsontext reads a stream, the scanner one value
		}
		if err != nil && err.Error() == "nested deeper than 64" {
			return
		}
		dec := jsontext.NewDecoder(bytes.NewReader(data))
		if _, theirs := dec.ReadValue(); (err == nil) != (theirs == nil) && !oursIsUTF8(data) {
			t.Errorf("%q: got %v, jsontext says %v", data, err, theirs)
		}
	})
}

// oursIsUTF8 tells whether Decode would have refused data before it scans.
func oursIsUTF8(data []byte) bool {
	_, err := Decode(data)
	return err == errUTF8
}

// FuzzDecodeHub holds what DecodeHub promises for the frames of any hub.
func FuzzDecodeHub(f *testing.F) {
	for _, c := range readGolden[mergeCase](f, "merge.json") {
		for _, frame := range c.Frames {
			f.Add([]byte(frame.Broadcast))
		}
	}
	f.Add([]byte(`{"type":"initial_state","snapshots":{"V75":{"space_name":"V75","seq":1}},"hub_timestamp":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeHub(data)
		if err != nil {
			return
		}
		for i := range frame.Snapshots {
			s := &frame.Snapshots[i]
			checkUpdate(t, quasar.Update{Fields: quasar.AllFields, Training: s.Training, Voting: s.Voting})
			if err := quasar.CheckSpaceName(s.SpaceName); err != nil {
				t.Error(err)
			}
		}
	})
}

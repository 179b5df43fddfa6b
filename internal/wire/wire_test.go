package wire

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

var noon = time.UnixMicro(1760000000123456)

func full() quasar.Snapshot {
	return quasar.Snapshot{
		SpaceName: "V75",
		Training: quasar.Training{TrainingSteps: new(int64(1200)), ActorLoss: new(0.12), CriticLoss: new(0.34),
			AVNLoss: new(0.05), AVNAccuracy: new(0.81)},
		Voting: quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)),
			LastPrice: new(451234.12), SignalSource: new("ensemble")},
		Seq: 1760000000123456, UpdatedAt: noon, TrainingAt: noon, VotingAt: noon.Add(-2 * time.Second),
	}
}

func TestDecodeRefusesMoreThanTheLargestFrame(t *testing.T) {
	frame := []byte(`{"type":"training","data":{"avn_loss":1,"x":"`)
	frame = append(frame, bytes.Repeat([]byte{'a'}, MaxPublish-len(frame)-3)...)
	frame = append(frame, `"}}`...)
	if _, err := Decode(frame); err != nil {
		t.Errorf("%d bytes: got %v", len(frame), err)
	}
	_, err := Decode(append(frame, ' '))
	if want := "frame: got 65537 bytes, want at most 65536"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A frame of one object with thousands of keys must not cost their square.
func TestDecodeTakesManyKeys(t *testing.T) {
	var frame strings.Builder
	frame.WriteString(`{"type":"training","data":{"avn_loss":1`)
	n := 0
	for ; frame.Len() < MaxPublish-20; n++ {
		fmt.Fprintf(&frame, `,"k%d":0`, n)
	}
	got, err := Decode([]byte(frame.String() + "}}"))
	if err != nil || len(got.Stripped) != n {
		t.Fatalf("got %d stripped and %v, want %d", len(got.Stripped), err, n)
	}
	_, err = Decode([]byte(frame.String() + `,"k17":0}}`))
	if want := `duplicate key "k17"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAppendUpdateChoosesTheTypeByTheGroups(t *testing.T) {
	for _, c := range []struct {
		name string
		u    quasar.Update
		want string
	}{
		{"training alone", quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(9))}, nil),
			`{"type":"training","data":{"training_steps":9}}`},
		{"voting alone", quasar.UpdateOf(nil, &quasar.Voting{DominantSignal: new(quasar.Sell)}),
			`{"type":"voting","data":{"dominant_signal":"SELL"}}`},
		{"both", quasar.UpdateOf(&quasar.Training{AVNLoss: new(0.5)}, &quasar.Voting{BuyCount: new(int64(1))}),
			`{"type":"metrics","training":{"avn_loss":0.5},"voting":{"buy_count":1}}`},
		{"NaN is null", quasar.UpdateOf(&quasar.Training{AVNLoss: new(math.NaN()), ActorLoss: new(math.Inf(1))}, nil),
			`{"type":"training","data":{"actor_loss":null,"avn_loss":null}}`},
		{"nil that is set is null", quasar.Update{Fields: quasar.FieldsOf(quasar.LastPrice)},
			`{"type":"voting","data":{"last_price":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendUpdate(nil, c.u)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestControlFramesOfAPublisherAreRead(t *testing.T) {
	identify, err := Decode(AppendIdentify(nil, "V75_TEST"))
	if err != nil || identify.Type != Identify || identify.Space != "V75_TEST" {
		t.Errorf("identify: got %+v, %v", identify, err)
	}
	heartbeat, err := Decode(AppendHeartbeat(nil))
	if err != nil || heartbeat.Type != Heartbeat {
		t.Errorf("heartbeat: got %+v, %v", heartbeat, err)
	}
}

func TestInitialStateIsReadBack(t *testing.T) {
	first, second := full(), quasar.Snapshot{SpaceName: "CRASH1000", Seq: 5, UpdatedAt: noon}
	for _, snapshots := range [][]quasar.Snapshot{nil, {second}, {second, first}} {
		got, err := DecodeHub(AppendInitialState(nil, snapshots, noon))
		want := HubFrame{Type: InitialState, Snapshots: snapshots, HubTimestamp: noon}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, -want +got\n%s", err, diff)
		}
	}
}

// The state that is put together from broadcasts is the one that is made of the
// snapshots, whatever stands in their strings.
func TestInitialStateOfBroadcastsIsThatOfTheSnapshots(t *testing.T) {
	hostile := full()
	hostile.SpaceName = "HOSTILE"
	hostile.Voting.SignalSource = new(`,"hub_timestamp":1},"snapshot":{"`)
	for _, snapshots := range [][]quasar.Snapshot{nil, {full()}, {hostile, full()}} {
		var updates [][]byte
		for i := range snapshots {
			updates = append(updates, AppendMetricsUpdate(nil, &snapshots[i], noon.Add(time.Hour)))
		}
		got := string(AppendInitialStateOf(nil, slices.Values(updates), noon))
		if want := string(AppendInitialState(nil, snapshots, noon)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestDecodeHub(t *testing.T) {
	for _, c := range []struct {
		name, frame, wantErr string
		want                 HubFrame
	}{
		{name: "an unknown type is passed over", frame: `{"type":"weather","snapshots":{}}`, want: HubFrame{Type: "weather"}},
		{name: "keys that a later contract adds are passed over", frame: `{"type":"metrics_update","space_name":"A","new":1,"snapshot":{"seq":3,"newer":[1]}}`,
			want: HubFrame{Type: MetricsUpdate, Snapshots: []quasar.Snapshot{{SpaceName: "A", Seq: 3}}}},
		{name: "values out of range are not believed", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"training":{"avn_accuracy":7},"voting":{"dominant_signal":"HOLD","last_price":-1}}}`,
			want: HubFrame{Type: MetricsUpdate, Snapshots: []quasar.Snapshot{{SpaceName: "A", Training: quasar.Training{AVNAccuracy: new(1.0)}}}}},
		{name: "no type", frame: `{}`, wantErr: "hub frame: got no type"},
		{name: "no snapshot", frame: `{"type":"metrics_update","space_name":"A"}`, wantErr: `metrics_update of "A": got no snapshot`},
		{name: "a name that names no space", frame: `{"type":"metrics_update","space_name":"../A","snapshot":{}}`, wantErr: `space name: got "../A"`},
		{name: "another space's snapshot", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"space_name":"B"}}`, wantErr: `snapshot of "A": got the space_name "B"`},
		{name: "a negative seq", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"seq":-1}}`, wantErr: `snapshot of "A": got seq -1`},
		{name: "a duplicate key", frame: `{"type":"a","type":"b"}`, wantErr: "duplicate"},
		{name: "NaN, as a hub in Python writes it", frame: `{"type":"metrics_update","space_name":"A","snapshot":{"training":{"avn_loss":NaN}}}`,
			want: HubFrame{Type: MetricsUpdate, Snapshots: []quasar.Snapshot{{SpaceName: "A"}}}},
		{name: "NaN in what is no JSON otherwise", frame: `{"type":"metrics_update","space_name":NaN`, wantErr: "hub frame: "},
		{name: "not an object", frame: `[]`, wantErr: "hub frame"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeHub([]byte(c.frame))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("got %v, want %s", err, c.wantErr)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v, -want +got\n%s", err, diff)
			}
		})
	}
}

func TestOneBadSnapshotOfAnInitialStateIsDroppedAlone(t *testing.T) {
	got, err := DecodeHub([]byte(`{"type":"initial_state","snapshots":{"A":{"seq":-1},"../B":{},"C":{"seq":3}}}`))
	if err != nil || len(got.Snapshots) != 1 || got.Snapshots[0].SpaceName != "C" || len(got.Dropped) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	s := full()
	frame := AppendUpdate(nil, quasar.Update{Fields: quasar.AllFields, Training: s.Training, Voting: s.Voting})
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		if _, err := d.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	s := full()
	dst := AppendMetricsUpdate(nil, &s, noon)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendMetricsUpdate(dst[:0], &s, noon)
	}
}

func BenchmarkDecodeHub(b *testing.B) {
	s := full()
	frame := AppendMetricsUpdate(nil, &s, noon)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeHub(frame); err != nil {
			b.Fatal(err)
		}
	}
}

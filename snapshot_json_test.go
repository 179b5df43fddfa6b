package quasar_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

func TestSnapshotIsWrittenWithAllKeys(t *testing.T) {
	diverged := full()
	diverged.Training = quasar.Training{ActorLoss: new(math.NaN()), CriticLoss: new(math.Inf(1)), AVNLoss: new(math.Inf(-1))}
	hostile := quasar.Snapshot{SpaceName: "<\"\\\x00\x7f>", Voting: quasar.Voting{SignalSource: new("&\xff\u2028\u00e9")}}
	extreme := quasar.Snapshot{SpaceName: "V75",
		Training: quasar.Training{TrainingSteps: new(int64(quasar.MaxCount)), ActorLoss: new(math.MaxFloat64), CriticLoss: new(5e-324), AVNLoss: new(1e21), AVNAccuracy: new(1e-7)},
		Voting:   quasar.Voting{LastPrice: new(123456789.25)}}
	for _, c := range []struct {
		name string
		s    quasar.Snapshot
		want string
	}{
		{"with nothing missing", full(),
			`{"space_name":"V75","training":{"training_steps":1200,"actor_loss":0.12,"critic_loss":0.34,"avn_loss":0.05,"avn_accuracy":0.81},` +
				`"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3,"last_price":451234.12,"signal_source":"ensemble"},` +
				`"seq":1760000000123456,"updated_at":1760000000.123456,"training_at":1760000000.123456,"voting_at":1759999998.123456}`},
		{"what is unknown is null", quasar.Snapshot{SpaceName: "V75"},
			`{"space_name":"V75","training":{"training_steps":null,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":null},` +
				`"voting":{"dominant_signal":null,"buy_count":null,"sell_count":null,"last_price":null,"signal_source":null},` +
				`"seq":0,"updated_at":null,"training_at":null,"voting_at":null}`},
		{"what is not finite is null", diverged,
			`{"space_name":"V75","training":{"training_steps":null,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":null},` +
				`"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3,"last_price":451234.12,"signal_source":"ensemble"},` +
				`"seq":1760000000123456,"updated_at":1760000000.123456,"training_at":1760000000.123456,"voting_at":1759999998.123456}`},
		{"text is inert inside a page", hostile,
			`{"space_name":"\u003c\"\\\u0000\u007f\u003e","training":{"training_steps":null,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":null},` +
				`"voting":{"dominant_signal":null,"buy_count":null,"sell_count":null,"last_price":null,"signal_source":"\u0026` + "\ufffd\u2028\u00e9" + `"},` +
				`"seq":0,"updated_at":null,"training_at":null,"voting_at":null}`},
		{"numbers have as many digits as they need", extreme,
			`{"space_name":"V75","training":{"training_steps":9007199254740991,"actor_loss":1.7976931348623157e+308,"critic_loss":5e-324,"avn_loss":1e+21,"avn_accuracy":1e-07},` +
				`"voting":{"dominant_signal":null,"buy_count":null,"sell_count":null,"last_price":123456789.25,"signal_source":null},` +
				`"seq":0,"updated_at":null,"training_at":null,"voting_at":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(c.s.AppendJSON(nil))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if !json.Valid([]byte(got)) {
				t.Error("encoding/json does not take it")
			}
		})
	}
}

func TestAppendJSONAppends(t *testing.T) {
	s := full()
	got := string(s.AppendJSON([]byte("before ")))
	if want := "before " + string(s.AppendJSON(nil)); got != want {
		t.Errorf("got %s", got)
	}
	marshaled, err := json.Marshal(map[string]quasar.Snapshot{"V75": s})
	if want := `{"V75":` + string(s.AppendJSON(nil)) + `}`; string(marshaled) != want || err != nil {
		t.Errorf("inside a map: got %s, %v", marshaled, err)
	}
}

func TestGroupsAreWrittenInPart(t *testing.T) {
	s := full()
	for _, c := range []struct {
		name             string
		fields           quasar.Fields
		training, voting string
	}{
		{"no field", 0, `{}`, `{}`},
		{"one of each", quasar.FieldsOf(quasar.AVNLoss, quasar.LastPrice), `{"avn_loss":0.05}`, `{"last_price":451234.12}`},
		{"in the order of the wire", quasar.FieldsOf(quasar.SignalSource, quasar.BuyCount, quasar.ActorLoss, quasar.TrainingSteps),
			`{"training_steps":1200,"actor_loss":0.12}`, `{"buy_count":7,"signal_source":"ensemble"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(s.Training.AppendJSON(nil, c.fields)); got != c.training {
				t.Errorf("got %s, want %s", got, c.training)
			}
			if got := string(s.Voting.AppendJSON(nil, c.fields)); got != c.voting {
				t.Errorf("got %s, want %s", got, c.voting)
			}
		})
	}
}

func TestTimesAreUnixSeconds(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"never is null", time.Time{}, "null"},
		{"microseconds stand behind the point", noon, "1760000000.123456"},
		{"all six digits of them", time.UnixMicro(1760000000000001), "1760000000.000001"},
		{"a whole second", time.Unix(1760000000, 0), "1760000000.000000"},
		{"nanoseconds are cut", time.Unix(1760000000, 1999), "1760000000.000001"},
		{"the zone does not matter", noon.In(time.FixedZone("", 3600)), "1760000000.123456"},
		{"1970", time.Unix(0, 0), "0.000000"},
		{"a moment before 1970", time.UnixMicro(-1), "-0.000001"},
		{"a second and a half before 1970", time.UnixMilli(-1500), "-1.500000"},
		{"a second before 1970", time.Unix(-1, 0), "-1.000000"},
		// Beyond what an int64 of microseconds holds.
		{"the year 300000", time.Unix(9404527000000, 0), "9404527000000.000000"},
		{"the same time ago", time.Unix(-9404527000000, 0), "-9404527000000.000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(quasar.AppendUnixTime(nil, c.at)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestUnixTimeReadsSeconds(t *testing.T) {
	for _, c := range []struct {
		name    string
		seconds float64
		want    time.Time
		wantErr string
	}{
		{name: "to the microsecond", seconds: 1760000000.123456, want: noon},
		{name: "1970", seconds: 0, want: time.Unix(0, 0)},
		{name: "before 1970", seconds: -1.5, want: time.UnixMilli(-1500)},
		{name: "the last microsecond that is exact, of 2242", seconds: 8589934591.999999, want: time.UnixMicro(8589934591999999)},
		{name: "milliseconds taken for seconds", seconds: 1760000000123, wantErr: "got 1.760000000123e+12, want Unix seconds below 2^53 microseconds"},
		{name: "the largest number", seconds: math.MaxFloat64, wantErr: "got 1.7976931348623157e+308, want Unix seconds below 2^53 microseconds"},
		{name: "the smallest", seconds: -math.MaxFloat64, wantErr: "got -1.7976931348623157e+308, want Unix seconds below 2^53 microseconds"},
		{name: "NaN", seconds: math.NaN(), wantErr: "got NaN, want Unix seconds below 2^53 microseconds"},
		{name: "infinity", seconds: math.Inf(1), wantErr: "got +Inf, want Unix seconds below 2^53 microseconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := quasar.UnixTime(c.seconds)
			if !got.Equal(c.want) || message(err) != c.wantErr {
				t.Errorf("got %v and %q, want %v and %q", got, message(err), c.want, c.wantErr)
			}
		})
	}
}

func TestSnapshotIsReadBack(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       quasar.Snapshot
		wantErr    string
	}{
		{name: "with nothing missing", text: string(new(full()).AppendJSON(nil)), want: full()},
		{name: "with everything null", text: string((&quasar.Snapshot{SpaceName: "A", Seq: 7}).AppendJSON(nil)), want: quasar.Snapshot{SpaceName: "A", Seq: 7}},
		{name: "with everything missing", text: `{}`},
		{name: "with a group that is null", text: `{"space_name":"A","training":null}`, want: quasar.Snapshot{SpaceName: "A"}},
		{name: "with keys that a later contract adds", text: `{"space_name":"A","new":{"deep":[1]},"training":{"avn_loss":1,"newer":2}}`,
			want: quasar.Snapshot{SpaceName: "A", Training: quasar.Training{AVNLoss: new(1.0)}}},
		{name: "a time out of this world", text: `{"updated_at":1e300}`, wantErr: "updated_at: got 1e+300"},
		{name: "votes at such a time", text: `{"voting_at":-1e300}`, wantErr: "voting_at: got -1e+300"},
		{name: "training at such a time", text: `{"training_at":1760000000123}`, wantErr: "training_at: got 1.760000000123e+12"},
		{name: "an array", text: `[]`, wantErr: "cannot unmarshal array"},
		{name: "a count with a fraction", text: `{"training":{"training_steps":1.5}}`, wantErr: "cannot unmarshal number 1.5"},
		{name: "NaN", text: `{"training":{"avn_loss":NaN}}`, wantErr: "invalid character 'N'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := quasar.Snapshot{SpaceName: "before", Voting: quasar.Voting{BuyCount: new(int64(1))}}
			got := before
			err := json.Unmarshal([]byte(c.text), &got)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("got %v, want %s", err, c.wantErr)
				}
				c.want = before // what cannot be read leaves everything as it was
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// FuzzSnapshot holds that whatever is read can be written, and then read as the same.
func FuzzSnapshot(f *testing.F) {
	f.Add(new(full()).AppendJSON(nil))
	f.Add((&quasar.Snapshot{}).AppendJSON(nil))
	f.Add([]byte(`{"updated_at":1e300,"seq":-9223372036854775808,"voting":{"dominant_signal":"\ud800","last_price":5e-324}}`))
	f.Add([]byte(`{"space_name":"<\u0000","training_at":-62135596800,"training":{"avn_loss":-0.0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, again quasar.Snapshot
		if json.Unmarshal(data, &first) != nil {
			return
		}
		text := first.AppendJSON(nil)
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("-first +again\n%s", diff)
		}
	})
}

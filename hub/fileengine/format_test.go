package fileengine

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenState is the state that testdata/v1.jsonl says.
func goldenState() *state {
	at := time.UnixMicro(1_760_000_000_123_456)
	full := recordOf("V75", 900, at)
	full.Snapshot.Training.CriticLoss, full.Snapshot.Training.AVNLoss = new(1e-9), new(-2.5e30)
	full.Snapshot.Voting.SellCount = new(int64(quasar.MaxCount))
	for f := range full.Stamps {
		full.Stamps[f] = hub.Stamp{Seq: full.Snapshot.Seq - int64(f), Hub: "h1"}
	}
	only := hub.Record{Snapshot: quasar.Snapshot{SpaceName: "CRASH1000", Seq: 1, UpdatedAt: time.UnixMicro(1), VotingAt: time.UnixMicro(1)}}
	only.Stamps[quasar.BuyCount] = hub.Stamp{Seq: 1, Hub: "h2"} // it became null
	return &state{at, []hub.Record{only, full}}
}

// A file of this version is read for ever.
func TestGoldenState(t *testing.T) {
	path := filepath.Join("testdata", "v1.jsonl")
	if *update {
		if err := os.WriteFile(path, appendState(nil, goldenState()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenState(), got, cmp.AllowUnexported(state{}), sameTimes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(string(data), string(appendState(nil, goldenState()))); diff != "" {
		t.Errorf("written: -want +got\n%s", diff)
	}
}

func TestAStateOfNoSpaces(t *testing.T) {
	got, err := decode(appendState(nil, &state{writtenAt: time.UnixMicro(1)}))
	if err != nil || len(got.records) != 0 {
		t.Errorf("got %+v, %v, want no records", got, err)
	}
}

// A machine that stops, or a disk that loses what it had, may leave any part of
// the file.
func TestNoPartOfAStateIsTakenForOne(t *testing.T) {
	data := appendState(nil, goldenState())
	for n := range data {
		checkDamaged(t, data[:n], "the first %d bytes", n)
		checkDamaged(t, data[n+1:], "without the first %d bytes", n+1)
		checkDamaged(t, append(bytes.Clone(data[:n]), make([]byte, len(data)-n)...), "zeros from byte %d on", n)
	}
	checkDamaged(t, append(bytes.Clone(data), '\n'), "one byte more than %d", len(data))
	checkDamaged(t, append(bytes.Clone(data), data...), "twice %d bytes", len(data))
}

func TestNoByteOfAStateCanChange(t *testing.T) {
	data := appendState(nil, goldenState())
	for n := range data {
		before := data[n]
		for bit := range 8 {
			data[n] = before ^ 1<<bit
			checkDamaged(t, data, "byte %d flipped", n)
		}
		data[n] = ^before
		checkDamaged(t, data, "byte %d inverted", n)
		data[n] = before
	}
	if _, err := decode(data); err != nil {
		t.Fatal(err)
	}
}

// checkDamaged holds that it is not another version either: that would keep the
// hub from starting.
func checkDamaged(t *testing.T, data []byte, format string, n int) {
	t.Helper()
	if s, err := decode(data); s != nil || !errors.Is(err, errDamaged) || errors.Is(err, errVersion) {
		t.Fatalf(format+": got %+v, %v, want it damaged", n, s, err)
	}
}

// sealed puts the right checksum under what nobody would write.
func sealed(body string) []byte { return append([]byte(body), appendSum(nil, []byte(body))...) }

func TestWhatNoHubWritesIsRefused(t *testing.T) {
	const (
		header = `{"format":"quasar hub state","version":1,"written_at":1760000000.123456,"spaces":1}` + "\n"
		record = `{"snapshot":{"space_name":"A","training":{"training_steps":9,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":null},` +
			`"voting":{"dominant_signal":null,"buy_count":null,"sell_count":null,"last_price":null,"signal_source":null},` +
			`"seq":5,"updated_at":1760000000.000000,"training_at":1760000000.000000,"voting_at":null},"stamps":{"training_steps":{"seq":5,"hub":"h1"}}}` + "\n"
	)
	if _, err := decode(sealed(header + record)); err != nil {
		t.Fatal(err)
	}
	swap := func(old, with string) string { return strings.Replace(header+record, old, with, 1) }
	second := strings.Replace(header, `"spaces":1`, `"spaces":2`, 1)
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "header"},
		{"a header without an end", header[:len(header)-1], "header"},
		{"no header", record, "format: got \"\""},
		{"another format", swap("quasar hub state", "<b>\x1b[31m"), "header"},
		{"another key in the header", swap(`,"spaces"`, `,"more":1,"spaces"`), "header: got a line that no hub writes"},
		{"a number of spaces that is too large", second + record, "got 1 records, want 2"},
		{"a number of spaces that is negative", swap(`"spaces":1`, `"spaces":-1`), "got 1 records, want -1"},
		{"a number of spaces that is no integer", swap(`"spaces":1`, `"spaces":1e0`), "header"},
		{"a time beyond all clocks", swap("1760000000.123456", "1e300"), "header: got 1e+300, want Unix seconds"},
		{"a space twice", second + record + record, "record 2: space A: got it behind A"},
		{"spaces in another order", second + strings.Replace(record, `"A"`, `"B"`, 1) + record, "record 2: space A: got it behind B"},
		{"a line that is no JSON", swap(`"seq":5`, `"seq":05`), "record 1"},
		{"a number that is too large", swap(`"training_steps":9`, `"training_steps":9223372036854775808`), "record 1"},
		{"a value that breaks its rule", swap(`"training_steps":9`, `"training_steps":-9`), "training_steps: got -9"},
		{"NaN", swap(`"actor_loss":null`, `"actor_loss":NaN`), "record 1"},
		{"a foreign field", swap(`"avn_loss":null`, `"avn_loss":null,"reward":1`), "record 1: got a line that no hub writes"},
		{"a field twice", swap(`"avn_loss":null`, `"avn_loss":null,"avn_loss":null`), "record 1"},
		{"a field in other case", swap(`"avn_loss"`, `"AVN_loss"`), "record 1: got a line that no hub writes"},
		{"a field that is missing", swap(`"avn_loss":null,`, ``), "record 1: got a line that no hub writes"},
		{"a stamp of no field", swap(`"stamps":{`, `"stamps":{"reward":{"seq":5,"hub":"h1"},`), "record 1: got a line that no hub writes"},
		{"no stamps", swap(`{"training_steps":{"seq":5,"hub":"h1"}}`, `null`), "stamp of training_steps"},
		{"a name that names no space", swap(`"A"`, `"../A"`), "space name"},
		{"white space", swap(`"seq":5`, `"seq": 5`), "record 1: got a line that no hub writes"},
		{"an empty line", header + "\n" + record, "record 1"},
		{"a line without an end", header + record[:len(record)-1], "record 1: got a line that no hub writes"},
	} {
		_, err := decode(sealed(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, errDamaged) {
			t.Errorf("%s: got %v, want it damaged, for %q", c.name, err, c.want)
		}
	}
}

func TestAStateOfAnotherVersionIsNotDamaged(t *testing.T) {
	for _, version := range []string{"0", "2", "-1", "1000"} {
		_, err := decode(sealed(`{"format":"quasar hub state","version":` + version + `,"all":"else","is":["different"]}` + "\n\x00\xff"))
		if !errors.Is(err, errVersion) || errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "got version "+version) {
			t.Errorf("version %s: got %v, want it told", version, err)
		}
	}
}

package natsengine

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func recordWith(space string, seq int64) hub.Record {
	var r hub.Record
	at := time.UnixMicro(seq)
	r.Snapshot = quasar.Snapshot{SpaceName: space, Seq: seq, UpdatedAt: at, TrainingAt: at, Training: quasar.Training{TrainingSteps: &seq}}
	r.Stamps[quasar.TrainingSteps] = hub.Stamp{Seq: seq, Hub: "h1"}
	return r
}

// drawRecord draws any record that a hub may have.
func drawRecord(t *rapid.T) hub.Record {
	var r hub.Record
	s := &r.Snapshot
	s.SpaceName = rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,63}`).Draw(t, "space")
	s.Seq = rapid.Int64Range(1, 1<<52).Draw(t, "seq")
	s.UpdatedAt = time.Unix(0, rapid.Int64Range(1, 1<<62).Draw(t, "updated"))
	if rapid.Bool().Draw(t, "voted") {
		s.VotingAt = time.Unix(0, rapid.Int64Range(-1<<62, -1).Draw(t, "voting"))
	}
	for f := range r.Stamps {
		if !rapid.Bool().Draw(t, "stamped") {
			continue
		}
		r.Stamps[f] = hub.Stamp{Seq: rapid.Int64Range(1, s.Seq).Draw(t, "stamp"), Hub: rapid.SampledFrom([]string{"h1", "h2", "a.hub_with-a.long.name"}).Draw(t, "hub")}
		if rapid.Bool().Draw(t, "value") {
			drawValue(t, quasar.Field(f), s)
		}
	}
	return r
}

func drawValue(t *rapid.T, f quasar.Field, s *quasar.Snapshot) {
	switch p := valueOf(f, s).(type) {
	case **int64:
		*p = new(rapid.Int64Range(0, 1<<53-1).Draw(t, "count"))
	case **float64:
		*p = new(rapid.Float64Range(0.001, 1).Draw(t, "number"))
	case **string:
		*p = new(rapid.StringMatching(`[a-zé漢]{0,64}`).Draw(t, "source"))
	case **quasar.Signal:
		*p = new(rapid.SampledFrom([]quasar.Signal{quasar.Buy, quasar.Sell, quasar.Neutral}).Draw(t, "signal"))
	}
}

func TestARecordComesThroughAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t)
		r := &reader{rest: appendRecord(nil, &want)}
		got, err := r.record()
		if err != nil || len(r.rest) > 0 {
			t.Fatalf("got %v and %d bytes left", err, len(r.rest))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsCutShortIsRefused(t *testing.T) {
	record := recordWith("V75", 1_760_000_000_000_000)
	whole := appendRecord(nil, &record)
	for n := range whole {
		r := &reader{rest: whole[:n]}
		if got, err := r.record(); err == nil {
			t.Errorf("%d of %d bytes: got %+v, want an error", n, len(whole), got)
		}
	}
}

// formatOne is one message of each kind, as they are in format 1.
func formatOne() map[string][]byte {
	record := recordWith("V75", 1_760_000_000_000_000)
	record.Snapshot.Voting.SignalSource, record.Stamps[quasar.SignalSource] = new("Ensemble é"), hub.Stamp{Seq: 1_759_999_999_000_000, Hub: "hub.2"}
	c := claim{hub.Claim{Space: "V75", Hub: "hub.2", Seq: 9, Epoch: 8, Live: true}, 7}
	head := func(k kind) []byte {
		return appendHeader(nil, &header{format: 1, kind: k, hub: "hub-1", instance: 1_760_000_000_000_000})
	}
	content := appendItem(appendItem(nil, tagClaim, appendClaim(nil, &c)), tagRecord, appendRecord(nil, &record))
	b := beat{newest: 1, version: "v1", hello: true, ready: true, sent: 300, publishers: 2, heard: []heard{{"hub.2", 7, 900 * time.Millisecond}}}
	b.digests[255] = 1
	return map[string][]byte{
		"delta": slices.Concat(head(kindDelta), []byte{200, 1}, content),
		"beat":  appendBeat(head(kindBeat), &b),
		"bye":   head(kindBye),
		"pull":  b.digests.append(append(head(kindPull), 5)),
		"push":  append(appendPart(head(kindPush), &part{5, 0, true}), content...),
	}
}

// Hubs of this version have to understand those of the last one, and the other way
// round: what is written as format 1 never changes.
func TestFormatOneStaysAsItIs(t *testing.T) {
	for name, message := range formatOne() {
		want, err := os.ReadFile(filepath.Join("testdata", "format1", name+".hex"))
		if err != nil {
			t.Error(err)
			continue
		}
		got := hex.EncodeToString(message)
		if diff := cmp.Diff(strings.Join(strings.Fields(string(want)), ""), got); diff != "" {
			t.Errorf("%s (-as it has been +as it is):\n%s", name, diff)
		}
	}
}

// FuzzTake gives an engine any message: it goes on, and holds nothing that a hub
// could not have.
func FuzzTake(f *testing.F) {
	for _, message := range formatOne() {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		e := must(newEngine("h1", &Options{MaxSpaces: 100}))
		e.bus, e.from = &wire{wires: &wires{}}, nobody{}
		e.take(message)
		e.take(message)
		for _, kept := range e.replica.records {
			if _, err := kept.record.Valid(); err != nil {
				t.Errorf("got a record that is not valid: %v", err)
			}
		}
		if s := e.Status(); len(s.Members) == 0 || s.Ready {
			t.Errorf("got %+v", s)
		}
	})
}

// FuzzRecord holds that what is read is written back the same, save for bytes of
// newer versions behind it.
func FuzzRecord(f *testing.F) {
	record := recordWith("V75", 1_760_000_000_000_000)
	f.Add(appendRecord(nil, &record))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := (&reader{rest: data}).record()
		if err != nil {
			return
		}
		second, err := (&reader{rest: appendRecord(nil, &first)}).record()
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

// A claim that no hub could have made would stand above all that its hub makes.
func TestClaimsThatCannotBeAreRefused(t *testing.T) {
	good := claim{hub.Claim{Space: "V75", Hub: "hub.2", Seq: 9, Epoch: 8, Live: true}, 7}
	for name, spoil := range map[string]func(c *claim){
		"a seq of the far future":    func(c *claim) { c.Seq = math.MaxInt64 },
		"no seq":                     func(c *claim) { c.Seq = 0 },
		"an epoch of the far future": func(c *claim) { c.Epoch = math.MaxInt64 },
		"a space that is no name":    func(c *claim) { c.Space = "a/b" },
		"a hub that is no name":      func(c *claim) { c.Hub = "" },
	} {
		bad := good
		spoil(&bad)
		e := must(newEngine("h1", &Options{}))
		e.bus, e.from = &wire{wires: &wires{}}, nobody{}
		message := binary.AppendUvarint(appendHeader(nil, &header{format: 1, kind: kindDelta, hub: "hub.2", instance: 7}), 1)
		message = appendItem(message, tagClaim, appendClaim(nil, &bad))
		e.take(appendItem(message, tagClaim, appendClaim(nil, &good)))
		if got := e.Status().Counts["bad"]; got != 1 || e.replica.claims["hub.2"].claims["V75"] != good.Claim {
			t.Errorf("%s: got %d bad and %+v, want it refused and the good one kept", name, got, e.replica.claims["hub.2"].claims)
		}
	}
}

package trade

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// anEntry is one with something of each kind that has a form of its own in JSON.
func anEntry(zone *time.Location) *Entry {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC).In(zone)
	price, age := 12.5, 90*time.Second
	return &Entry{Seq: 2, At: at, Planned: &Intent{
		ID: "i1", Most: Cents(35), Watermark: 7, Deadline: 1500 * time.Millisecond,
		Signal: Signal{Decision: "d1", Asset: "V75", Side: Sell, Votes: [2]int64{1, 2}, Price: &price, TrainingAge: &age, At: at},
		Quote:  Quote{Terms: Terms{Symbol: "R_75", Kind: Fall, Stake: Cents(35), Ticks: 5}, ID: "q", Ask: Cents(35), Payout: Cents(68), Spot: 1e-7, At: at},
	}}
}

func TestAnEntryIsTheSameBytesEverywhere(t *testing.T) {
	const want = `{"seq":2,"at":"2026-03-01T12:00:00.123456789Z","planned":{"id":"i1","signal":{"decision":"d1","asset":"V75","side":"SELL","votes":[1,2],"price":12.5,` +
		`"snapshot_age":"0s","votes_age":"0s","training_age":"1m30s","mean":null,"sd":null,"edge":null,"proven":false,"propensity":0,"at":"2026-03-01T12:00:00.123456789Z"},` +
		`"quote":{"symbol":"R_75","kind":"PUT","stake":"0.35","ticks":5,"id":"q","generation":0,"ask":"0.35","payout":"0.68","spot":1e-7,"at":"2026-03-01T12:00:00.123456789Z"},` +
		`"most":"0.35","watermark":7,"deadline":"1.5s"}}`
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 3*3600)} {
		text, err := anEntry(zone).Encode()
		if diff := cmp.Diff(want, string(text)); diff != "" || err != nil {
			t.Errorf("%v: %v, -want +got\n%s", zone, err, diff)
		}
	}
	e, err := DecodeEntry([]byte(want))
	if diff := cmp.Diff(anEntry(time.UTC), e); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
}

func TestAnEntryIsOneThing(t *testing.T) {
	two, endless := anEntry(time.UTC), anEntry(time.UTC)
	two.Sent = &Sent{Intent: "i1"}
	endless.Planned.Quote.Spot = math.Inf(1)
	for name, e := range map[string]*Entry{"nothing": {Seq: 1}, "two things": two, "a number that is none": endless} {
		if text, err := e.Encode(); err == nil {
			t.Errorf("%s: got %s, want an error", name, text)
		}
	}
	for _, text := range []string{``, `{}`, `{"seq":1,"at":"2026-03-01T12:00:00Z"}`, `{"sent":{"intent":"a"},"resumed":{"by":"b"}}`, `{"planned":{"deadline":"soon"}}`, `{"opened":{"balance":"1e3"}}`} {
		if e, err := DecodeEntry([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", text, e)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for _, text := range []string{
		`{"seq":1,"at":"2026-03-01T12:00:00Z","opened":{"account":{"mode":"paper","id":"paper","currency":"USD","venue":"simulator"},"balance":"10000.00","watermark":0}}`,
		`{"seq":5,"at":"2026-03-01T12:00:00Z","settled":{"intent":"i1","contract":7,"settlement":{"result":"won","transaction":9,"brought":"1.95","at":"2026-03-01T12:00:10Z","entry":1.5},"path":"contract"}}`,
		`{"seq":6,"at":"2026-03-01T12:00:00Z","refused":{"signal":{"decision":"d","asset":"V75","side":"BUY","training_age":"1h"},"reasons":["stale"]}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := DecodeEntry(text)
		if err != nil {
			return
		}
		first, err := e.Encode()
		if err != nil {
			return // a time that in UTC is beyond the years that JSON has
		}
		again, err := DecodeEntry(first)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(second, first) {
			t.Errorf("got %s, %v, want %s", second, err, first)
		}
	})
}

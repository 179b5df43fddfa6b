package replay_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func indices(t testing.TB, names ...string) []price.Index {
	t.Helper()
	var list []price.Index
	for _, name := range names {
		x, err := price.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

func simulated(t testing.TB, list []price.Index, seed uint64, long time.Duration) iter.Seq2[replay.Record, error] {
	t.Helper()
	records, err := replay.Simulated(list, seed, noon, long)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func newPlayer(t testing.TB, traded []price.Index, opts *paper.Options) *replay.Player {
	t.Helper()
	market, err := replay.New(&replay.Options{Indices: traded})
	if err != nil {
		t.Fatal(err)
	}
	broker, err := paper.New(market, opts)
	if err != nil {
		t.Fatal(err)
	}
	return &replay.Player{Market: market, Broker: broker}
}

func tickAt(at, stamp time.Duration, p float64) *replay.Record {
	return &replay.Record{At: noon.Add(at), Symbol: "R_75", Tick: trade.Tick{Price: p, At: noon.Add(stamp)}}
}

// The clock is the venue's, whatever the recorder's said, and never goes back.
func TestTheClockIsTheVenues(t *testing.T) {
	const hour = time.Hour
	for _, test := range []struct {
		name    string
		records []*replay.Record
		now     time.Duration // after noon
		lag     time.Duration
	}{
		{"a recorder that is right", []*replay.Record{tickAt(0, 0, 1), tickAt(2*time.Second, 2*time.Second, 1)}, 2 * time.Second, 0},
		{"a recorder an hour ahead", []*replay.Record{tickAt(hour, 0, 1), tickAt(hour+2*time.Second, 2*time.Second, 1)}, 2 * time.Second, 0},
		{"a recorder an hour behind", []*replay.Record{tickAt(-hour, 0, 1), tickAt(-hour+2*time.Second, 2*time.Second, 1)}, 2 * time.Second, 0},
		{"a tick that comes late", []*replay.Record{tickAt(0, 0, 1), tickAt(9*time.Second, 2*time.Second, 1)}, 9 * time.Second, 7 * time.Second},
		{"one that comes sooner than all before", []*replay.Record{tickAt(5*time.Second, 0, 1), tickAt(6*time.Second, 2*time.Second, 1)}, 2 * time.Second, 0},
		{"a snapshot", []*replay.Record{tickAt(hour, 0, 1), {At: noon.Add(hour + 3*time.Second)}}, 3 * time.Second, 0},
		{"a recorder that was set back", []*replay.Record{tickAt(9*time.Second, 9*time.Second, 1), {At: noon}}, 9 * time.Second, 0},
	} {
		m, err := replay.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range test.records {
			if !m.Play(r) {
				t.Errorf("%s: got a record that says nothing", test.name)
			}
		}
		if got, h := m.Now().Sub(noon), m.Health(); got != test.now || h.Lag != test.lag || !h.Connected {
			t.Errorf("%s: got %v after noon, %+v, want %v and a lag of %v", test.name, got, h, test.now, test.lag)
		}
	}
}

func TestRecordsThatSayNothing(t *testing.T) {
	m, err := replay.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Play(&replay.Record{At: noon}) || !m.Now().IsZero() || m.Health().Connected {
		t.Errorf("got %v, %+v before the first tick, want no time and no connection", m.Now(), m.Health())
	}
	if _, err := m.Quote(t.Context(), trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 5}); err == nil {
		t.Error("got a quote of what has no price yet")
	}
	m.Play(tickAt(0, 0, 1000))
	for _, p := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1} {
		if m.Play(tickAt(time.Second, time.Second, p)) {
			t.Errorf("got a tick of %v, want none", p)
		}
	}
	if m.Play(tickAt(2*time.Second, 0, 5)) || m.Play(tickAt(2*time.Second, -time.Second, 5)) {
		t.Error("got a tick that is not newer, want none")
	}
	if tick, ok := m.Tick("R_75"); !ok || tick.Price != 1000 {
		t.Errorf("got %+v, want that of noon", tick)
	}
}

func TestQuotes(t *testing.T) {
	rise := trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: 10 * trade.Unit, Ticks: 5}
	up := trade.Terms{Symbol: "CRASH500", Kind: trade.MultiUp, Stake: 10 * trade.Unit, Multiplier: 100}
	with := func(terms trade.Terms, change func(*trade.Terms)) trade.Terms {
		change(&terms)
		return terms
	}
	x := indices(t, "CRASH500")[0]
	multipliers := func() trade.Instrument {
		m, _ := replay.New(nil)
		in, err := m.Instrument(t.Context(), x.Name)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}()
	up.Multiplier = multipliers.Multipliers[0]
	for _, test := range []struct {
		name    string
		terms   trade.Terms
		payouts []replay.Payout
		payout  trade.Money // of 0 there is a commission
		wrong   string
	}{
		{name: "an even chance pays 1.954 at most", terms: rise, payout: trade.Cents(1954)},
		{name: "a table says it better", terms: rise, payouts: []replay.Payout{{Kind: trade.Fall, Ratio: 3}, {MinTicks: 1, MaxTicks: 4, Ratio: 4}, {MinTicks: 5, MaxTicks: 5, Ratio: 1.9}}, payout: trade.Cents(1900)},
		{name: "a row without a life is for all", terms: rise, payouts: []replay.Payout{{MinDuration: time.Second, MaxDuration: time.Hour, Ratio: 3}, {Symbol: "R_75", Ratio: 1.8}}, payout: trade.Cents(1800)},
		{name: "a row of durations", terms: with(rise, func(t *trade.Terms) { t.Ticks, t.Duration = 0, time.Minute }),
			payouts: []replay.Payout{{MinTicks: 1, MaxTicks: 10, Ratio: 3}, {MaxDuration: time.Minute, Ratio: 1.7}}, payout: trade.Cents(1700)},
		{name: "a multiplier", terms: up},
		{name: "a symbol of nobody", terms: with(rise, func(t *trade.Terms) { t.Symbol = "R_76" }), wrong: "no tick"},
		{name: "Rise and Fall on Crash", terms: with(rise, func(t *trade.Terms) { t.Symbol = "CRASH500" }), wrong: "not offered"},
		{name: "a kind of nobody", terms: with(rise, func(t *trade.Terms) { t.Kind = "DIGITODD" }), wrong: "not offered"},
		{name: "too little", terms: with(rise, func(t *trade.Terms) { t.Stake = trade.Cents(34) }), wrong: "want 0.35 or more"},
		{name: "too much", terms: with(rise, func(t *trade.Terms) { t.Stake = 26_000 * trade.Unit }), wrong: "want 50000.00 at most"},
		{name: "a fraction of a cent", terms: with(rise, func(t *trade.Terms) { t.Stake++ }), wrong: "two decimals"},
		{name: "no ticks", terms: with(rise, func(t *trade.Terms) { t.Ticks = 0 }), wrong: "want 1 to 10"},
		{name: "eleven ticks", terms: with(rise, func(t *trade.Terms) { t.Ticks = 11 }), wrong: "want 1 to 10"},
		{name: "ticks and seconds", terms: with(rise, func(t *trade.Terms) { t.Duration = time.Minute }), wrong: "want one of them"},
		{name: "14 seconds", terms: with(rise, func(t *trade.Terms) { t.Ticks, t.Duration = 0, 14*time.Second }), wrong: "from 15s"},
		{name: "half a second", terms: with(rise, func(t *trade.Terms) { t.Ticks, t.Duration = 0, 15500*time.Millisecond }), wrong: "whole seconds"},
		{name: "a Rise with a stop loss", terms: with(rise, func(t *trade.Terms) { t.StopLoss = 1 }), wrong: "want none of a Rise"},
		{name: "a multiplier of nobody", terms: with(up, func(t *trade.Terms) { t.Multiplier = 3 }), wrong: "want one of"},
		{name: "a multiplier with a life", terms: with(up, func(t *trade.Terms) { t.Ticks = 5 }), wrong: "got a life"},
		{name: "a stop loss above the stake", terms: with(up, func(t *trade.Terms) { t.StopLoss = 11 * trade.Unit }), wrong: "up to the stake"},
		{name: "a stop loss within the commission", terms: with(up, func(t *trade.Terms) { t.StopLoss = trade.Cents(1) }), wrong: "more than the commission"},
		{name: "too much for a multiplier", terms: with(up, func(t *trade.Terms) { t.Stake = 2001 * trade.Unit }), wrong: "2000.00 at most"},
	} {
		m, err := replay.New(&replay.Options{Payouts: test.payouts})
		if err != nil {
			t.Fatal(err)
		}
		m.Play(tickAt(0, 0, 100_000))
		m.Play(&replay.Record{At: noon, Symbol: "CRASH500", Tick: trade.Tick{Price: 5000, At: noon}})
		q, err := m.Quote(t.Context(), test.terms)
		switch {
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: got %+v, %v, want an error with %q", test.name, q, err, test.wrong)
		case test.wrong == "" && (err != nil || q.Payout > test.payout || q.Payout < test.payout-trade.Cents(2) || (q.Commission > 0) != (test.payout == 0)):
			t.Errorf("%s: got %+v, %v, want a payout of %s", test.name, q, err, test.payout)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	bad := indices(t, "V75")
	bad[0].Interval = 0
	for _, o := range []replay.Options{
		{Payouts: []replay.Payout{{Ratio: 1}}}, {Payouts: []replay.Payout{{Ratio: 101}}}, {Payouts: []replay.Payout{{Ratio: math.NaN()}}}, {Indices: bad},
	} {
		if _, err := replay.New(&o); err == nil {
			t.Errorf("%+v: want an error", o)
		}
	}
	if _, err := replay.Simulated(bad, 1, noon, time.Hour); err == nil {
		t.Error("got ticks of an index that is none")
	}
}

// What was recorded comes back as it was.
func TestARecordingIsPlayed(t *testing.T) {
	dir := t.TempDir()
	w, err := recording.NewWriter(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []replay.Record{
		{At: noon.Add(time.Second), Symbol: "R_75", Tick: trade.Tick{Price: 1234.5678, At: noon}, Missed: 3},
		{At: noon.Add(2 * time.Second), Snapshot: []byte(`{"space_name":"V75"}`)},
	}
	for _, r := range []recording.Record{
		{At: want[0].At, Tick: &recording.Tick{Symbol: "R_75", Epoch: noon.Unix(), Quote: jsontext.Value("1234.5678"), Missed: 3}},
		{At: want[1].At, Snapshot: want[1].Snapshot},
	} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := recording.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []replay.Record
	for r, err := range replay.Recording(files...) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, err := range replay.Recording(filepath.Join(dir, "none")) {
		if err == nil {
			t.Error("got nil for a file that is not there")
		}
	}
}

func TestABadTickOfARecordingIsAnError(t *testing.T) {
	dir := t.TempDir()
	w, err := recording.NewWriter(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(recording.Record{At: noon, Tick: &recording.Tick{Symbol: "R_75", Epoch: 1, Quote: jsontext.Value(`"x"`)}}), w.Close()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for r, err := range replay.Recording(w.Path()) {
		if n++; err == nil || !strings.Contains(err.Error(), "want a number") {
			t.Errorf("got %+v, %v, want an error", r, err)
		}
	}
	if n != 1 {
		t.Errorf("got %d records, want the error alone", n)
	}
}

func TestSimulatedTicks(t *testing.T) {
	list := indices(t, "V75", "V100_1s")
	play := func(seed uint64) (got []replay.Record) {
		for r, err := range simulated(t, list, seed, 4*time.Second) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		return got
	}
	first := play(1)
	var order []string
	for _, r := range first {
		order = append(order, fmt.Sprint(r.At.Sub(noon), " ", r.Symbol))
		if !r.At.Equal(r.Tick.At) || !(r.Tick.Price > 0) || r.Missed != 0 {
			t.Errorf("got %+v, want a price of its moment", r)
		}
	}
	want := []string{"1s 1HZ100V", "2s R_75", "2s 1HZ100V", "3s 1HZ100V", "4s R_75", "4s 1HZ100V"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, play(1)); diff != "" {
		t.Errorf("the same seed makes others:\n%s", diff)
	}
	if cmp.Equal(first, play(2)) {
		t.Error("another seed makes the same ticks")
	}
	for r := range simulated(t, nil, 1, time.Hour) {
		t.Errorf("got %+v of no index", r)
	}
	for range simulated(t, list, 1, time.Hour) {
		break // and no more is made
	}
}

// Where a recording has a hole, nobody knows how a Rise went on.
func TestAHoleInARecording(t *testing.T) {
	p := newPlayer(t, indices(t, "V75"), &paper.Options{Rejected: -1})
	p.Play(t.Context(), tickAt(0, 0, 1000))
	q, err := p.Broker.Quote(t.Context(), trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 5})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Broker.Buy(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	p.Play(t.Context(), tickAt(2*time.Second, 2*time.Second, 1000))
	hole := tickAt(8*time.Second, 8*time.Second, 1001)
	hole.Missed = 2
	p.Play(t.Context(), hole)
	if c, err := p.Broker.Contract(t.Context(), r.Contract); err != nil || c.Settlement == nil || c.Settlement.Result != trade.Cancelled || c.Settlement.Brought != trade.Unit {
		t.Errorf("got %+v, %v, want its stake given back", c, err)
	}
}

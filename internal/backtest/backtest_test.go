package backtest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
	"github.com/karlquant/quasar/trade/report"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// boldly are limits under which many trades fit into a short time.
func boldly() *trade.Limits {
	return &trade.Limits{
		LossStreak: -1, PerMinute: -1, PerHour: -1, PerDay: -1, Session: -1, MaxErrors: -1, MaxPriceGap: 1, AllowIncrease: true,
		DailyLoss: 1000 * trade.Unit, RollingLoss: 1000 * trade.Unit, MaxDrawdown: 1,
	}
}

func world(t *testing.T, seed uint64, long time.Duration) iter.Seq2[replay.Record, error] {
	t.Helper()
	records, _, err := (&World{Assets: []string{"V75", "V100_1s"}, Seed: seed, From: noon, Long: long, PublishEvery: 4 * time.Second, Agents: 2}).Records()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// played runs a backtest and returns its result and journal.
func played(t *testing.T, records iter.Seq2[replay.Record, error], seed uint64) (*Result, string) {
	t.Helper()
	var journal bytes.Buffer
	r, err := Run(t.Context(), options(records, seed, &journal))
	if err != nil {
		t.Fatal(err)
	}
	return r, journal.String()
}

func options(records iter.Seq2[replay.Record, error], seed uint64, journal *bytes.Buffer) *Options {
	return &Options{
		Records: records, Paper: paper.Options{Seed: seed, Venue: "recording"}, Journal: journal, Limits: boldly(),
		Ranker: ranker.Options{HubURL: "ws://127.0.0.1:1", Seed: seed, Horizon: 12 * time.Second}, Chooser: &trade.Chooser{Sizing: trade.Sizing{Stake: trade.Unit}},
	}
}

func TestTheSameRecordsAndSeedMakeTheSameJournal(t *testing.T) {
	const long = 12 * time.Minute
	r, first := played(t, world(t, 1, long), 1)
	_, again := played(t, world(t, 1, long), 1)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("another journal the second time:\n%s", diff)
	}
	if _, other := played(t, world(t, 1, long), 2); other == first {
		t.Error("another seed of the policy makes the same journal")
	}
	if _, other := played(t, world(t, 2, long), 1); other == first {
		t.Error("another market makes the same journal")
	}
	settled := 0
	for _, o := range r.Ledger.Orders() {
		if o.State == trade.StateSettled {
			settled++
		}
	}
	if settled < 10 || r.Ledger.Halt != nil || r.Ticks != 360+720 || r.Signals < settled {
		t.Errorf("got %d settled of %+v, halted for %+v, want many", settled, r.Progress, r.Ledger.Halt)
	}
}

// What is decided and bought until a moment is the same, whatever comes behind it.
func TestNothingIsKnownOfTheFuture(t *testing.T) {
	const long = 12 * time.Minute
	turn := noon.Add(long / 2)
	_, first := played(t, world(t, 1, long), 1)
	changed := func(yield func(replay.Record, error) bool) {
		for r, err := range world(t, 1, long) {
			if r.Symbol != "" && r.At.After(turn) {
				r.Tick.Price *= 2 + float64(r.At.Sub(turn))/float64(long)
			}
			if r.Snapshot != nil && r.At.After(turn) {
				continue // nor what the spaces will say
			}
			if !yield(r, err) {
				return
			}
		}
	}
	_, other := played(t, changed, 1)
	if first == other {
		t.Fatal("the future was not changed")
	}
	at := func(e *trade.Entry) bool { return !e.At.After(turn) }
	if diff := cmp.Diff(until(t, first, at), until(t, other, at)); diff != "" {
		t.Errorf("before the change:\n%s", diff)
	}
	if n := strings.Count(until(t, first, at), `"planned"`); n < 5 {
		t.Errorf("got %d orders before the change, want some", n)
	}
}

// until are the first lines of a journal, as long as they are so.
func until(t *testing.T, journal string, so func(*trade.Entry) bool) string {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(journal) {
		e, err := trade.DecodeEntry([]byte(strings.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		if !so(e) {
			break
		}
		kept.WriteString(line)
	}
	return kept.String()
}

func TestABacktestThatIsStoppedTellsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	o := options(world(t, 1, time.Hour), 1, &bytes.Buffer{})
	o.OnProgress = func(p Progress) {
		if p.Ticks > 2000 {
			cancel(enough)
		}
	}
	r, err := Run(ctx, o)
	if !errors.Is(err, enough) || r == nil || r.Ledger == nil || r.Ticks < 2000 || r.Ticks > 4000 {
		t.Errorf("got %+v, %v, want what there was, and why it ended", r, err)
	}
}

// fullDisk takes some lines and then none.
type fullDisk struct{ left int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// Without a journal nothing is bought: what is left would be the report of another run.
func TestAJournalThatCannotBeWrittenEndsTheBacktest(t *testing.T) {
	for _, lines := range []int{0, 5} {
		o := options(world(t, 1, time.Hour), 1, nil)
		o.Journal = &fullDisk{lines}
		if r, err := Run(t.Context(), o); !errors.Is(err, ErrJournal) || !errors.Is(err, errFull) || r == nil {
			t.Errorf("after %d lines: got %v, want that the journal cannot be written, and why", lines, err)
		}
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	torn := errors.New("torn")
	tick := replay.Record{At: noon, Symbol: "R_75", Tick: trade.Tick{Price: 100, At: noon}}
	for name, test := range map[string]struct {
		records []replay.Record
		end     error
		want    string
	}{
		"nothing":               {nil, nil, "got no tick"},
		"snapshots alone":       {[]replay.Record{{At: noon, Snapshot: []byte(`{"space_name":"V75"}`)}}, nil, "got no tick"},
		"a torn file":           {[]replay.Record{tick}, torn, "torn"},
		"a snapshot that isn't": {[]replay.Record{tick, {At: noon, Snapshot: []byte(`[`)}}, nil, "backtest: snapshot: "},
	} {
		t.Run(name, func(t *testing.T) {
			records := func(yield func(replay.Record, error) bool) {
				for _, r := range test.records {
					if !yield(r, nil) {
						return
					}
				}
				if test.end != nil {
					yield(replay.Record{}, test.end)
				}
			}
			r, err := Run(t.Context(), options(records, 1, &bytes.Buffer{}))
			if err == nil || !strings.Contains(err.Error(), test.want) || r == nil {
				t.Errorf("got %+v, %v, want what there was, and %s", r, err, test.want)
			}
		})
	}
}

func TestAWorldThatIsNone(t *testing.T) {
	for want, w := range map[string]World{
		"got no asset or no time": {Assets: []string{"V75"}},
		"want each index once":    {Assets: []string{"V75", "R_75"}, Long: time.Hour},
		`"V76"`:                   {Assets: []string{"V76"}, Long: time.Hour},
		"agents: got 1001":        {Assets: []string{"V75"}, Long: time.Hour, Agents: 1001},
	} {
		if _, _, err := w.Records(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", w, err, want)
		}
	}
}

// A halt outlives everything but a person; a backtest may be told that one comes.
func TestAHaltEndsTheTradingOrTheDay(t *testing.T) {
	lastBought := func(resume bool) (halts int, last time.Time) {
		o := options(aroundMidnight(t), 1, &bytes.Buffer{})
		o.Limits.DailyLoss, o.Resume = 2*trade.Unit, resume
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, order := range r.Ledger.Orders() {
			if order.Receipt != nil && order.Receipt.Purchased.After(last) {
				last = order.Receipt.Purchased
			}
		}
		return r.Halts, last
	}
	midnight := noon.Add(12 * time.Hour)
	if halts, last := lastBought(false); halts != 1 || !last.Before(midnight) {
		t.Errorf("got %d halts and the last order at %v, want none after the halt", halts, last)
	}
	if halts, last := lastBought(true); halts < 1 || last.Before(midnight) {
		t.Errorf("with resume: got %d halts and the last order at %v, want one on the next day", halts, last)
	}
}

// aroundMidnight is the last quarter of an hour of a day, and the first of the next.
func aroundMidnight(t *testing.T) iter.Seq2[replay.Record, error] {
	t.Helper()
	w := &World{Assets: []string{"V100_1s"}, Seed: 5, From: noon.Add(11*time.Hour + 45*time.Minute), Long: 30 * time.Minute, PublishEvery: 4 * time.Second, Agents: 2}
	records, _, err := w.Records()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// A market without an edge brings what the house takes, within the interval, and the
// report claims nothing.
func TestAMarketWithoutAnEdgeCostsTheMargin(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		r, _ := played(t, world(t, seed, time.Hour), seed)
		made := report.OfLedger(r.Ledger, nil)
		total := &made.Total
		if total.N < 100 || total.Margin == nil {
			t.Fatalf("seed %d: got %d orders, want many, and the margin", seed, total.N)
		}
		margin, e := total.Margin.Float()/total.Turnover.Float(), total.Expectancy
		if made.Verdict.Finding == report.Edge || margin < 0.01 || !(e.Low <= -margin && -margin <= e.High) {
			t.Errorf("seed %d: got %s, %+v, want no edge, and a loss of %.4f within it", seed, made.Verdict.Sentence, e, margin)
		}
	}
}

// A recorder that was cut off hears, when it is back, what a space said long before.
func TestWhatComesLateIsOld(t *testing.T) {
	gone, back := noon.Add(6*time.Minute), noon.Add(12*time.Minute)
	signals := func(late bool) int {
		cut := func(yield func(replay.Record, error) bool) {
			for r, err := range world(t, 1, 12*time.Minute+30*time.Second) {
				if missed := r.Symbol == "" && r.At.After(gone); missed {
					if !late || r.At.After(gone.Add(time.Minute)) {
						continue
					}
					r.At = back
				}
				if !yield(r, err) {
					return
				}
			}
		}
		r, err := Run(t.Context(), options(inOrder(cut), 1, &bytes.Buffer{}))
		if err != nil {
			t.Fatal(err)
		}
		return r.Signals
	}
	if got, want := signals(true), signals(false); got != want || want == 0 {
		t.Errorf("got %d signals with votes that were six minutes old, want the %d without", got, want)
	}
}

// inOrder are records by the time at which they came.
func inOrder(records iter.Seq2[replay.Record, error]) iter.Seq2[replay.Record, error] {
	return func(yield func(replay.Record, error) bool) {
		var all []replay.Record
		for r := range records {
			all = append(all, r)
		}
		slices.SortStableFunc(all, func(a, b replay.Record) int { return a.At.Compare(b.At) })
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// book is a journal in memory, as it would be exported.
type book struct {
	entries []*trade.Entry
	text    bytes.Buffer
}

func (b *book) Append(_ context.Context, entries ...*trade.Entry) error {
	for _, e := range entries {
		e.Seq = int64(len(b.entries) + 1)
		line, err := e.Encode()
		if err != nil {
			return err
		}
		b.entries = append(b.entries, e)
		b.text.Write(append(line, '\n'))
	}
	return nil
}

func (b *book) Entries(context.Context) iter.Seq2[*trade.Entry, error] {
	return func(func(*trade.Entry, error) bool) {}
}

// boldly are limits that hardly are any.
var boldly = &trade.Limits{LossStreak: -1, PerHour: -1, MaxErrors: -1, MaxFrozen: -1, MaxOpenAsset: -1, AllowIncrease: true, DailyLoss: 1000 * trade.Unit, RollingLoss: 1000 * trade.Unit}

// trades plays ten minutes with a signal every twenty seconds, and returns the journal.
func trades(t *testing.T, seed uint64) *book {
	t.Helper()
	traded := indices(t, "V75", "V100_1s")
	p := newPlayer(t, traded, &paper.Options{Venue: "recording", Seed: seed, Rejected: 0.2})
	j := new(book)
	var err error
	p.Trader, err = trade.New(&trade.Options{Broker: p.Broker, Journal: j, Limits: boldly, Terms: func(f *trade.Facts) (trade.Terms, error) {
		kind := map[trade.Side]trade.Kind{trade.Buy: trade.Rise, trade.Sell: trade.Fall}[f.Signal.Side]
		return trade.Terms{Symbol: f.Instrument.Symbol, Kind: kind, Stake: trade.Unit, Ticks: 5}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Trader.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := noon.Add(30 * time.Second)
	for r, err := range simulated(t, traded, seed, 10*time.Minute) {
		if err != nil {
			t.Fatal(err)
		}
		p.Play(t.Context(), &r)
		if now := p.Market.Now(); now.Before(next) {
			continue
		}
		next = next.Add(20 * time.Second)
		s := trade.Signal{Decision: fmt.Sprint(next.Unix()), Asset: "V75", Side: trade.Buy, Votes: [2]int64{next.Unix(), 1}}
		if next.Unix()%40 == 0 {
			s.Asset, s.Side = "V100_1s", trade.Sell
		}
		tick, _ := p.Market.Tick(map[string]string{"V75": "R_75", "V100_1s": "1HZ100V"}[s.Asset])
		s.Price = &tick.Price
		if err := p.Follow(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func TestTheSameRecordsMakeTheSameJournal(t *testing.T) {
	first, again, other := trades(t, 1), trades(t, 1), trades(t, 2)
	if diff := cmp.Diff(first.text.String(), again.text.String()); diff != "" {
		t.Errorf("another journal each time:\n%s", diff)
	}
	if first.text.String() == other.text.String() {
		t.Error("another seed makes the same journal")
	}
	count := map[string]int{}
	for _, e := range first.entries {
		count[e.What()]++
	}
	if count["bought"] < 10 || count["rejected"] == 0 || count["settled"] < count["bought"]-1 || count["halted"] != 0 || count["unknown"] != 0 || count["reconciled"] == 0 {
		t.Errorf("got %v, want orders of all fates but the bad ones", count)
	}
}

// No index here has an edge, and so no account earns one: what comes back of each stake
// is the house's return, or less where ties are lost.
func TestNothingHasAnEdge(t *testing.T) {
	traded := indices(t, "V100", "STEP")
	p := newPlayer(t, traded, &paper.Options{Opening: 1_000_000 * trade.Unit, Rejected: -1, MaxMove: -1})
	var paid, brought, square float64
	n := 0
	for r, err := range simulated(t, traded, 4, 10*time.Hour) {
		if err != nil {
			t.Fatal(err)
		}
		p.Play(t.Context(), &r)
		for _, e := range p.Broker.Events() {
			if e.Contract != nil && e.Contract.Settlement != nil {
				n++
				back := e.Contract.Settlement.Brought.Float() / e.Contract.Price.Float()
				paid, brought, square = paid+1, brought+back, square+back*back
			}
		}
		if r.Tick.At.Unix()%6 != 0 {
			continue
		}
		q, err := p.Broker.Quote(t.Context(), trade.Terms{Symbol: r.Symbol, Kind: trade.Rise, Stake: trade.Unit, Ticks: 3})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Broker.Buy(t.Context(), &q); err != nil {
			t.Fatal(err)
		}
	}
	mean := brought / paid
	se := math.Sqrt((square/paid - mean*mean) / paid)
	if n < 11_000 || mean > 0.977+3*se || mean < 0.977-0.012-3*se {
		t.Errorf("got %.4f ± %.4f back of each stake over %d contracts, want 0.977, or 0.012 less for ties", mean, se, n)
	}
}

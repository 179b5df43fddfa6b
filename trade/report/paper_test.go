package report_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
	"github.com/karlquant/quasar/trade/report"
)

// book is a journal in memory.
type book struct {
	ledger *trade.Ledger
	seq    int64
}

func (b *book) Append(_ context.Context, entries ...*trade.Entry) error {
	for _, e := range entries {
		b.seq++
		e.Seq = b.seq
		if err := b.ledger.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) Entries(context.Context) iter.Seq2[*trade.Entry, error] {
	return func(func(*trade.Entry, error) bool) {}
}

// guess is a trader on paper who follows coin flips on two indices.
type guess struct {
	*replay.Player
	book   *book
	traded []price.Index
	random *rand.Rand
	n      int
}

// boldly are limits that are hardly any.
var boldly = &trade.Limits{
	LossStreak: -1, PerMinute: -1, PerHour: -1, PerDay: -1, MaxErrors: -1, MaxFrozen: -1, MaxOpenSide: -1, AllowIncrease: true,
	DailyLoss: 1e6 * trade.Unit, RollingLoss: 1e6 * trade.Unit,
}

func newGuess(t *testing.T, seed uint64) *guess {
	t.Helper()
	g := &guess{book: &book{ledger: trade.NewLedger()}, random: rand.New(rand.NewPCG(77, seed))}
	for _, name := range []string{"V75_1s", "V100_1s"} {
		x, err := price.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		g.traded = append(g.traded, x)
	}
	market, err := replay.New(&replay.Options{Indices: g.traded})
	if err != nil {
		t.Fatal(err)
	}
	broker, err := paper.New(market, &paper.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	chooser := trade.Chooser{Sizing: trade.Sizing{Stake: trade.Unit}}
	trader, err := trade.New(&trade.Options{Broker: broker, Journal: g.book, Limits: boldly, Terms: chooser.Terms})
	if err != nil {
		t.Fatal(err)
	}
	if err := trader.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Player = &replay.Player{Market: market, Broker: broker, Trader: trader}
	return g
}

// flip follows a coin on one of the indices.
func (g *guess) flip(t *testing.T) {
	t.Helper()
	g.n++
	x := g.traded[g.n%len(g.traded)]
	tick, _ := g.Market.Tick(x.Symbol)
	s := &trade.Signal{Decision: fmt.Sprint(g.n), Asset: x.Name, Side: trade.Side(1 - 2*g.random.IntN(2)), Votes: [2]int64{int64(g.n), 0}, Price: &tick.Price}
	if err := g.Follow(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// Whole traders on paper, on prices without an edge, with late fills and refused buys:
// the report claims nothing, at any look, and what is lost is the margin that was paid and
// the ties, which a coin would win half of.
func TestNoEdgeIsClaimedOnPaper(t *testing.T) {
	seeds, long := sooner(40, 400), time.Duration(sooner(8, 120))*time.Minute
	claimed, outside, total, n, ties := 0, 0, 0.0, 0, 0
	for seed := range uint64(seeds) {
		g := newGuess(t, seed)
		records, err := replay.Simulated(g.traded, seed, epoch, long)
		if err != nil {
			t.Fatal(err)
		}
		next, look, claim := epoch.Add(10*time.Second), epoch.Add(long/2), false
		for r, err := range records {
			if err != nil {
				t.Fatal(err)
			}
			g.Play(t.Context(), &r)
			if now := g.Market.Now(); !now.Before(next) {
				next = next.Add(5 * time.Second)
				g.flip(t)
			}
			if now := g.Market.Now(); !now.Before(look) {
				look = look.Add(long / 4)
				claim = claim || claims(report.OfLedger(g.book.ledger, few))
			}
		}
		last := report.OfLedger(g.book.ledger, few)
		if claim || claims(last) {
			claimed++
		}
		e := last.Total.Expectancy
		if loss := -last.Total.Margin.Float() / last.Total.Turnover.Float(); loss < e.Low || loss > e.High {
			outside++
		}
		total += last.Total.Profit.Float() + last.Total.Margin.Float() + float64(last.Total.Ties)*1.954/2
		ties += last.Total.Ties
		n += last.Total.N
	}
	sd := 1.954 / 2 * math.Sqrt(float64(n))
	t.Logf("%d seeds, %d orders, %d ties: %d claimed, %d losses outside of the interval, %+.2f more than margin and ties lost (sd %.2f)", seeds, n, ties, claimed, outside, -total, sd)
	if claimed > seeds/20 || outside > seeds/20 || math.Abs(total) > 3*sd || n < 40*seeds {
		t.Errorf("%d claimed and %d outside, want at most %d of each; %d orders, want %d or more; %+.2f, want 0 within %.2f", claimed, outside, seeds/20, n, 40*seeds, total, 3*sd)
	}
}

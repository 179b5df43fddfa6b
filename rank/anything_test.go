package rank_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

// Numbers and times such as no hub should send and no clock should show.
var (
	oddFloats = []float64{
		0, math.Copysign(0, -1), 0.5, 1, 1.5, -0.5, 99, 100, 101, 1e-300, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, -7,
		math.NaN(), math.Inf(1), math.Inf(-1), 3e-5, 12345.678,
	}
	oddCounts = []int64{0, 1, 2, 7, 1000, quasar.MaxCount, quasar.MaxCount + 1, -1, math.MinInt64, math.MaxInt64}
	oddTimes  = []time.Duration{
		0, time.Nanosecond, time.Millisecond, time.Second, time.Second, 2 * time.Second, 7 * time.Second, time.Minute, time.Hour,
		24 * time.Hour, -time.Millisecond, -time.Second, -3 * time.Second, -time.Hour, math.MaxInt64, math.MinInt64,
	}
	oddSignals = []quasar.Signal{quasar.Buy, quasar.Sell, quasar.Neutral, quasar.Buy, quasar.Sell, "", "HOLD"}
	oddSources = []string{"", "ensemble", "a", "b", "c", "d", "\x00", string(make([]byte, 999))}
)

func maybe[T any](t *rapid.T, of []T, what string) *T {
	return rapid.Ptr(rapid.SampledFrom(of), true).Draw(t, what)
}

func drawAnything(t *rapid.T, now time.Time) quasar.Snapshot {
	stamp := func(what string) time.Time {
		if rapid.IntRange(0, 5).Draw(t, what+" unknown") == 0 {
			return time.Time{}
		}
		return now.Add(rapid.SampledFrom(oddTimes).Draw(t, what))
	}
	return quasar.Snapshot{
		SpaceName: rapid.SampledFrom([]string{"A", "B", "C", "D", ""}).Draw(t, "name"),
		Training: quasar.Training{
			TrainingSteps: maybe(t, oddCounts, "steps"), ActorLoss: maybe(t, oddFloats, "actor"), CriticLoss: maybe(t, oddFloats, "critic"),
			AVNLoss: maybe(t, oddFloats, "avn"), AVNAccuracy: maybe(t, oddFloats, "accuracy"),
		},
		Voting: quasar.Voting{
			DominantSignal: maybe(t, oddSignals, "signal"), BuyCount: maybe(t, oddCounts, "buys"), SellCount: maybe(t, oddCounts, "sells"),
			LastPrice: maybe(t, oddFloats, "price"), SignalSource: maybe(t, oddSources, "source"),
		},
		Seq: rapid.Int64().Draw(t, "seq"), UpdatedAt: stamp("updated"), TrainingAt: stamp("trained"), VotingAt: stamp("voted"),
	}
}

// checker holds what may come out of features.
type checker struct {
	t     *rapid.T
	table []rank.Feature
	norm  *rank.Normaliser
}

func (c *checker) outcome(o *rank.Outcome) {
	for _, x := range []float64{o.Move, o.Label, o.Fresh, o.Price, o.Volatility} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			c.t.Fatalf("outcome: got %+v, want finite numbers", *o)
		}
	}
	if o.Fresh < 0 || o.Fresh > 1 || math.Abs(o.Label) > rank.MaxLabel || o.Dropped == "" && o.Direction*o.Direction != 1 {
		c.t.Fatalf("outcome: got %+v, want a label, a share and a direction in their ranges", *o)
	}
}

func (c *checker) rows(f *rank.Features, now time.Time) {
	raw, z := make([]float64, rank.Width), make([]float64, rank.Width)
	for asset := range f.Len() {
		f.Row(asset, now, raw)
		c.norm.Observe(raw)
		c.norm.Freeze()
		c.norm.Apply(raw, z)
		for i, feature := range c.table {
			known := !slices.ContainsFunc(feature.Missing, func(mask string) bool { return raw[c.place(mask)] == 1 })
			switch x := raw[i]; {
			case known && !(feature.Min <= x && x <= feature.Max):
				c.t.Fatalf("%s: got %v, want %v to %v", feature.Name, x, feature.Min, feature.Max)
			case !known && (x != 0 || z[i] != 0):
				c.t.Fatalf("%s: got %v and %v scaled, want 0 for what is not known", feature.Name, x, z[i])
			case feature.Scaled && !(math.Abs(z[i]) <= rank.MaxZ), !feature.Scaled && z[i] != x:
				c.t.Fatalf("%s: got %v scaled from %v", feature.Name, z[i], x)
			}
		}
	}
}

func (c *checker) place(name string) int {
	return slices.IndexFunc(c.table, func(f rank.Feature) bool { return f.Name == name })
}

// whateverComes does anything in any order, and looks at everything after each step.
func whateverComes(t *rapid.T) {
	c := checker{t, rank.Table(), rank.NewNormaliser(3)}
	settled := int64(0)
	opts := rank.Options{MaxAssets: 4, Pending: 3, Settled: func(o *rank.Outcome) { settled++; c.outcome(o) }}
	f, err := rank.NewFeatures(&opts)
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	for range rapid.IntRange(0, 80).Draw(t, "steps") {
		now = now.Add(rapid.SampledFrom(oddTimes).Draw(t, "wait"))
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		case 0:
			f.Expire(now)
		case 1, 2:
			if n := f.Len(); n > 0 {
				f.Open(rapid.IntRange(0, n-1).Draw(t, "asset"), 1, now, []float64{1})
			}
		case 3:
			f.CrossSection(someOf(t, f.Len()))
		case 4:
			if err := f.Restore(f.State()); err != nil {
				t.Fatalf("restore: %v", err)
			}
			settled = 0
		default:
			s := drawAnything(t, now)
			f.Update(&s, now)
		}
		c.rows(f, now)
		o := f.Outcomes()
		if o.Opened != settled+o.Pending || o.Pending > int64(3*f.Len()) {
			t.Fatalf("got %d settled, and of all %+v", settled, o)
		}
	}
}

func someOf(t *rapid.T, n int) (some []int) {
	for i := range n {
		if rapid.Bool().Draw(t, "among") {
			some = append(some, i)
		}
	}
	return some
}

func TestNothingMakesAFeatureThatIsNoNumber(t *testing.T) { rapid.Check(t, whateverComes) }

func FuzzFeatures(f *testing.F) { f.Fuzz(rapid.MakeFuzz(whateverComes)) }

// Two sets of features see the same. One of them is put away in the middle and
// restored, with its decisions; what follows must be the same to the last bit.
func TestARestoredStateGoesOnWithTheSameBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told [2][]rank.Outcome
		pending := make(map[int64]rank.Pending)
		tell := func(i int) func(*rank.Outcome) {
			return func(o *rank.Outcome) {
				if told[i] = append(told[i], *o); i == 1 {
					delete(pending, o.Decision)
				}
				told[i][len(told[i])-1].X = nil
			}
		}
		fs := [2]*rank.Features{}
		for i := range fs {
			fs[i], _ = rank.NewFeatures(&rank.Options{Settled: tell(i)})
		}
		b, cut := newBusy(3), rapid.IntRange(0, 120).Draw(t, "cut")
		b.random.Shuffle(rapid.IntRange(0, 9).Draw(t, "seed"), func(int, int) {})
		for step := range 240 {
			if step == cut {
				fs[1] = restored(t, fs[1], tell(1), pending, b.now)
			}
			s := b.next()
			b.now = b.now.Add(rapid.SampledFrom([]time.Duration{0, 0, 0, time.Second, 20 * time.Second, -time.Hour}).Draw(t, "wait"))
			s.VotingAt, s.TrainingAt = b.now, b.now
			for i, f := range fs {
				asset, _ := f.Update(s, b.now)
				if p, why := f.Open(asset, int64(step), b.now, nil); i == 1 && why == "" {
					pending[p.Decision] = p
				}
			}
		}
		if diff := cmp.Diff(fs[0].State(), fs[1].State(), cmp.Comparer(sameBits)); diff != "" {
			t.Fatalf("state (-whole +restored):\n%s", diff)
		}
		if diff := cmp.Diff(told[0], told[1], cmp.Comparer(sameBits)); diff != "" {
			t.Fatalf("outcomes (-whole +restored):\n%s", diff)
		}
	})
}

func sameBits(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }

// restored is a copy of f that came through its state alone.
func restored(t *rapid.T, f *rank.Features, tell func(*rank.Outcome), pending map[int64]rank.Pending, now time.Time) *rank.Features {
	g, err := rank.NewFeatures(&rank.Options{Settled: tell})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Restore(f.State()); err != nil {
		t.Fatal(err)
	}
	for _, decision := range slices.Sorted(maps.Keys(pending)) {
		if err := g.Reopen(pending[decision], now, nil); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

package rank_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/rank"
)

// trader is a space whose signals and accuracy a test makes up.
type trader struct {
	name     string
	accuracy float64
	price    float64
	signal   func() quasar.Signal // asked before each tick
	tick     func(quasar.Signal) float64
}

// follow lets traders tick once a second and follows each of their signals. The
// horizon is ten ticks. Squares is the sum of the squares of all labels.
func follow(t *testing.T, traders []trader, ticks, decideEvery int, halfLife float64) (f *rank.Features, squares float64) {
	f = newFeatures(t, &rank.Options{
		Horizon: 10 * time.Second, HalfLife: halfLife, Settled: func(o *rank.Outcome) { squares += o.Label * o.Label },
	})
	for i := range ticks {
		for asset := range traders {
			x := &traders[asset]
			signal := x.signal()
			now := after(float64(i))
			s := quasar.Snapshot{
				SpaceName: x.name, VotingAt: now, TrainingAt: now,
				Training: quasar.Training{AVNAccuracy: &x.accuracy},
				Voting:   quasar.Voting{DominantSignal: &signal, LastPrice: &x.price},
			}
			f.Update(&s, now)
			if i%decideEvery == 0 {
				f.Open(asset, int64(i), now, nil)
			}
			x.price = x.tick(signal)
		}
	}
	return f, squares
}

// walk is a price that nobody can foretell.
func (x *trader) walk(random *rand.Rand) {
	x.tick = func(quasar.Signal) float64 { return x.price * math.Exp(1e-4*random.NormFloat64()) }
}

// guess is a signal by a coin that is thrown every so many ticks.
func guess(random *rand.Rand, every int) func() quasar.Signal {
	n, signal := 0, quasar.Buy
	return func() quasar.Signal {
		if n++; n%every == 0 {
			signal = []quasar.Signal{quasar.Buy, quasar.Sell}[random.IntN(2)]
		}
		return signal
	}
}

// feature returns one of an asset's features as it is at a time.
func feature(f *rank.Features, asset int, name string, now time.Time) float64 {
	raw := make([]float64, rank.Width)
	f.Row(asset, now, raw)
	for i, feature := range rank.Table() {
		if feature.Name == name {
			return raw[i]
		}
	}
	panic("no feature " + name)
}

// A liar says that it is always right and is right by chance. After 500 labels the
// features show it beside one that says little of itself and knows something.
func TestALiarIsSeen(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 11))
		traders := make([]trader, 2)
		traders[0] = trader{name: "LIAR", accuracy: 1, price: 100, signal: guess(random, 10)}
		traders[0].walk(random)
		traders[1] = trader{name: "MODEST", accuracy: 0.5, price: 100, signal: guess(random, 10)}
		traders[1].tick = func(s quasar.Signal) float64 {
			drift := map[quasar.Signal]float64{quasar.Buy: 3e-5, quasar.Sell: -3e-5}[s]
			return traders[1].price * math.Exp(drift+1e-4*random.NormFloat64())
		}
		f, _ := follow(t, traders, 5020, 10, 0)
		now := after(5020)
		liar, modest := f.Skill(0), f.Skill(1)
		if liar.Labels < 300 { // 500 of which older ones have faded
			t.Fatalf("seed %d: got %v labels", seed, liar.Labels)
		}
		if z := (liar.HitRate - 0.5) / liar.HitRateError; math.Abs(z) > 3.5 {
			t.Errorf("seed %d: liar: got a hit rate of %v, %v errors from 0.5", seed, liar.HitRate, z)
		}
		if got := feature(f, 0, "hit_minus_accuracy", now); math.Abs(got+0.5) > 0.1 {
			t.Errorf("seed %d: liar: got a hit rate %v above its accuracy, want 0.5 below", seed, got)
		}
		if got := feature(f, 1, "hit_minus_accuracy", now); got < 0.1 {
			t.Errorf("seed %d: modest: got a hit rate %v above its accuracy, want it well above", seed, got)
		}
		if modest.HitExcess < liar.HitExcess+0.1 || modest.NetMean < liar.NetMean+0.2 {
			t.Errorf("seed %d: got excess %v, mean %v of the liar and %v, %v of the modest, want the modest well above",
				seed, liar.HitExcess, liar.NetMean, modest.HitExcess, modest.NetMean)
		}
	}
}

// On a Crash index "up" is right nearly always, and earns nothing.
func TestAlwaysUpOnACrashIndexIsNoSkill(t *testing.T) {
	for seed := range uint64(5) {
		index, err := price.Lookup("CRASH500")
		if err != nil {
			t.Fatal(err)
		}
		process, err := price.New(index, seed)
		if err != nil {
			t.Fatal(err)
		}
		up := trader{
			name: "UP", accuracy: 0.99, price: process.Next(),
			signal: func() quasar.Signal { return quasar.Buy },
			tick:   func(quasar.Signal) float64 { return process.Next() },
		}
		f, squares := follow(t, []trader{up}, 20_000, 10, 1e9)
		got := f.Skill(0)
		if got.HitRate < 0.9 || got.UpRate != got.HitRate {
			t.Errorf("seed %d: got a hit rate of %v where the price rose in %v, want both alike and above 0.9", seed, got.HitRate, got.UpRate)
		}
		if math.Abs(got.HitExcess) > 1e-12 {
			t.Errorf("seed %d: got an excess of %v, want none", seed, got.HitExcess)
		}
		if err := math.Sqrt(squares) / got.Labels; math.Abs(got.NetMean) > 4*err {
			t.Errorf("seed %d: got a mean of %v after %v labels, want 0 ± %v", seed, got.NetMean, got.Labels, err)
		}
	}
}

// The error of a hit rate is what hit rates scatter by, however much labels overlap
// and however fast they fade: too small a one would show skill where there is none.
func TestHitRatesScatterByNoMoreThanTheirError(t *testing.T) {
	for _, c := range []struct {
		name        string
		decideEvery int
		signalEvery int
		halfLife    float64
	}{
		{"labels side by side", 10, 10, 1e9},
		{"labels that overlap tenfold", 1, 10, 1e9},
		{"signals that stay for long", 1, 60, 1e9},
		{"labels that fade", 10, 10, 15},
		{"labels that overlap and fade", 1, 40, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(9, 9))
			traders := make([]trader, 300)
			for i := range traders {
				traders[i] = trader{name: fmt.Sprint("S", i), price: 100, signal: guess(random, c.signalEvery)}
				traders[i].walk(random)
			}
			f, _ := follow(t, traders, 600, c.decideEvery, c.halfLife)
			sum, squares := 0.0, 0.0
			for asset := range traders {
				k := f.Skill(asset)
				z := (k.HitRate - 0.5) / k.HitRateError
				sum += z
				squares += z * z
			}
			n := float64(len(traders))
			if sd := math.Sqrt(squares / n); sd > 1.1 || sd < 0.5 {
				t.Errorf("got a scatter of %v errors, want no more than 1", sd)
			}
			if mean := sum / n; math.Abs(mean) > 3/math.Sqrt(n) {
				t.Errorf("got a mean of %v errors, want 0", mean)
			}
		})
	}
}

// A price that stood still is neither right nor wrong.
func TestAPriceThatStoodStillIsNeitherHitNorMiss(t *testing.T) {
	f := newFollower(t, rank.Options{})
	f.Open(0, 1, noon, nil)
	f.quote(60, 100)
	got := f.Skill(0)
	if f.told[0].Hit != 0 || got.Labels != 1 || got.HitRate != 0.5 || got.HitRateError != math.Sqrt(1.0/12) {
		t.Errorf("got %+v of %+v, want one label and a hit rate of which nothing is known", got, f.told)
	}
}

// Half of what counts is what came within the last half-life.
func TestOldLabelsFade(t *testing.T) {
	f := newFollower(t, rank.Options{HalfLife: 2})
	p := 0.0
	for i := range 9 { // 5 hits, then 4 misses
		at := float64(60 * i)
		f.Open(0, int64(i), after(at), nil)
		if p += 100; i >= 5 {
			p -= 200
		}
		f.quote(at+60, priceOf(p))
	}
	left, hits, n := math.Sqrt(0.5), 0.0, 0.0
	for i := range 9 {
		n = n*left + 1
		hits = hits*left + one(i < 5)
	}
	if got, want := f.Skill(0).HitRate, (hits+1)/(n+2); !near(got, want) {
		t.Errorf("got a hit rate of %v, want %v", got, want)
	}
}

// What is right by chance is counted on both sides: of BUYs that met a rise and of
// SELLs that met a fall.
func TestExcessIsWhatChanceLeaves(t *testing.T) {
	for _, c := range []struct {
		name         string
		signals, ups string // B or S, u or d
		want         float64
	}{
		{"three of four right, where two would be by chance", "BBBS", "uudd", 1.0 / 6},
		{"always right", "BSBS", "udud", 2.0 / 6},
		{"always wrong", "BSBS", "dudu", -2.0 / 6},
		{"always SELL", "SSSS", "dddu", 0},
		{"right as often as by chance", "BBSS", "udud", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFollower(t, rank.Options{HalfLife: 1e12})
			p := 0.0
			for i := range c.signals {
				at := float64(60 * i)
				f.s.Voting.DominantSignal = new(map[byte]quasar.Signal{'B': quasar.Buy, 'S': quasar.Sell}[c.signals[i]])
				f.quote(at+0.5, priceOf(p))
				f.Open(0, int64(i), after(at+0.5), nil)
				p += map[byte]float64{'u': 100, 'd': -100}[c.ups[i]]
				f.quote(at+60, priceOf(p))
			}
			f.Expire(after(9999))
			if got := f.Skill(0).HitExcess; math.Abs(got-c.want) > 1e-2 {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

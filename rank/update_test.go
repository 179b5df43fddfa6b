package rank_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

// teller tells features of one asset, and answers for one of them.
type teller struct {
	*rank.Features
	now time.Time
	s   quasar.Snapshot
}

func newTeller(t *testing.T) *teller {
	return &teller{Features: newFeatures(t, nil), now: noon, s: quasar.Snapshot{SpaceName: "A"}}
}

// vote says at a time that a side is ahead; stamped says when the hub got it.
func (x *teller) vote(at float64, side quasar.Signal, stamped float64) {
	x.s.Voting = quasar.Voting{DominantSignal: &side, BuyCount: new(int64(1)), SellCount: new(int64(1))}
	x.tell(at, stamped)
}

func (x *teller) tell(at, stamped float64) {
	x.s.Seq++
	x.now, x.s.VotingAt = after(at), after(stamped)
	x.Update(&x.s, x.now)
}

func (x *teller) get(t *testing.T, name string) float64 { return feature(x.Features, 0, name, x.now) }

// flips is how many flips the rate remembers, if none has faded.
func (x *teller) flips(t *testing.T) float64 {
	return math.Round(10 * math.Expm1(x.get(t, "flip_rate")))
}

func TestFlips(t *testing.T) {
	const buy, sell, neutral = quasar.Buy, quasar.Sell, quasar.Neutral
	type vote struct {
		at      float64
		side    quasar.Signal
		stamped float64
	}
	for _, c := range []struct {
		name  string
		votes []vote
		flips float64
		since float64
	}{
		{"the first vote is none", []vote{{0, buy, 0}, {9, buy, 9}}, 0, 9},
		{"another side is one", []vote{{0, buy, 0}, {9, sell, 9}}, 1, 0},
		{"to neutral and back are two", []vote{{0, buy, 0}, {1, neutral, 1}, {2, buy, 2}, {9, buy, 9}}, 2, 7},
		{"votes that are sent again after a reconnect are none", []vote{{0, buy, 0}, {1, buy, 1}, {2, buy, 2}}, 0, 2},
		{"a state that the hub sends again is none", []vote{{0, buy, 0}, {1, sell, 1}, {2, sell, 1}, {3, sell, 1}}, 1, 2},
		{"votes that were late are none", []vote{{0, buy, 0}, {5, sell, 5}, {6, buy, 0}, {7, buy, 4}}, 1, 2},
		{"a signal that is none is no side", []vote{{0, buy, 0}, {1, "HOLD", 1}, {2, buy, 2}}, 0, 2},
		{"nor is one that comes back as another", []vote{{0, buy, 0}, {1, "HOLD", 1}, {2, sell, 2}}, 1, 0},
		{"votes that were old when they came flipped when the hub got them", []vote{{0, buy, -9}, {2, sell, -3}}, 1, 5},
		{"a clock that is set back an hour goes on", []vote{{0, buy, 0}, {5, sell, 5}, {-3590, sell, -3590}, {-3587, sell, -3587}}, 1, 3},
		{"one that goes back by a little stands still", []vote{{0, buy, 0}, {5, sell, 5}, {4.5, sell, 4.5}, {6, sell, 6}}, 1, 1},
		{"a stamp from the future is of now", []vote{{0, buy, 0}, {1, sell, 99}, {4, sell, 99}}, 1, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTeller(t)
			for _, v := range c.votes {
				x.vote(v.at, v.side, v.stamped)
			}
			if got := x.flips(t); got != c.flips {
				t.Errorf("got %v flips, want %v", got, c.flips)
			}
			if got := math.Expm1(x.get(t, "since_flip")); !near(got, c.since) {
				t.Errorf("got %v s since the last, want %v", got, c.since)
			}
		})
	}
}

// A hub that does not say when groups came: what changed came now.
func TestWithoutStampsWhatChangedIsNews(t *testing.T) {
	x := newTeller(t)
	say := func(at float64, side quasar.Signal) {
		x.now, x.s.VotingAt = after(at), time.Time{}
		x.s.Voting.DominantSignal = &side
		x.Update(&x.s, x.now)
	}
	say(0, quasar.Buy)
	say(3, quasar.Buy)
	if got := math.Expm1(x.get(t, "voting_age")); !near(got, 3) {
		t.Errorf("got votes of %v s ago, want 3", got)
	}
	say(5, quasar.Sell)
	if got := math.Expm1(x.get(t, "voting_age")); !near(got, 0) || x.flips(t) != 1 {
		t.Errorf("got votes of %v s ago and %v flips, want 0 and 1", got, x.flips(t))
	}
}

// In another currency, an asset has the same features to the last bit. (A power of
// two, for other factors round.)
func TestNothingDependsOnTheLevelOfThePrice(t *testing.T) {
	rows := func(scale float64) (rows []float64) {
		f := newFeatures(t, nil)
		b, raw := newBusy(3), make([]float64, rank.Width)
		for range 600 {
			s := *b.next()
			s.Voting.LastPrice = new(scale * *s.Voting.LastPrice)
			asset, _ := f.Update(&s, b.now)
			f.Open(asset, 1, b.now, nil)
			f.Row(asset, b.now, raw)
			rows = append(rows, raw...)
		}
		return rows
	}
	want := rows(1)
	for _, scale := range []float64{1024, math.Ldexp(1, -40), math.Ldexp(1, 900)} {
		if !slices.Equal(want, rows(scale)) {
			t.Errorf("at %g times the price: got other features", scale)
		}
	}
}

// Assets have the numbers in which they came, and nothing else depends on that order.
func TestNothingDependsOnTheOrderOfAssets(t *testing.T) {
	rows := func(first []string) map[string][]float64 {
		f := newFeatures(t, nil)
		for _, name := range first {
			f.Update(&quasar.Snapshot{SpaceName: name}, noon)
		}
		b := newBusy(5)
		for range 300 {
			f.Update(b.next(), b.now)
		}
		all := []int{0, 1, 2, 3, 4}
		f.CrossSection(all)
		rows := make(map[string][]float64)
		for _, asset := range all {
			raw := make([]float64, rank.Width)
			f.Row(asset, b.now, raw)
			rows[f.Name(asset)] = raw
		}
		return rows
	}
	names := []string{"A00000", "A00001", "A00002", "A00003", "A00004"}
	want := rows(names)
	slices.Reverse(names)
	if diff := cmp.Diff(want, rows(names)); diff != "" {
		t.Errorf("-want +reversed\n%s", diff)
	}
}

func TestSourcesKeepTheirPlaces(t *testing.T) {
	x := newTeller(t)
	for i, c := range []struct{ source, want string }{
		{"a", "source_1"}, {"b", "source_2"}, {"a", "source_1"}, {"c", "source_3"}, {"d", "source_4"},
		{"e", "source_other"}, {"b", "source_2"}, {"f", "source_other"}, {"d", "source_4"}, {"", ""},
	} {
		x.s.Voting.SignalSource = &c.source
		x.tell(float64(i), float64(i))
		var got string
		for _, name := range []string{"source_1", "source_2", "source_3", "source_4", "source_other"} {
			if x.get(t, name) == 1 {
				got += name
			}
		}
		if got != c.want {
			t.Errorf("%q: got %s, want %s", c.source, got, c.want)
		}
	}
}

func TestCrossSectionRanksThoseThatItIsGiven(t *testing.T) {
	f := newFeatures(t, nil)
	for i, accuracy := range []*float64{new(0.5), new(0.9), new(0.5), nil, new(0.1), new(0.7)} {
		f.Update(&quasar.Snapshot{SpaceName: string(rune('A' + i)), TrainingAt: noon, Training: quasar.Training{AVNAccuracy: accuracy}}, noon)
	}
	for _, c := range []struct {
		name  string
		among []int
		want  []float64
	}{
		{"all: equals share a place, and what is not known has none", []int{0, 1, 2, 3, 4, 5}, []float64{-0.25, 1, -0.25, 0, -1, 0.5}},
		{"in any order", []int{4, 3, 5, 2, 1, 0}, []float64{-0.25, 1, -0.25, 0, -1, 0.5}},
		{"two of them", []int{1, 5}, []float64{0, 1, 0, 0, 0, -1}},
		{"one alone", []int{1}, []float64{0, 0, 0, 0, 0, 0}},
		{"equals alone", []int{0, 2}, []float64{0, 0, 0, 0, 0, 0}},
		{"nobody", nil, []float64{0, 0, 0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.CrossSection(c.among)
			var got []float64
			for asset := range f.Len() {
				got = append(got, feature(f, asset, "accuracy_rank", noon))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// A hub that makes up names without end must not fill the memory.
func TestThereIsRoomForSoManyAssets(t *testing.T) {
	f := newFeatures(t, &rank.Options{MaxAssets: 2})
	for i, name := range []string{"A", "B", "C", "A"} {
		asset, ok := f.Update(&quasar.Snapshot{SpaceName: name}, noon)
		if want := []int{0, 1, 0, 0}[i]; asset != want || ok != (name != "C") {
			t.Errorf("%s: got %d, %v, want %d, %v", name, asset, ok, want, name != "C")
		}
	}
	if _, ok := f.Asset("C"); ok || f.Len() != 2 || f.Name(1) != "B" {
		t.Errorf("got %d assets, C %v", f.Len(), ok)
	}
}

func TestDirection(t *testing.T) {
	x := newTeller(t)
	for _, c := range []struct {
		signal *quasar.Signal
		want   int
	}{{nil, 0}, {new(quasar.Buy), 1}, {new(quasar.Neutral), 0}, {new(quasar.Sell), -1}, {new(quasar.Signal("HOLD")), 0}} {
		x.s.Voting.DominantSignal = c.signal
		x.now = x.now.Add(time.Second)
		x.s.VotingAt = x.now
		x.Update(&x.s, x.now)
		if got := x.Direction(0); got != c.want {
			t.Errorf("%v: got %d, want %d", c.signal, got, c.want)
		}
	}
}

func TestNewFeaturesRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		opts rank.Options
		want string
	}{
		{"a horizon below 0", rank.Options{Horizon: -1}, "features: Horizon: got -1ns, want a millisecond to a year"},
		{"a tolerance beyond half of it", rank.Options{Tolerance: 31 * time.Second}, "features: Tolerance: got 31s, want above 0 and at most half the horizon, 30s"},
		{"a stall below 0", rank.Options{Stall: -time.Second}, "features: Stall: got -1s, want a duration above 0"},
		{"a cost below 0", rank.Options{Cost: -1}, "features: Cost: got -1, want a finite number, 0 or more"},
		{"a cost that is none", rank.Options{Cost: math.NaN()}, "features: Cost: got NaN, want a finite number, 0 or more"},
		{"a half-life below a label", rank.Options{HalfLife: 0.5}, "features: HalfLife: got 0.5, want a finite number of labels, 1 or more"},
		{"no room to wait", rank.Options{Pending: -1}, "features: Pending: got -1, want 1 to 65536"},
		{"no room for assets", rank.Options{MaxAssets: -1}, "features: MaxAssets: got -1, want 1 to 2147483647"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := rank.NewFeatures(&c.opts); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Rows of another meaning have another hash, and rows of one meaning the same one.
func TestHashNamesTheMeaning(t *testing.T) {
	hash := func(o rank.Options) string { return newFeatures(t, &o).Hash() }
	want := hash(rank.Options{})
	if got := hash(rank.Options{Horizon: time.Minute, Pending: 7, MaxAssets: 9}); got != want || len(got) != 32 {
		t.Errorf("got %s, want %s for options that say the same of rows", got, want)
	}
	for _, o := range []rank.Options{{Horizon: time.Hour}, {Tolerance: time.Second}, {Stall: time.Hour}, {Cost: 1}, {HalfLife: 7}} {
		if hash(o) == want {
			t.Errorf("%+v: got the hash of the defaults, want another", o)
		}
	}
}

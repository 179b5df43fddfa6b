package rank_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

// follower is features of one asset that says BUY, and all that they told.
type follower struct {
	*rank.Features
	told []rank.Outcome
	s    quasar.Snapshot
}

// newFollower returns one whose price has moved by ±1e-3 each second for a while up
// to noon, so that its volatility is known; the price is 100 then. The horizon is a
// minute, the tolerance 10 s.
func newFollower(tb testing.TB, opts rank.Options) *follower {
	f := &follower{s: quasar.Snapshot{SpaceName: "A", Voting: quasar.Voting{DominantSignal: new(quasar.Buy)}}}
	opts.Settled = func(o *rank.Outcome) {
		told := *o
		told.X = slices.Clone(o.X)
		f.told = append(f.told, told)
	}
	f.Features = newFeatures(tb, &opts)
	for i := -10; i <= 0; i++ {
		f.quote(float64(i), 100*math.Exp(1e-3*float64(-i%2)))
	}
	return f
}

// quote says that the price is p at a time in seconds behind noon.
func (f *follower) quote(at, p float64) {
	f.s.Voting.LastPrice = &p
	f.s.VotingAt = after(at)
	f.s.Seq++
	f.Update(&f.s, after(at))
}

// labels are the moves that were told, in millionths, and why there was none.
func (f *follower) labels() []any {
	var all []any
	for _, o := range f.told {
		if o.Dropped != "" {
			all = append(all, o.Dropped)
		} else {
			all = append(all, math.Round(o.Move*1e6))
		}
	}
	return all
}

// price is what 100 becomes by so many millionths.
func priceOf(millionths float64) float64 { return 100 * math.Exp(millionths*1e-6) }

func TestTheOutcomeIsOfThePriceNearestToTheEndOfTheHorizon(t *testing.T) {
	type quote struct{ at, millionths float64 }
	for _, c := range []struct {
		name   string
		quotes []quote // after a decision at noon
		want   []any
	}{
		{"one at the end", []quote{{30, 500}, {60, 700}}, []any{700.0}},
		{"one a little later", []quote{{30, 500}, {63, 700}}, []any{700.0}},
		{"one a little earlier, once another has come", []quote{{58, 500}, {69, 700}}, []any{500.0}},
		{"the later of two as near", []quote{{58, 500}, {62, 700}}, []any{700.0}},
		{"the first behind the end", []quote{{50, 500}, {61, 600}, {62, 700}}, []any{600.0}},
		{"one at the edge of the tolerance", []quote{{70, 700}}, []any{700.0}},
		{"none beyond it", []quote{{49, 500}, {71, 700}}, []any{rank.NoPrice}},
		{"nothing is told before one has come", []quote{{59, 500}}, nil},
		{"one that stood still counts", []quote{{60, 0}}, []any{0.0}},
		{"a price of something else voids it", []quote{{30, 1.1e6}, {60, 1.1e6}}, []any{rank.Break}},
		{"even if the old price is back in time", []quote{{30, 1.1e6}, {31, 100}, {60, 700}}, []any{rank.Break}},
		{"and so it does at the end", []quote{{60, -1.1e6}}, []any{rank.Break}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFollower(t, rank.Options{})
			f.Open(0, 1, noon, nil)
			for _, q := range c.quotes {
				f.quote(q.at, priceOf(q.millionths))
			}
			if diff := cmp.Diff(c.want, f.labels()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestAnOutcomeSaysAllOfItsDecision(t *testing.T) {
	f := newFollower(t, rank.Options{Cost: 0.25})
	x := []float64{1, 2, 3}
	p, why := f.Open(0, 77, noon, x)
	x[0] = 99 // the row was kept, not borrowed
	if why != "" || p.Price != 100 || p.Decision != 77 || p.Direction != 1 || !p.At.Equal(noon) {
		t.Fatalf("got %+v, %q", p, why)
	}
	// Moves of 1e-3 a second are 1e-3 sqrt(60) a minute.
	if want := 1e-3 * math.Sqrt(60); math.Abs(p.Volatility-want) > 1e-12 {
		t.Errorf("volatility: got %v, want %v", p.Volatility, want)
	}
	f.quote(60, priceOf(-2e3))
	want := []rank.Outcome{{
		Pending: p, X: []float64{1, 2, 3}, Move: -2e-3, Label: -2e-3/p.Volatility - 0.25, Hit: -1, Fresh: 1,
	}}
	if diff := cmp.Diff(want, f.told, cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A price that does not move for two days makes its volatility nothing.
func TestTheFirstMoveAfterAFeedStoodStillIsBounded(t *testing.T) {
	f := newFollower(t, rank.Options{Cost: 0.5})
	const day = 24 * 3600
	for at := 60.0; at < 2*day; at += 60 {
		f.quote(at, 100)
	}
	if _, why := f.Open(0, 1, after(2*day-60), nil); why != "" {
		t.Fatal(why)
	}
	f.quote(2*day, 110)
	if got := f.told[0].Label; got != rank.MaxLabel-0.5 {
		t.Errorf("got a label of %v, want %v less the cost", got, rank.MaxLabel)
	}
}

func TestADecisionIsNotFollowedWithout(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(f *follower)
		at    float64
		want  rank.Reason
	}{
		{"anything amiss it is", func(*follower) {}, 0, ""},
		{"a direction", func(f *follower) { *f.s.Voting.DominantSignal = quasar.Neutral; f.quote(1, 100) }, 1, rank.NoDirection},
		{"a known signal", func(f *follower) { f.s.Voting.DominantSignal = nil; f.quote(1, 100) }, 1, rank.NoDirection},
		{"a price of late", func(*follower) {}, 10.1, rank.NoPrice},
		{"enough prices", func(f *follower) { f.quote(1, 1000); f.quote(2, 1001) }, 2, rank.NoVolatility},
		{"a price that ever moves", func(f *follower) {
			f.quote(1, 1000)
			for i := range 20 {
				f.quote(float64(2+i), 1000)
			}
		}, 21, rank.NoVolatility},
		{"room", func(f *follower) { f.Open(0, 1, after(0), nil); f.Open(0, 2, after(0), nil) }, 0, rank.TooMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFollower(t, rank.Options{Pending: 2})
			c.spoil(f)
			_, why := f.Open(0, 9, after(c.at), nil)
			if why != c.want {
				t.Errorf("got %q, want %q", why, c.want)
			}
			if why != "" && f.Outcomes().NotOpened[why] != 1 {
				t.Errorf("got %+v, want it counted", f.Outcomes())
			}
		})
	}
}

// A space that is gone must not hold its decisions for ever.
func TestDecisionsThatWaitInVainExpire(t *testing.T) {
	f := newFollower(t, rank.Options{})
	f.Open(0, 1, noon, nil)
	f.quote(5, 100.1)
	f.Open(0, 2, after(5), nil)
	f.quote(55.5, 100.2)
	f.Expire(after(80)) // the price of second 55.5 counts for one of second 60
	if diff := cmp.Diff([]any(nil), f.labels()); diff != "" {
		t.Errorf("in time: -want +got\n%s", diff)
	}
	f.Expire(after(80.5))
	f.Expire(after(999))
	want := rank.Outcomes{Opened: 2, Labelled: 2, NotOpened: map[rank.Reason]int64{}, Dropped: map[rank.Reason]int64{}}
	if diff := cmp.Diff(want, f.Outcomes()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	f.quote(1000, 100)
	f.Open(0, 3, after(1000), nil)
	f.Expire(after(1081))
	want = rank.Outcomes{Opened: 3, Labelled: 2, NotOpened: map[rank.Reason]int64{}, Dropped: map[rank.Reason]int64{rank.NoPrice: 1}}
	if diff := cmp.Diff(want, f.Outcomes()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Labels that overlap share what happened: together they are worth no more than the
// time that they cover.
func TestLabelsThatOverlapCountByWhatIsNew(t *testing.T) {
	f := newFollower(t, rank.Options{})
	for i := range 18 {
		at := float64(10 * i)
		f.quote(at, 100+float64(i))
		if i < 12 && i != 5 {
			f.Open(0, int64(i), after(at), nil)
		}
	}
	var got []float64
	for _, o := range f.told {
		got = append(got, math.Round(60*o.Fresh))
	}
	if diff := cmp.Diff([]float64{60, 10, 10, 10, 10, 20, 10, 10, 10, 10, 10}, got); diff != "" {
		t.Errorf("seconds that are new: -want +got\n%s", diff)
	}
	if got, covered := f.Skill(0).Labels, 170.0/60; got > covered || got < covered-0.01 {
		t.Errorf("got %v labels, want hardly less than the %v minutes that they cover", got, covered)
	}
}

// schedule is quotes and decisions in any order, at times that are exact.
type schedule struct {
	quotes    []struct{ at, millionths float64 }
	decisions []float64
}

// want returns the move of each decision, looked for among all prices that ever came.
func (s *schedule) want() (moves map[int64]any) {
	moves = make(map[int64]any)
	for i, at := range s.decisions {
		entry, nearest, exit := 0.0, math.Inf(1), 0.0
		for _, q := range s.quotes {
			if q.at <= at {
				entry = q.millionths
			} else if d := math.Abs(q.at - at - 60); d <= nearest {
				nearest, exit = d, q.millionths
			}
		}
		if moves[int64(i)] = any(rank.NoPrice); nearest <= 10 {
			moves[int64(i)] = exit - entry
		}
	}
	return moves
}

func TestEveryDecisionIsToldOnceWhateverThePrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &follower{s: quasar.Snapshot{SpaceName: "A", Voting: quasar.Voting{DominantSignal: new(quasar.Sell)}}}
		f.Features, _ = rank.NewFeatures(&rank.Options{Pending: 999, Settled: func(o *rank.Outcome) { f.told = append(f.told, *o) }})
		for i := -10; i <= 0; i++ {
			f.quote(float64(i), 100*math.Exp(1e-3*float64(-i%2)))
		}
		var s schedule
		at := 0.0
		s.quotes = append(s.quotes, struct{ at, millionths float64 }{})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at += rapid.SampledFrom([]float64{0.25, 1, 2, 9, 20, 50, 300}).Draw(t, "wait")
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				f.Expire(after(at))
			case 1, 2:
				millionths := float64(rapid.IntRange(-500, 500).Draw(t, "move"))
				s.quotes = append(s.quotes, struct{ at, millionths float64 }{at, millionths})
				f.quote(at, priceOf(millionths))
			default:
				if _, why := f.Open(0, int64(len(s.decisions)), after(at), nil); why == "" {
					s.decisions = append(s.decisions, at)
				}
			}
		}
		f.Expire(after(at + 1e4))
		got := make(map[int64]any)
		for i, label := range f.labels() {
			got[f.told[i].Decision] = label
		}
		if diff := cmp.Diff(s.want(), got); diff != "" || len(got) != len(f.told) {
			t.Fatalf("%d told; -want +got\n%s", len(f.told), diff)
		}
	})
}

func TestReopenRefuses(t *testing.T) {
	f := newFollower(t, rank.Options{Pending: 1})
	good, _ := f.Open(0, 1, noon, nil)
	for _, c := range []struct {
		name  string
		spoil func(p *rank.Pending)
		want  string
	}{
		{"an asset that is none", func(p *rank.Pending) { p.Asset = 1 }, "reopen: asset: got 1, want 0 to 0"},
		{"no direction", func(p *rank.Pending) { p.Direction = 0 }, "reopen: direction: got 0, want 1 or -1"},
		{"a price that is none", func(p *rank.Pending) { p.Price = math.NaN() }, "reopen: price and volatility: got NaN and 0.0077, want both finite and above 0"},
		{"a volatility that is none", func(p *rank.Pending) { p.Volatility = 0 }, "reopen: price and volatility: got 100 and 0, want both finite and above 0"},
		{"a time that is none", func(p *rank.Pending) { p.Clock = math.Inf(1) }, "reopen: clock: got +Inf, want a finite number of seconds"},
		{"one before the newest", func(p *rank.Pending) { p.Clock-- }, "reopen: decision 1: got one that is older than the newest pending, want them in their order"},
		{"one too many", func(*rank.Pending) {}, "reopen: decision 1: too many pending"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			p := good
			p.Volatility = 0.0077
			c.spoil(&p)
			if err := f.Reopen(p, noon.Add(time.Second), nil); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

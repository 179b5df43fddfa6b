package rank

import (
	"maps"
	"math"
	"strings"
	"time"

	"github.com/karlquant/quasar"
)

// Features makes of each asset's snapshots a row of numbers to learn from, and of
// its prices what became of following its signal. An update touches one asset and
// allocates nothing in the long run; nothing depends on the level of a price or on
// the order of a map.
//
// Every time is an argument, by one clock: the hub's, as far as it is known. It may
// go back.
//
// Features is not safe for use by several goroutines, not even for reading.
type Features struct {
	opts                      Options
	meaning                   string
	horizon, tolerance, stall float64 // seconds
	left                      float64 // of a label after another
	clock                     clock
	slots                     map[string]int
	names                     []string
	assets                    []asset
	sources                   []string
	ranked                    ranked
	outcome                   Outcome // told to Settled
	opened, labelled, open    int64
	notOpened, dropped        map[Reason]int64
	hourAt, hourSin, hourCos  float64
}

// asset is what is known of one asset.
type asset struct {
	state
	pending ring
	row     row // all but what changes by itself as time passes
}

// state is what a checkpoint holds of an asset: numbers alone.
type state struct {
	since    float64 // when the asset first came
	updates  rate
	votes    votes
	training training
	price    price
	skill    skill
}

// NewFeatures returns features of no asset.
func NewFeatures(opts *Options) (*Features, error) {
	o, err := opts.settle()
	if err != nil {
		return nil, err
	}
	return &Features{
		opts: o, meaning: o.hash(), clock: unset, slots: make(map[string]int), hourAt: nan,
		horizon: o.Horizon.Seconds(), tolerance: o.Tolerance.Seconds(), stall: o.Stall.Seconds(),
		left: math.Exp2(-1 / o.HalfLife), notOpened: make(map[Reason]int64), dropped: make(map[Reason]int64),
	}, nil
}

// Hash names the meaning of the rows: two of one hash have the same features, made
// in the same way.
func (f *Features) Hash() string { return f.meaning }

// Len returns how many assets there are. They are numbered from 0 on, in the order
// in which they came.
func (f *Features) Len() int { return len(f.assets) }

// Asset returns the number of an asset and true, or false if it never came.
func (f *Features) Asset(name string) (int, bool) {
	asset, ok := f.slots[name]
	return asset, ok
}

// Name returns the name of an asset.
func (f *Features) Name(asset int) string { return f.names[asset] }

// Direction is 1 where the newest signal of the asset is BUY, -1 where it is SELL,
// and 0 where it is neutral or not known.
func (f *Features) Direction(asset int) int { return int(f.assets[asset].votes.direction()) }

// Skill returns what was verified of the asset's signal.
func (f *Features) Skill(asset int) Skill { return f.assets[asset].skill.summary() }

// Update takes a snapshot that came at the time now and returns the asset's number,
// and false if there is no room for one more asset. What is known already, and what
// is older than what is known, counts for nothing: a hub that sends its state again
// after a reconnect changes nothing.
func (f *Features) Update(s *quasar.Snapshot, now time.Time) (asset int, ok bool) {
	at := seconds(now)
	t := f.clock.advance(at)
	slot, ok := f.slots[s.SpaceName]
	if !ok {
		if slot, ok = f.add(s.SpaceName, t); !ok {
			return 0, false
		}
	}
	a := &f.assets[slot]
	voted, trained := f.vote(a, s, at, t), f.train(a, s, at, t)
	if voted || trained {
		a.updates.add(t, f.horizon)
		f.fill(a)
	}
	return slot, true
}

func (f *Features) add(name string, t float64) (slot int, ok bool) {
	slot = len(f.assets)
	if slot >= f.opts.MaxAssets {
		return 0, false
	}
	name = strings.Clone(name)
	f.slots[name] = slot
	f.names = append(f.names, name)
	f.assets = append(f.assets, asset{state: newState(t)})
	f.fill(&f.assets[slot])
	return slot, true
}

func newState(t float64) state {
	return state{
		since: t, updates: rate{at: t}, votes: newVotes(t), training: newTraining(t),
		price: newPrice(t), skill: skill{at: nan},
	}
}

func (f *Features) vote(a *asset, s *quasar.Snapshot, now, t float64) bool {
	b := f.read(&s.Voting)
	if !a.votes.fresh(s.VotingAt, !b.same(&a.votes.ballot), now, t) {
		return false
	}
	a.votes.take(b, f.horizon)
	if known(b.price) {
		f.quote(a, b.price, a.votes.at)
	}
	return true
}

// quote takes a price, and first settles what was waiting for it.
func (f *Features) quote(a *asset, p, t float64) {
	f.due(a, p, t)
	if !a.price.take(p, t, f.horizon) {
		for a.pending.n > 0 {
			f.drop(a, Break)
		}
	}
}

func (f *Features) train(a *asset, s *quasar.Snapshot, now, t float64) bool {
	r := readReport(&s.Training)
	if !a.training.fresh(s.TrainingAt, !r.same(&a.training.report), now, t) {
		return false
	}
	a.training.take(r, f.horizon)
	return true
}

// fill writes what only an update changes.
func (f *Features) fill(a *asset) {
	r := &a.row
	a.votes.fill(r)
	a.training.fill(r)
	a.price.fill(r, a.votes.direction(), f.horizon)
	a.skill.fill(r, a.training.accuracy)
	gap := a.gap()
	r.put(xGap, gap)
	r.put(xGapSize, math.Abs(gap))
}

// gap is the seed's score: not known without votes or accuracy.
func (a *asset) gap() float64 { return a.votes.confidence() - a.training.accuracy }

// Row writes the raw features of an asset as they are at the time now into out,
// which is Width long. What is not known is 0 and marked as such. Nothing is ever
// NaN or infinite.
func (f *Features) Row(asset int, now time.Time, out []float64) {
	a := &f.assets[asset]
	at := seconds(now)
	t := f.clock.at(at)
	r := &a.row
	r.put(xSinceFlip, age(t, a.votes.flippedAt))
	r.put(xFlipRate, math.Log1p(f.horizon*a.votes.flips.per(t, slow*f.horizon)))
	r.put(xStalled, bit(a.training.stalled(t, f.stall)))
	r.put(xTrainingAge, age(t, a.training.since(a.since)))
	r.put(xVotingAge, age(t, a.votes.since(a.since)))
	r.put(xPriceAge, age(t, a.price.movedAt))
	r.put(xUpdateRate, math.Log1p(a.updates.per(t, f.horizon)))
	f.hour(at)
	r[xHourSin], r[xHourCos] = f.hourSin, f.hourCos
	copy(out[:Width], r[:])
}

// hour works out where in the day a time is, once for all assets.
func (f *Features) hour(at float64) {
	if at == f.hourAt {
		return
	}
	const day = 24 * 60 * 60
	f.hourAt = at
	f.hourSin, f.hourCos = math.Sincos(2 * math.Pi * math.Mod(at, day) / day)
}

func clone(counts map[Reason]int64) map[Reason]int64 { return maps.Clone(counts) }

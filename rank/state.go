package rank

import (
	"fmt"
	"math"
	"slices"

	"github.com/karlquant/quasar"
)

// FeaturesState is all that Features know of the past, save for decisions whose
// outcomes are still to come, the ranks of the last CrossSection, and what Outcomes
// counts.
type FeaturesState struct {
	// Hash is that of the Features it was taken from.
	Hash string
	// Names are the assets by their numbers.
	Names []string
	// Sources are the signal sources that have a feature of their own.
	Sources []string
	// Clock is the time and how far it is ahead of the one that was given.
	Clock [2]float64
	// Cells have StateWidth numbers for each asset, row by row. NaN is not known.
	Cells []float64
}

// StateWidth is how many numbers the past of one asset takes.
var StateWidth = func() (n int) {
	new(state).visit(func(cell) { n++ })
	return n
}()

// cell is one number of a state.
type cell struct {
	name      string
	x         *float64
	low, high float64
	kind      kind
}

type kind uint8

const (
	optional kind = 1 << iota // may be unknown
	whole
	past // a time by our clock: not above it
)

// check says what is wrong with a number that a file brought, at the time t.
func (c *cell) check(t float64) error {
	x, high := *c.x, c.high
	if c.kind&past != 0 {
		high = min(high, t)
	}
	switch {
	case c.kind&optional != 0 && !known(x):
		return nil
	case c.kind&whole != 0 && x != math.Trunc(x):
		return fmt.Errorf("%s: got %g, want a whole number", c.name, x)
	case !(c.low <= x && x <= high):
		return fmt.Errorf("%s: got %g, want %g to %g", c.name, x, c.low, high)
	}
	return nil
}

// visitor is called for each number of a state, always in the same order.
type visitor func(cell)

// large is beyond what any of the numbers gets to be, and far from overflow.
const large = 1e100

func (v visitor) any(name string, x *float64)   { v(cell{name, x, -large, large, 0}) }
func (v visitor) sum(name string, x *float64)   { v(cell{name, x, 0, large, 0}) }
func (v visitor) maybe(name string, x *float64) { v(cell{name, x, -large, large, optional}) }
func (v visitor) time(name string, x *float64)  { v(cell{name, x, -large, large, past}) }
func (v visitor) count(name string, x *float64) {
	v(cell{name, x, 0, quasar.MaxCount, optional | whole})
}
func (v visitor) signal(name string, x *float64) { v(cell{name, x, -1, 1, optional | whole}) }
func (v visitor) price(name string, x *float64) {
	v(cell{name, x, math.SmallestNonzeroFloat64, math.MaxFloat64, optional})
}

func (v visitor) rate(name string, r *rate) {
	v.sum(name, &r.sum)
	v.time(name+" at", &r.at)
}

func (v visitor) group(name string, g *group) {
	v.maybe(name+" stamp", &g.stamp)
	v(cell{name + " at", &g.at, -large, large, optional | past})
}

func (v visitor) trend(name string, d *trend) {
	v.maybe(name+" fast", &d.fast)
	v.maybe(name+" slow", &d.slow)
	v.time(name+" at", &d.at)
}

func (v visitor) variance(name string, x *variance) {
	v.sum(name+" sum", &x.sum)
	v.sum(name+" time", &x.time)
}

func (s *state) visit(see visitor) {
	see.time("since", &s.since)
	see.rate("updates", &s.updates)
	s.votes.visit(see)
	s.training.visit(see)
	s.price.visit(see)
	s.skill.visit(see)
}

func (v *votes) visit(see visitor) {
	see.group("votes", &v.group)
	see.count("buys", &v.buys)
	see.count("sells", &v.sells)
	see.signal("signal", &v.signal)
	see.price("ballot price", &v.ballot.price)
	see(cell{"source", &v.source, 0, otherSource, whole})
	see.signal("side", &v.side)
	see.time("flipped at", &v.flippedAt)
	see.rate("flips", &v.flips)
}

func (g *training) visit(see visitor) {
	see.group("training", &g.group)
	see.count("steps", &g.steps)
	see(cell{"accuracy", &g.accuracy, 0, 1, optional})
	see.maybe("actor", &g.actor)
	see.maybe("critic", &g.critic)
	see.maybe("avn", &g.avn)
	see.time("steps at", &g.stepsAt)
	see.time("moved at", &g.movedAt)
	see.sum("made", &g.made)
	see.sum("took", &g.took)
	see.count("last steps", &g.lasting)
	see.trend("accuracy trend", &g.accuracyTrend)
	see.trend("actor trend", &g.actorTrend)
	see.trend("critic trend", &g.criticTrend)
	see.trend("avn trend", &g.avnTrend)
}

func (x *price) visit(see visitor) {
	see.price("price", &x.last)
	see.time("price at", &x.at)
	see.time("price moved at", &x.movedAt)
	see(cell{"returns", &x.returns, 0, minReturns, whole})
	see(cell{"return", &x.previous, -maxMove, maxMove, 0})
	see.variance("fast variance", &x.fastVariance)
	see.variance("slow variance", &x.slowVariance)
	see.variance("steady variance", &x.steadyVariance)
	see.any("brief move", &x.briefMove)
	see.any("move", &x.move)
	see.any("long move", &x.longMove)
	see.any("cross", &x.cross)
	see.sum("square", &x.square)
	see.sum("up", &x.up)
	see.sum("down", &x.down)
}

func (k *skill) visit(see visitor) {
	see(cell{"labelled at", &k.at, -large, large, optional | past})
	see.sum("labels", &k.labels)
	see.any("net", &k.net)
	see.sum("moved", &k.moved)
	see.sum("spread", &k.spread)
	see.sum("hits", &k.hits)
	see.sum("buys labelled", &k.buys)
	see.sum("ups", &k.ups)
}

// State returns what is known of the past. It is the caller's own.
func (f *Features) State() FeaturesState {
	s := FeaturesState{
		Hash: f.meaning, Names: slices.Clone(f.names), Sources: slices.Clone(f.sources),
		Clock: [2]float64{f.clock.last, f.clock.ahead}, Cells: make([]float64, 0, len(f.assets)*StateWidth),
	}
	for i := range f.assets {
		f.assets[i].visit(func(c cell) { s.Cells = append(s.Cells, *c.x) })
	}
	return s
}

// Restore forgets all that is known and puts back what State returned; from there
// Update and Row go on with the same bits. It changes nothing if it returns an error.
func (f *Features) Restore(s FeaturesState) error {
	if err := f.check(&s); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	assets := make([]asset, len(s.Names))
	for i := range assets {
		if err := assets[i].read(s.Cells[i*StateWidth:], s.Clock[0]); err != nil {
			return fmt.Errorf("features: %s: %w", s.Names[i], err)
		}
	}
	f.names, f.sources, f.assets = slices.Clone(s.Names), slices.Clone(s.Sources), assets
	f.clock = clock{last: s.Clock[0], ahead: s.Clock[1]}
	f.ranked.among = nil
	f.opened, f.labelled, f.open = 0, 0, 0
	clear(f.notOpened)
	clear(f.dropped)
	clear(f.slots)
	for i, name := range f.names {
		f.slots[name] = i
		f.fill(&f.assets[i])
	}
	return nil
}

func (s *state) read(cells []float64, t float64) (err error) {
	i := 0
	s.visit(func(c cell) {
		*c.x = cells[i]
		i++
		if err == nil {
			err = c.check(t)
		}
	})
	return err
}

func (f *Features) check(s *FeaturesState) error {
	switch {
	case s.Hash != f.meaning:
		return fmt.Errorf("hash: got %q, want %q: they were made by other features or options", s.Hash, f.meaning)
	case len(s.Names) > f.opts.MaxAssets:
		return fmt.Errorf("got %d assets, want at most %d", len(s.Names), f.opts.MaxAssets)
	case len(s.Cells) != len(s.Names)*StateWidth:
		return fmt.Errorf("cells: got %d, want %d for each of %d assets", len(s.Cells), StateWidth, len(s.Names))
	case len(s.Sources) > maxSources:
		return fmt.Errorf("sources: got %d, want at most %d", len(s.Sources), maxSources)
	case !(math.Abs(s.Clock[1]) <= large) || math.IsNaN(s.Clock[0]) || s.Clock[0] > large || math.IsInf(s.Clock[0], -1):
		return fmt.Errorf("clock: got %g, want two finite numbers", s.Clock)
	}
	return unique(s.Names)
}

func unique(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("asset %+q: got it twice, want each once", name)
		}
		seen[name] = true
	}
	return nil
}

// Package eval plays bandit policies in worlds whose truth is known, and says what
// they regret. It runs the policies that rank, not copies of them.
package eval

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// World is a kind of world: what all its courses share.
type World struct {
	Name string
	// Rounds is how long a course is.
	Rounds int
	// Arms is how many arms each round has; they are numbered from 0.
	Arms int
	// Features is the length of a row.
	Features int
	// Shared tells that a round has one row for all its arms.
	Shared bool
	// Key is what the policy "formula" orders rows by, the lowest first. Nil if the
	// world has no formula.
	Key func(x []float64) float64
	// Trades tells that a reward is what a trade brought, net of its cost.
	Trades bool
	// Start begins the course of a seed. The same seed is the same course, whatever is
	// chosen in it, unless the world is said to answer back.
	Start func(seed uint64) Course
	// Liar is the arm whose accuracy feature lies in the course of a seed. Nil if
	// nobody lies.
	Liar func(seed uint64) int
	// Notes say in a line each what was made of the data.
	Notes []string
}

// Course is one realisation of a world.
type Course interface {
	// Next makes the next round. It is told which arm was taken in the one before, -1
	// if there was none. The slices are the caller's.
	Next(taken int) Turn
}

// Turn is a round of a course with its truth.
type Turn struct {
	// X has a row for each arm.
	X [][]float64
	// Mean is what each arm pays on average in this round, which regret goes by.
	Mean []float64
	// Reward is what each arm pays in this round.
	Reward []float64
}

// Options say which of its kind a world is. Nil is fine where no data is needed.
type Options struct {
	// Rounds is how long a course is. 0 is the world's own: 5,000 for the simulated,
	// 20,480 for the wheel, once through the table for those of data.
	Rounds int
	// Assets is how many assets a simulated world has. 0 is 10.
	Assets int
	// Noise is the standard deviation of the noise of a reward. Nil is the world's own:
	// 1 for the simulated, 0.01 for the wheel, none for those of data.
	Noise *float64
	// Cost is what each trade of a simulated world costs. Nil is 0.03 for sim-cost and
	// 0 for the others.
	Cost *float64
	// Delta is the radius of the wheel's inner part, between 0 and 1. 0 is 0.9.
	Delta float64
	// Data is the path of the table.
	Data string
	// Label is the name of the column of classes in a csv table, or its number from 0;
	// -1 is the last.
	Label string
}

// Bounds of what may be asked: beyond them a run has no end.
const (
	maxRounds = 100_000_000
	maxAssets = 100_000
)

// makers has the worlds by name.
var makers = map[string]func(o *Options) (*World, error){
	"sim-linear":     simulated(0, always(linear)),
	"sim-nonlinear":  simulated(0, always(nonlinear)),
	"sim-switch":     simulated(0, func(rounds int) edge { return switching{rounds} }),
	"sim-arms":       simulated(0, always(byAsset)),
	"sim-none":       simulated(0, always(none)),
	"sim-cost":       simulated(.03, always(linear)),
	"sim-adversary":  simulated(0, newAdversary),
	"sim-liar":       newLiars,
	"wheel":          newWheel,
	"mushroom":       newMushroom,
	"mushroom-risky": newRiskyMushroom,
	"csv":            newClassification,
}

// Worlds returns the names of all worlds, in order.
func Worlds() []string { return slices.Sorted(maps.Keys(makers)) }

// NewWorld returns the world of a name.
func NewWorld(name string, o *Options) (*World, error) {
	if o == nil {
		o = &Options{}
	}
	maker, ok := makers[name]
	if !ok {
		return nil, fmt.Errorf("eval: got world %q, want one of %s", name, strings.Join(Worlds(), ", "))
	}
	if err := o.check(name); err != nil {
		return nil, err
	}
	w, err := maker(o)
	if err != nil {
		return nil, err
	}
	w.Name, w.Trades = name, strings.HasPrefix(name, "sim-")
	if o.Rounds > 0 {
		w.Rounds = o.Rounds
	}
	return w, nil
}

func (o *Options) check(name string) error {
	sim := strings.HasPrefix(name, "sim-")
	switch {
	case o.Rounds < 0 || o.Rounds > maxRounds:
		return fmt.Errorf("eval: got %d rounds, want 1 to %d", o.Rounds, maxRounds)
	case o.Assets != 0 && !sim:
		return fmt.Errorf("eval: got a number of assets for the world %q, want one for the simulated worlds only", name)
	case o.Assets < 0 || o.Assets > maxAssets:
		return fmt.Errorf("eval: got %d assets, want 1 to %d", o.Assets, maxAssets)
	case o.Noise != nil && !(*o.Noise >= 0 && *o.Noise <= math.MaxFloat32):
		return fmt.Errorf("eval: got noise of %v, want a standard deviation of 0 or more", *o.Noise)
	case o.Cost != nil && !sim:
		return fmt.Errorf("eval: got a cost for the world %q, want one for the simulated worlds only", name)
	case o.Cost != nil && !(math.Abs(*o.Cost) <= math.MaxFloat32):
		return fmt.Errorf("eval: got a cost of %v, want a number", *o.Cost)
	case o.Delta != 0 && name != "wheel":
		return fmt.Errorf("eval: got a delta for the world %q, want one for the wheel only", name)
	case !(o.Delta >= 0 && o.Delta < 1):
		return fmt.Errorf("eval: got a delta of %v, want one between 0 and 1", o.Delta)
	}
	return o.checkData(name)
}

func (o *Options) checkData(name string) error {
	table := name == "csv" || strings.HasPrefix(name, "mushroom")
	switch {
	case table && o.Data == "":
		return fmt.Errorf("eval: the world %q is a table, want the path of its file", name)
	case !table && o.Data != "":
		return fmt.Errorf("eval: got the file %q for the world %q, want one for csv and mushroom only", o.Data, name)
	case name == "csv" && o.Label == "":
		return fmt.Errorf("eval: got no label column, want its name or its number from 0, -1 for the last")
	case name != "csv" && o.Label != "":
		return fmt.Errorf("eval: got the label column %q for the world %q, want one for csv only", o.Label, name)
	}
	return nil
}

// or is what is set, or else the default.
func or(set *float64, otherwise float64) float64 {
	if set == nil {
		return otherwise
	}
	return *set
}

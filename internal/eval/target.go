package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// Target is a policy that is judged by what another recorded.
type Target interface {
	// Chances writes with which probability it would have chosen each arm of a decision
	// to p, which is as long.
	Chances(d *bandit.Decided, p []float64) error
	// Learn tells it, after that, what became of the decision.
	Learn(d *bandit.Decided)
}

// Recorded are the targets that go by what a decision has recorded: random takes any
// arm alike, greedy the one of the highest mean, formula the one of the highest key,
// logged what the recorded policy did.
var recorded = map[string]func(d *bandit.Decided, p []float64) error{
	"random": func(_ *bandit.Decided, p []float64) error { return even(p, func(int) float64 { return 0 }) },
	"logged": func(d *bandit.Decided, p []float64) error {
		for i := range p {
			p[i] = d.Arms[i].P
		}
		return nil
	},
	"greedy": func(d *bandit.Decided, p []float64) error {
		return even(p, func(i int) float64 {
			if d.Arms[i].Belief == nil {
				return math.NaN()
			}
			return d.Arms[i].Belief.Mean
		})
	},
	"formula": func(d *bandit.Decided, p []float64) error {
		return even(p, func(i int) float64 {
			if d.Arms[i].Key == nil {
				return math.NaN()
			}
			return *d.Arms[i].Key
		})
	},
}

// errSilent says that a decision has nothing that a target goes by.
var errSilent = errors.New("nothing recorded that it goes by")

// even shares 1 among those of the highest score; NaN is none.
func even(p []float64, score func(i int) float64) error {
	best, n := math.Inf(-1), 0.
	for i := range p {
		switch s := score(i); {
		case s > best:
			best, n = s, 1
		case s == best:
			n++
		}
	}
	if n == 0 {
		return errSilent
	}
	for i := range p {
		if p[i] = 0; score(i) == best {
			p[i] = 1 / n
		}
	}
	return nil
}

// Targets returns the names of all targets: those that go by what is recorded, and the
// policies that learn from the log as it goes on.
func Targets() []string {
	names := []string{"random", "greedy", "formula", "logged"}
	for _, name := range bandit.Names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// NewTarget returns the target of a name. One that learns takes the outcomes that are
// traded, or those that are not.
func NewTarget(name string, traded bool, seed uint64) (Target, error) {
	if chances, ok := recorded[name]; ok {
		return silent(chances), nil
	}
	if !slices.Contains(bandit.Names(), name) {
		return nil, fmt.Errorf("got target %q, want one of %s", name, strings.Join(Targets(), ", "))
	}
	return &student{name: name, traded: traded, seed: seed, arms: make(map[string]int)}, nil
}

// silent is a target that learns nothing.
type silent func(d *bandit.Decided, p []float64) error

func (f silent) Chances(d *bandit.Decided, p []float64) error { return f(d, p) }

func (silent) Learn(*bandit.Decided) {}

// student is a policy that learns from the log, each outcome when it was known: what it
// would have chosen goes by no more than what it would have known.
type student struct {
	name   string
	traded bool
	seed   uint64
	arms   map[string]int
	policy bandit.Policy
	width  int
	round  int64
	late   []lesson
}

// lesson is what a decision teaches, and from when on.
type lesson struct {
	at     time.Time
	labels []bandit.Label
}

func (s *student) Chances(d *bandit.Decided, p []float64) error {
	width := len(d.Arms[0].X)
	if s.policy == nil {
		if width == 0 {
			return fmt.Errorf("decision %d has no features, want them recorded for %s to learn from; random, greedy, formula and logged need none", d.ID, s.name)
		}
		var err error
		s.policy, err = bandit.New(s.name, &bandit.Config{Features: width, Propensities: true, Seed: s.seed})
		if err != nil {
			return err
		}
		s.width = width
	}
	if width != s.width {
		return fmt.Errorf("decision %d: got %d features, want %d as before: the log is of rankers that differ", d.ID, width, s.width)
	}
	for len(s.late) > 0 && !s.late[0].at.After(d.At) {
		s.policy.Learn(s.late[0].labels)
		s.late = s.late[1:]
	}
	s.round = max(s.round, d.T)
	copy(p, s.policy.Choose(s.newRound(d)).P)
	return nil
}

func (s *student) newRound(d *bandit.Decided) *bandit.Round {
	r := &bandit.Round{T: s.round, Arms: make([]int, len(d.Arms)), X: make([][]float64, len(d.Arms))}
	for i := range d.Arms {
		r.Arms[i], r.X[i] = s.arm(d.Arms[i].Name), d.Arms[i].X.Floats()
	}
	return r
}

func (s *student) arm(name string) int {
	n, ok := s.arms[name]
	if !ok {
		n = len(s.arms)
		s.arms[name] = n
	}
	return n
}

func (s *student) Learn(d *bandit.Decided) {
	var l lesson
	for i := range d.Arms {
		a := &d.Arms[i]
		o := d.Outcome(a.Name, s.traded)
		if o == nil || o.Reward == nil {
			continue
		}
		l.labels = append(l.labels, bandit.Label{T: s.round, Arm: s.arm(a.Name), X: a.X.Floats(), Reward: *o.Reward, Weight: o.Weight})
		if o.At.After(l.at) {
			l.at = o.At
		}
	}
	if len(l.labels) > 0 {
		s.late = append(s.late, l)
	}
}

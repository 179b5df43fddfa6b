package bandit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Config says what New makes a policy for. Nil is fine for policies that look at no
// features.
type Config struct {
	// Features is the length of a row.
	Features int
	// Arms is how many arms there are, 0 if that is not known: more may come.
	Arms int
	// Shared tells that a round has one context for all arms: what an arm is worth in
	// it is then learned for each arm by itself.
	Shared bool
	// NewModel makes the belief behind ucb, thompson, greedy, epsilon-greedy and
	// squarecb where rounds have a row for each arm. Nil is a linear one with an
	// intercept for each arm.
	NewModel func(seed uint64) Model
	// Key is what the policy "formula" orders rows by, Descending from which end.
	Key        func(x []float64) float64
	Descending bool

	// Alpha is how many standard deviations of the belief count: those that optimism
	// adds, or those of a draw of those that draw. 0 is the policy's own: 1, but 0.5 for
	// neural-linear.
	Alpha float64
	// Epsilon is the share of choices that epsilon-greedy makes blindly. 0 is 0.1.
	Epsilon float64
	// HalfLife is after how many rounds a label counts half. 0 is the policy's own:
	// never, but 350 for d-linucb. NewModel knows its own.
	HalfLife float64

	// Slate, Floor and Propensities are as in Options.
	Slate        int
	Floor        float64
	Propensities bool
	// Seed is where all chance of the policy comes from, unless there is a Source.
	Seed   uint64
	Source rand.Source

	pace  *pace // of networks; nil is the usual one
	draws int   // that chances are counted from where they cannot be computed
}

// registry has every policy by its name on the command line.
var registry = map[string]func(c *Config) (Policy, error){
	"random":         func(c *Config) (Policy, error) { return NewRandom(c.options()), nil },
	"formula":        newFormula,
	"ucb1":           func(c *Config) (Policy, error) { return c.policy(c.means, UCB1{}) },
	"ucb":            func(c *Config) (Policy, error) { return c.policy(c.model, c.ucb()) },
	"thompson":       func(c *Config) (Policy, error) { return c.policy(c.model, c.thompson(1)) },
	"greedy":         func(c *Config) (Policy, error) { return c.policy(c.model, Greedy{}) },
	"epsilon-greedy": func(c *Config) (Policy, error) { return c.policy(c.model, EpsilonGreedy{Epsilon: c.Epsilon}) },
	"squarecb":       func(c *Config) (Policy, error) { return c.policy(c.model, SquareCB{}) },
	"linucb":         func(c *Config) (Policy, error) { return c.policy(c.linear, c.ucb()) },
	"lints":          func(c *Config) (Policy, error) { return c.policy(c.linear, c.thompson(1)) },
	"neural-linear":  func(c *Config) (Policy, error) { return c.policy(c.neural, c.thompson(neuralScale)) },
	"ensemble":       func(c *Config) (Policy, error) { return c.policy(c.ensemble, c.thompson(1)) },
	"d-linucb":       func(c *Config) (Policy, error) { return c.policy(c.forgetting().linear, c.ucb()) },
}

// Names returns the names of all policies, in order.
func Names() []string { return slices.Sorted(maps.Keys(registry)) }

// New returns the policy of a name. The same name, Config and labels give the same
// choices.
func New(name string, c *Config) (Policy, error) {
	if c == nil {
		c = &Config{}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	build, ok := registry[name]
	if !ok {
		return nil, fmt.Errorf("bandit: got policy %q, want one of %s", name, strings.Join(Names(), ", "))
	}
	filled := *c
	filled.fill()
	return build(&filled)
}

func (c *Config) check() error {
	switch {
	case c.Features < 0 || c.Arms < 0 || c.Slate < 0:
		return fmt.Errorf("bandit: got %d features, %d arms and a slate of %d, want none below 0", c.Features, c.Arms, c.Slate)
	case !(c.Floor >= 0 && c.Floor <= 1):
		return fmt.Errorf("bandit: got a floor of %v, want 0 to 1", c.Floor)
	case !(c.Epsilon >= 0 && c.Epsilon <= 1):
		return fmt.Errorf("bandit: got an epsilon of %v, want 0 to 1", c.Epsilon)
	case !(c.Alpha >= 0 && c.Alpha <= maxLabel):
		return fmt.Errorf("bandit: got an alpha of %v, want 0 or more", c.Alpha)
	case !(c.HalfLife >= 0):
		return fmt.Errorf("bandit: got a half-life of %v rounds, want 0 or more", c.HalfLife)
	}
	return nil
}

func (c *Config) fill() {
	if c.Epsilon == 0 {
		c.Epsilon = 0.1
	}
	if c.draws == 0 {
		c.draws = draws
	}
}

func (c *Config) alpha(own float64) float64 {
	if c.Alpha == 0 {
		return own
	}
	return c.Alpha
}

func (c *Config) options() *Options {
	return &Options{Slate: c.Slate, Floor: c.Floor, Propensities: c.Propensities, Seed: c.Seed, Source: c.Source}
}

func (c *Config) policy(model func() (Model, error), e Explorer) (Policy, error) {
	m, err := model()
	if err != nil {
		return nil, err
	}
	return NewPolicy(m, e, c.options()), nil
}

// draws is from how many draws chances are counted where they cannot be computed: a
// chance of one half is then known to 0.016.
const draws = 1000

// neuralScale is the scale of draws from a network's last layer: the belief takes the
// network for known, and its draws explore more than they find. One half was better on
// made-up tables with and without delay; one quarter stopped exploring too soon.
const neuralScale = 0.5

func (c *Config) ucb() Explorer { return UCB{Alpha: c.alpha(1)} }

func (c *Config) thompson(scale float64) Explorer {
	t := Thompson{Scale: c.alpha(scale)}
	if c.Propensities {
		t.Draws = c.draws
	}
	return t
}

// The beliefs. Where all arms have one context, what they are worth in it is learned
// for each by itself.

// model is the belief behind the policies whose name says nothing of it.
func (c *Config) model() (Model, error) {
	switch {
	case c.Shared:
		return c.network(true)
	case c.NewModel != nil:
		return c.NewModel(c.Seed), nil
	}
	return NewLinear(c.Features, &LinearOptions{HalfLife: c.HalfLife, Intercept: armPrecision})
}

// armPrecision is from how many labels on an arm is judged by itself rather than by
// its row: rewards of a trade are some twenty times as noisy as arms differ.
const armPrecision = 20

func (c *Config) means() (Model, error) {
	return NewArms(&ArmsOptions{HalfLife: c.HalfLife}), nil
}

func (c *Config) linear() (Model, error) {
	o := &LinearOptions{Shared: c.Shared, HalfLife: c.HalfLife}
	// An arm's regression holds four squares of its row.
	if rows := float64(c.Features + 1); c.Shared && rows*rows*float64(c.Arms) > maxRoom {
		return nil, fmt.Errorf("bandit: got %d features of %d arms that share a context, want fewer: each arm's weights take their square, in all at most %d",
			c.Features, c.Arms, int(maxRoom))
	}
	return NewLinear(c.Features, o)
}

func (c *Config) neural() (Model, error) { return c.network(false) }

func (c *Config) network(raw bool) (Model, error) {
	return NewNeuralLinear(c.Features, c.networks(raw))
}

func (c *Config) ensemble() (Model, error) { return NewEnsemble(c.Features, c.networks(false)) }

func (c *Config) networks(raw bool) *NeuralOptions {
	return &NeuralOptions{Shared: c.Shared, Arms: c.Arms, HalfLife: c.HalfLife, Raw: raw, Seed: c.Seed, pace: c.pace}
}

// maxRoom is how many numbers the matrices of all arms may have, for half a gigabyte.
const maxRoom = 1 << 24

// forgetting is the same with a half-life, of which there is none by default.
func (c *Config) forgetting() *Config {
	f := *c
	if f.HalfLife == 0 {
		f.HalfLife = 350 // weight 0.998 a round
	}
	return &f
}

func newFormula(c *Config) (Policy, error) {
	if c.Key == nil {
		return nil, fmt.Errorf("bandit: got no key for the policy %q, want a Config.Key: there is no formula for these rows", "formula")
	}
	return NewFormula(c.Key, c.Descending, c.options()), nil
}

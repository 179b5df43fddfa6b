package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/eval"
)

// evalFlags are what a comparison of policies is told.
type evalFlags struct {
	env, feedback, data, label string
	policies                   []string
	rounds, seeds, delay       int
	assets                     int
	seed                       uint64
	cost, noise, delta         float64
	json                       bool
	plot                       string
}

func newEvalBandit() *cobra.Command {
	var flags evalFlags
	cmd := &cobra.Command{
		Use:   "bandit",
		Short: "Compare policies in a world: what each regrets, beside chance and the formula",
		Long: `Bandit plays policies in a world whose truth is known, several times, and says
what each regrets: the sum, over rounds, of what the best arm pays on average less
what the chosen one does. All policies go through the same courses, one for each
seed, and random, formula (where the world has one) and ucb1 always take part.

The worlds of --env:
  sim-linear       assets whose rewards are linear in six features that change slowly
  sim-nonlinear    rewards that go by three features at once
  sim-switch       linear, of the opposite sign in the second and fourth quarter
  sim-arms         each asset pays its own, whatever its features
  sim-none         no asset pays anything: what looks like an edge is chance
  sim-cost         linear, and each trade costs 0.03
  sim-adversary    linear, of the opposite sign as soon as the policy relies on it
  sim-liar         linear, but one asset claims to be always right and never is
  wheel            a context in the unit disc, and a prize that is rarely to be had
  mushroom         which of two classes: --data agaricus-lepiota.data
  mushroom-risky   eat or leave it: 5, or 5 or -35 if it is poisonous; leaving is 0
  csv              any table of classes: --data FILE --label COLUMN; the right one pays 1

A table's columns of numbers are standardised, those of words get a column for each
word; its rows come in an order that the seed decides, and again in another if
--rounds asks for more. docs/evaluation.md says how to read what comes out.`,
		Example: `  quasar eval bandit --env sim-linear --policies ucb,linucb
  quasar eval bandit --env sim-none --cost 0.03 --seeds 40 --feedback shadow
  quasar eval bandit --env csv --data iris.csv --label species --policies all --plot iris.svg
  quasar eval bandit --env wheel --delta 0.95 --delay 128 --json | jq '{policy, relative_to_random}'`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.env, "env", "sim-linear", "world: "+strings.Join(eval.Worlds(), ", "))
	f.StringSliceVar(&flags.policies, "policies", []string{"ucb"}, "all, or some of: "+strings.Join(bandit.Names(), ", "))
	f.IntVar(&flags.rounds, "rounds", 0, "how many rounds; 0 is 5000, for the wheel 20480, for a table one for each row")
	f.IntVar(&flags.seeds, "seeds", 5, "how many courses, each of a seed of its own")
	f.Uint64Var(&flags.seed, "seed", 1, "the first seed")
	f.IntVar(&flags.delay, "delay", 0, "how many rounds later a reward is known; 0 is before the next choice")
	f.Float64Var(&flags.cost, "cost", 0, "what each trade costs; sim worlds (default 0.03 for sim-cost)")
	f.Float64Var(&flags.noise, "noise", 0, "standard deviation of a reward's noise (default 1 for sim worlds, 0.01 for the wheel)")
	f.IntVar(&flags.assets, "assets-n", 10, "how many assets; sim worlds")
	f.StringVar(&flags.feedback, "feedback", string(eval.Bandit), "bandit: the chosen arm's reward is known; shadow: that of all arms")
	f.StringVar(&flags.data, "data", "", "file of the table; mushroom and csv")
	f.StringVar(&flags.label, "label", "", "column of classes, its name or its number from 0, -1 is the last; csv")
	f.Float64Var(&flags.delta, "delta", 0.9, "radius within which there is no prize; wheel")
	f.BoolVar(&flags.json, "json", false, "print objects, one on a line")
	f.StringVar(&flags.plot, "plot", "", "draw the regrets to this file, .svg")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		setup, err := flags.setup(cmd)
		if err != nil {
			return usage("%w", err)
		}
		return runEvalBandit(cmd, &flags, setup)
	}
	return cmd
}

// options leaves out what was not said, so that a world's own stays.
func (f *evalFlags) options(said func(flag string) bool) *eval.Options {
	o := &eval.Options{Rounds: f.rounds, Data: f.data, Label: f.label}
	if said("noise") {
		o.Noise = &f.noise
	}
	if said("cost") {
		o.Cost = &f.cost
	}
	if said("assets-n") {
		o.Assets = f.assets
	}
	if said("delta") {
		o.Delta = f.delta
	}
	return o
}

func (f *evalFlags) setup(cmd *cobra.Command) (*eval.Setup, error) {
	said := cmd.Flags().Changed
	switch {
	case said("assets-n") && f.assets < 1:
		return nil, fmt.Errorf("--assets-n: got %d, want 1 or more", f.assets)
	case said("delta") && !(f.delta > 0 && f.delta < 1):
		return nil, fmt.Errorf("--delta: got %v, want a number between 0 and 1", f.delta)
	case said("rounds") && f.rounds < 1:
		return nil, fmt.Errorf("--rounds: got %d, want 1 or more", f.rounds)
	}
	feedback, err := eval.ParseFeedback(f.feedback)
	if err != nil {
		return nil, err
	}
	world, err := eval.NewWorld(f.env, f.options(said))
	if err != nil {
		return nil, err
	}
	names, err := entered(f.policies, world)
	if err != nil {
		return nil, err
	}
	s := &eval.Setup{World: world, Seeds: f.seeds, Seed: f.seed, Delay: f.delay, Feedback: feedback}
	for _, name := range names {
		s.Entrants = append(s.Entrants, entrant(name, world))
	}
	err = s.Check()
	return s, err
}

// entered are the names of all that take part: the baselines, and who was asked for.
func entered(asked []string, world *eval.World) ([]string, error) {
	names := []string{"random", "formula", "ucb1"}
	known := bandit.Names()
	for _, name := range asked {
		switch name = strings.TrimSpace(name); {
		case name == "all":
			names = append(names, known...)
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("--policies: got %q, want all, or some of %s", name, strings.Join(known, ", "))
		case name == "formula" && world.Key == nil:
			return nil, fmt.Errorf("--policies: got formula, but the world %q has no formula", world.Name)
		default:
			names = append(names, name)
		}
	}
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) && (name != "formula" || world.Key != nil) {
			once = append(once, name)
		}
	}
	if len(asked) == 0 {
		return nil, errors.New("--policies: got none, want all, or some of " + strings.Join(known, ", "))
	}
	return once, nil
}

// entrant is a policy of package bandit, made for a world.
func entrant(name string, world *eval.World) eval.Entrant {
	return eval.Entrant{Name: name, New: func(seed uint64) (bandit.Policy, error) {
		return bandit.New(name, &bandit.Config{
			NewModel: beliefOf(world.Features),
			Features: world.Features, Arms: world.Arms, Shared: world.Shared, Key: world.Key, Seed: seed,
		})
	}}
}

// beliefOf makes the model that the ranker has.
func beliefOf(features int) func(seed uint64) bandit.Model {
	return func(seed uint64) bandit.Model {
		m, err := axrvi.New(&axrvi.Options{Features: features, Seed: seed})
		if err != nil {
			panic("eval: " + err.Error())
		}
		return m
	}
}

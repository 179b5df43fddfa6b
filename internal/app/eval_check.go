package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/eval"
)

// target is a figure that the policies have to reach in a world.
type target struct {
	name  string
	world string
	// policies take part beside random; courses are how many, 0 for as many as asked for.
	policies []string
	feedback eval.Feedback
	courses  int
	data     string // the file that it needs, below --data; "" for none
	want     string
	judge    func(of map[string]*eval.Record) (got string, met bool)
}

// targets are the figures of docs/evaluation.md.
func targets() []target {
	return []target{
		atMost("sim-linear, bandit feedback", "sim-linear", "ucb", eval.Bandit, 0.15),
		atMost("sim-linear, shadow feedback", "sim-linear", "ucb", eval.Shadow, 0.09),
		{name: "sim-nonlinear, shadow: ucb of linucb", world: "sim-nonlinear", policies: []string{"ucb", "linucb"}, feedback: eval.Shadow,
			want: "≤ 0.75×", judge: ratio("ucb", "linucb", 0.75)},
		atMost("sim-switch, shadow feedback", "sim-switch", "ucb", eval.Shadow, 0.25),
		atMost("sim-arms, shadow feedback", "sim-arms", "ucb", eval.Shadow, 0.20),
		{name: "sim-none: the gate stays shut", world: "sim-none", policies: []string{"ucb"}, courses: 40, want: "≤ 5 of 40", judge: shut},
		{name: "sim-none: what is won has 0 in its interval", world: "sim-none", policies: []string{"ucb"}, courses: 40, want: "0 in it", judge: noEdge},
		{name: "sim-cost: the gate opens", world: "sim-cost", policies: []string{"ucb"}, feedback: eval.Shadow, courses: 20, want: "≥ 95 %, by round 1000", judge: opens},
		{name: "sim-liar, shadow: who lies stands first after 500 rounds", world: "sim-liar", policies: []string{"ucb"}, feedback: eval.Shadow, want: "≤ 10 %, as by chance", judge: foundOut},
		{name: "wheel 0.9: random", world: "wheel", want: "154900 ± 4000", judge: func(of map[string]*eval.Record) (string, bool) {
			mean := of["random"].Regret().Mean
			return fmt.Sprintf("%.0f", mean), 150_900 <= mean && mean <= 158_900
		}},
		atMost("wheel 0.9: neural-linear", "wheel", "neural-linear", eval.Bandit, 0.051),
		inMushrooms("linucb", 45), inMushrooms("neural-linear", 70),
	}
}

func atMost(name, world, policy string, feedback eval.Feedback, share float64) target {
	return target{name: name, world: world, policies: []string{policy}, feedback: feedback, want: fmt.Sprintf("≤ %v× random", share), judge: ratio(policy, "random", share)}
}

func inMushrooms(policy string, most float64) target {
	return target{name: "mushroom: " + policy, world: "mushroom", policies: []string{policy}, data: "agaricus-lepiota.data", want: fmt.Sprintf("≤ %v", most),
		judge: func(of map[string]*eval.Record) (string, bool) {
			mean := of[policy].Regret().Mean
			return fmt.Sprintf("%.1f", mean), mean <= most
		}}
}

func ratio(policy, of string, most float64) func(map[string]*eval.Record) (string, bool) {
	return func(records map[string]*eval.Record) (string, bool) {
		share := records[policy].Relative(records[of])
		return fmt.Sprintf("%.3f×", share), share <= most
	}
}

func shut(of map[string]*eval.Record) (string, bool) {
	r := of["ucb"]
	share, _ := r.Gate()
	return fmt.Sprintf("%.0f of %d", share*float64(len(r.Outcomes)), len(r.Outcomes)), share <= 5.0/40
}

func noEdge(of map[string]*eval.Record) (string, bool) {
	s := of["ucb"].Reward()
	return fmt.Sprintf("%.0f to %.0f", s.Low, s.High), s.Low <= 0 && 0 <= s.High
}

func opens(of map[string]*eval.Record) (string, bool) {
	share, median := of["ucb"].Gate()
	return fmt.Sprintf("%.0f %%, round %d", 100*share, median), share >= 0.95 && median > 0 && median <= 1000
}

// foundOut is that who lies is first no more often than one of ten at random. The
// formula puts it there in four rounds of five; who knows that honest assets' features
// tell what they pay, and learns what the liar pays on average, in one of sixteen.
func foundOut(of map[string]*eval.Record) (string, bool) {
	share := of["ucb"].Deceived()
	return fmt.Sprintf("%.1f %%", 100*share), share <= 0.1
}

func newEvalCheck() *cobra.Command {
	var data string
	var seeds int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Hold the policies to the figures that they have to reach",
		Long: `Check plays the worlds of docs/evaluation.md and says for each figure whether it is
reached. It takes some minutes. What needs data that cannot be shipped is left out,
and said to be, unless --data names the directory that has it.`,
		Example: "  quasar eval check --seed 100\n  quasar eval check --data ~/data",
		Args:    noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "directory with agaricus-lepiota.data (UCI's mushrooms)")
	f.IntVar(&seeds, "seeds", 5, "how many courses, where a figure does not say")
	f.Uint64Var(&seed, "seed", 1, "the first seed")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if seeds < 2 {
			return usage("--seeds: got %d, want 2 or more", seeds)
		}
		return checkTargets(cmd.Context(), cmd.OutOrStdout(), progressLine(cmd.ErrOrStderr(), "check"), targets(), data, seeds, seed)
	}
	return cmd
}

// checkTargets prints a row for each target. It is an error if one falls short.
func checkTargets(ctx context.Context, out io.Writer, show func(string), all []target, data string, seeds int, seed uint64) error {
	var rows [][]string
	short := 0
	for i := range all {
		t := &all[i]
		if t.data != "" && data == "" {
			rows = append(rows, []string{t.name, t.want, unknown, "left out: needs --data with " + t.data})
			continue
		}
		show(fmt.Sprintf("%d of %d, %s", i+1, len(all), t.name))
		got, met, err := t.run(ctx, data, seeds, seed)
		if err != nil {
			show("")
			return fmt.Errorf("%s: %w", t.name, err)
		}
		verdict := "pass"
		if !met {
			short++
			verdict = "FALLS SHORT"
		}
		rows = append(rows, []string{t.name, t.want, got, verdict})
	}
	show("")
	fmt.Fprintf(out, "%d seeds from %d, where a figure does not say how many\n\n", seeds, seed)
	fmt.Fprint(out, renderTable([]column{{"CHECK", false}, {"MUST", false}, {"GOT", false}, {"VERDICT", false}}, rows))
	if short > 0 {
		return fmt.Errorf("%d of %d figures fall short", short, len(all))
	}
	return nil
}

func (t *target) run(ctx context.Context, data string, seeds int, seed uint64) (got string, met bool, err error) {
	o := &eval.Options{}
	if t.data != "" {
		o.Data = filepath.Join(data, t.data)
	}
	world, err := eval.NewWorld(t.world, o)
	if err != nil {
		return "", false, err
	}
	s := &eval.Setup{World: world, Seeds: seeds, Seed: seed, Feedback: t.feedback}
	if t.courses > 0 {
		s.Seeds = t.courses
	}
	for _, name := range append([]string{"random"}, t.policies...) {
		s.Entrants = append(s.Entrants, entrant(name, world))
	}
	records, err := eval.Run(ctx, s)
	if err != nil {
		return "", false, err
	}
	of := make(map[string]*eval.Record, len(records))
	for i := range records {
		of[records[i].Policy] = &records[i]
	}
	got, met = t.judge(of)
	return got, met, nil
}

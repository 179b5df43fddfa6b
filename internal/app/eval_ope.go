package app

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/eval"
)

// opeFlags are what an off-policy evaluation is told.
type opeFlags struct {
	log, obd, target, outcome string
	reward                    string
	timeout                   time.Duration
	seed                      uint64
	json                      bool
}

func newEvalOPE() *cobra.Command {
	var flags opeFlags
	cmd := &cobra.Command{
		Use:   "ope",
		Short: "What another policy would have brought, by what one recorded",
		Long: `OPE judges a policy that never decided anything, the target, by the recorded
decisions of another one and what became of them: off-policy evaluation. It takes
the probabilities with which was chosen, which the log has, and that nothing the
target chooses had no chance: record with a floor.

The recorded decisions are those of quasar rank (--log, the file of its --decisions)
or of the Open Bandit Dataset (--obd, a directory with one <campaign>.csv). Targets
of a log of decisions:
  random     any arm of a decision alike
  greedy     the arm of the highest mean, by the belief that was recorded
  formula    what the formula would have chosen
  logged     the recorded policy itself
or a policy that learns from the log as it goes on: ` + strings.Join(learning(), ", ") + `.
The one target of --obd is uniform: any item alike.

There is no verdict where the weights leave the worth of less than 100 decisions, the
target chooses what had no chance, or the recorded probabilities cannot be right.
docs/off-policy.md says what the estimators are, and how to read them.`,
		Example: `  quasar eval ope --log decisions.log --target random
  quasar eval ope --log decisions.log --target linucb --json | jq .dr
  quasar eval ope --obd open_bandit_dataset/bts/men --target uniform`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.log, "log", "", "decision log, with the files that were full before it")
	f.StringVar(&flags.obd, "obd", "", "directory with a log of the Open Bandit Dataset")
	f.StringVar(&flags.target, "target", "", "policy that is judged (default random, for --obd uniform)")
	f.StringVar(&flags.outcome, "outcome", "shadow", "shadow: judge by what the prices tell; traded: by what was earned")
	f.StringVar(&flags.reward, "reward", "", "judge by this reward of the outcomes instead of the recorded one: "+strings.Join(bandit.Rewards(), ", "))
	f.DurationVar(&flags.timeout, "timeout", time.Hour, "for how long an outcome is waited for, by the times in the log")
	f.Uint64Var(&flags.seed, "seed", 1, "where the chance of a target that learns comes from")
	f.BoolVar(&flags.json, "json", false, "print an object, numbers in full")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := flags.check(); err != nil {
			return usage("%w", err)
		}
		answer, err := flags.judge(cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if flags.json {
			return printJSON(cmd.OutOrStdout(), answer)
		}
		return answer.print(cmd.OutOrStdout())
	}
	return cmd
}

// learning are the targets that learn.
func learning() []string { return eval.Targets()[4:] }

func (f *opeFlags) check() error {
	switch {
	case (f.log == "") == (f.obd == ""):
		return errors.New("want one of --log FILE and --obd DIR")
	case f.obd != "" && f.target != "" && f.target != "uniform" && f.target != "random":
		return fmt.Errorf("--target: got %q, want uniform: an Open Bandit log has no features of what was not shown", f.target)
	case f.timeout <= 0:
		return fmt.Errorf("--timeout: got %v, want more than 0", f.timeout)
	}
	return checkOutcome(f.outcome)
}

func checkOutcome(outcome string) error {
	if outcome != "shadow" && outcome != "traded" {
		return fmt.Errorf("--outcome: got %q, want shadow or traded", outcome)
	}
	return nil
}

// judge reads and judges. What is odd about a log it says to people.
func (f *opeFlags) judge(notes io.Writer) (*opeAnswer, error) {
	if f.obd != "" {
		return judgeOBD(f.obd)
	}
	name := f.target
	if name == "" {
		name = "random"
	}
	target, err := eval.NewTarget(name, f.outcome == "traded", f.seed)
	if err != nil {
		return nil, usage("--target: %w", err)
	}
	join := bandit.Join{Timeout: f.timeout}
	decided := join.All(bandit.ReadLogs(f.log))
	if f.reward != "" {
		if decided, err = eval.Revalue(decided, f.reward); err != nil {
			return nil, usage("--reward: %w", err)
		}
	}
	judged, err := eval.JudgeLog(decided, target, f.outcome == "traded")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.log, err)
	}
	sayDamage(notes, join.Counts())
	answer := newOPEAnswer(f.log, name, judged.Estimates)
	answer.Decisions, answer.Arms, answer.Overlap = judged.Decisions, judged.Arms, judged.Overlap
	if p := judged.Priced; p != nil {
		answer.Priced = &pricedAnswer{judged.Known, newOPEStat(p.Target), newOPEStat(p.Logged), newOPEStat(p.Lift)}
	}
	return answer, nil
}

// sayDamage says what is not in a log that should be.
func sayDamage(w io.Writer, c bandit.JoinCounts) {
	for _, x := range []struct {
		n    int64
		what string
	}{
		{c.Torn, "files whose last record is unfinished and left out"},
		{c.Damaged, "damaged lines, which are left out"},
		{c.Lost, "records that there was no room for when they were to be written"},
		{c.Late, "outcomes of decisions that are not known"},
	} {
		if x.n > 0 {
			fmt.Fprintf(w, "note: %s: %d\n", x.what, x.n)
		}
	}
}

func judgeOBD(dir string) (*opeAnswer, error) {
	log, err := eval.ReadOBD(dir)
	if err != nil {
		return nil, err
	}
	ope, err := log.Uniform()
	if err != nil {
		return nil, err
	}
	estimates, err := ope.Estimate(nil)
	if err != nil {
		return nil, err
	}
	answer := newOPEAnswer(log.Campaign, "uniform", estimates)
	answer.Decisions, answer.Arms, answer.Overlap = estimates.N, float64(log.Items), 1
	return answer, nil
}

// opeStat is an Estimate in JSON.
type opeStat struct {
	Mean *float64    `json:"mean"`
	SE   *float64    `json:"se"`
	CI95 *[2]float64 `json:"ci95"`
}

func newOPEStat(e bandit.Estimate) opeStat {
	s := opeStat{Mean: known(e.Mean), SE: known(e.SE)}
	if s.SE != nil {
		s.CI95 = &[2]float64{e.Low, e.High}
	}
	return s
}

// opeAnswer is what --json says.
type opeAnswer struct {
	Source      string        `json:"source"`
	Target      string        `json:"target"`
	Decisions   int           `json:"decisions"`
	N           int           `json:"n"`
	Arms        float64       `json:"arms"`
	Overlap     int           `json:"overlap"`
	Logged      opeStat       `json:"logged"`
	IPS         opeStat       `json:"ips"`
	SNIPS       opeStat       `json:"snips"`
	DR          opeStat       `json:"dr"`
	SNDR        opeStat       `json:"sndr"`
	Lift        opeStat       `json:"lift"`
	ESS         float64       `json:"ess"`
	Independent float64       `json:"ess_independent"`
	MaxWeight   float64       `json:"max_weight"`
	MeanWeight  opeStat       `json:"mean_weight"`
	Unsupported float64       `json:"unsupported"`
	Priced      *pricedAnswer `json:"priced"`
	// Better is whether the target is better than what was recorded, null if that is not
	// known; Verdict says it in words.
	Better  *bool  `json:"better"`
	Verdict string `json:"verdict"`
}

// pricedAnswer is what the outcomes of all arms tell.
type pricedAnswer struct {
	N      int     `json:"n"`
	Target opeStat `json:"target"`
	Logged opeStat `json:"logged"`
	Lift   opeStat `json:"lift"`
}

func newOPEAnswer(source, target string, e *bandit.Estimates) *opeAnswer {
	a := &opeAnswer{
		Source: source, Target: target, N: e.N,
		Logged: newOPEStat(e.Logged), IPS: newOPEStat(e.IPS), SNIPS: newOPEStat(e.SNIPS), DR: newOPEStat(e.DR), SNDR: newOPEStat(e.SNDR), Lift: newOPEStat(e.Lift),
		ESS: e.ESS, Independent: e.Independent, MaxWeight: e.MaxWeight, MeanWeight: newOPEStat(e.Weight), Unsupported: e.Unsupported,
	}
	a.Better, a.Verdict = verdict(target, e)
	return a
}

// verdict says whether a target is better than what was recorded.
func verdict(target string, e *bandit.Estimates) (better *bool, words string) {
	difference := fmt.Sprintf("%+.3g, 95 %% interval %+.3g to %+.3g", e.Lift.Mean, e.Lift.Low, e.Lift.High)
	switch {
	case e.Doubt != "":
		return nil, "no verdict: " + e.Doubt
	case e.Lift.Low > 0:
		return new(true), fmt.Sprintf("%s brings more than what was recorded: %s", target, difference)
	case e.Lift.High < 0:
		return new(false), fmt.Sprintf("%s brings less than what was recorded: %s", target, difference)
	}
	return nil, fmt.Sprintf("%s cannot be told from what was recorded: %s", target, difference)
}

var opeColumns = []column{{"ESTIMATOR", false}, {"REWARD", true}, {"SE", true}, {"95 % INTERVAL", true}}

func (a *opeAnswer) print(w io.Writer) error {
	row := func(name string, s opeStat) []string {
		return []string{name, showFloat(s.Mean, "%.6f"), showFloat(s.SE, "%.6f"), opeInterval(s)}
	}
	rows := [][]string{
		row("recorded", a.Logged), row("IPS", a.IPS), row("SNIPS", a.SNIPS), row("DR", a.DR), row("SNDR", a.SNDR), row("DR - recorded", a.Lift),
	}
	if p := a.Priced; p != nil {
		rows = append(rows, row("prices: target", p.Target), row("prices: recorded", p.Logged), row("prices: difference", p.Lift))
	}
	fmt.Fprintf(w, "%s: %d decisions, %d with an outcome, among %.1f arms on average; target: %s\n\n", a.Source, a.Decisions, a.N, a.Arms, a.Target)
	fmt.Fprint(w, renderTable(opeColumns, rows))
	fmt.Fprintf(w, "\neffective sample size %.1f", a.ESS)
	if a.Overlap > 1 {
		fmt.Fprintf(w, ", %.1f as %d decisions in a row share their luck", a.Independent, a.Overlap)
	}
	fmt.Fprintf(w, "; largest weight %.2f, mean weight %s ± %s\n", a.MaxWeight, showFloat(a.MeanWeight.Mean, "%.3f"), showFloat(a.MeanWeight.SE, "%.3f"))
	_, err := fmt.Fprintln(w, a.Verdict)
	return err
}

func opeInterval(s opeStat) string {
	if s.CI95 == nil || math.IsInf(s.CI95[1]-s.CI95[0], 0) {
		return unknown
	}
	return fmt.Sprintf("%.6f to %.6f", s.CI95[0], s.CI95[1])
}

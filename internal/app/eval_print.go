package app

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/eval"
)

// runEvalBandit plays, and prints what there is even if it was interrupted.
func runEvalBandit(cmd *cobra.Command, flags *evalFlags, setup *eval.Setup) error {
	plot, err := newPlotFile(flags.plot)
	if err != nil {
		return err
	}
	defer plot.discard()
	setup.OnProgress = progressBar(cmd.ErrOrStderr(), setup.World.Name)
	for _, note := range setup.World.Notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	records, err := eval.Run(cmd.Context(), setup)
	setup.OnProgress(0, 0)
	records = played(records)
	if err != nil && len(records) == 0 {
		return err
	}
	if printed := printRecords(cmd.OutOrStdout(), flags.json, setup, records); printed != nil {
		return printed
	}
	if drawn := plot.draw(setup, records); drawn != nil {
		return drawn
	}
	return err
}

// played leaves out who has not come to the end of any course.
func played(all []eval.Record) []eval.Record {
	var some []eval.Record
	for _, r := range all {
		if len(r.Outcomes) > 0 {
			some = append(some, r)
		}
	}
	return some
}

// progressBar returns what shows how much is done in a line that is overwritten, on a
// terminal; 0 of 0 wipes it.
func progressBar(w io.Writer, title string) func(done, all int) {
	show := progressLine(w, title)
	const width = 30
	return func(done, all int) {
		if all == 0 {
			show("")
			return
		}
		full := done * width / all
		show(fmt.Sprintf("%s%s %d of %d courses", strings.Repeat("█", full), strings.Repeat("░", width-full), done, all))
	}
}

// evalStat is a Stat in JSON.
type evalStat struct {
	Mean float64     `json:"mean"`
	SD   *float64    `json:"sd"`
	CI95 *[2]float64 `json:"ci95"`
}

func newEvalStat(s eval.Stat) evalStat {
	out := evalStat{Mean: s.Mean, SD: known(s.SD)}
	if s.N > 1 {
		out.CI95 = &[2]float64{s.Low, s.High}
	}
	return out
}

// known is nil for what is not a number.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// evalPoint is a point of a curve.
type evalPoint struct {
	Round  int         `json:"round"`
	Regret float64     `json:"regret"`
	CI95   *[2]float64 `json:"ci95"`
}

// evalLine is what --json says of a policy. Regret and reward are sums over all
// rounds.
type evalLine struct {
	Policy            string      `json:"policy"`
	Env               string      `json:"env"`
	Feedback          string      `json:"feedback"`
	Arms              int         `json:"arms"`
	Rounds            int         `json:"rounds"`
	Delay             int         `json:"delay"`
	Seed              uint64      `json:"seed"`
	Seeds             int         `json:"seeds"`
	Regret            evalStat    `json:"regret"`
	Reward            evalStat    `json:"reward"`
	Curve             []evalPoint `json:"curve"`
	RelativeToRandom  *float64    `json:"relative_to_random"`
	RelativeToFormula *float64    `json:"relative_to_formula"`
	Gate              *evalGate   `json:"gate"`
	TimePerDecisionUS float64     `json:"time_per_decision_us"`
}

// evalGate is in how many courses the gate opened, and after how many rounds in the
// median; null in less than half of them.
type evalGate struct {
	Opened      int  `json:"opened"`
	MedianRound *int `json:"median_round"`
}

func newEvalGate(setup *eval.Setup, r *eval.Record) *evalGate {
	if !setup.World.Trades {
		return nil
	}
	share, median := r.Gate()
	g := &evalGate{Opened: int(math.Round(share * float64(len(r.Outcomes))))}
	if median > 0 {
		g.MedianRound = &median
	}
	return g
}

func newEvalLine(setup *eval.Setup, r *eval.Record, all []eval.Record) evalLine {
	regret := r.Regret()
	return evalLine{
		Policy: r.Policy, Env: setup.World.Name, Feedback: string(setup.Feedback), Arms: setup.World.Arms,
		Rounds: setup.World.Rounds, Delay: setup.Delay, Seed: setup.Seed, Seeds: regret.N,
		Regret: newEvalStat(regret), Reward: newEvalStat(r.Reward()), Curve: quarters(setup, r),
		RelativeToRandom: relative(r, all, "random"), RelativeToFormula: relative(r, all, "formula"),
		Gate: newEvalGate(setup, r), TimePerDecisionUS: perDecision(setup, r),
	}
}

// quarters are the points at which 25, 50, 75 and 100 % of the rounds are over.
func quarters(setup *eval.Setup, r *eval.Record) []evalPoint {
	var out []evalPoint
	points := eval.Points(setup.World.Rounds)
	for i := range points {
		if (i+1)*4%len(points) >= 4 {
			continue
		}
		s := newEvalStat(r.RegretAt(i))
		out = append(out, evalPoint{Round: points[i], Regret: s.Mean, CI95: s.CI95})
	}
	return out
}

func relative(r *eval.Record, all []eval.Record, to string) *float64 {
	for i := range all {
		if all[i].Policy == to {
			return known(r.Relative(&all[i]))
		}
	}
	return nil
}

// perDecision is how many microseconds a round took, choosing and learning.
func perDecision(setup *eval.Setup, r *eval.Record) float64 {
	var busy time.Duration
	for i := range r.Outcomes {
		busy += r.Outcomes[i].Busy
	}
	return busy.Seconds() * 1e6 / float64(len(r.Outcomes)*setup.World.Rounds)
}

func printRecords(w io.Writer, asJSON bool, setup *eval.Setup, records []eval.Record) error {
	var rows [][]string
	for i := range records {
		line := newEvalLine(setup, &records[i], records)
		if asJSON {
			if err := printJSON(w, &line); err != nil {
				return err
			}
		}
		rows = append(rows, evalRow(&line))
	}
	if asJSON {
		return nil
	}
	fmt.Fprintf(w, "%s: %d arms, %d rounds, %d seeds from %d, %s feedback %d rounds later\n\n",
		setup.World.Name, setup.World.Arms, setup.World.Rounds, setup.Seeds, setup.Seed, setup.Feedback, setup.Delay)
	_, err := io.WriteString(w, renderTable(evalColumns, rows))
	return err
}

var evalColumns = []column{
	{"POLICY", false}, {"REGRET", true}, {"95 % INTERVAL", true}, {"× RANDOM", true}, {"× FORMULA", true},
	{"REWARD", true}, {"95 % INTERVAL", true}, {"SEEDS", true}, {"GATE OPENED", true}, {"µs", true},
}

func evalRow(l *evalLine) []string {
	return []string{
		l.Policy, number(l.Regret.Mean), interval(l.Regret.CI95), showFloat(l.RelativeToRandom, "%.3f"), showFloat(l.RelativeToFormula, "%.3f"),
		number(l.Reward.Mean), interval(l.Reward.CI95), fmt.Sprint(l.Seeds), showGate(l.Gate), fmt.Sprintf("%.1f", l.TimePerDecisionUS),
	}
}

// showGate is in how many courses the gate opened, and when.
func showGate(g *evalGate) string {
	switch {
	case g == nil:
		return unknown
	case g.MedianRound == nil:
		return fmt.Sprint(g.Opened)
	}
	return fmt.Sprintf("%d, round %d", g.Opened, *g.MedianRound)
}

func interval(ci *[2]float64) string {
	if ci == nil {
		return unknown
	}
	return number(ci[0]) + " to " + number(ci[1])
}

// number shows as many digits as say something.
func number(x float64) string {
	if math.Abs(x) < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

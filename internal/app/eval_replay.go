package app

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/eval"
)

func newEvalReplay() *cobra.Command {
	var journal string
	var timeout time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Whether what the ranker believed came true, and whether there was an edge",
		Long: `Replay goes through a log of decisions, as quasar rank writes it with --decisions,
and says of each belief what then became of it: how well rewards were predicted before
they were known, predicted against realised rewards in ten parts, what the choices
brought beside those of the formula and of chance, when the gate opened and closed,
and whether trades agree with what the prices said.

Whether there was an edge is answered by a gate that looks at one outcome after the
other, none before the one before it is over; docs/off-policy.md says how.`,
		Example: `  quasar eval replay --journal decisions.log
  quasar eval replay --journal decisions.log --json | jq .sentence`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&journal, "journal", "", "decision log, with the files that were full before it")
	f.DurationVar(&timeout, "timeout", time.Hour, "for how long an outcome is waited for, by the times in the log")
	f.BoolVar(&asJSON, "json", false, "print an object, numbers in full")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case journal == "":
			return usage("%w", errors.New("want --journal FILE"))
		case timeout <= 0:
			return usage("--timeout: got %v, want more than 0", timeout)
		}
		join := bandit.Join{Timeout: timeout}
		replay, err := eval.ReplayLog(join.All(bandit.ReadLogs(journal)))
		if err != nil {
			return fmt.Errorf("%s: %w", journal, err)
		}
		answer := newReplayAnswer(journal, replay, join.Counts())
		if asJSON {
			return printJSON(cmd.OutOrStdout(), answer)
		}
		sayDamage(cmd.ErrOrStderr(), join.Counts())
		return answer.print(cmd.OutOrStdout())
	}
	return cmd
}

// replayAnswer is what --json says.
type replayAnswer struct {
	Source      string           `json:"source"`
	Decisions   int              `json:"decisions"`
	First       time.Time        `json:"first"`
	Last        time.Time        `json:"last"`
	Policies    map[string]int   `json:"policies"`
	Explored    float64          `json:"explored"`
	Known       int              `json:"known"`
	Overlap     int              `json:"overlap"`
	Outcomes    outcomesAnswer   `json:"outcomes"`
	Prequential preqAnswer       `json:"prequential"`
	Calibration []decileAnswer   `json:"calibration"`
	Choices     []choiceAnswer   `json:"choices"`
	Gate        gateReplayAnswer `json:"gate"`
	Executed    executedAnswer   `json:"executed"`
	// Sentence is what the gate says of the arms of the highest mean.
	Sentence string `json:"sentence"`
}

type outcomesAnswer struct {
	Known   int64            `json:"known"`
	Dropped map[string]int64 `json:"dropped"`
	Never   int64            `json:"never"`
	Late    int64            `json:"late"`
	Lost    int64            `json:"lost"`
	Damaged int64            `json:"damaged"`
	Torn    int64            `json:"torn"`
}

type preqAnswer struct {
	N           int      `json:"n"`
	R2          *float64 `json:"r2"`
	Correlation *float64 `json:"correlation"`
	RMSE        *float64 `json:"rmse"`
}

type decileAnswer struct {
	N         int     `json:"n"`
	Predicted float64 `json:"predicted"`
	Realised  opeStat `json:"realised"`
}

type choiceAnswer struct {
	Choice string  `json:"choice"`
	N      int     `json:"n"`
	Reward opeStat `json:"reward"`
}

type gateReplayAnswer struct {
	HighestMean gateNow     `json:"highest_mean"`
	Chosen      gateNow     `json:"chosen"`
	Recorded    *gateNow    `json:"recorded"`
	Turns       []gateTurns `json:"turns"`
}

type gateNow struct {
	Open     bool        `json:"open"`
	N        int64       `json:"n"`
	Mean     float64     `json:"mean"`
	Interval [2]*float64 `json:"interval"`
	Sentence string      `json:"sentence,omitempty"`
}

type gateTurns struct {
	At   time.Time `json:"at"`
	Open bool      `json:"open"`
	N    int64     `json:"n"`
	Mean float64   `json:"mean"`
}

type executedAnswer struct {
	N           int      `json:"n"`
	Correlation *float64 `json:"correlation"`
	Warning     *string  `json:"warning"`
}

func newReplayAnswer(source string, r *eval.Replay, c bandit.JoinCounts) *replayAnswer {
	a := &replayAnswer{
		Source: source, Decisions: r.Decisions, First: r.First, Last: r.Last, Policies: r.Policies, Explored: r.Explored, Known: r.Known, Overlap: r.Overlap,
		Outcomes:    outcomesAnswer{c.Outcomes, c.Dropped, c.Never, c.Late, c.Lost, c.Damaged, c.Torn},
		Prequential: preqAnswer{r.Prequential.N, known(r.Prequential.R2), known(r.Prequential.Correlation), known(r.Prequential.RMSE)},
		Calibration: []decileAnswer{}, Choices: []choiceAnswer{},
		Gate:     gateReplayAnswer{HighestMean: newGateNow(r.Gate), Chosen: newGateNow(r.Chosen), Turns: []gateTurns{}},
		Executed: executedAnswer{N: r.Executed.N, Correlation: known(r.Executed.Correlation)},
		Sentence: r.Gate.Sentence(),
	}
	if r.Executed.Warning != "" {
		a.Executed.Warning = &r.Executed.Warning
	}
	for _, d := range r.Deciles {
		a.Calibration = append(a.Calibration, decileAnswer{d.N, d.Predicted, newOPEStat(d.Realised)})
	}
	for _, c := range r.Choices {
		a.Choices = append(a.Choices, choiceAnswer{c.Name, c.N, newOPEStat(c.Reward)})
	}
	if g := r.Newest; g != nil {
		a.Gate.Recorded = &gateNow{Open: g.Open, N: g.N, Mean: g.Mean, Interval: [2]*float64{g.Low, g.High}}
	}
	for _, t := range r.Turns {
		a.Gate.Turns = append(a.Gate.Turns, gateTurns{t.At, t.Gate.Open, t.Gate.N, t.Gate.Mean})
	}
	return a
}

func newGateNow(g *bandit.Gate) gateNow {
	r := bandit.NewGateRecord(g)
	return gateNow{r.Open, r.N, r.Mean, [2]*float64{r.Low, r.High}, g.Sentence()}
}

// print shows it to people.
func (a *replayAnswer) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %d decisions (%s) from %s to %s, %.1f %% of them explored\n", a.Source, a.Decisions, a.policies(),
		a.First.Format(time.RFC3339), a.Last.Format(time.RFC3339), 100*a.Explored)
	fmt.Fprintf(w, "outcomes: %d known, %d never came%s\n", a.Outcomes.Known, a.Outcomes.Never, a.dropped())
	fmt.Fprintf(w, "predictions: %d, R² %s over the mean so far, correlation %s, RMSE %s\n", a.Prequential.N,
		showFloat(a.Prequential.R2, "%.4f"), showFloat(a.Prequential.Correlation, "%.4f"), showFloat(a.Prequential.RMSE, "%.4f"))
	a.printTables(w)
	a.printGate(w)
	fmt.Fprintf(w, "trades beside prices: %d, correlation %s\n", a.Executed.N, showFloat(a.Executed.Correlation, "%.3f"))
	if a.Executed.Warning != nil {
		fmt.Fprintf(w, "warning: %s\n", *a.Executed.Warning)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", a.Sentence)
	return err
}

func (a *replayAnswer) printTables(w io.Writer) {
	var parts, choices [][]string
	for i, d := range a.Calibration {
		parts = append(parts, []string{fmt.Sprint(i + 1), fmt.Sprint(d.N), fmt.Sprintf("%+.4f", d.Predicted), showFloat(d.Realised.Mean, "%+.4f"), opeInterval(d.Realised)})
	}
	if parts != nil {
		fmt.Fprintf(w, "\n%s", renderTable([]column{{"TENTH", true}, {"N", true}, {"PREDICTED", true}, {"REALISED", true}, {"95 % INTERVAL", true}}, parts))
	}
	for _, c := range a.Choices {
		choices = append(choices, []string{c.Choice, fmt.Sprint(c.N), showFloat(c.Reward.Mean, "%+.4f"), opeInterval(c.Reward)})
	}
	if choices != nil {
		fmt.Fprintf(w, "\n%s", renderTable([]column{{"CHOICE", false}, {"N", true}, {"NET RETURN", true}, {"95 % INTERVAL", true}}, choices))
	}
	fmt.Fprintln(w)
}

// mostTurns is how many turns of the gate people are shown.
const mostTurns = 10

func (a *replayAnswer) printGate(w io.Writer) {
	turns := a.Gate.Turns
	if len(turns) > mostTurns {
		fmt.Fprintf(w, "the gate turned %d times, the last %d are:\n", len(turns), mostTurns)
		turns = turns[len(turns)-mostTurns:]
	}
	for _, t := range turns {
		word := "closed"
		if t.Open {
			word = "opened"
		}
		fmt.Fprintf(w, "gate %s %s after %d outcomes, at a mean of %+.4f\n", word, t.At.Format(time.RFC3339), t.N, t.Mean)
	}
	if g := a.Gate.Recorded; g != nil && len(turns) == 0 {
		fmt.Fprintf(w, "the gate of the ranker was closed all the time, lately after %d outcomes at a mean of %+.4f\n", g.N, g.Mean)
	}
	fmt.Fprintf(w, "what was chosen: %s\n", a.Gate.Chosen.Sentence)
}

func (a *replayAnswer) policies() string {
	return strings.Join(slices.Sorted(maps.Keys(a.Policies)), ", ")
}

func (a *replayAnswer) dropped() string {
	var out strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(a.Outcomes.Dropped)) {
		fmt.Fprintf(&out, ", %d dropped: %s", a.Outcomes.Dropped[reason], reason)
	}
	return out.String()
}

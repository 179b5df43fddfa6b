package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/internal/backtest"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

// print prints the report, and what else has to be known of the run. Where err is not
// nil it is of a part.
func (f *backtestFlags) print(w io.Writer, r *backtest.Result, err error) error {
	made := report.OfLedger(r.Ledger, &report.Options{Tried: f.tried, Seed: max(1, f.rank.seed), Part: err != nil})
	if f.json {
		return f.printJSON(w, made, r, err)
	}
	page := reportPage{by: f.by, width: widthOf(w), report: made, halt: r.Ledger.Halt}
	_, writeErr := io.WriteString(w, page.String()+"\n"+wrap(f.played(r, err), page.width, ""))
	return writeErr
}

// backtestReport is the report of a backtest as an object: that of an account, and how
// it came about.
type backtestReport struct {
	*report.Report
	Backtest playedReport `json:"backtest"`
}

type playedReport struct {
	From      time.Time            `json:"from"`
	To        time.Time            `json:"to"`
	Ticks     int                  `json:"ticks"`
	Missed    int                  `json:"missed"`
	Snapshots int                  `json:"snapshots"`
	Signals   int                  `json:"signals"`
	Refused   map[trade.Reason]int `json:"refused"`
	Halts     int                  `json:"halts"`
	// Part is why it is not of all that was to be played, nil where it is.
	Part *string `json:"part"`
	// Payout is what --payout said, nil for what our model of the house says: it is
	// assumed either way.
	Payout *float64 `json:"payout"`
}

func (f *backtestFlags) printJSON(w io.Writer, made *report.Report, r *backtest.Result, err error) error {
	p := playedReport{
		From: r.From, To: r.Now, Ticks: r.Ticks, Missed: r.Missed, Snapshots: r.Snapshots, Signals: r.Signals, Refused: r.Refused, Halts: r.Halts,
	}
	if err != nil {
		p.Part = new(reasonOf(err))
	}
	if f.payout != 0 {
		p.Payout = &f.payout
	}
	return printJSON(w, backtestReport{made, p}, trade.JSONOptions)
}

// played says what was played and what became of the signals.
func (f *backtestFlags) played(r *backtest.Result, err error) string {
	text := fmt.Sprintf("Played %d ticks and %d snapshots, %s to %s.", r.Ticks, r.Snapshots, r.From.Format(time.DateTime), r.Now.Format(time.DateTime))
	if err != nil {
		text += " This is a part: " + reasonOf(err) + "."
	}
	if r.Missed > 0 {
		text += fmt.Sprintf(" %d ticks are missing from the record: a Rise or Fall that lives over a gap is cancelled, what multiplies goes on with the tick after it.", r.Missed)
	}
	text += fmt.Sprintf(" The policy gave %d signals", r.Signals)
	if len(r.Refused) > 0 {
		text += "; the limits refused " + refusals(r.Refused)
	}
	if r.Ledger.Halt != nil && !f.resume {
		text += fmt.Sprintf(", for a halt on %s ended the trading (--resume goes on the next day)", r.Ledger.HaltedAt.Format(time.DateTime))
	} else if r.Halts > 0 {
		text += fmt.Sprintf(", with halts: %d", r.Halts)
	}
	if r.Snapshots == 0 {
		text += ": the record has no snapshots of a hub, and so nothing to follow"
	}
	text += "."
	if f.payout == 0 {
		text += " Payouts are those of our model of the house: --payout says otherwise."
	}
	return text + "\n"
}

func reasonOf(err error) string {
	if _, told := errors.AsType[*signalError](err); told || errors.Is(err, context.Canceled) {
		return "it was interrupted"
	}
	return err.Error()
}

// refusals lists the most frequent reasons.
func refusals(counts map[trade.Reason]int) string {
	reasons := make([]trade.Reason, 0, len(counts))
	total := 0
	for reason, n := range counts {
		reasons, total = append(reasons, reason), total+n
	}
	slices.SortFunc(reasons, func(a, b trade.Reason) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var parts []string
	for _, reason := range reasons[:min(len(reasons), 4)] {
		parts = append(parts, fmt.Sprintf("%d for %s", counts[reason], reason))
	}
	return fmt.Sprintf("%d (%s)", total, strings.Join(parts, ", "))
}

package app

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

// reportPage is a report for people.
type reportPage struct {
	by     string
	width  int
	report *report.Report
	halt   *trade.Halted
	others []other
}

const (
	liveBanner = "LIVE: REAL MONEY"
	noEntry    = "No entry yet: no trader has found its account."
)

func (p *reportPage) String() string {
	var out strings.Builder
	r := p.report
	if r.Account.Mode == trade.Live {
		out.WriteString(liveBanner + "\n")
	}
	out.WriteString(wrap(p.head(), p.width, "") + "\n")
	if p.halt != nil {
		out.WriteString(wrap(fmt.Sprintf("HALTED by %s: %s", quoted([]string{p.halt.By}), quoted([]string{string(p.halt.Reason)})), p.width, "") + "\n")
	}
	out.WriteString("\n" + wrap(r.Verdict.Sentence, p.width, "") + "\n")
	if facts := p.facts(); facts != nil {
		out.WriteString("\n")
		for _, f := range facts {
			out.WriteString(wrap(fmt.Sprintf("%-*s%s", factIndent, f[0], f[1]), p.width, strings.Repeat(" ", factIndent)) + "\n")
		}
	}
	if r.Total.N > 0 {
		out.WriteString("\n" + p.table() + p.foot())
	}
	if len(p.others) > 0 {
		out.WriteString("\n" + p.sides())
	}
	if r.Account.Mode == trade.Live {
		out.WriteString("\n" + liveBanner + "\n")
	}
	return out.String()
}

// head says whose report it is, and of when.
func (p *reportPage) head() string {
	r := p.report
	if r.Account == (trade.Account{}) {
		return noEntry
	}
	text := "The " + quoted([]string{r.Account.String()})
	if r.From != nil && r.To != nil {
		text += ", " + r.From.Format("2006-01-02 15:04") + " to " + r.To.Format("2006-01-02 15:04") + " UTC"
	}
	if r.Since != nil {
		text += ", only what was decided since " + r.Since.Format("2006-01-02 15:04") + " UTC"
	}
	return text
}

// factIndent is where what is known of a thing begins.
const factIndent = 13

// facts are the numbers, each under its name.
func (p *reportPage) facts() (facts [][2]string) {
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, [2]string{name, text})
		}
	}
	row, unit := &p.report.Total, glue+quoted([]string{p.report.Account.Currency})
	add("Settled", settledFact(row))
	add("Win rate", rateFact(row))
	add("Per trade", expectancyFact(row.Expectancy))
	add("Profit", profitFact(row, unit))
	add("On coins", coinFact(row.Coin, unit))
	add("Drawdown", drawdownFact(row, unit))
	add("P(edge > 0)", positiveFact(row.Positive))
	add("To prove it", neededFact(row))
	add("Equity", p.equity(unit))
	add("Apart", apartFact(&p.report.Apart, unit))
	return facts
}

func settledFact(row *report.Row) string {
	if row.N == 0 {
		return ""
	}
	text := counted(row.N, "order")
	for _, c := range []struct {
		n    int
		what string
	}{{row.Won, "won"}, {row.Lost, "lost"}, {row.Sold, "sold early"}, {row.Multiplied, "multiplied"}, {row.Cancelled, "cancelled"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	if row.Ties > 0 {
		text += "; of the lost, " + counted(row.Ties, "tie")
	}
	return text
}

func rateFact(row *report.Row) string {
	if row.WinRate == nil {
		return ""
	}
	text := showRate(row.WinRate)
	if row.BreakEven != nil {
		text += "; break-even " + report.Percent(*row.BreakEven, 1)
	}
	return text
}

func showRate(w *report.WinRate) string {
	if w == nil {
		return unknown
	}
	return fmt.Sprintf("%s (95 %%: %.1f to %.1f)", report.Percent(w.Rate, 1), 100*w.Low, 100*w.High)
}

func expectancyFact(e *report.Expectancy) string {
	if e == nil {
		return ""
	}
	text := fmt.Sprintf("%s of the stake (95 %%, at every look: %s)", report.Signed(e.Mean), showInterval(e))
	if e.Overlapping+e.Waiting > 0 {
		text += fmt.Sprintf("; of %d, for %d overlap and %d wait", e.Counted, e.Overlapping, e.Waiting)
	}
	return text
}

func showInterval(e *report.Expectancy) string {
	if e == nil {
		return unknown
	}
	return fmt.Sprintf("%+.1f to %+.1f", 100*e.Low, 100*e.High)
}

func profitFact(row *report.Row, unit string) string {
	if row.Profit == nil {
		return ""
	}
	margin := "an unknown house margin"
	if row.Margin != nil {
		margin = row.Margin.String() + unit + " of house margin"
		if row.MarginUnknown > 0 {
			margin += fmt.Sprintf(" (of %d orders it is not known)", row.MarginUnknown)
		}
	}
	return fmt.Sprintf("%s%s after %s on a turnover of %s%s", showProfit(row.Profit), unit, margin, row.Turnover, unit)
}

func coinFact(c *report.Coin, unit string) string {
	if c == nil {
		return ""
	}
	did := fmt.Sprintf("%s of coins do as well or better", report.Percent(c.AtLeast, 1))
	if c.AtLeast < 0.001 {
		did = "less than 0.1 % of coins do as well"
	}
	return fmt.Sprintf("%s ± %s%s with the same stakes; %s", showAmount(c.Mean, true), showAmount(c.SD, false), unit, did)
}

func drawdownFact(row *report.Row, unit string) string {
	if row.Drawdown == nil {
		return ""
	}
	text := row.Drawdown.Amount.String() + unit
	if row.Drawdown.Share != nil {
		text += " (" + report.Percent(*row.Drawdown.Share, 2) + ")"
	}
	return fmt.Sprintf("%s; longest losing streak %d", text, row.LosingStreak)
}

func positiveFact(p *float64) string {
	if p == nil {
		return ""
	}
	return report.Percent(*p, 1) + " to somebody who had no opinion before, and looks once"
}

func neededFact(row *report.Row) string {
	switch {
	case row.N == 0:
		return ""
	case row.Needed == nil:
		return "no number of trades like these would"
	}
	return fmt.Sprintf("%s that go as these did on average, looked at once; there are %d", counted(int(*row.Needed), "trade"), row.N)
}

func apartFact(a *report.Apart, unit string) string {
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, text))
		}
	}
	add(a.Open, "open with "+a.AtStake.String()+unit+" at stake")
	add(a.Unresolved, "unresolved, at most "+a.MayCost.String()+unit)
	add(a.Rejected, "rejected")
	add(a.Abandoned, "abandoned")
	add(a.Orphans, fmt.Sprintf("without a decision (%d ended, %s%s)", a.OrphansEnded, showProfit(&a.OrphansProfit), unit))
	add(a.Free, "that cost nothing")
	if parts == nil {
		return ""
	}
	return strings.Join(parts, ", ") + "; not counted above"
}

// equity is the curve on one line, and where it went.
func (p *reportPage) equity(unit string) string {
	curve := p.report.Total.Curve
	if len(curve) == 0 {
		return ""
	}
	values := make([]float64, len(curve))
	low, high := 0.0, 0.0
	for i := range curve {
		values[i] = curve[i].Profit
		low, high = min(low, values[i]), max(high, values[i])
	}
	text := fmt.Sprintf(" %s to %s%s", showAmount(low, true), showAmount(high, true), unit)
	return spark(values, min(max(p.width-factIndent-utf8.RuneCountInString(text), 8), 60)) + text
}

// spark draws values, and 0, between the lowest and the highest.
func spark(values []float64, width int) string {
	const bars = "▁▂▃▄▅▆▇█"
	low, high := 0.0, 0.0
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	out := make([]rune, min(width, len(values)))
	for i := range out {
		at := len(values) - 1
		if len(out) > 1 {
			at = i * (len(values) - 1) / (len(out) - 1)
		}
		level := 0
		if high > low {
			level = int((values[at] - low) / (high - low) * 7.999)
		}
		out[i] = []rune(bars)[level]
	}
	return string(out)
}

// glue is a space at which no line is broken.
const glue = "\u00a0"

// wrap breaks text between words, so that no line but one of a long word is wider, and
// begins all lines but the first with an indent.
func wrap(text string, width int, indent string) string {
	text = strings.ReplaceAll(text, " %", glue+"%")
	var lines []string
	line, used := "", 0
	for word := range strings.SplitAfterSeq(text, " ") {
		n := utf8.RuneCountInString(strings.TrimRight(word, " "))
		if used+n > width && strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = indent, utf8.RuneCountInString(indent)
		}
		line, used = line+word, used+utf8.RuneCountInString(word)
	}
	return strings.ReplaceAll(strings.Join(append(lines, strings.TrimRight(line, " ")), "\n"), glue, " ")
}

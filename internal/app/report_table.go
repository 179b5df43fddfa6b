package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/report"
)

// rows are those of the table that was asked for.
func (p *reportPage) rows() []report.Row {
	switch p.by {
	case "kind":
		return p.report.Kinds
	case "policy":
		return p.report.Policies
	}
	return p.report.Assets
}

// table is a line for each asset, kind or policy.
func (p *reportPage) table() string {
	rows := p.rows()
	cells := make([][]string, len(rows))
	for i := range rows {
		cells[i] = append([]string{rowName(rows[i].Name, p.width/4)}, rowCells(&rows[i])...)
	}
	return fit(strings.ToUpper(p.by), cells, p.width)
}

// rowName is a name that somebody else may have given, in at most so many characters.
func rowName(name string, most int) string {
	safe := []rune(quoted([]string{name}))
	switch {
	case len(safe) == 0:
		return unknown
	case len(safe) > most:
		return string(safe[:most-1]) + "…"
	}
	return string(safe)
}

// rowColumns are what is said of each row, after its name.
var rowColumns = []column{
	{"N", true}, {"PER TRADE", true}, {"INTERVAL %", true}, {"WON", true}, {"EVEN AT", true}, {"PROFIT", true}, {"MARGIN", true}, {"TURNOVER", true}, {"FINDING", false},
}

// dropped is in which order columns give way on a narrow terminal.
var dropped = []string{"TURNOVER", "MARGIN", "EVEN AT", "WON", "INTERVAL %", "PER TRADE"}

func rowCells(row *report.Row) []string {
	won, even, mean, turnover := unknown, unknown, unknown, unknown
	if row.WinRate != nil {
		won = report.Percent(row.WinRate.Rate, 1)
	}
	if row.BreakEven != nil {
		even = report.Percent(*row.BreakEven, 1)
	}
	if row.Expectancy != nil {
		mean = report.Signed(row.Expectancy.Mean)
	}
	if row.N > 0 {
		turnover = row.Turnover.String()
	}
	return []string{
		strconv.Itoa(row.N), mean, showInterval(row.Expectancy), won, even, showProfit(row.Profit), showMoney(row.Margin), turnover, string(row.Verdict.Finding),
	}
}

// fit lays out rows, and leaves out columns until no line is wider than width.
func fit(name string, rows [][]string, width int) string {
	columns := append([]column{{name, false}}, rowColumns...)
	text := renderTable(columns, rows)
	for _, drop := range dropped {
		if widest(text) <= width {
			break
		}
		columns, rows = leaveOut(drop, columns, rows)
		text = renderTable(columns, rows)
	}
	return text
}

func leaveOut(name string, columns []column, rows [][]string) (kept []column, cells [][]string) {
	cells = make([][]string, len(rows))
	for i, c := range columns {
		if c.name == name {
			continue
		}
		kept = append(kept, c)
		for at, row := range rows {
			cells[at] = append(cells[at], row[i])
		}
	}
	return kept, cells
}

func widest(text string) (width int) {
	for line := range strings.Lines(text) {
		width = max(width, len([]rune(strings.TrimSuffix(line, "\n"))))
	}
	return width
}

// foot says what the intervals allow for, and where chance came from.
func (p *reportPage) foot() string {
	r := p.report
	text := fmt.Sprintf("Intervals hold at every look, for %s together (Bonferroni). Seed %d.", counted(r.Correction.Tests, "row"), r.Seed)
	return wrap(text, p.width, "") + "\n"
}

// sides puts the accounts side by side.
func (p *reportPage) sides() string {
	rows := [][]string{append([]string{sideName(p.report.Account.Mode)}, rowCells(&p.report.Total)...)}
	failed := ""
	for _, o := range p.others {
		if o.err != nil {
			failed += wrap(fmt.Sprintf("%s: %s", o.mode, quoted([]string{o.err.Error()})), p.width, "  ") + "\n"
			continue
		}
		rows = append(rows, append([]string{sideName(o.mode)}, rowCells(&o.report.Total)...))
	}
	return fit("ACCOUNT", rows, p.width) + failed
}

// sideName shouts where it is real money.
func sideName(m trade.Mode) string {
	if m == trade.Live {
		return liveBanner
	}
	return string(m)
}

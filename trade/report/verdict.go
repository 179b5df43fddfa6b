package report

import (
	"fmt"
	"strconv"
	"strings"
)

// Finding is what a record proves.
type Finding string

// The findings.
const (
	// None is that of no settled order.
	None Finding = "none"
	// Chance is that of a record that a coin might have made, which is also the finding
	// of a loss: a coin loses the margin of the house.
	Chance Finding = "chance"
	// Loss is Chance where the whole interval of the expectancy is below 0.
	Loss Finding = "loss"
	// Edge is that of one whose whole interval is above 0.
	Edge Finding = "edge"
	// Part is that of a report that leaves out what was before.
	Part Finding = "part"
)

// Verdict is a finding in words.
type Verdict struct {
	Finding Finding `json:"finding"`
	// Sentence has the finding first, and then the numbers behind it.
	Sentence string `json:"sentence"`
}

// leastProof is how many orders an edge takes, whatever the interval says.
const leastProof = 50

// judge gives all rows and the report their verdicts; part tells that orders were left out.
func (r *Report) judge(part bool) {
	r.Total.judge(part)
	var found []string
	for _, rows := range [][]Row{r.Assets, r.Kinds, r.Policies} {
		for i := range rows {
			rows[i].judge(part)
			if rows[i].Verdict.Finding == Edge && len(rows) > 1 {
				found = append(found, strconv.QuoteToASCII(rows[i].Name))
			}
		}
	}
	r.Verdict = r.Total.Verdict
	switch {
	case r.Total.N == 0:
		r.Verdict.Sentence += r.Apart.instead()
	case found != nil && r.Verdict.Finding != Edge:
		r.Verdict.Sentence += fmt.Sprintf(" Of the %d rows that were looked at, there is evidence of an edge in %s.", r.Correction.Tests, strings.Join(found, " and "))
	}
}

func (row *Row) judge(part bool) {
	finding, words := None, "No trades yet."
	switch e := row.Expectancy; {
	case e == nil:
	case part:
		finding, words = Part, "A part of a record proves nothing, for whoever chooses it can choose luck: "
	case e.Low > 0 && e.Counted >= leastProof:
		finding, words = Edge, "Evidence of an edge: "
	case e.High < 0:
		finding, words = Loss, "Not distinguishable from chance, and it loses money: "
	default:
		finding, words = Chance, "Not distinguishable from chance: "
	}
	row.Verdict = Verdict{finding, words}
	if finding != None {
		row.Verdict.Sentence += row.evidence()
	}
}

// evidence is the numbers behind a finding.
func (row *Row) evidence() string {
	e, words := row.Expectancy, grouped(row.N)+" settled"
	if w := row.WinRate; w != nil {
		words = fmt.Sprintf("%s of %s won (%s)", grouped(row.Won), grouped(row.Won+row.Lost), Percent(w.Rate, 1))
		if row.BreakEven != nil {
			words += ", break-even " + Percent(*row.BreakEven, 1)
		}
	}
	return fmt.Sprintf("%s; %s of the stake on average, 95 %% interval %s to %s.", words, Signed(e.Mean), Signed(e.Low), Signed(e.High))
}

// instead says what there is where nothing is settled.
func (a *Apart) instead() string {
	switch {
	case a.Open > 0:
		return " " + grouped(a.Open) + " open."
	case a.Unresolved > 0:
		return " " + grouped(a.Unresolved) + " unresolved."
	}
	return ""
}

// Percent shows a share: 0.5117 is "51.2 %".
func Percent(x float64, decimals int) string {
	return strconv.FormatFloat(100*x, 'f', decimals, 64) + " %"
}

// Signed shows a share with its sign: -0.023 is "-2.3 %". What is not 0 is not shown as
// +0.0 or -0.0 but with as many decimals as it takes, at most 4.
func Signed(x float64) string {
	decimals := 1
	for limit := 0.0005; decimals < 4 && x != 0 && x < limit && -x < limit; limit /= 10 {
		decimals++
	}
	return fmt.Sprintf("%+.*f %%", decimals, 100*x)
}

// grouped shows a count with commas between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

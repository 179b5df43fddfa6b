package app

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/karlquant/quasar/price/calibration"
)

// showCalibration prints two tables: what there was to measure, and the estimates.
func showCalibration(w io.Writer, report *calibration.Report) error {
	if len(report.Symbols) == 0 {
		return nil
	}
	var recorded, estimates [][]string
	for i := range report.Symbols {
		s := &report.Symbols[i]
		recorded = append(recorded, []string{
			s.Symbol, s.Kind, strconv.Itoa(s.Ticks), minuteOf(s.From), minuteOf(s.To),
			strconv.Itoa(s.Gaps), strconv.Itoa(s.Lost), strconv.Itoa(s.Duplicates),
		})
		estimates = append(estimates, estimateRows(s)...)
	}
	text := renderTable([]column{
		{name: "SYMBOL"}, {name: "LAW"}, {name: "TICKS", right: true}, {name: "FROM"}, {name: "TO"},
		{name: "GAPS", right: true}, {name: "LOST", right: true}, {name: "TWICE", right: true},
	}, recorded)
	if len(estimates) > 0 {
		text += "\n" + renderTable([]column{
			{name: "SYMBOL"}, {name: "ESTIMATE"}, {name: "VALUE", right: true}, {name: "95 % FROM", right: true}, {name: "TO", right: true}, {name: "N", right: true},
		}, estimates)
	}
	_, err := io.WriteString(w, text)
	return err
}

func minuteOf(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.Format("2006-01-02 15:04")
}

func estimateRows(s *calibration.Symbol) [][]string {
	var rows [][]string
	add := func(name string, e *calibration.Estimate) {
		digits := digitsOf(e)
		show := func(x float64) string { return strconv.FormatFloat(x, 'f', digits, 64) }
		rows = append(rows, []string{s.Symbol, name, show(e.Value), show(e.Low), show(e.High), strconv.Itoa(e.N)})
	}
	for _, p := range s.Parameters() {
		add(p.Name, p.Estimate)
	}
	for _, p := range s.Payouts {
		add(fmt.Sprintf("payout %s %d%s", harmless(p.Type), p.Duration, p.Unit), p.Ratio)
	}
	return rows
}

// digitsOf is how many digits behind the point tell something: two of the interval's
// half, or all that a number without one has.
func digitsOf(e *calibration.Estimate) int {
	half := (e.High - e.Low) / 2
	if !(half > 0) {
		text := strconv.FormatFloat(e.Value, 'f', -1, 64)
		for i := range text {
			if text[i] == '.' {
				return len(text) - i - 1
			}
		}
		return 0
	}
	return min(max(1-int(math.Floor(math.Log10(half))), 0), 12)
}

// leftOut is a symbol of which no law is known, as --json prints it.
type leftOut struct {
	Symbol  string `json:"symbol"`
	Ticks   int    `json:"ticks"`
	LeftOut string `json:"left_out"`
}

func showCalibrationJSON(w io.Writer, report *calibration.Report) error {
	for i := range report.Symbols {
		if err := printJSON(w, &report.Symbols[i]); err != nil {
			return err
		}
	}
	for _, u := range report.Unknown {
		if err := printJSON(w, leftOut{Symbol: u.Symbol, Ticks: u.Ticks, LeftOut: "no law of it is known"}); err != nil {
			return err
		}
	}
	return nil
}

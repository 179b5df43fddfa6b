package app

import (
	"fmt"
	"io"
	"time"

	"github.com/karlquant/quasar/internal/backtest"
)

// backtestProgress says how far a backtest is: in a line that is overwritten on a
// terminal, else in a new one now and then.
type backtestProgress struct {
	out         io.Writer
	line        func(string)
	every       time.Duration
	span        time.Duration // of the records; 0 for not known
	began, told time.Time
}

func newBacktestProgress(w io.Writer, span time.Duration) *backtestProgress {
	p := &backtestProgress{out: w, line: progressLine(w, "backtest"), every: 30 * time.Second, span: span, began: time.Now()}
	if p.told = p.began; isTerminal(w) {
		p.every = 200 * time.Millisecond
	}
	return p
}

func (p *backtestProgress) at(now backtest.Progress) {
	if time.Since(p.told) < p.every {
		return
	}
	p.told = time.Now()
	text := p.text(now, p.told.Sub(p.began))
	if isTerminal(p.out) {
		p.line(text)
		return
	}
	fmt.Fprintln(p.out, "backtest: "+text)
}

// text says what is done, and how long the rest takes at the speed so far.
func (p *backtestProgress) text(now backtest.Progress, took time.Duration) string {
	text := now.Now.Format("2006-01-02 15:04")
	if done := now.Now.Sub(now.From); p.span > 0 && done > 0 {
		left := time.Duration(float64(took) * (float64(p.span)/float64(done) - 1))
		text += fmt.Sprintf(", %.0f %%, %v left", 100*float64(done)/float64(p.span), max(0, left).Round(time.Second))
	}
	return text + fmt.Sprintf(", %d ticks, %d snapshots, %d signals", now.Ticks, now.Snapshots, now.Signals)
}

func (p *backtestProgress) wipe() {
	if isTerminal(p.out) {
		p.line("")
	}
}

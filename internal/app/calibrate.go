package app

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/price/calibration"
)

func newCalibrate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "calibrate RECORDING...", GroupID: "use",
		Short: "Measure the indices in recordings, for a simulator that is like them",
		Long: `Calibrate reads what quasar record wrote, files or directories of them, and
estimates of each index how often it ticks, its volatility, how often it jumps,
crashes or breaks out and how far, the autocorrelation of its moves, and, where
quotes were recorded, what contracts on it pay. Each number comes with its 95 %
interval and with how many observations it is from.

--out writes them to a file that quasar sim --calibration reads. What the recordings
are too short for is left out, with how much more is wanted; the simulator then takes
what it takes without a file, and says so.

The intervals believe the law that an index has by its name. Where the ticks
contradict that law, a note says so. docs/calibrate.md has the methods.`,
		Example: `  quasar record V75 CRASH500 --quotes CALL/5t --dir recordings
  quasar calibrate recordings --out calibration.json
  quasar sim --calibration calibration.json --indices V75,CRASH500`,
	}
	out := cmd.Flags().String("out", "", "the file to write, in place of one that is there; none is written without it")
	asJSON := cmd.Flags().Bool("json", false, "print JSON, one object for each symbol on a line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("calibrate: got no recording, want files or directories that quasar record wrote")
		}
		c := calibrator{stderr: cmd.ErrOrStderr()}
		if err := c.read(args); err != nil {
			return err
		}
		report := c.collector.Report()
		show := showCalibration
		if *asJSON {
			show = showCalibrationJSON
		}
		if err := show(cmd.OutOrStdout(), &report); err != nil {
			return err
		}
		c.tellLeftOut(&report)
		return c.write(&report, *out)
	}
	return cmd
}

// calibrator reads recordings. What is wrong with one is told, and the others are read
// all the same.
type calibrator struct {
	collector calibration.Collector
	stderr    io.Writer
	useless   int   // records that cannot be
	first     error // what is wrong with the first of them
}

func (c *calibrator) tell(format string, args ...any) {
	fmt.Fprintf(c.stderr, "quasar calibrate: "+format+"\n", args...)
}

func (c *calibrator) read(paths []string) error {
	var files []string
	for _, path := range paths {
		more, err := recording.Files(path)
		if err != nil {
			return err
		}
		for _, file := range more {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	for r, err := range recording.Read(files...) {
		if err != nil {
			c.tell("%v; the rest of that file is left out", err)
			continue
		}
		switch err := c.take(&r); {
		case errors.Is(err, calibration.ErrFull):
			return err
		case err != nil:
			if c.useless++; c.first == nil {
				c.first = err
			}
		}
	}
	return nil
}

// take takes a record in. A snapshot says nothing of an index.
func (c *calibrator) take(r *recording.Record) error {
	if t := r.Tick; t != nil {
		return c.collector.Tick(t.Symbol, t.Epoch, string(t.Quote))
	}
	q := r.Quote
	if q == nil {
		return nil
	}
	ask, err := strconv.ParseFloat(string(q.Ask), 64)
	if err != nil {
		return fmt.Errorf("quote of %.40q: ask: got %.40s, want a number", q.Symbol, q.Ask)
	}
	payout, err := strconv.ParseFloat(string(q.Payout), 64)
	if err != nil {
		return fmt.Errorf("quote of %.40q: payout: got %.40s, want a number", q.Symbol, q.Payout)
	}
	k := calibration.Contract{Type: q.ContractType, Duration: q.Duration, Unit: q.Unit}
	return c.collector.Quote(q.Symbol, k, ask, payout, math.Pow10(-deriv.CurrencyDecimals(q.Currency)))
}

// tellLeftOut says what could not be measured, what contradicts a law, and what is
// wrong with the recordings.
func (c *calibrator) tellLeftOut(report *calibration.Report) {
	if c.useless > 0 {
		c.tell("%d records are left out; the first: %v", c.useless, c.first)
	}
	for _, u := range report.Unknown {
		c.tell("%s is left out with its %d ticks: no law of it is known", harmless(fmt.Sprintf("%.40q", u.Symbol)), u.Ticks)
	}
	for i := range report.Symbols {
		s := &report.Symbols[i]
		for _, r := range s.Refused {
			c.tell("%s: %s: %s", s.Symbol, r.Parameter, r.Reason)
		}
		for _, note := range s.Notes {
			c.tell("%s: note: %s", s.Symbol, note)
		}
	}
}

// write writes what was measured to a file, if one is wanted.
func (c *calibrator) write(report *calibration.Report, out string) error {
	var measured []calibration.Symbol
	for i := range report.Symbols {
		if report.Symbols[i].Measured() {
			measured = append(measured, report.Symbols[i])
		}
	}
	if len(measured) == 0 {
		return errors.New("calibrate: nothing could be measured, and no file was written")
	}
	if out == "" {
		return nil
	}
	data, err := calibration.Encode(measured)
	if err != nil {
		return err
	}
	if err := disk.Replace(out, data, ""); err != nil {
		return fmt.Errorf("calibrate: %w; the file is as it was", err)
	}
	c.tell("wrote %d symbols to %s", len(measured), out)
	return nil
}

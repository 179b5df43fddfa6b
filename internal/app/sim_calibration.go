package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/price/calibration"
)

// mostCalibration bounds the file, in bytes: far more than all indices need.
const mostCalibration = 16 << 20

// readCalibration reads a file of quasar calibrate.
func readCalibration(path string) ([]calibration.Symbol, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, misconfigured(fmt.Errorf("calibration: %w", err))
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, mostCalibration+1))
	if err == nil && len(data) > mostCalibration {
		err = errors.New("got more than 16 MiB, want a file that quasar calibrate wrote")
	}
	if err != nil {
		return nil, misconfigured(fmt.Errorf("%s: %w", path, err))
	}
	symbols, err := calibration.Decode(data)
	if err != nil {
		return nil, misconfigured(fmt.Errorf("%s: %w", path, err))
	}
	return symbols, nil
}

// calibrate puts what was measured in place of what is assumed.
func (f *simFlags) calibrate(opts *derivsim.Options) error {
	if f.measured == "" {
		return nil
	}
	symbols, err := readCalibration(f.measured)
	if err != nil {
		return err
	}
	if opts.Indices == nil {
		opts.Indices = price.Indices()
	}
	var said []string
	for i := range symbols {
		s := &symbols[i]
		at := slices.IndexFunc(opts.Indices, func(x price.Index) bool { return x.Symbol == s.Symbol })
		if at < 0 {
			continue
		}
		if opts.Indices[at], err = s.Index(); err != nil {
			return misconfigured(fmt.Errorf("%s: %w", f.measured, err))
		}
		opts.Payouts = append(opts.Payouts, payoutRules(s)...)
		said = append(said, describeCalibrated(s))
	}
	if len(said) == 0 {
		return misconfigured(fmt.Errorf("%s: got none of the indices that are traded, want one at least", f.measured))
	}
	f.told = fmt.Sprintf("As measured in %s: %s. All else is assumed.\n", f.measured, strings.Join(said, ", "))
	return nil
}

// payoutRules are for the durations that were measured, and for no others.
func payoutRules(s *calibration.Symbol) []derivsim.PayoutRule {
	var rules []derivsim.PayoutRule
	for _, p := range s.Payouts {
		rules = append(rules, derivsim.PayoutRule{
			Symbol: s.Symbol, ContractType: p.Type, Unit: p.Unit, Min: p.Duration, Max: p.Duration, Ratio: p.Ratio.Value,
		})
	}
	return rules
}

// describeCalibrated names a symbol, and what of its law was not measured.
func describeCalibrated(s *calibration.Symbol) string {
	assumed := s.Assumed()
	if len(assumed) == 0 {
		return s.Symbol
	}
	return fmt.Sprintf("%s (but for %s)", s.Symbol, strings.Join(assumed, ", "))
}

package calibration

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/karlquant/quasar/price"
)

// Version is that of the file.
const Version = 1

// file is what Encode writes.
type file struct {
	Version int      `json:"quasar_calibration"`
	Symbols []Symbol `json:"symbols"`
}

// Encode writes a file for people and for Decode: indented JSON. The same symbols make
// the same bytes.
func Encode(symbols []Symbol) ([]byte, error) {
	b, err := json.Marshal(file{Version: Version, Symbols: symbols}, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	return append(b, '\n'), nil
}

// Decode reads what Encode wrote, or a person after it. It is strict: a name that it
// does not know, a number that is none, an interval without its value, an index that is
// none or has another law, or parameters that no process can have are errors.
func Decode(data []byte) ([]Symbol, error) {
	var head struct {
		Version *int `json:"quasar_calibration"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, readable(err)
	}
	switch {
	case head.Version == nil:
		return nil, errors.New("calibration: got no quasar_calibration, want a file that quasar calibrate wrote")
	case *head.Version != Version:
		return nil, fmt.Errorf("calibration: got version %d, want %d: measure anew with this quasar", *head.Version, Version)
	}
	var f file
	if err := json.Unmarshal(data, &f, json.RejectUnknownMembers(true)); err != nil {
		return nil, readable(err)
	}
	if len(f.Symbols) == 0 {
		return nil, errors.New("calibration: got no symbol, want one at least")
	}
	return f.Symbols, checkAll(f.Symbols)
}

// checkAll wants indices, each once.
func checkAll(symbols []Symbol) error {
	seen := make(map[string]bool)
	for i := range symbols {
		s := &symbols[i]
		if _, err := s.Index(); err != nil {
			return err
		}
		if seen[s.Symbol] {
			return fmt.Errorf("calibration: %s: got it twice, want it once", s.Symbol)
		}
		seen[s.Symbol] = true
	}
	return nil
}

// readable says where in the file something is wrong, in place of in which type.
func readable(err error) error {
	var wrong *json.SemanticError
	switch {
	case !errors.As(err, &wrong):
		return fmt.Errorf("calibration: %w", err)
	case errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("calibration: %s: no such name", wrong.JSONPointer)
	case wrong.Err != nil:
		return fmt.Errorf("calibration: %s: %w", wrong.JSONPointer, wrong.Err)
	}
	return fmt.Errorf("calibration: %s: got a %s, want a %s", wrong.JSONPointer, wrong.JSONKind, wrong.GoType)
}

// check wants numbers that can be.
func (out *Symbol) check() error {
	var errs []error
	for _, p := range out.Parameters() {
		errs = append(errs, wrap(p.Name, p.check()))
	}
	for i := range out.Payouts {
		p := &out.Payouts[i]
		errs = append(errs, wrap("payouts", p.check()))
	}
	if out.LastPrice != 0 && !(out.LastPrice > 0 && !math.IsInf(out.LastPrice, 0)) {
		errs = append(errs, fmt.Errorf("last_price: got %v, want a number above 0", out.LastPrice))
	}
	return cmp.Or(errs...)
}

func (p *Payout) check() error {
	switch {
	case p.Ratio == nil:
		return errors.New("got no ratio, want one")
	case !validRatio(p.Ratio.Value):
		return fmt.Errorf("ratio: got %v, want above 1 and at most 100", p.Ratio.Value)
	}
	return cmp.Or(p.Contract.check(), p.Ratio.check())
}

func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Index is the index of package price with what was measured in place of what is
// assumed there. It begins at the last price. What was refused stays.
func (out *Symbol) Index() (price.Index, error) {
	index, err := price.Lookup(out.Symbol)
	if err != nil || index.Symbol != out.Symbol || index.Kind.String() != out.Kind {
		return index, fmt.Errorf("calibration: got %.40q of the law %.40q, want an index of package price and its own law", out.Symbol, out.Kind)
	}
	if err := out.check(); err != nil {
		return index, fmt.Errorf("calibration: %s: %w", out.Symbol, err)
	}
	if out.LastPrice > 0 {
		index.Start, index.Decimals = out.LastPrice, out.Decimals
	}
	if out.Interval != nil {
		index.Interval = time.Duration(min(out.Interval.Value, year.Seconds()) * float64(time.Second))
	}
	for _, p := range []struct {
		measured *Estimate
		to       *float64
	}{{out.Volatility, &index.Volatility}, {out.JumpSize, &index.JumpSize}, {out.SpikeSize, &index.SpikeSize}, {out.StepSize, &index.StepSize}} {
		if p.measured != nil {
			*p.to = p.measured.Value
		}
	}
	for _, p := range []struct {
		measured *Estimate
		to       *int
	}{{out.Every, &index.Every}, {out.RangeSteps, &index.RangeSteps}} {
		if p.measured != nil {
			*p.to = int(math.Round(min(p.measured.Value, math.MaxInt32)))
		}
	}
	index.StepSize = index.Round(index.StepSize)
	if err := index.Check(); err != nil {
		return index, fmt.Errorf("calibration: %w", err)
	}
	return index, nil
}

// Assumed are the parameters of the law that were not measured, by their names in the
// file: those of package price stand in for them.
func (out *Symbol) Assumed() []string {
	var list []string
	have := out.Parameters()
	for _, name := range needed[out.Kind] {
		if !slices.ContainsFunc(have, func(p Parameter) bool { return p.Name == name }) {
			list = append(list, name)
		}
	}
	return list
}

// needed are the parameters of each law.
var needed = map[string][]string{
	"walk":  {"interval_seconds", "volatility"},
	"jump":  {"interval_seconds", "volatility", "every", "jump_size"},
	"crash": {"interval_seconds", "every", "spike_size"},
	"boom":  {"interval_seconds", "every", "spike_size"},
	"step":  {"interval_seconds", "step_size"},
	"range": {"interval_seconds", "step_size", "every", "range_steps"},
}

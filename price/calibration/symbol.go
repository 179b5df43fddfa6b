package calibration

import (
	"fmt"
	"math"
	"time"

	"github.com/karlquant/quasar/price"
)

// Symbol is what was measured of one index. An estimate that is nil is not of its law,
// or there was too little to tell; Refused says so then.
type Symbol struct {
	// Symbol is the venue's: "R_75".
	Symbol string `json:"symbol"`
	// Kind is the law: walk, jump, crash, boom, step or range.
	Kind string `json:"kind"`
	// From and To are the first and the last tick, zero if there is none.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Ticks is how many there are, each counted once. Gaps is how often some are
	// missing, and Lost how many would fit into the gaps.
	Ticks      int `json:"ticks"`
	Gaps       int `json:"gaps"`
	Lost       int `json:"lost"`
	Duplicates int `json:"duplicates"`
	// Decimals and LastPrice are those of the prices.
	Decimals  int     `json:"decimals,omitzero"`
	LastPrice float64 `json:"last_price,omitzero"`

	// Interval is the median time between neighbouring ticks, in seconds.
	Interval *Estimate `json:"interval_seconds,omitzero"`
	// Volatility is of a year: 0.75 is 75 %. Of a Jump index it is that of the moves
	// that are no jumps.
	Volatility *Estimate `json:"volatility,omitzero"`
	// Every is how many ticks there are for each jump, crash or spike, and how many
	// touches of a border for each breakout.
	Every *Estimate `json:"every,omitzero"`
	// JumpSize is the standard deviation of a jump in those of an ordinary tick.
	JumpSize *Estimate `json:"jump_size,omitzero"`
	// SpikeSize is the mean of a crash or spike as a share of the price, RiseSize that
	// of the moves the other way.
	SpikeSize *Estimate `json:"spike_size,omitzero"`
	RiseSize  *Estimate `json:"rise_size,omitzero"`
	// StepSize is how far a tick goes, Up the share of ticks that go up.
	StepSize *Estimate `json:"step_size,omitzero"`
	Up       *Estimate `json:"up,omitzero"`
	// RangeSteps is how wide a range is, BreakoutSteps how far a breakout goes.
	RangeSteps    *Estimate `json:"range_steps,omitzero"`
	BreakoutSteps *Estimate `json:"breakout_steps,omitzero"`
	// Autocorrelation is that of neighbouring returns.
	Autocorrelation *Estimate `json:"autocorrelation,omitzero"`
	// Payouts are what contracts that win paid, by the quotes.
	Payouts []Payout `json:"payouts,omitzero"`

	// Refused is what could not be told, and why.
	Refused []Refusal `json:"refused,omitzero"`
	// Notes are what contradicts the law.
	Notes []string `json:"notes,omitzero"`
}

// Refusal says why there is no estimate.
type Refusal struct {
	// Parameter is the name in the file, or several with commas.
	Parameter string `json:"parameter"`
	Reason    string `json:"reason"`
}

// Parameter is one of a symbol's estimates under its name in the file.
type Parameter struct {
	Name string
	*Estimate
}

// Parameters are the estimates that there are, payouts aside, in the file's order.
func (out *Symbol) Parameters() []Parameter {
	var list []Parameter
	for _, p := range []Parameter{
		{"interval_seconds", out.Interval}, {"volatility", out.Volatility}, {"every", out.Every}, {"jump_size", out.JumpSize},
		{"spike_size", out.SpikeSize}, {"rise_size", out.RiseSize}, {"step_size", out.StepSize}, {"up", out.Up},
		{"range_steps", out.RangeSteps}, {"breakout_steps", out.BreakoutSteps}, {"autocorrelation", out.Autocorrelation},
	} {
		if p.Estimate != nil {
			list = append(list, p)
		}
	}
	return list
}

func (out *Symbol) refuse(parameter, format string, args ...any) {
	out.Refused = append(out.Refused, Refusal{Parameter: parameter, Reason: fmt.Sprintf(format, args...)})
}

func (out *Symbol) note(format string, args ...any) {
	out.Notes = append(out.Notes, fmt.Sprintf(format, args...))
}

// tooFew refuses what k events in n occasions are too few for, and says how much more
// would do: by the rate so far, or by the one to expect if there were hardly any.
func (out *Symbol) tooFew(s *series, parameter, events string, k, n int, every float64) {
	ticks := float64(s.count())
	each := ticks / math.Max(float64(n), 1) * every
	if k >= 3 {
		each = ticks / float64(k)
	}
	more := each * float64(leastEvents-k)
	out.refuse(parameter, "got %d %s in %d ticks, want %d: about %.0f ticks more, %s", k, events, s.count(), leastEvents, more, s.lasting(more))
}

// laws measure what each kind has.
var laws = map[price.Kind]func(*price.Index, *series, *Symbol){
	price.Walk: walk, price.Jump: jumps, price.Crash: spikes, price.Boom: spikes, price.Step: steps, price.Range: ranges,
}

// measure tells what a series says of an index.
func measure(index *price.Index, s *series) Symbol {
	s.settle()
	out := Symbol{Symbol: index.Symbol, Kind: index.Kind.String(), Ticks: len(s.ticks), Duplicates: s.duplicates, Gaps: s.gaps, Lost: s.lost}
	if n := len(s.ticks); n > 0 {
		out.From, out.To = time.Unix(s.ticks[0].epoch, 0).UTC(), time.Unix(s.ticks[n-1].epoch, 0).UTC()
	}
	bare := out
	out.estimate(index, s)
	if _, err := out.Index(); err != nil {
		bare.Notes = out.Notes
		bare.refuse("all", "no process has what it shows: %v", err)
		return bare
	}
	return out
}

// estimate is measure, but for whether a process can have the result.
func (out *Symbol) estimate(index *price.Index, s *series) {
	switch {
	case s.conflicts > 0:
		out.refuse("all", "got two prices of one moment %d times, want recordings of one venue, or of one run of a simulator", s.conflicts)
		return
	case s.interval == nil:
		more := leastReturns + 1 - len(s.ticks)
		out.refuse("all", "got %d ticks, want %d: %d more, %s", len(s.ticks), leastReturns+1, more, lasting(float64(more)*index.Interval.Seconds()))
		return
	}
	out.Interval, out.Decimals, out.LastPrice = s.interval, s.decimals, s.ticks[len(s.ticks)-1].price
	if n := s.count(); n < leastReturns {
		out.refuse("all but the interval", "got %d pairs of neighbouring ticks, want %d: %d more, %s", n, leastReturns, leastReturns-n, s.lasting(float64(leastReturns-n)))
		return
	}
	laws[index.Kind](index, s, out)
}

// Measured tells whether anything of use to a simulator was measured.
func (out *Symbol) Measured() bool {
	return len(out.Assumed()) < len(needed[out.Kind]) || len(out.Payouts) > 0
}

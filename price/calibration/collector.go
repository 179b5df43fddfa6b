package calibration

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/karlquant/quasar/price"
)

// MostTicks is how many ticks a Collector takes, of all symbols together: 16 bytes
// each.
const MostTicks = 30_000_000

// ErrFull says that there were more.
var ErrFull = fmt.Errorf("calibration: got more than %d ticks, want fewer recordings at once", MostTicks)

// Collector takes ticks and quotes in, of any symbols and in any order. Its zero value
// is ready. It is not safe for concurrent use.
type Collector struct {
	symbols map[string]*collected
	ticks   int
}

// collected is what there is of one symbol.
type collected struct {
	series
	payouts map[Contract]*ratios
}

func (c *Collector) of(symbol string) *collected {
	if c.symbols == nil {
		c.symbols = make(map[string]*collected)
	}
	one := c.symbols[symbol]
	if one == nil {
		one = &collected{payouts: make(map[Contract]*ratios)}
		c.symbols[symbol] = one
	}
	return one
}

// Tick takes a price in as the venue wrote it, of a moment in seconds since 1970. One
// of the same moment again is counted and not used. What cannot be a tick is an error,
// after which the collector can be used as before; one too many is ErrFull.
func (c *Collector) Tick(symbol string, epoch int64, quote string) error {
	value, err := strconv.ParseFloat(quote, 64)
	if err != nil || !(value > 0) || math.IsInf(value, 0) || symbol == "" || epoch <= 0 {
		return fmt.Errorf("calibration: tick of %.40q at %d: got the price %.40q, want a symbol, a time and a number above 0", symbol, epoch, quote)
	}
	if c.ticks == MostTicks {
		return ErrFull
	}
	c.ticks++
	c.of(symbol).add(tick{epoch: epoch, price: value}, decimals(quote))
	return nil
}

// decimals are the digits behind the point, as many as an index may have.
func decimals(quote string) int {
	_, fraction, _ := strings.Cut(quote, ".")
	fraction, exponent, ok := strings.Cut(strings.ToLower(fraction), "e")
	if ok || exponent != "" {
		return 0
	}
	return min(len(fraction), 8)
}

// Report is what was measured.
type Report struct {
	// Symbols are the indices that package price knows, by their symbols.
	Symbols []Symbol
	// Unknown are symbols of which no law is known, and how many ticks each had.
	Unknown []Unknown
}

// Unknown is a symbol that is left out.
type Unknown struct {
	Symbol string
	Ticks  int
}

// Report measures what was collected. Nothing may be collected afterwards.
func (c *Collector) Report() Report {
	var r Report
	for _, name := range slices.Sorted(maps.Keys(c.symbols)) {
		one := c.symbols[name]
		index, err := price.Lookup(name)
		if err != nil || index.Symbol != name {
			r.Unknown = append(r.Unknown, Unknown{Symbol: name, Ticks: len(one.ticks)})
			continue
		}
		s := measure(&index, &one.series)
		measurePayouts(one.payouts, &s)
		r.Symbols = append(r.Symbols, s)
	}
	return r
}

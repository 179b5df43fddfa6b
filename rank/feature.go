package rank

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// Feature says what one number of a row is.
type Feature struct {
	// Name is lower case with underscores and stays for good: a formula that changes
	// gets another name, or checkpoints would be read wrongly.
	Name string
	// Group is the heading under which the feature is explained.
	Group string
	// Formula says how it is made, in the symbols of docs/features.md.
	Formula string
	// Unit is the unit of the raw value; "1" is a number without one.
	Unit string
	// Min and Max are the ends of the range; a raw value beyond one stands at it.
	Min, Max float64
	// Scaled tells that a Normaliser standardises the value. The others are bits,
	// signs and ranks, and stay as they are.
	Scaled bool
	// Missing names the features that are 1 where this one is not known. It is 0
	// then, before and after scaling, and not learned from by a Normaliser.
	Missing []string
}

// Table returns what each number of a row is, in the order of the row.
func Table() []Feature {
	all := make([]Feature, Width)
	for i := range all {
		all[i] = table[i]
		all[i].Missing = slices.Clone(table[i].Missing)
	}
	return all
}

var (
	// What the hot path needs of the table, close together.
	lows, highs, scaled = limits()
	// missing has for each feature the set of the masks that tell whether it is
	// known, by their place behind firstMask.
	missing = masks()
)

func limits() (low, high [Width]float64, scaled [Width]bool) {
	for i := range table {
		low[i], high[i], scaled[i] = table[i].Min, table[i].Max, table[i].Scaled
	}
	return low, high, scaled
}

func masks() (sets [Width]uint16) {
	for i := range table {
		for _, name := range table[i].Missing {
			at := slices.IndexFunc(table[:], func(f Feature) bool { return f.Name == name })
			sets[i] |= 1 << (at - firstMask)
		}
	}
	return sets
}

// row is the raw features of one asset.
type row [Width]float64

// put writes a feature within its range, and 0 for what is no number.
func (r *row) put(i int, x float64) {
	if math.IsNaN(x) {
		r[i] = 0
		return
	}
	r[i] = min(max(x, lows[i]), highs[i])
}

// unknown is the set of the masks that are set in a raw row.
func unknown(raw []float64) (set uint16) {
	for i, bit := range raw[firstMask:Width] {
		if bit != 0 {
			set |= 1 << i
		}
	}
	return set
}

func bit(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// hash names the meaning of a row: the ordered names, the formulas, ranges and
// scaling of the features, the times that they go by, and the layout of the state
// that they are made from.
func (o *Options) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "horizon %v stall %v tolerance %v cost %v half-life %v\n",
		o.Horizon, o.Stall, o.Tolerance, o.Cost, o.HalfLife)
	for i := range table {
		f := &table[i]
		fmt.Fprintf(h, "%s|%s|%s|%v|%v|%t|%q\n", f.Name, f.Formula, f.Unit, f.Min, f.Max, f.Scaled, f.Missing)
	}
	new(state).visit(func(c cell) { fmt.Fprintln(h, c.name) })
	return hex.EncodeToString(h.Sum(nil)[:16])
}

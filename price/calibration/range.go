package calibration

import (
	"math"

	"github.com/karlquant/quasar/price"
)

// leastTurns is how often a price must have turned back at each of its outermost levels
// for these to be the borders: without a border it would have gone on every second
// time.
const leastTurns = 5

// ranges measures a Range Break index: its steps, how wide a range is, and how many
// touches of a border there are for each breakout.
func ranges(index *price.Index, s *series, out *Symbol) {
	size, ok := stepSize(s, out)
	if !ok {
		return
	}
	g := grid{series: s, size: size}
	if odd := g.odd(); odd > 0 {
		out.noteOdd(odd, s.count())
		if float64(odd) > mostOdd*float64(s.count()) {
			out.StepSize = nil
			out.refuse("step_size, range_steps, every", "its moves are of several sizes")
			return
		}
	}
	out.Autocorrelation = s.autocorrelation(exact)
	widest := g.widest()
	if widest.high-widest.low < 2 || (widest.high-widest.low)%2 != 0 || min(widest.lows, widest.highs) < leastTurns {
		out.refuse("range_steps, every", "got %d and %d turns at the outermost levels, %d steps apart, want %d at each and an even width: about %s more",
			widest.lows, widest.highs, widest.high-widest.low, leastTurns, s.lasting(float64(index.Every*index.RangeSteps)))
		return
	}
	width := widest.high - widest.low
	out.RangeSteps = &Estimate{Value: float64(width), Low: float64(width), High: float64(width), N: widest.spans}
	g.breakouts(index, width, out)
}

// grid is a series in steps.
type grid struct {
	*series
	size int64
}

// steps returns how many steps a move goes, and false for a move that is none of this
// law.
func (g grid) steps(m move) (int64, bool) {
	units := g.units(m)
	return units / g.size, units != 0 && units%g.size == 0
}

// odd counts the moves that are not of whole steps.
func (g grid) odd() int {
	n := 0
	for m := range g.moves() {
		if _, ok := g.steps(m); !ok {
			n++
		}
	}
	return n
}

// span is what was seen of one range, or of several as wide: the outermost levels, and
// how often it was at them.
type span struct {
	at, low, high int64
	lows, highs   int
	spans         int
}

func (r *span) step(by int64) {
	r.at += by
	if r.at < r.low {
		r.low, r.lows = r.at, 0
	}
	if r.at > r.high {
		r.high, r.highs = r.at, 0
	}
	if r.at == r.low {
		r.lows++
	}
	if r.at == r.high {
		r.highs++
	}
}

// join counts another range in that is as wide, or takes its place if that is wider.
func (r *span) join(other span) {
	switch width := other.high - other.low; {
	case width > r.high-r.low:
		*r = other
		r.spans = 1
	case width == r.high-r.low:
		r.lows += other.lows
		r.highs += other.highs
		r.spans++
	}
}

// widest is what the widest ranges show together.
func (g grid) widest() span {
	var widest, now span
	for m := range g.moves() {
		by, ok := g.steps(m)
		if !m.joined || !ok || by*by != 1 {
			widest.join(now)
			now = span{}
		}
		if by*by == 1 {
			now.step(by)
		}
	}
	widest.join(now)
	return widest
}

// place is where a price is in a range whose borders are known, or are being looked
// for.
type place struct {
	width         int64
	at, low, high int64
	known         bool
}

// bordering tells whether it is at a border.
func (p *place) bordering() bool { return p.known && (p.at == p.low || p.at == p.high) }

// step goes one step. Both borders are known once the levels are as far apart as they;
// beyond them nothing is known.
func (p *place) step(by int64) {
	p.at += by
	if p.known && (p.at < p.low || p.at > p.high) {
		*p = place{width: p.width}
	}
	if !p.known {
		p.low, p.high = min(p.low, p.at), max(p.high, p.at)
		p.known = p.high-p.low == p.width
	}
}

// breakouts counts touches of a border, and the breakouts among them. A breakout ends
// in the middle of a range; after a gap nothing is counted before both borders have
// been seen.
func (g grid) breakouts(index *price.Index, width int64, out *Symbol) {
	touches, breaks, strange := 0, 0, 0
	sizes := make(tally)
	now := place{width: width}
	for m := range g.moves() {
		by, ok := g.steps(m)
		if !m.joined || !ok {
			now = place{width: width}
		}
		if now.bordering() {
			touches++
		}
		switch {
		case !ok:
		case by*by == 1:
			now.step(by)
		default:
			if now.bordering() {
				breaks++
			} else if now.known {
				strange++
			}
			sizes[max(by, -by)]++
			now = place{width: width, low: -width / 2, high: width / 2, known: true}
		}
	}
	if breaks < leastEvents {
		out.tooFew(g.series, "every", "breakouts", breaks, touches, float64(index.Every))
		return
	}
	out.Every = share(breaks, touches).inverse()
	out.BreakoutSteps = sizes.median()
	if strange > 0 {
		out.note("%d breakouts are not from a border", strange)
	}
	if off := math.Log(out.Every.Value / (out.BreakoutSteps.Value + 1)); math.Abs(off)*math.Sqrt(float64(breaks)) > doubtful {
		out.note("a breakout goes %.0f steps, where this law has one fewer than touches for each", out.BreakoutSteps.Value)
	}
}

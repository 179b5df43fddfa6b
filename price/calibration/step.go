package calibration

import "github.com/karlquant/quasar/price"

// mostOdd is the share of moves that may contradict a law of whole steps.
const mostOdd = 0.01

// steps measures a Step index: how far it goes, and how often up.
func steps(_ *price.Index, s *series, out *Symbol) {
	size, ok := stepSize(s, out)
	if !ok {
		return
	}
	up, all := 0, 0
	for m := range s.moves() {
		switch units := s.units(m); units {
		case size:
			up++
			all++
		case -size:
			all++
		}
	}
	out.noteOdd(s.count()-all, s.count())
	if float64(s.count()-all) > mostOdd*float64(s.count()) {
		out.StepSize = nil
		out.refuse("step_size", "its moves are of several sizes")
		return
	}
	out.Up = share(up, all)
	out.Autocorrelation = s.autocorrelation(exact)
}

// stepSize is the median move in units, which is told as step_size.
func stepSize(s *series, out *Symbol) (int64, bool) {
	sizes := make(tally)
	for m := range s.moves() {
		sizes[max(s.units(m), -s.units(m))]++
	}
	e := sizes.median()
	if e.Low <= 0 {
		out.refuse("step_size", "half of its moves go nowhere")
		return 0, false
	}
	size := int64(e.Value)
	out.StepSize = e.times(s.unit())
	return size, true
}

// noteOdd tells of moves that the law has not.
func (out *Symbol) noteOdd(odd, all int) {
	if odd > 0 {
		out.note("%d of %d moves are none that this law has", odd, all)
	}
}

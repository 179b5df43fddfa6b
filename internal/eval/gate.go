package eval

import "slices"

// Gate returns in which share of the courses the gate opened, and after how many
// rounds in the median of all courses; 0 is in less than half of them.
func (r *Record) Gate() (share float64, median int) {
	var rounds []int
	for i := range r.Outcomes {
		if at := r.Outcomes[i].Opened; at > 0 {
			rounds = append(rounds, at)
		}
	}
	if len(r.Outcomes) == 0 {
		return 0, 0
	}
	slices.Sort(rounds)
	if at := (len(r.Outcomes) - 1) / 2; at < len(rounds) {
		median = rounds[at]
	}
	return float64(len(rounds)) / float64(len(r.Outcomes)), median
}

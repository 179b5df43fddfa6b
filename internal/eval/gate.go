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

// Trial is how many rounds a policy has to find out who lies.
const Trial = 500

// Deceived returns in which share of the rounds after Trial the arm was taken that
// lies.
func (r *Record) Deceived() float64 {
	believed, rounds := 0, 0
	for i := range r.Outcomes {
		believed += r.Outcomes[i].Believed
		rounds += r.Outcomes[i].Rounds - Trial
	}
	if rounds <= 0 {
		return 0
	}
	return float64(believed) / float64(rounds)
}

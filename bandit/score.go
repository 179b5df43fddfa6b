package bandit

// Scorer is a policy that goes by a belief, and so has an opinion of every arm at
// any time and not only when it chooses.
type Scorer interface {
	Policy
	// Score writes for each of the round's arms the belief and the score by which the
	// policy orders them, the highest first: the upper confidence bound of those that
	// go by one, the mean of all others. All are as long as r.Arms. It uses no chance
	// and allocates nothing in the long run.
	Score(r *Round, mean, sd, score []float64)
}

// optimist is an explorer that adds deviations to the mean.
type optimist interface {
	// deviations is how many, in round t.
	deviations(t int64) float64
}

// Score implements Scorer.
func (l *learned) Score(r *Round, mean, sd, score []float64) {
	l.model.Predict(r, mean, sd)
	copy(score, mean)
	o, ok := l.explore.(optimist)
	if !ok {
		return
	}
	alpha := o.deviations(r.T)
	for i := range score {
		score[i] += alpha * sd[i]
	}
}

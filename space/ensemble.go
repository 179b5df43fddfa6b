package space

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar"
)

// EnsembleOptions say how an ensemble is made. Nil is fine.
type EnsembleOptions struct {
	// Seed fixes all chance: the same seed and ticks give the same votes.
	Seed uint64
	// Agents is how many vote: 1 to 1000. Zero is 10.
	Agents int
	// Horizon is the number of ticks after which a vote resolves: 1 to 60. Zero
	// is 5. The agents' own horizons are others.
	Horizon int
}

// MaxAgents and MaxHorizon bound the options of an ensemble.
const (
	MaxAgents  = 1000
	MaxHorizon = 60
)

// horizons are those of the agents, in turn.
var horizons = [...]int{1, 2, 3, 5, 8}

// historySize is a power of two above every horizon.
const historySize = 64

// Ensemble is the learner of a space without a clock or a wire: it takes ticks
// and says what it thinks. It is not safe for concurrent use.
type Ensemble struct {
	horizon   int
	market    market
	agents    []*agent
	validator *validator

	// history holds the latest ticks at which votes were cast, by their number.
	history [historySize]moment
	votes   int

	steps                          int64
	actorLoss, criticLoss, avnLoss mean
	accuracy                       window
	record                         Record
	buys, sells                    int
}

// moment is a tick as it looked when it came.
type moment struct {
	price, sigma float64
	x            [features]float64
	evidence     [evidence]float64
	side         action // of the majority: abstain where there was none
	trusted      bool   // by the validation network
}

// NewEnsemble returns an ensemble that has seen nothing.
func NewEnsemble(opts *EnsembleOptions) (*Ensemble, error) {
	var o EnsembleOptions
	if opts != nil {
		o = *opts
	}
	if o.Agents == 0 {
		o.Agents = 10
	}
	if o.Horizon == 0 {
		o.Horizon = 5
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	e := &Ensemble{horizon: o.Horizon, validator: newValidator(source(o.Seed, "validator"))}
	for i := range o.Agents {
		e.agents = append(e.agents, newAgent(horizons[i%len(horizons)], source(o.Seed, fmt.Sprintf("agent %d", i))))
	}
	return e, nil
}

func (o *EnsembleOptions) check() error {
	if o.Agents < 1 || o.Agents > MaxAgents {
		return fmt.Errorf("space: agents: got %d, want 1 to %d", o.Agents, MaxAgents)
	}
	if o.Horizon < 1 || o.Horizon > MaxHorizon {
		return fmt.Errorf("space: horizon: got %d ticks, want 1 to %d", o.Horizon, MaxHorizon)
	}
	return nil
}

// source keys a generator of its own for each part that needs one.
func source(seed uint64, part string) *rand.Rand {
	key := binary.LittleEndian.AppendUint64([]byte("quasar/space "), seed)
	return rand.New(rand.NewChaCha8(sha256.Sum256(append(key, part...))))
}

// Step takes the next tick: bets and votes that have come due are learned from,
// then new ones are cast. It refuses a price that is not finite and above 0, and
// is then as it was before. It allocates nothing.
func (e *Ensemble) Step(price float64) error {
	if !(price > 0) || math.IsInf(price, 1) {
		return fmt.Errorf("space: price: got %v, want a finite number above 0", price)
	}
	ready := e.market.observe(price)
	e.learn(price)
	if ready {
		e.vote(price)
	}
	return nil
}

// learn settles the bets and the vote that this price decides.
func (e *Ensemble) learn(price float64) {
	for _, a := range e.agents {
		if m := e.ago(a.horizon); m != nil {
			chosen := a.acted[(e.votes-a.horizon)%historySize]
			actor, critic := a.learn(m.x[:], chosen, m.reward(chosen, price, a.horizon))
			e.steps++
			e.actorLoss.add(actor, lossMemory)
			e.criticLoss.add(critic, lossMemory)
		}
	}
	if m := e.ago(e.horizon); m != nil && m.side != abstain {
		right := m.side.side()*(price-m.price) > 0
		e.steps++
		e.avnLoss.add(e.validator.learn(m.evidence[:], right), lossMemory)
		e.accuracy.add(m.trusted == right)
		e.record.add(m.side, right, m.trusted)
	}
}

// lossMemory is how many steps a published loss covers.
const lossMemory = 100

// ago returns the moment that lies so many ticks before the one that is coming,
// or nil if nothing was voted on then.
func (e *Ensemble) ago(ticks int) *moment {
	if e.votes < ticks {
		return nil
	}
	return &e.history[(e.votes-ticks)%historySize]
}

// reward is what a bet earned, in units of what the price usually moves in that
// time, as known when the bet was made. Its expectation on a martingale is 0 for
// either side. No index comes near the bound, which keeps absurd prices finite.
func (m *moment) reward(chosen action, price float64, horizon int) float64 {
	usual := m.price * m.sigma * math.Sqrt(float64(horizon))
	return chosen.side() * min(max(ratio(price-m.price, usual), -maxReward), maxReward)
}

const maxReward = 1000

// vote lets every agent act and has the validation network judge the majority.
func (e *Ensemble) vote(price float64) {
	at := e.votes % historySize
	m := &e.history[at]
	m.price, m.sigma = price, e.market.sigma()
	e.market.look(&m.x)
	e.buys, e.sells = 0, 0
	for _, a := range e.agents {
		a.acted[at] = a.act(m.x[:])
		switch a.acted[at] {
		case buy:
			e.buys++
		case sell:
			e.sells++
		}
	}
	m.side = majority(e.buys, e.sells)
	if m.side != abstain {
		collect(&m.evidence, &m.x, e.buys, e.sells, len(e.agents))
		m.trusted = e.validator.judge(m.evidence[:])
	}
	e.votes++
}

func majority(buys, sells int) action {
	switch {
	case buys > sells:
		return buy
	case sells > buys:
		return sell
	default:
		return abstain
	}
}

// Record returns the count of resolved votes.
func (e *Ensemble) Record() Record { return e.record }

// Training returns the state of the learner. The caller may keep it.
func (e *Ensemble) Training() quasar.Training {
	return quasar.Training{
		TrainingSteps: new(e.steps),
		ActorLoss:     e.actorLoss.known(),
		CriticLoss:    e.criticLoss.known(),
		AVNLoss:       e.avnLoss.known(),
		AVNAccuracy:   e.accuracy.share(),
	}
}

// Voting returns the votes cast at the newest tick. The caller may keep it.
func (e *Ensemble) Voting() quasar.Voting {
	v := quasar.Voting{SignalSource: new(SignalSource)}
	if e.market.price > 0 {
		v.LastPrice = new(e.market.price)
	}
	if e.votes > 0 {
		v.BuyCount, v.SellCount = new(int64(e.buys)), new(int64(e.sells))
		v.DominantSignal = new(signals[majority(e.buys, e.sells)])
	}
	return v
}

// SignalSource is the signal_source of every space here.
const SignalSource = "ensemble"

var signals = [numActions]quasar.Signal{abstain: quasar.Neutral, buy: quasar.Buy, sell: quasar.Sell}

package axrvi

import (
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/learn"
)

// network learns what the linear belief leaves over. Its last hidden layer are the
// features of a Bayesian linear regression, which says how sure it is; these are those
// of a copy that changes rarely, and then all labels that are kept are regressed anew.
type network struct {
	net     *learn.Net // in training
	known   *learn.Net // what phi is of
	trainer *learn.Trainer
	room    *learn.Workspace
	belief  *learn.Linear // about phi and 1
	z       []float64     // phi and 1
	theta   []float64     // drawn
	gain    gain
	due     int // labels since the last step
	stale   int // labels since known changed
	batch   batch
}

const (
	// batchRows is how many labels a step is made on, perStep after how many a step is
	// made: each is looked at some six times.
	batchRows = 64
	perStep   = 10
	// perCopy is after how many labels the features change.
	perCopy = 2000
	// phiPrecision is the prior's for each of phi.
	phiPrecision = 5
	// listNet is the weight of the order within a round.
	listNet = 0.2
)

func newNetwork(o *Options, random *rand.Rand) (*network, error) {
	n := &network{}
	var err error
	if n.net, err = learn.NewNet(o.sizes(), random); err != nil {
		return nil, err
	}
	// At first it corrects nothing.
	clear(n.net.Layers[len(n.net.Layers)-1].Weight)
	n.known, n.room = n.net.Clone(), n.net.Workspace()
	if n.trainer, err = learn.NewTrainer(n.net, &learn.TrainerOptions{
		Rate: o.Rate, Decay: o.Decay, Batch: batchRows, Loss: learn.Loss{ListNet: listNet},
	}); err != nil {
		return nil, err
	}
	dim := n.net.Hidden() + 1
	n.z, n.theta = make([]float64, dim), make([]float64, dim)
	n.z[dim-1] = 1
	precision := make([]float64, dim)
	for i := range precision {
		precision[i] = phiPrecision
	}
	n.belief, err = learn.NewLinear(&learn.LinearOptions{Dim: dim, Precision: precision, Discount: math.Exp2(-1 / o.HalfLife)})
	n.gain.discount = math.Exp2(-gainsPerLife / o.HalfLife)
	n.batch = newBatch(o.Features)
	return n, err
}

func (o *Options) sizes() []int {
	return append(append([]int{o.Features}, o.Hidden...), 1)
}

func (n *network) advance(t int64) {
	n.belief.Advance(t)
	n.gain.advance(t)
}

// features returns phi of a row, and 1 behind.
func (n *network) features(x []float64) []float64 {
	_, phi := n.known.Forward(n.room, x)
	copy(n.z, phi)
	return n.z
}

// predict returns the correction of the linear belief, and its standard deviation.
func (n *network) predict(x []float64) (mean, sd float64) { return n.belief.Predict(n.features(x)) }

func (n *network) draw(random *rand.Rand) { n.belief.Draw(random, n.theta) }

// observe learns what the linear belief left of a label, once it is seen whether that
// was foreseen.
func (n *network) observe(l *bandit.Label, left, noise float64) {
	z := n.features(l.X)
	n.gain.advance(l.T)
	n.gain.take(n.belief.Mean(z), left, l.Weight, noise)
	n.belief.Observe(l.T, z, left, l.Weight)
	n.due++
	n.stale++
}

// restart has the network earn its weight anew.
func (n *network) restart() {
	n.gain.forget()
	n.stale = perCopy
}

// train makes the steps that are due.
func (n *network) train(m *Model) {
	if n.due >= perStep || n.stale >= perCopy {
		m.long.Theta(m.theta)
	}
	for ; n.due >= perStep; n.due -= perStep {
		if m.replay.n >= 2*batchRows {
			n.step(m)
		}
	}
	if n.stale >= perCopy {
		n.refresh(m)
	}
}

// step makes one step on rounds that are drawn from the replay.
func (n *network) step(m *Model) {
	b, noise := &n.batch, m.long.Noise()
	b.reset()
	for !b.full() {
		i := m.random.IntN(m.replay.n)
		call := m.replay.call[m.replay.at(i)]
		for i > 0 && m.replay.call[m.replay.at(i-1)] == call {
			i--
		}
		for ; i < m.replay.n && m.replay.call[m.replay.at(i)] == call && !b.full(); i++ {
			at := m.replay.at(i)
			b.add(m, at, m.linear(at), noise)
		}
	}
	n.trainer.Step(&b.Batch)
}

// linear puts a label of the replay into m.row, and returns what the linear belief
// makes of it now.
func (m *Model) linear(at int) float64 {
	m.replay.row(at, m.row)
	mean, _ := m.mean(int(m.replay.arm[at]), m.row)
	return mean
}

// refresh takes over the features that were trained.
func (n *network) refresh(m *Model) {
	n.known.CopyFrom(n.net)
	n.belief.Forget()
	for i := range m.replay.n {
		at := m.replay.at(i)
		mean := m.linear(at)
		n.belief.Add(m.replay.t[at], n.features(m.row[:m.o.Features]), m.replay.y[at]-mean, m.replay.w[at])
	}
	n.belief.Refit()
	n.stale = 0
}

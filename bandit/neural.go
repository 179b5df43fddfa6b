package bandit

import (
	"fmt"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// NeuralOptions say what a model with networks goes by.
type NeuralOptions struct {
	// Shared tells that a round has one context for all arms, of which there are Arms:
	// each then has an output and weights of its own. Otherwise all share one.
	Shared bool
	Arms   int
	// HalfLife is after how many rounds a label counts half. 0 is never.
	HalfLife float64
	// Raw adds the features themselves to what the network makes of them.
	Raw bool
	// Seed is where the first weights and the order of training come from.
	Seed uint64

	pace *pace // nil is the usual one
}

func (o *NeuralOptions) coach(features int) (*coach, error) {
	p, outputs := noisy, 1
	if o.Shared {
		p, outputs = usual, o.Arms
	}
	if o.pace != nil {
		p = *o.pace
	}
	if outputs < 1 {
		return nil, fmt.Errorf("bandit: got %d arms that share a context, want how many there are", o.Arms)
	}
	if features < 1 {
		return nil, fmt.Errorf("bandit: got %d features, want some for a network to read", features)
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x6e6574)) // any constant: seeds differ in the first
	return newCoach(features, o.Shared, outputs, decay(o.HalfLife), p, random), nil
}

// NeuralLinear believes that the mean reward is linear in what the last layer of a
// network makes of a row (Riquelme, Tucker and Snoek 2018). The network learns
// slowly, from labels drawn again and again; the weights of the last layer have a
// belief that knows every label at once. Now and then that belief is made anew from
// what the network has become.
type NeuralLinear struct {
	coach   *coach
	net     *learn.Net
	trainer *learn.Trainer
	head    regressions
	raw     bool
	due     int     // the round in which the head is made anew
	about   float64 // what the head takes rewards from
	span    span
	eyes    eyes
	rows    memo
	make    func(x, to []float64) []float64
	work    Round
	turn    [1]Label
	row     []float64
}

// eyes are what rows are seen through, fixed while the head is.
type eyes struct {
	net    *learn.Net
	room   *learn.Workspace
	inputs *scaler
	z      []float64
}

// NewNeuralLinear returns a model of rows of so many features, that has seen nothing.
func NewNeuralLinear(features int, o *NeuralOptions) (*NeuralLinear, error) {
	if o == nil {
		o = &NeuralOptions{}
	}
	coach, err := o.coach(features)
	if err != nil {
		return nil, err
	}
	net, trainer, err := coach.net()
	if err != nil {
		return nil, fmt.Errorf("bandit: neural model of %d features: %w", features, err)
	}
	n := &NeuralLinear{coach: coach, net: net, trainer: trainer, raw: o.Raw}
	n.make = n.see
	n.eyes.net, n.eyes.room, n.eyes.inputs = net.Clone(), net.Workspace(), newScaler(features)
	n.eyes.z = make([]float64, features)
	width := net.Hidden()
	if o.Raw {
		width += features
	}
	n.head, err = newRegressions(width, &LinearOptions{Shared: o.Shared, HalfLife: o.HalfLife})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Predict implements Model.
func (n *NeuralLinear) Predict(r *Round, mean, sd []float64) {
	n.head.Predict(n.look(r), mean, sd)
	for i, m := range mean {
		mean[i] = n.span.clip(n.about + m)
	}
}

// Draw implements Model.
func (n *NeuralLinear) Draw(r *Round, random *rand.Rand, out []float64) {
	n.head.Draw(n.look(r), random, out)
	for i := range out {
		out[i] += n.about
	}
}

func (n *NeuralLinear) separately() bool { return n.coach.perArm }

// look is the round as the head sees it.
func (n *NeuralLinear) look(r *Round) *Round {
	w := &n.work
	w.T, w.Arms, w.X = r.T, r.Arms, w.X[:0]
	for i, x := range r.X {
		if i > 0 && n.coach.perArm {
			w.X = append(w.X, w.X[0])
			continue
		}
		w.X = append(w.X, n.rows.of(i, x, n.make))
	}
	return w
}

// see appends the head's row of a row.
func (n *NeuralLinear) see(x, to []float64) []float64 {
	e := &n.eyes
	tidy(e.z, x)
	e.inputs.scale(e.z, e.z)
	_, phi := e.net.Forward(e.room, e.z)
	to = append(to, phi...)
	if n.raw {
		to = append(to, e.z...)
	}
	return to
}

// Learn implements Model.
func (n *NeuralLinear) Learn(labels []Label) {
	for i := range labels {
		if !labels[i].usable() {
			continue
		}
		if n.coach.seen.len() == 0 {
			n.about = labels[i].Reward // until there is a mean
		}
		n.span.add(labels[i].Reward)
		n.coach.take(&labels[i], 1)
		n.head.Learn(n.seen(&labels[i], n.rows.of(0, labels[i].X, n.make)))
	}
	if n.coach.seen.len() > 0 {
		n.train()
	}
}

func (n *NeuralLinear) train() {
	steps := n.coach.round()
	for range steps {
		if b := n.coach.draw(1); b != nil {
			n.trainer.Step(b)
		}
	}
	if steps > 0 && n.coach.rounds >= n.due {
		n.open()
		n.due = n.coach.rounds + n.coach.rounds/patience
	}
}

// patience is by what part more there has to be seen before the head is made anew:
// it takes as long as there is much, and changes as little.
const patience = 50

// open opens the eyes to what the network has become, and makes the head anew.
func (n *NeuralLinear) open() {
	c, e := n.coach, &n.eyes
	e.net.CopyFrom(n.net)
	e.inputs.copyFrom(c.inputs)
	n.rows.forget()
	n.about = c.rewards.mean[0]
	if n.due == 0 { // what the noise was about the first reward says nothing
		n.head.restart()
		n.again(n.head.Learn)
		return
	}
	n.head.forget()
	n.again(func(label []Label) { n.head.gather(&label[0]) })
	n.head.refit()
}

// again shows all labels that are kept, one by one, as the head sees them now.
func (n *NeuralLinear) again(show func(label []Label)) {
	for i := range n.coach.seen.labels {
		l := &n.coach.seen.labels[i]
		n.row = n.see(l.X, n.row[:0])
		show(n.seen(l, n.row))
	}
}

// seen is a label as the head sees it.
func (n *NeuralLinear) seen(l *Label, row []float64) []Label {
	n.turn[0] = *l
	n.turn[0].X = row
	n.turn[0].Reward -= n.about
	return n.turn[:]
}

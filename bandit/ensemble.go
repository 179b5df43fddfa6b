package bandit

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// members is how many networks an Ensemble has.
const members = 5

// Ensemble believes what networks say that each learn from another half of the labels
// (Osband and Van Roy 2015: double or nothing): where little was seen, they differ. A
// draw is what one of them says.
type Ensemble struct {
	coach    *coach
	nets     [members]*learn.Net
	trainers [members]*learn.Trainer
	room     *learn.Workspace
	z        []float64
	span     span
	said     memo // for each member, its outputs for a row
	make     func(x, to []float64) []float64
}

// NewEnsemble returns a model of rows of so many features, that has seen nothing.
// NeuralOptions.Raw says nothing to it.
func NewEnsemble(features int, o *NeuralOptions) (*Ensemble, error) {
	if o == nil {
		o = &NeuralOptions{}
	}
	coach, err := o.coach(features)
	if err != nil {
		return nil, err
	}
	e := &Ensemble{coach: coach, z: make([]float64, features)}
	for i := range e.nets {
		if e.nets[i], e.trainers[i], err = coach.net(); err != nil {
			return nil, fmt.Errorf("bandit: ensemble of %d features: %w", features, err)
		}
	}
	e.room, e.make = e.nets[0].Workspace(), e.ask
	return e, nil
}

// ask appends what each member says of a row.
func (e *Ensemble) ask(x, to []float64) []float64 {
	tidy(e.z, x)
	e.coach.inputs.scale(e.z, e.z)
	for _, net := range e.nets {
		out, _ := net.Forward(e.room, e.z)
		to = append(to, out...)
	}
	return to
}

// says is the mean reward of the i-th arm of a round by a member.
func (e *Ensemble) says(member int, r *Round, i int) float64 {
	row, output := 0, 0
	if e.coach.perArm {
		output = r.Arms[i]
	} else {
		row = i
	}
	said := 0.0 // of an arm that the networks do not know: the mean of all
	if output >= 0 && output < e.coach.outputs {
		said = e.said.of(row, r.X[row], e.make)[member*e.coach.outputs+output]
	}
	return e.span.clip(e.coach.reward(said))
}

// Predict implements Model.
func (e *Ensemble) Predict(r *Round, mean, sd []float64) {
	for i := range r.Arms {
		var sum, squares float64
		for m := range members {
			y := e.says(m, r, i)
			sum += y
			squares += y * y
		}
		mean[i] = sum / members
		sd[i] = math.Sqrt(max(0, squares-sum*mean[i]) / (members - 1))
	}
}

// Draw implements Model.
func (e *Ensemble) Draw(r *Round, random *rand.Rand, out []float64) {
	m := random.IntN(members)
	for i := range out {
		out[i] = e.says(m, r, i)
	}
}

// Learn implements Model.
func (e *Ensemble) Learn(labels []Label) {
	for i := range labels {
		if labels[i].usable() {
			e.span.add(labels[i].Reward)
			e.coach.take(&labels[i], uint8(e.coach.random.IntN(1<<members)))
		}
	}
	e.said.forget()
	if e.coach.seen.len() == 0 {
		return
	}
	for range e.coach.round() {
		for m, trainer := range e.trainers {
			if b := e.coach.draw(1 << m); b != nil {
				trainer.Step(b)
			}
		}
	}
}

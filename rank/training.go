package rank

import (
	"math"

	"github.com/karlquant/quasar"
)

// training is what an asset's learner reports, and where that is going.
type training struct {
	group
	report
	stepsAt float64 // when steps was last known
	movedAt float64 // when steps last changed
	made    float64 // steps made and the time that they took, fading
	took    float64
	lasting float64 // the newest steps that were known

	accuracyTrend, actorTrend, criticTrend, avnTrend trend
}

// report is what a snapshot says of training.
type report struct {
	steps, accuracy, actor, critic, avn float64
}

func newTraining(t float64) training {
	unknown := trend{fast: nan, slow: nan, at: t}
	return training{
		group: never, report: report{nan, nan, nan, nan, nan}, stepsAt: t, movedAt: t, lasting: nan,
		accuracyTrend: unknown, actorTrend: unknown, criticTrend: unknown, avnTrend: unknown,
	}
}

func readReport(t *quasar.Training) report {
	r := report{nan, nan, loss(t.ActorLoss), loss(t.CriticLoss), loss(t.AVNLoss)}
	if counts(t.TrainingSteps) {
		r.steps = float64(*t.TrainingSteps)
	}
	if finite(t.AVNAccuracy) {
		r.accuracy = min(max(*t.AVNAccuracy, 0), 1)
	}
	return r
}

// loss is the logarithm of a loss with its sign: learners differ in scale, and a
// loss that explodes must not drown the others.
func loss(x *float64) float64 {
	if !finite(x) {
		return nan
	}
	return math.Copysign(math.Log1p(math.Abs(*x)), *x)
}

func (r *report) same(q *report) bool {
	return same(r.steps, q.steps) && same(r.accuracy, q.accuracy) &&
		same(r.actor, q.actor) && same(r.critic, q.critic) && same(r.avn, q.avn)
}

// take takes a report that is news.
func (g *training) take(r report, horizon float64) {
	g.report = r
	g.accuracyTrend.take(r.accuracy, g.at, horizon)
	g.actorTrend.take(r.actor, g.at, horizon)
	g.criticTrend.take(r.critic, g.at, horizon)
	g.avnTrend.take(r.avn, g.at, horizon)
	if known(r.steps) {
		g.step(horizon)
	}
}

// step takes the number of steps. One that went back is a learner that started
// anew: it has moved, and how many steps it made meanwhile nobody knows.
func (g *training) step(horizon float64) {
	dt, made := g.at-g.stepsAt, g.steps-g.lasting
	left, part := decay(dt, horizon), spread(dt, horizon)
	g.made *= left
	g.took *= left
	if made >= 0 { // not the first: nobody knows of that
		g.made += made * part
		g.took += dt * part
	}
	if made != 0 { // also the first
		g.movedAt = g.at
	}
	g.stepsAt, g.lasting = g.at, g.steps
}

func (g *training) fill(r *row) {
	r.put(xAccuracy, g.accuracy)
	r.put(xActorLoss, g.actor)
	r.put(xCriticLoss, g.critic)
	r.put(xAVNLoss, g.avn)
	r.put(xAccuracySlope, g.accuracyTrend.slope(g.accuracy))
	r.put(xActorSlope, g.actorTrend.slope(g.actor))
	r.put(xCriticSlope, g.criticTrend.slope(g.critic))
	r.put(xAVNSlope, g.avnTrend.slope(g.avn))
	r.put(xSteps, math.Log1p(g.steps))
	r.put(xStepRate, g.stepRate())
	r.put(xNoAccuracy, bit(!known(g.accuracy)))
	r.put(xNoActorLoss, bit(!known(g.actor)))
	r.put(xNoCriticLoss, bit(!known(g.critic)))
	r.put(xNoAVNLoss, bit(!known(g.avn)))
	r.put(xNoSteps, bit(!known(g.steps)))
}

func (g *training) stepRate() float64 {
	if !known(g.steps) || g.took == 0 {
		return 0
	}
	return math.Log1p(g.made / g.took)
}

// stalled tells that a learner that counts its steps makes none.
func (g *training) stalled(t, limit float64) bool { return known(g.steps) && t-g.movedAt > limit }

// trend is where a value is going: the difference of a quick and a slow mean.
type trend struct {
	fast, slow float64
	at         float64
}

// take takes the value at t; one that is not known changes nothing.
func (d *trend) take(x, t, horizon float64) {
	if !known(x) {
		return
	}
	if !known(d.fast) {
		d.fast, d.slow, d.at = x, x, t
		return
	}
	dt := t - d.at
	d.fast += (x - d.fast) * (1 - decay(dt, horizon))
	d.slow += (x - d.slow) * (1 - decay(dt, slow*horizon))
	d.at = t
}

// slope is not known while the value x is not.
func (d *trend) slope(x float64) float64 {
	if !known(x) {
		return nan
	}
	return d.fast - d.slow
}

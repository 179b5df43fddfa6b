package hub

import (
	"math"
	"time"

	"github.com/karlquant/quasar"
)

// plausibility looks for values of one space that are in range and that no
// training process and no price comes by. It judges by what the space itself said
// before, drops nothing, reads no clock and allocates nothing.
//
// An implausible value is not learned from: what follows is compared with the
// newest plausible one. But the hub cannot know which of two stories is true, so
// what stays implausible for quarantine, without a break, is the new usual.
//
// The zero value knows nothing yet, and finds little until it does.
type plausibility struct {
	steps    stepsWatch
	losses   [3]lossWatch
	accuracy accuracyWatch
	votes    votesWatch
	price    priceWatch
}

// quarantine is how long a value has to be implausible to be the new usual, and
// how long a space is suspect after the newest implausible value: time for a
// person to come and look.
const quarantine = 10 * time.Minute

// seconds is a time of a clock that does not jump, in seconds since some moment; 0
// is never. It is smaller and quicker than a time.Time.
type seconds float64

// finding says what is wrong with a value; the zero value that nothing is.
type finding struct {
	rule      rule
	from, got float64
}

// findings are those of one update, by field.
type findings [quasar.NumFields]finding

// judge finds what of a valid update is implausible, and returns its fields. anew
// says that it is the first of a connection: of another process, perhaps.
func (p *plausibility) judge(u *quasar.Update, anew bool, now seconds, found *findings) (odd quasar.Fields) {
	if anew {
		p.steps.forget()
		p.accuracy.ones = standing{}
		p.price.stood = standing{}
	}
	t, v := &u.Training, &u.Voting
	tell := func(f quasar.Field, what finding) {
		if what.rule != plausible {
			found[f] = what
			odd = odd.With(f)
		}
	}
	if t.TrainingSteps != nil {
		tell(quasar.TrainingSteps, p.steps.judge(*t.TrainingSteps, now))
	}
	for i, loss := range [...]*float64{t.ActorLoss, t.CriticLoss, t.AVNLoss} {
		if loss != nil {
			tell(quasar.ActorLoss+quasar.Field(i), p.losses[i].judge(*loss, now))
		}
	}
	if t.AVNAccuracy != nil {
		tell(quasar.AVNAccuracy, p.accuracy.judge(*t.AVNAccuracy, now))
	}
	buys, sells := p.votes.judge(v.BuyCount, v.SellCount, now)
	tell(quasar.BuyCount, buys)
	tell(quasar.SellCount, sells)
	if v.LastPrice != nil {
		tell(quasar.LastPrice, p.price.judge(*v.LastPrice, p.steps.rises, now))
	}
	return odd
}

// stepsWatch watches training_steps: within a connection they do not go back, and
// they do not rise faster than a learner learns.
type stepsWatch struct {
	last  int64
	at    seconds // when last came; 0 before the first
	rises int64   // how often they rose
	odd   streak

	rate    average // steps a second, over a second or more each
	rated   int64   // the steps that the rate knows of
	ratedAt seconds
}

const (
	// stepsAtOnce is what a learner may report at once, however slow it is: one that
	// reports after each epoch.
	stepsAtOnce = 1e5
	// stepsBeyond is how many times the usual rate is beyond belief: a learner that
	// waits for its first data is slow, and later is not.
	stepsBeyond = 100
	// stepsEver is the rate beyond belief where none is usual yet: an update takes
	// more than a microsecond.
	stepsEver = 1e6
)

func (w *stepsWatch) judge(steps int64, now seconds) finding {
	rose := float64(steps - w.last)
	switch {
	case w.at == 0:
		w.rated, w.ratedAt = steps, now
	case rose < 0:
		return w.wrong(wentBack, steps, now)
	case rose > stepsAtOnce && w.last > 0 && rose-stepsAtOnce > w.fastest()*now.since(w.at): // from 0 it may be a checkpoint that was loaded
		return w.wrong(leapt, steps, now)
	case rose > 0:
		w.rises++
	}
	w.last, w.at = steps, now
	w.odd.end()
	w.learn(now)
	return finding{}
}

// fastest is how many steps a second are still believed.
func (w *stepsWatch) fastest() float64 {
	if w.rate.n < enough {
		return stepsEver
	}
	return stepsBeyond * w.rate.mean
}

// learn learns the rate from steps that took a second or more.
func (w *stepsWatch) learn(now seconds) {
	passed := float64(now - w.ratedAt)
	if passed < 1 || w.last == w.rated {
		return
	}
	if w.rated > 0 {
		w.rate.add(float64(w.last-w.rated)/passed, memory)
	}
	w.rated, w.ratedAt = w.last, now
}

func (w *stepsWatch) wrong(r rule, steps int64, now seconds) finding {
	if !w.odd.outlasts(now) {
		return finding{r, float64(w.last), float64(steps)}
	}
	w.forget()
	return w.judge(steps, now)
}

// forget forgets all but how often the steps rose.
func (w *stepsWatch) forget() { *w = stepsWatch{rises: w.rises} }

// lossWatch watches a loss. Its scale is the learner's own, and a run that diverges
// has every right to; but it does so in more than one step.
type lossWatch struct {
	usual average // magnitude
	odd   streak
}

// lossBeyond is how many times the usual magnitude, or 1 if that is more, is beyond
// belief.
const lossBeyond = 1e6

func (w *lossWatch) judge(loss float64, now seconds) finding {
	size := math.Abs(loss)
	if w.usual.n >= enough && size > lossBeyond*max(w.usual.mean, 1) {
		if !w.odd.outlasts(now) {
			return finding{unusual, w.usual.mean, loss}
		}
		*w = lossWatch{}
	}
	w.usual.add(size, memory)
	w.odd.end()
	return finding{}
}

// accuracyWatch watches avn_accuracy, which is clamped to [0, 1]: percents end as 1,
// and nobody is right for ever.
type accuracyWatch struct {
	last   float64 // 0 before the first
	swings budget
	ones   standing
}

const (
	// swing is how far it is from one extreme to the other, and swingsAtOnce how
	// often an accuracy goes there within quarantine: a first guess does, and a few
	// votes after a new start.
	swing        = 0.9
	swingsAtOnce = 4
	// perfectFor is how long all of an accuracy's values may be exactly 1.
	perfectFor = 10 * time.Minute
)

func (w *accuracyWatch) judge(share float64, now seconds) finding {
	from := w.last
	w.last = share
	if math.Abs(share-from) >= swing && !w.swings.spend(1, swingsAtOnce, now) {
		return finding{swings, from, share}
	}
	if share != 1 {
		w.ones = standing{}
		return finding{}
	}
	if w.ones.lasts(perfectFor, now) {
		return finding{perfect, share, share}
	}
	return finding{}
}

// votesWatch watches the counts of votes: there are no more of them than agents, of
// whom there is a number.
type votesWatch struct {
	usual average // the larger count
	odd   streak
}

const (
	// votesAtOnce is what a count may be, however small it is as a rule, and
	// votesBeyond how many times the usual is beyond belief: an ensemble grows.
	votesAtOnce = 100
	votesBeyond = 10
	// votesEver is beyond belief where nothing is usual yet: it has room for who
	// counts all votes since the training began.
	votesEver = 1e9
)

func (w *votesWatch) judge(buy, sell *int64, now seconds) (buys, sells finding) {
	larger := max(countOf(buy), countOf(sell))
	if larger < 0 {
		return finding{}, finding{}
	}
	most := w.most()
	if larger > most {
		if !w.odd.outlasts(now) {
			return w.over(countOf(buy), most), w.over(countOf(sell), most)
		}
		*w = votesWatch{}
	}
	w.usual.add(larger, memory)
	w.odd.end()
	return finding{}, finding{}
}

func (w *votesWatch) most() float64 {
	if w.usual.n < enough {
		return votesEver
	}
	return votesAtOnce + votesBeyond*w.usual.mean
}

func (w *votesWatch) over(count, most float64) finding {
	if count <= most {
		return finding{}
	}
	return finding{unusual, w.usual.mean, count}
}

// countOf returns a count, or -1 for none.
func countOf(n *int64) float64 {
	if n == nil {
		return -1
	}
	return float64(*n)
}

package eval

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// Replay is what a decision log says of the ranker that wrote it: whether what it
// believed came true, and whether there was an edge. What was brought is
// net, in standard deviations of the price, whatever reward was learned from; it is that
// of outcomes without a trade, but for Executed.
type Replay struct {
	// Decisions were made from First to Last, Known of them have the outcome of what
	// was chosen. Explored is the share in which another arm had the higher mean.
	Decisions, Known int
	First, Last      time.Time
	Explored         float64
	// Policies is how many decisions each policy made.
	Policies map[string]int
	// Overlap is how many decisions in a row share their luck.
	Overlap int
	// Prequential compares each belief with the reward that then came.
	Prequential Prequential
	// Deciles are the arms of all decisions, in ten parts by their predicted reward.
	Deciles []Decile
	// Choices are what the choices of several policies brought: "chosen", and as far as
	// that is recorded "highest mean", "formula", and "any arm alike".
	Choices []Choice
	// Gate is what a gate says of the arms of the highest mean, one after the other so
	// that no two overlap in time; Chosen of those that were chosen.
	Gate, Chosen *bandit.Gate
	// Turns are when the recorded gate opened and closed; Newest is its newest state, nil
	// if there is none.
	Turns  []Turned
	Newest *bandit.GateRecord
	// Executed compares trades with what the price alone said of them.
	Executed Executed
}

// Prequential is a test of predictions that were made before what they predict.
type Prequential struct {
	N int
	// R2 is the share of the squared error of the best constant known by then, the mean
	// of all before, that the predictions save; below 0 if they are worse than that. It
	// is NaN, as Correlation is, where nothing varies.
	R2, Correlation float64
	RMSE            float64
}

// Decile is a tenth of predictions and what became of them.
type Decile struct {
	N         int
	Predicted float64
	Realised  bandit.Estimate
}

// Choice is what a way to choose brought.
type Choice struct {
	Name   string
	N      int
	Reward bandit.Estimate
}

// Turned is a time at which the gate opened or closed.
type Turned struct {
	At   time.Time
	Gate bandit.GateRecord
}

// Executed is how well outcomes by their price agree with trades.
type Executed struct {
	N           int
	Correlation float64
	// Warning is "" if they agree, or if there are too few to tell.
	Warning string
}

// pair is a prediction and what became of it, and how much of that is new.
type pair struct{ predicted, realised, weight float64 }

type replayer struct {
	out      Replay
	simple   bandit.Reward
	explored int
	pairs    []pair
	before   struct{ n, sum, misses float64 } // of the best constant
	choices  map[string][]float64
	spans    spans
	top      trial
	chosen   trial
	trades   []pair
}

// trial shows a gate one outcome after the other, none before the one shown last is
// over.
type trial struct {
	gate  *bandit.Gate
	until time.Time
}

func (r *trial) observe(at, known time.Time, reward float64) {
	if at.Before(r.until) && known.Sub(at) >= r.until.Sub(at) {
		return
	}
	r.gate.Observe(reward)
	r.until = known
}

// ReplayLog goes through the decisions of a log.
func ReplayLog(decided iter.Seq2[*bandit.Decided, error]) (*Replay, error) {
	simple, err := bandit.NewReward("simple")
	if err != nil {
		return nil, err
	}
	r := &replayer{simple: simple, choices: make(map[string][]float64)}
	r.out.Policies = make(map[string]int)
	for _, g := range []**bandit.Gate{&r.top.gate, &r.chosen.gate} {
		if *g, err = bandit.NewGate(nil); err != nil {
			return nil, err
		}
	}
	for d, err := range decided {
		if err != nil {
			return nil, err
		}
		r.add(d)
	}
	if r.out.Decisions == 0 {
		return nil, fmt.Errorf("got no decisions, want a log that has some")
	}
	return r.finish(), nil
}

func (r *replayer) add(d *bandit.Decided) {
	o := &r.out
	if o.Decisions == 0 {
		o.First = d.At
	}
	o.Decisions, o.Last = o.Decisions+1, d.At
	o.Policies[d.Policy]++
	if d.Explored {
		r.explored++
	}
	r.turn(d)
	rewards := r.compare(d)
	r.choose(d, rewards)
}

// net is the net return of an outcome, whatever reward was made of it.
func (r *replayer) net(o *bandit.OutcomeRecord) float64 {
	out := make([]float64, 1)
	r.simple.All([]bandit.Outcome{o.Outcome}, out)
	return out[0]
}

// turn notes when the gate of the ranker opens and closes.
func (r *replayer) turn(d *bandit.Decided) {
	if d.Gate == nil {
		return
	}
	was := r.out.Newest
	if was == nil && d.Gate.Open || was != nil && was.Open != d.Gate.Open {
		r.out.Turns = append(r.out.Turns, Turned{d.At, *d.Gate})
	}
	r.out.Newest = d.Gate
}

// compare puts the outcomes beside what was believed, and beside trades. It returns the
// net return of each arm; NaN where there is none.
func (r *replayer) compare(d *bandit.Decided) []float64 {
	rewards := make([]float64, len(d.Arms))
	for i := range d.Arms {
		a := &d.Arms[i]
		rewards[i] = math.NaN()
		shadow, traded := d.Outcome(a.Name, false), d.Outcome(a.Name, true)
		if shadow == nil {
			continue
		}
		rewards[i] = r.net(shadow)
		if a.Belief != nil && shadow.Reward != nil {
			r.predict(pair{a.Belief.Mean, *shadow.Reward, shadow.Weight})
		}
		if traded != nil {
			r.trades = append(r.trades, pair{rewards[i], r.net(traded), 1})
		}
	}
	return rewards
}

func (r *replayer) predict(p pair) {
	constant := 0.0
	if r.before.n > 0 {
		constant = r.before.sum / r.before.n
	}
	r.before.n, r.before.sum = r.before.n+1, r.before.sum+p.realised
	r.before.misses += (p.realised - constant) * (p.realised - constant)
	r.pairs = append(r.pairs, p)
}

// choose notes what several ways to choose brought in a decision.
func (r *replayer) choose(d *bandit.Decided, rewards []float64) {
	p := make([]float64, len(d.Arms))
	for _, way := range []struct{ name, target string }{{"highest mean", "greedy"}, {"formula", "formula"}, {"any arm alike", "random"}} {
		if recorded[way.target](d, p) != nil {
			continue
		}
		worth := 0.0
		for i, reward := range rewards {
			if p[i] > 0 {
				worth += p[i] * reward
			}
		}
		if !math.IsNaN(worth) {
			r.choices[way.name] = append(r.choices[way.name], worth)
			if way.target == "greedy" {
				r.top.observe(d.At, r.known(d), worth)
			}
		}
	}
	if reward := rewards[d.Chosen]; !math.IsNaN(reward) {
		known := d.Outcome(d.Arms[d.Chosen].Name, false).At
		r.spans.add(d.At, known)
		r.choices["chosen"] = append(r.choices["chosen"], reward)
		r.chosen.observe(d.At, known, reward)
	}
}

// known is when the last outcome of a decision was known.
func (r *replayer) known(d *bandit.Decided) time.Time {
	at := d.At
	for i := range d.Outcomes {
		if o := &d.Outcomes[i]; o.Dropped == "" && !o.Outcome.Traded && o.At.After(at) {
			at = o.At
		}
	}
	return at
}

func (r *replayer) finish() *Replay {
	o := &r.out
	o.Explored = float64(r.explored) / float64(o.Decisions)
	o.Known, o.Overlap = len(r.choices["chosen"]), r.spans.overlap()
	for _, name := range []string{"chosen", "highest mean", "formula", "any arm alike"} {
		if terms := r.choices[name]; len(terms) > 1 {
			o.Choices = append(o.Choices, Choice{name, len(terms), bandit.Average(terms, o.Overlap)})
		}
	}
	o.Prequential, o.Deciles = r.prequential(), r.deciles()
	o.Gate, o.Chosen = r.top.gate, r.chosen.gate
	o.Executed = r.executed()
	return o
}

func (r *replayer) prequential() Prequential {
	p := Prequential{N: len(r.pairs), R2: math.NaN(), RMSE: math.NaN(), Correlation: correlation(r.pairs)}
	if p.N == 0 {
		return p
	}
	sum := 0.0
	for _, x := range r.pairs {
		sum += (x.realised - x.predicted) * (x.realised - x.predicted)
	}
	p.RMSE = math.Sqrt(sum / float64(p.N))
	if r.before.misses > 0 {
		p.R2 = 1 - sum/r.before.misses
	}
	return p
}

// deciles are none where there are too few pairs for two in each. Outcomes that overlap
// are worth no more than what is new of them.
func (r *replayer) deciles() []Decile {
	const parts = 10
	if len(r.pairs) < 2*parts {
		return nil
	}
	sorted := slices.Clone(r.pairs)
	slices.SortStableFunc(sorted, func(a, b pair) int { return cmp.Compare(a.predicted, b.predicted) })
	out := make([]Decile, parts)
	for k := range out {
		part := sorted[k*len(sorted)/parts : (k+1)*len(sorted)/parts]
		out[k] = newDecile(part)
	}
	return out
}

// leastTrades is from how many trades on their correlation with the prices says
// something, and leastCorrelation what it has to be.
const (
	leastTrades      = 50
	leastCorrelation = 0.9
)

func newDecile(part []pair) Decile {
	d := Decile{N: len(part)}
	realised, worth := make([]float64, len(part)), 0.0
	for i, x := range part {
		realised[i] = x.realised
		d.Predicted += (x.predicted - d.Predicted) / float64(i+1)
		worth += x.weight
	}
	e := bandit.Average(realised, 1)
	wider := math.Sqrt(float64(len(part)) / max(1, worth))
	d.Realised = bandit.Estimate{Mean: e.Mean, SE: e.SE * wider, Low: e.Mean - wider*(e.Mean-e.Low), High: e.Mean + wider*(e.High-e.Mean)}
	return d
}

func (r *replayer) executed() Executed {
	e := Executed{N: len(r.trades), Correlation: correlation(r.trades)}
	if e.N >= leastTrades && !(e.Correlation >= leastCorrelation) {
		e.Warning = fmt.Sprintf("the prices say something else than the trades: a correlation of %.2f over %d trades, want %.1f at least", e.Correlation, e.N, leastCorrelation)
	}
	return e
}

// correlation is Pearson's; NaN where one of the two does not vary.
func correlation(pairs []pair) float64 {
	var mx, my, xx, yy, xy float64
	for i, p := range pairs {
		dx, dy := p.predicted-mx, p.realised-my
		mx, my = mx+dx/float64(i+1), my+dy/float64(i+1)
		xx, yy, xy = xx+dx*(p.predicted-mx), yy+dy*(p.realised-my), xy+dx*(p.realised-my)
	}
	if !(xx > 0 && yy > 0) {
		return math.NaN()
	}
	return xy / math.Sqrt(xx*yy)
}

package bandit

import (
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// pace says how networks are trained. The numbers are from measurements on made-up
// tables and in the worlds of docs/evaluation.md.
type pace struct {
	hidden []int
	rate   float64 // of Adam
	decay  float64 // decoupled, of weights
	every  int     // rounds with labels between trainings
	steps  int     // of a training
	early  int     // of a training in the first earlyRounds
	batch  int
	// looks is how often a label is looked at in all, in place of steps and early; 0 is
	// that those count.
	looks int
}

var (
	// usual is for one context for all arms, as tables have it.
	usual = pace{hidden: []int{64, 32}, rate: 3e-3, decay: 0.1, every: 20, steps: 10, early: 30, batch: 64}
	// noisy is for a row for each arm, as trades have it: their rewards are mostly noise,
	// which a larger network that looks more often learns by heart.
	noisy = pace{hidden: []int{32, 16}, rate: 3e-3, decay: 0.1, every: 20, batch: 64, looks: 6}
)

// earlyRounds is how long there is little to learn from, so that it is learned from
// more often.
const earlyRounds = 1000

// coach keeps what was seen and trains networks on it: one output for all arms, or
// one for each.
type coach struct {
	pace
	seen    *replay
	inputs  *scaler
	rewards *scaler
	perArm  bool
	outputs int
	fading  float64
	rounds  int
	fresh   int // labels since the last training
	newest  int64
	random  *rand.Rand
	lesson  learn.Batch
	rows    []float64
	one     [1]float64
}

func newCoach(features int, perArm bool, outputs int, fading float64, p pace, random *rand.Rand) *coach {
	c := &coach{
		pace: p, seen: newReplay(features), inputs: newScaler(features), rewards: newScaler(1),
		perArm: perArm, outputs: outputs, fading: fading, random: random,
	}
	c.rows = make([]float64, p.batch*features)
	return c
}

// net returns an untrained network and what trains it.
func (c *coach) net() (*learn.Net, *learn.Trainer, error) {
	sizes := append([]int{c.seen.width}, c.hidden...)
	net, err := learn.NewNet(append(sizes, c.outputs), c.random)
	if err != nil {
		return nil, nil, err
	}
	trainer, err := learn.NewTrainer(net, &learn.TrainerOptions{
		Rate: c.rate, Decay: c.decay, Batch: c.batch,
		Loss: learn.Loss{Delta: squared},
	})
	return net, trainer, err
}

// squared is so far off that Huber's loss is the squared one, which has the mean
// reward as its least: a rare large reward must not count as an outlier.
const squared = 1e6

// take keeps a label.
func (c *coach) take(l *Label, mask uint8) {
	c.seen.add(l, mask)
	c.newest = max(c.newest, l.T)
	c.fresh++
	c.one[0] = l.Reward
	c.rewards.add(c.one[:])
	c.inputs.add(c.seen.labels[(c.seen.total-1)%c.seen.room].X)
}

// mostSteps bounds a training after very many labels.
const mostSteps = 40

// round counts a round with labels and tells how many steps of training are due.
func (c *coach) round() int {
	c.rounds++
	if c.rounds%c.every != 0 {
		return 0
	}
	fresh := c.fresh
	c.fresh = 0
	switch {
	case c.looks > 0:
		return min(max(fresh*c.looks/c.batch, 1), mostSteps)
	case c.rounds <= earlyRounds:
		return c.early
	}
	return c.steps
}

// draw puts together a batch of labels that have a bit of the mask, each as likely;
// nil if there are none.
func (c *coach) draw(bit uint8) *learn.Batch {
	b, width := &c.lesson, c.seen.width
	b.X, b.Y, b.Output, b.Weight = b.X[:0], b.Y[:0], b.Output[:0], b.Weight[:0]
	for tries := 0; len(b.X) < c.batch && tries < 8*c.batch; tries++ {
		i := c.random.IntN(c.seen.len())
		l := &c.seen.labels[i]
		if c.seen.mask[i]&bit == 0 || c.perArm && (l.Arm < 0 || l.Arm >= c.outputs) {
			continue
		}
		row := c.rows[len(b.X)*width : (len(b.X)+1)*width]
		c.inputs.scale(l.X, row)
		c.one[0] = l.Reward
		b.X, b.Y = append(b.X, row), append(b.Y, c.target(l.Reward))
		b.Output = append(b.Output, c.output(l.Arm))
		b.Weight = append(b.Weight, l.Weight*fade(c.fading, c.newest-l.T))
	}
	if len(b.X) == 0 {
		return nil
	}
	return b
}

func (c *coach) output(arm int) int {
	if c.perArm {
		return arm
	}
	return 0
}

// target is a reward in deviations of rewards from their mean.
func (c *coach) target(reward float64) float64 {
	return (reward - c.rewards.mean[0]) / c.spread()
}

// reward is what a target stands for.
func (c *coach) reward(target float64) float64 { return c.rewards.mean[0] + target*c.spread() }

func (c *coach) spread() float64 { return math.Max(c.rewards.sd(0), 1e-9) }

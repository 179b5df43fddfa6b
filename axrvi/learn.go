package axrvi

import (
	"math"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/learn"
)

// Learn implements bandit.Model. A label's cost does not depend on how many there were;
// of very many labels at once the network learns from a part. Labels that are not
// finite numbers are refused.
func (m *Model) Learn(labels []bandit.Label) {
	m.take(labels)
	if len(m.labels) == 0 {
		return
	}
	m.calls++
	m.judge()
	for i := range m.labels {
		l := &m.labels[i]
		row := m.fill(l.X)
		m.long.Observe(l.T, l.Arm, row, l.Reward, l.Weight)
		m.recent.Observe(l.T, l.Arm, row, l.Reward, l.Weight)
	}
	m.keep()
	if m.watch.alarm() {
		m.restart()
	}
	if m.network != nil {
		m.network.train(m)
	}
}

// take collects the labels that can be learned from.
func (m *Model) take(labels []bandit.Label) {
	m.labels = m.labels[:0]
	for _, l := range labels {
		if len(l.X) != m.o.Features || l.T < 0 || !learn.Usable(l.X) || !learn.UsableTarget(l.Reward, l.Weight) {
			m.refused++
			continue
		}
		m.labels = append(m.labels, l)
		if !m.scaled && l.Reward != 0 {
			m.scale(math.Abs(l.Reward))
			m.recent.Scale(math.Abs(l.Reward))
		}
	}
}

// scale says how large rewards are.
func (m *Model) scale(size float64) {
	m.scaled = true
	m.long.Scale(size)
	m.recent.Scale(size)
	if m.network != nil {
		m.network.belief.Scale(size)
	}
}

// most is how many labels of one call are judged by, kept, and shown to the network:
// all, or so many of them evenly.
const most = 64

func (m *Model) sampled() int               { return min(len(m.labels), most) }
func (m *Model) sample(k int) *bandit.Label { return &m.labels[k*len(m.labels)/m.sampled()] }

// judge compares the predictions of what is known with the labels, before any of them
// is learned.
func (m *Model) judge() {
	m.left = m.left[:0]
	noise := m.long.Noise()
	for k := range m.sampled() {
		l := m.sample(k)
		row := m.fill(l.X)
		mean, spread := m.long.Relative(l.Arm, row)
		m.left = append(m.left, l.Reward-mean)
		other, wider := m.recent.Relative(l.Arm, row)
		m.watch.take(
			likelihood((l.Reward-other)/noise, 1+wider)-likelihood((l.Reward-mean)/noise, 1+spread),
			l.Weight)
	}
}

// keep puts labels into the replay, and before the network. One that counts less than
// once is kept with its weight for the chance, and then counts once: so as many
// labels as say something new are kept, and rounds as a whole.
func (m *Model) keep() {
	chance := m.random.Float64()
	for k := range m.sampled() {
		l := *m.sample(k)
		if l.Weight <= chance {
			continue
		}
		l.Weight = max(l.Weight, 1)
		m.replay.add(&l, m.calls)
		m.watch.fresh = min(m.watch.fresh+1, m.replay.n)
		if m.network != nil {
			m.network.observe(&l, m.left[k], m.long.Noise())
		}
	}
}

// restart forgets all but the labels since the recent memory began to be the better
// one.
func (m *Model) restart() {
	m.replay.keep(m.watch.fresh)
	m.watch = watch{restarts: m.watch.restarts + 1}
	m.long.Forget()
	m.recent.Forget()
	for i := range m.replay.n {
		at := m.replay.at(i)
		m.replay.row(at, m.row)
		for _, memory := range []*learn.Mixed{m.long, m.recent} {
			memory.Observe(m.replay.t[at], int(m.replay.arm[at]), m.row, m.replay.y[at], m.replay.w[at])
		}
	}
	if m.network != nil {
		m.network.restart()
	}
}

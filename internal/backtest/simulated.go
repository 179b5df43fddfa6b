package backtest

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/space"
	"github.com/karlquant/quasar/trade/replay"
)

// World is a simulated market, and on each index of it a space that learns from its
// ticks and publishes what it really measures.
type World struct {
	// Assets are the spaces, named after their indices: "V75", "CRASH500".
	Assets []string
	// Seed fixes all chance.
	Seed uint64
	// From is when it begins, and Long how long it lasts, above 0.
	From time.Time
	Long time.Duration
	// PublishEvery is the least time between two publications of a space, 0 for 10 s.
	PublishEvery time.Duration
	// Agents is how many of each space vote, 0 for 4.
	Agents int
}

const (
	usualEvery  = 10 * time.Second
	usualAgents = 4
)

// Records are the ticks of the market and what the spaces publish, in their order.
// Each run over them makes them anew, and the same.
func (w *World) Records() (iter.Seq2[replay.Record, error], []price.Index, error) {
	if len(w.Assets) == 0 || w.Long <= 0 || w.PublishEvery < 0 {
		return nil, nil, errors.New("backtest: got no asset or no time, want one or more, and a time above 0")
	}
	var indices []price.Index
	names := make(map[string]string)
	for _, name := range w.Assets {
		x, err := price.Lookup(name)
		if err != nil {
			return nil, nil, err
		}
		if other, there := names[x.Symbol]; there {
			return nil, nil, fmt.Errorf("backtest: got %s and %s, want each index once", other, name)
		}
		names[x.Symbol], indices = name, append(indices, x)
	}
	ticks, err := replay.Simulated(indices, w.Seed, w.From, w.Long)
	if err != nil {
		return nil, nil, err
	}
	if _, err := w.spaces(indices, names); err != nil {
		return nil, nil, err
	}
	return func(yield func(replay.Record, error) bool) {
		spaces, _ := w.spaces(indices, names) // it did well before
		for r, err := range ticks {
			if !yield(r, err) || err != nil {
				return
			}
			snapshot, err := spaces[r.Symbol].tick(&r)
			if (snapshot != nil || err != nil) && !yield(replay.Record{At: r.At, Snapshot: snapshot}, err) {
				return
			}
		}
	}, indices, nil
}

// publisher is a space of the world, and the hub that keeps what it says.
type publisher struct {
	learner *space.Ensemble
	every   time.Duration
	said    quasar.Snapshot
}

func (w *World) spaces(indices []price.Index, names map[string]string) (map[string]*publisher, error) {
	agents, every := w.Agents, w.PublishEvery
	if agents == 0 {
		agents = usualAgents
	}
	if every == 0 {
		every = usualEvery
	}
	all := make(map[string]*publisher)
	for i := range indices {
		learner, err := space.NewEnsemble(&space.EnsembleOptions{Seed: w.Seed + uint64(i), Agents: agents})
		if err != nil {
			return nil, err
		}
		all[indices[i].Symbol] = &publisher{learner: learner, every: every, said: quasar.Snapshot{SpaceName: names[indices[i].Symbol]}}
	}
	return all, nil
}

// tick has the space learn from a tick. It returns what it publishes, nil while that is
// not due.
func (p *publisher) tick(r *replay.Record) ([]byte, error) {
	if err := p.learner.Step(r.Tick.Price); err != nil {
		return nil, err
	}
	if !p.said.UpdatedAt.IsZero() && r.At.Sub(p.said.UpdatedAt) < p.every {
		return nil, nil
	}
	training, voting := p.learner.Training(), p.learner.Voting()
	said, err := p.said.Apply(quasar.UpdateOf(&training, &voting), r.At)
	if err != nil {
		return nil, err
	}
	said.Seq = max(p.said.Seq+1, r.At.UnixMicro())
	p.said = said
	return said.AppendJSON(nil), nil
}

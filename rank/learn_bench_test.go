package rank_test

import (
	"fmt"
	"testing"

	"github.com/karlquant/quasar/rank"
)

var sizes = []int{10, 1_000, 10_000}

// line stands in for a model: a linear score of a row.
type line [rank.Width]float64

func (l *line) score(x []float64) float64 {
	sum := 0.0
	for i, w := range l {
		sum += w * x[i]
	}
	return sum
}

// crowd is a ranking by features that has lived for a while.
type crowd struct {
	*busy
	features *rank.Features
	norm     *rank.Normaliser
	board    rank.Board
	line     line
	raw, z   []float64
	assets   []int
	scores   []float64
}

func newCrowd(tb testing.TB, n int) *crowd {
	c := &crowd{
		busy: newBusy(n), features: newFeatures(tb, nil), norm: rank.NewNormaliser(0),
		raw: make([]float64, rank.Width), z: make([]float64, rank.Width), scores: make([]float64, n),
	}
	for i := range c.line {
		c.line[i] = c.random.NormFloat64()
	}
	for i := range c.snapshots {
		c.features.Update(&c.snapshots[i], c.now)
		c.assets = append(c.assets, i)
	}
	for range 20 * n {
		c.features.Update(c.next(), c.now)
	}
	c.decide(1)
	for i := range c.snapshots {
		c.rescore(i)
	}
	return c
}

// rescore puts one asset in its place.
func (c *crowd) rescore(asset int) {
	c.features.Row(asset, c.now, c.raw)
	c.norm.Apply(c.raw, c.z)
	c.board.Set(asset, c.snapshots[asset].SpaceName, c.line.score(c.z))
}

// decide does for all assets what is done when a decision is made.
func (c *crowd) decide(decision int64) {
	c.features.Expire(c.now)
	c.features.CrossSection(c.assets)
	for _, i := range c.assets {
		c.features.Row(i, c.now, c.raw)
		c.norm.Observe(c.raw)
		c.features.Open(i, decision, c.now, nil)
	}
	c.norm.Freeze()
}

// BenchmarkUpdateToRanking is an update of one asset and the new ranking: its
// features, their scaling, a linear score, a place.
func BenchmarkUpdateToRanking(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n)
			b.ReportAllocs()
			for b.Loop() {
				s := c.next()
				asset, _ := c.features.Update(s, c.now)
				c.rescore(asset)
			}
		})
	}
}

// BenchmarkRescoreAll is a new score of every asset and one sort: what a change of
// the model costs, less the model.
func BenchmarkRescoreAll(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n)
			b.ReportAllocs()
			for b.Loop() {
				for _, i := range c.assets {
					c.features.Row(i, c.now, c.raw)
					c.norm.Apply(c.raw, c.z)
					c.scores[i] = c.line.score(c.z)
				}
				c.board.SetAll(c.scores)
			}
		})
	}
}

// BenchmarkDecide is what a decision adds to that: ranks among the others, the
// means of the normaliser, and outcomes to wait for.
func BenchmarkDecide(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n)
			decision := int64(1)
			b.ReportAllocs()
			for b.Loop() {
				decision++
				c.decide(decision)
			}
		})
	}
}

package eval

import (
	"fmt"
	"math/rand/v2"
	"os"
)

// classify is a course through the rows of a table in an order of its own, and again
// in another when they are at their end.
type classify struct {
	table  *Table
	order  []int
	t      int
	random *rand.Rand
	noise  float64
	// pay writes the means and the rewards of the arms for a row of a class.
	pay  func(class int, random *rand.Rand, mean, reward []float64)
	arms int
}

func (c *classify) Next(int) Turn {
	at := c.t % len(c.order)
	if at == 0 {
		c.random.Shuffle(len(c.order), func(i, j int) { c.order[i], c.order[j] = c.order[j], c.order[i] })
	}
	c.t++
	row := c.order[at]
	turn := sharedTurn(c.table.Row(row), c.arms)
	c.pay(c.table.Class(row), c.random, turn.Mean, turn.Reward)
	for i := range turn.Reward {
		turn.Reward[i] += c.noise * c.random.NormFloat64()
	}
	return turn
}

// newClassification is a table in which an arm is a class, and the right one pays 1.
func newClassification(o *Options) (*World, error) {
	table, err := readTableFile(o.Data, o.Label)
	if err != nil {
		return nil, err
	}
	return classified(o, table, len(table.Classes), payRight), nil
}

func payRight(class int, _ *rand.Rand, mean, reward []float64) {
	mean[class], reward[class] = 1, 1
}

func readTableFile(path, label string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	table, err := ReadTable(f, label)
	if err != nil {
		return nil, fmt.Errorf("eval: %s: %w", path, err)
	}
	return table, nil
}

func classified(o *Options, table *Table, arms int, pay func(class int, random *rand.Rand, mean, reward []float64)) *World {
	noise := or(o.Noise, 0)
	return &World{
		Rounds: table.Rows(), Arms: arms, Features: table.Width(), Shared: true, Notes: table.Notes,
		Start: func(seed uint64) Course {
			order := make([]int, table.Rows())
			for i := range order {
				order[i] = i
			}
			return &classify{table: table, order: order, random: courseRandom(seed), noise: noise, arms: arms, pay: pay}
		},
	}
}

package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// The payoffs of mushroom-risky (Blundell et al. 2015, section 5.3; Riquelme, Tucker
// and Snoek 2018): who eats none gets 0.
const (
	mealGood   = 5
	mealDeadly = -35 // as likely as mealGood when a poisonous one is eaten
)

// The arms of mushroom-risky.
const (
	leave = iota
	eat
	mushroomArms
)

// The classes of the mushroom table, in order.
const (
	edible = iota
	poisonous
)

// readMushrooms reads the table of the UCI repository, whose first column is the class.
func readMushrooms(path string) (*Table, error) {
	table, err := readTableFile(path, "0")
	if err != nil {
		return nil, err
	}
	if !slices.Equal(table.Classes, []string{"e", "p"}) && !slices.Equal(table.Classes, []string{"edible", "poisonous"}) {
		return nil, fmt.Errorf("eval: %s: got the classes %q in the first column, want e and p as in agaricus-lepiota.data", path, table.Classes)
	}
	return table, nil
}

// newMushroom is the table as a classification bandit (Zhou, Li and Gu 2020; Zhang
// et al. 2021): an arm for each class, the right one pays 1.
func newMushroom(o *Options) (*World, error) {
	table, err := readMushrooms(o.Data)
	if err != nil {
		return nil, err
	}
	return classified(o, table, len(table.Classes), payRight), nil
}

// newRiskyMushroom is the table as a bandit of who eats or leaves a mushroom.
func newRiskyMushroom(o *Options) (*World, error) {
	table, err := readMushrooms(o.Data)
	if err != nil {
		return nil, err
	}
	return classified(o, table, mushroomArms, payMeal), nil
}

// payMeal draws once for each row, whatever its class.
func payMeal(class int, random *rand.Rand, mean, reward []float64) {
	lucky := random.IntN(2) == 0
	mean[eat], reward[eat] = mealGood, mealGood
	if class == poisonous {
		mean[eat] = (mealGood + mealDeadly) / 2.
		if !lucky {
			reward[eat] = mealDeadly
		}
	}
}

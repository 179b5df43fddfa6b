package axrvi

import (
	"errors"
	"fmt"
	"slices"
)

// Adopt takes the weights of a network from elsewhere, of the sizes that the Model's
// network has: its features are judged by the next labels, and its training goes on
// from there.
func (m *Model) Adopt(layers []Layer) error {
	if m.network == nil {
		return errors.New("axrvi: got a network, want none: this model is linear")
	}
	state := m.network.trainer.State()
	var got []int
	var params []float64
	for _, l := range layers {
		got = append(got, l.In, l.Out)
		params = append(append(params, l.Weight...), l.Bias...)
	}
	var want []int
	for _, l := range m.network.net.Layers {
		want = append(want, l.In, l.Out)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("axrvi: got a network of layers %v, want %v (inputs and outputs of each)", got, want)
	}
	state.Params, state.Steps = params, 0
	clear(state.M)
	clear(state.V)
	if err := m.network.trainer.Restore(state); err != nil {
		return fmt.Errorf("axrvi: network: %w", err)
	}
	m.network.gain.forget()
	m.long.Theta(m.theta)
	m.network.refresh(m)
	return nil
}

// Sizes returns those of the network, from inputs to output; nil if there is none.
func (m *Model) Sizes() []int {
	if m.network == nil {
		return nil
	}
	return m.o.sizes()
}

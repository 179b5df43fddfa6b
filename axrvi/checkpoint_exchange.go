package axrvi

import "github.com/karlquant/quasar/internal/safetensors"

// exchange writes tensors to a checkpoint or reads them from one, so that what is
// written and what is read is one list. One of the two is nil.
type exchange struct {
	w *writer
	r *reader
}

// here tells whether a part is there: by its first tensor when it is read.
func (e exchange) here(first string, there bool) bool {
	if e.r == nil {
		return there
	}
	_, there = e.r.tensors[first]
	return there
}

// floats exchanges numbers of this shape; without one they have one dimension of any
// size.
func (e exchange) floats(name string, v *[]float64, shape ...int) {
	if e.w != nil {
		e.w.tensor(safetensors.FromFloat64s(name, shapeOf(len(*v), shape), *v))
		return
	}
	t := e.r.tensor(name, safetensors.F64, shapeOf(-1, shape))
	if *v = t.Float64s(); len(*v) == 0 {
		*v = nil
	}
}

func shapeOf(n int, shape []int) []int {
	if len(shape) == 0 {
		return []int{n}
	}
	return shape
}

// numbers exchanges single numbers, which are one tensor.
func (e exchange) numbers(name string, to ...*float64) {
	values := make([]float64, 0, len(to))
	for _, v := range to {
		values = append(values, *v)
	}
	e.floats(name, &values, len(to))
	for i, v := range values { // none of them if there is an error
		*to[i] = v
	}
}

// state exchanges a State: on reading all tensors that are left.
func (e exchange) state(s *State) {
	if e.w == nil {
		*s = e.r.state()
		return
	}
	for _, t := range s.Tensors {
		e.w.model(t)
	}
}

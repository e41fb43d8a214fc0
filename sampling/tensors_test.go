package sampling

import (
	"fmt"

	"gorgonia.org/tensor"
)

// must is for what a test takes for granted.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// dense is a tensor of a dtype with the given numbers.
func dense(dt tensor.Dtype, shape tensor.Shape, x ...float64) *tensor.Dense {
	if dt == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float64(nil), x...)))
	}
	single := make([]float32, len(x))
	for i, v := range x {
		single[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(single))
}

// numbers copies the numbers of a tensor.
func numbers(t *tensor.Dense) []float64 {
	switch data := t.Data().(type) {
	case []float64:
		return append([]float64(nil), data...)
	case []float32:
		out := make([]float64, len(data))
		for i, x := range data {
			out[i] = float64(x)
		}
		return out
	}
	panic(fmt.Sprintf("%v holds no floats", t.Dtype()))
}

func copyOf(s *State) *State {
	return &State{Visible: s.Visible.Clone().(*tensor.Dense), Hidden: s.Hidden.Clone().(*tensor.Dense), Step: s.Step}
}

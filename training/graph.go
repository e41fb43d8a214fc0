package training

import (
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// sum collects the terms of a cost.
type sum struct {
	coefficients []float64
	terms        []*G.Node
	err          error
}

func (s *sum) add(coefficient float64) func(*G.Node, error) {
	return func(n *G.Node, err error) {
		s.coefficients, s.terms = append(s.coefficients, coefficient), append(s.terms, n)
		if s.err == nil {
			s.err = err
		}
	}
}

func (s *sum) build() (*G.Node, error) {
	if s.err != nil {
		return nil, s.err
	}
	return op.Combine(s.coefficients, s.terms...)
}

// building is held while a graph is built: Gorgonia's Grad shares a global node between all graphs.
var building sync.Mutex

// compile differentiates a cost with regard to the model's parameters and makes the machine that runs both.
func compile(cost *G.Node, model layers.Layer) (G.VM, []G.ValueGrad, error) {
	wrt := layers.Wrt(cost, model)
	if _, err := G.Grad(cost, wrt...); err != nil {
		return nil, nil, err
	}
	return G.NewTapeMachine(cost.Graph(), G.BindDualValues(wrt...)), G.NodesToValueGrads(wrt), nil
}

// runOnce runs a machine and returns the scalar that it read.
func runOnce(vm G.VM, cost *G.Value) (float64, error) {
	defer vm.Reset()
	if err := vm.RunAll(); err != nil {
		return 0, err
	}
	switch v := (*cost).Data().(type) {
	case float32:
		return float64(v), nil
	default:
		return v.(float64), nil
	}
}

// setFloats copies numbers into a tensor of either dtype.
func setFloats(dst *tensor.Dense, values []float64) {
	switch d := dst.Data().(type) {
	case []float32:
		convert(d, values)
	case []float64:
		copy(d, values)
	}
}

package training

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// input makes an input of a graph and the tensor that it reads, to be written to before each run.
func input(g *G.ExprGraph, dtype tensor.Dtype, name string, shape ...int) (*tensor.Dense, *G.Node) {
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	return t, G.NewTensor(g, dtype, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(t))
}

// compiled is a cost with its gradients, ready to run.
type compiled struct {
	vm        *machine.Machine
	cost      *G.Node
	descends  bool            // a run moves the parameters by itself
	gradients []G.ValueGrad   // for the solver, where it does not
	clipNorm  float64         // the largest norm of the gradients; 0 for none
	solved    []*layers.Param // what the gradients are of
}

// compile differentiates a cost with regard to the model's parameters and makes the machine that computes it, its gradients
// and the other nodes that are read. Plain SGD is left to the machine, which adds products to the parameters without storing a
// gradient, unless gradients are to be clipped. Nodes that are given are let before each run.
func (c *compiled) compile(cost *G.Node, model layers.Layer, solver Solver, given []*G.Node, reads ...*G.Node) error {
	wrt := layers.Wrt(cost, model)
	if len(wrt) == 0 {
		return fmt.Errorf("layer %q has no learned parameter that the cost depends on: %w", model.Name(), energy.ErrConfig)
	}
	if _, err := G.Grad(cost, wrt...); err != nil {
		return err
	}
	c.cost, c.descends = cost, isPlain(solver) && c.clipNorm == 0
	config := machine.Config{Outputs: append(reads, cost), Given: given}
	if c.descends {
		config.Descend, config.Guard = wrt, cost
	} else {
		config.Wrt = wrt
		c.gradients = G.NodesToValueGrads(wrt)
	}
	for _, n := range wrt {
		for _, p := range model.Params() {
			if p.Name() == n.Name() {
				c.solved = append(c.solved, p)
			}
		}
	}
	var err error
	c.vm, err = machine.New(cost.Graph(), config)
	return err
}

// step runs the graph and moves the parameters, unless the cost is not finite: that is told by the loop.
func (c *compiled) step(stepper *Stepper) (cost float64, err error) {
	c.vm.SetRate(stepper.rate)
	if err := c.vm.RunAll(); err != nil {
		return 0, err
	}
	cost = number(c.vm.Value(c.cost))
	switch {
	case cost-cost != 0:
		return cost, nil
	case c.descends:
		stepper.step++
		return cost, nil
	}
	if c.clipNorm > 0 {
		if err := clip(c.gradients, c.clipNorm); err != nil {
			return 0, err
		}
	}
	return cost, stepper.Step(c.gradients)
}

func number(v G.Value) float64 {
	switch v := v.(type) {
	case *G.F32:
		return float64(*v)
	case *G.F64:
		return float64(*v)
	}
	return math.NaN()
}

// setFloats copies numbers into a tensor of either dtype.
func setFloats(dst *tensor.Dense, values []float64) {
	if dst.Dtype() == tensor.Float32 {
		kernel.Convert(dst.Float32s(), values)
	} else {
		copy(dst.Float64s(), values)
	}
}

// penalized builds cost + l1·Σ|W| + l2/2·ΣW² over the model's learned matrices in the cost's graph.
func penalized(cost *G.Node, model layers.Layer, l1, l2 float64) (*G.Node, error) {
	var sum op.Terms
	sum.Add(1)(cost, nil)
	for _, n := range layers.Learnables(cost.Graph(), model) {
		if n.Dims() >= 2 {
			penalize(&sum, n, l1, l2)
		}
	}
	return sum.Build()
}

// penalize adds l1·Σ|w| + l2/2·Σw² to a cost.
func penalize(cost *op.Terms, w *G.Node, l1, l2 float64) {
	if l1 > 0 {
		cost.Add(l1)(op.AbsoluteSum(w))
	}
	if l2 > 0 {
		cost.Add(l2 / 2)(op.SquaredDistance(w, 0))
	}
}

// checkPenalties returns what is wrong with the weights of penalties and the largest norm of a gradient, 0 for none.
func checkPenalties(l1, l2, clipNorm float64) error {
	switch {
	case !(l1 >= 0) || !(l2 >= 0) || math.IsInf(l1+l2, 0):
		return fmt.Errorf("L1 is %g and L2 %g, want at least 0: %w", l1, l2, energy.ErrConfig)
	case !(clipNorm >= 0) || math.IsInf(clipNorm, 0):
		return fmt.Errorf("ClipNorm is %g, want a positive number, or 0 for none: %w", clipNorm, energy.ErrConfig)
	}
	return nil
}

package training

import (
	"fmt"
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// building is held while a graph is built: Gorgonia's Grad shares a global node between all graphs.
var building sync.Mutex

// input makes an input of a graph and the tensor that it reads, to be written to before each run.
func input(g *G.ExprGraph, dtype tensor.Dtype, name string, shape ...int) (*tensor.Dense, *G.Node) {
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	return t, G.NewTensor(g, dtype, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(t))
}

// compiled is a cost with its gradients, ready to run.
type compiled struct {
	vm        G.VM
	cost      G.Value
	gradients []G.ValueGrad
	solved    []*layers.Param // what the gradients are of
}

// compile differentiates a cost with regard to the model's parameters and makes the machine that computes it, its gradients
// and the other nodes that are read. Without naming them it would compute every node of the graph, also the gradients with
// regard to the data, which nobody asks for and which are as large as any.
func (c *compiled) compile(cost *G.Node, model layers.Layer, reads ...*G.Node) error {
	g := cost.Graph()
	wrt := layers.Wrt(cost, model)
	if len(wrt) == 0 {
		return fmt.Errorf("layer %q has no learned parameter that the cost depends on: %w", model.Name(), energy.ErrConfig)
	}
	outputs, err := G.Grad(cost, wrt...)
	if err != nil {
		return err
	}
	outputs = append(append(outputs, G.Read(cost, &c.cost)), reads...)
	program, registers, err := G.CompileFunction(g, wrt, outputs)
	if err != nil {
		return err
	}
	c.vm = G.NewTapeMachine(g, G.WithPrecompiled(program, registers), G.BindDualValues(wrt...))
	c.gradients = G.NodesToValueGrads(wrt)
	for _, n := range wrt {
		for _, p := range model.Params() {
			if p.Name() == n.Name() {
				c.solved = append(c.solved, p)
			}
		}
	}
	return nil
}

// run computes cost and gradients.
func (c *compiled) run() (float64, error) { return runOnce(c.vm, &c.cost) }

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
	if dst.Dtype() == tensor.Float32 {
		kernel.Convert(dst.Float32s(), values)
	} else {
		copy(dst.Float64s(), values)
	}
}

// copyTensor copies a contiguous tensor to another of the same shape. (tensor.Copy allocates.)
func copyTensor(dst, src *tensor.Dense) error {
	switch {
	case dst.Dtype() != src.Dtype():
		return fmt.Errorf("dtype %v, want %v: %w", src.Dtype(), dst.Dtype(), energy.ErrDtype)
	case src.RequiresIterator() || src.DataOrder().IsColMajor():
		return fmt.Errorf("the tensor is a view or a transpose, want contiguous row-major data: %w", energy.ErrShape)
	case dst.Dtype() == tensor.Float32:
		copy(dst.Float32s(), src.Float32s())
	default:
		copy(dst.Float64s(), src.Float64s())
	}
	return nil
}

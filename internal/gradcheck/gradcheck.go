package gradcheck

import (
	"errors"
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/machine"
)

// ErrGradient is returned where a gradient and the differences disagree; every other error means that the check could not be made.
var ErrGradient = errors.New("gradient is wrong")

// Case is a scalar function of some tensors, and what to check of its gradient.
type Case struct {
	Dtype  tensor.Dtype    // of the checked graph: tensor.Float32 or tensor.Float64
	Inputs []*tensor.Dense // float32 or float64, no scalars, no views; rounded to Dtype, and left as they are

	// Build returns a scalar cost. It is called twice, with input nodes of a fresh graph in the order of Inputs: for the gradient in
	// Dtype and for the differences in float64. The graph must draw the same random numbers, if any, at every run.
	Build func(in []*G.Node) (*G.Node, error)

	Wrt []int // indices of the inputs to differentiate; nil means all

	// Step is the step of the differences relative to max(1, |x|); 0 means 1e-6. An input closer than that to a kink, such as the
	// corner of an absolute value, has no difference to compare with.
	Step float64

	// Tolerance is the largest error relative to max(1, |g|); 0 means 1e-5 in float64 and 1e-4 in float32.
	Tolerance float64
}

// Check builds the gradient with gorgonia.Grad, runs it on a tape machine, and compares every component with
//
//	(f(x + h) − f(x − h)) / 2h
//
// It returns an ErrGradient that names the worst component, or nil if all are within the tolerance. It runs the graph two times for
// each number of the inputs.
func Check(c Case) error {
	if err := c.prepare(); err != nil {
		return fmt.Errorf("gradcheck: Check: %w", err)
	}
	points := make([][]float64, len(c.Inputs))
	for i, t := range c.Inputs {
		points[i] = rounded(t, c.Dtype)
	}
	analytic := make([][][]float64, len(machines))
	for i, m := range machines {
		var err error
		if analytic[i], err = c.gradients(points, m.make); err != nil {
			return fmt.Errorf("gradcheck: Check: %s: %w", m.name, err)
		}
	}
	f, err := c.function(points)
	if err != nil {
		return fmt.Errorf("gradcheck: Check: %w", err)
	}
	defer f.vm.Close()

	var wrong, total int
	var worst float64
	var report string
	for k, i := range c.Wrt {
		for e := range points[i] {
			numeric, err := f.slope(points, i, e, c.Step)
			if err != nil {
				return fmt.Errorf("gradcheck: Check: %w", err)
			}
			for m := range machines {
				total++
				got := analytic[m][k][e]
				miss := math.Abs(got-numeric) / max(1, math.Abs(numeric))
				if miss <= c.Tolerance {
					continue
				}
				wrong++
				if report == "" || miss > worst || math.IsNaN(miss) {
					worst = miss
					report = fmt.Sprintf("input %d at %v: Grad on the %s gives %v, differences give %v", i, index(c.Inputs[i].Shape(), e), machines[m].name, got, numeric)
				}
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("gradcheck: Check: %w: %d of %d components miss by more than %g; the worst, %s", ErrGradient, wrong, total, c.Tolerance, report)
	}
	return nil
}

// prepare checks the case and fills in the defaults.
func (c *Case) prepare() error {
	switch c.Dtype {
	case tensor.Float64:
		c.Tolerance = orDefault(c.Tolerance, 1e-5)
	case tensor.Float32:
		c.Tolerance = orDefault(c.Tolerance, 1e-4)
	default:
		return fmt.Errorf("dtype is %v, want float32 or float64", c.Dtype)
	}
	c.Step = orDefault(c.Step, 1e-6)
	if !(c.Step > 0) || !(c.Tolerance > 0) {
		return fmt.Errorf("step is %v and tolerance %v, want positive numbers", c.Step, c.Tolerance)
	}
	if c.Build == nil {
		return errors.New("no Build function")
	}
	for i, t := range c.Inputs {
		if t.Dims() == 0 || t.Dtype() != tensor.Float32 && t.Dtype() != tensor.Float64 {
			return fmt.Errorf("input %d has shape %v and dtype %v, want a vector or more of float32 or float64", i, t.Shape(), t.Dtype())
		}
		if t.RequiresIterator() || t.DataOrder().IsColMajor() {
			return fmt.Errorf("input %d is a view, want contiguous rows", i)
		}
	}
	if c.Wrt == nil {
		for i := range c.Inputs {
			c.Wrt = append(c.Wrt, i)
		}
	}
	if len(c.Wrt) == 0 {
		return errors.New("no inputs to differentiate")
	}
	for _, i := range c.Wrt {
		if i < 0 || i >= len(c.Inputs) {
			return fmt.Errorf("wrt names input %d of %d", i, len(c.Inputs))
		}
	}
	return nil
}

func orDefault(x, byDefault float64) float64 {
	if x == 0 {
		return byDefault
	}
	return x
}

// machines are what the gradients run on. The differences are the tape machine's.
var machines = []struct {
	name string
	make func(g *G.ExprGraph) (G.VM, error)
}{
	{"tape machine", func(g *G.ExprGraph) (G.VM, error) { return G.NewTapeMachine(g), nil }},
	{"machine", func(g *G.ExprGraph) (G.VM, error) { return machine.New(g, machine.Config{}) }},
}

// gradients runs the graph of the cost and its gradients in c.Dtype once.
func (c *Case) gradients(points [][]float64, newMachine func(*G.ExprGraph) (G.VM, error)) ([][]float64, error) {
	nodes, _, cost, err := c.build(points, c.Dtype)
	if err != nil {
		return nil, err
	}
	wrt := make([]*G.Node, len(c.Wrt))
	for k, i := range c.Wrt {
		wrt[k] = nodes[i]
	}
	grads, err := G.Grad(cost, wrt...)
	if err != nil {
		return nil, fmt.Errorf("differentiating: %w", err)
	}
	// A register may be reused by the time the machine stops, so that only a Read is sure to see the result.
	values := make([]G.Value, len(grads))
	for k, g := range grads {
		if g == nil {
			return nil, fmt.Errorf("no gradient of input %d", c.Wrt[k])
		}
		G.Read(g, &values[k])
	}
	vm, err := newMachine(cost.Graph())
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return nil, fmt.Errorf("running the gradient: %w", err)
	}
	out := make([][]float64, len(values))
	for k, v := range values {
		want := c.Inputs[c.Wrt[k]].Shape()
		t, ok := v.(*tensor.Dense)
		if !ok || !t.Shape().Eq(want) || t.Dtype() != c.Dtype {
			return nil, fmt.Errorf("%w: that of input %d has shape %v and dtype %v, want %v of %v",
				ErrGradient, c.Wrt[k], v.Shape(), v.Dtype(), want, c.Dtype)
		}
		if t.RequiresIterator() {
			t = t.Materialize().(*tensor.Dense)
		}
		out[k] = rounded(t, c.Dtype)
	}
	return out, nil
}

// function is the cost in float64, to be run at many points.
type function struct {
	inputs [][]float64 // the memory of the input nodes
	vm     G.VM
	cost   G.Value
}

func (c *Case) function(points [][]float64) (*function, error) {
	_, memory, cost, err := c.build(points, tensor.Float64)
	if err != nil {
		return nil, err
	}
	f := &function{}
	for _, t := range memory {
		f.inputs = append(f.inputs, t.Float64s())
	}
	G.Read(cost, &f.cost)
	f.vm = G.NewTapeMachine(cost.Graph())
	return f, nil
}

// slope is the central difference in element e of input i. The step is what remains of it after rounding.
func (f *function) slope(points [][]float64, i, e int, step float64) (float64, error) {
	x := points[i][e]
	h := step * max(1, math.Abs(x))
	up, err := f.at(points, i, e, x+h)
	if err != nil {
		return 0, err
	}
	down, err := f.at(points, i, e, x-h)
	if err != nil {
		return 0, err
	}
	return (up - down) / ((x + h) - (x - h)), nil
}

// at runs the cost with element e of input i moved to x. Every input is written anew, in case an op overwrote it.
func (f *function) at(points [][]float64, i, e int, x float64) (float64, error) {
	for k, p := range points {
		copy(f.inputs[k], p)
	}
	f.inputs[i][e] = x
	defer f.vm.Reset()
	if err := f.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("running the cost: %w", err)
	}
	return f.cost.Data().(float64), nil
}

// build makes a graph at the given points with its own copy of them.
func (c *Case) build(points [][]float64, dt tensor.Dtype) (nodes []*G.Node, memory []*tensor.Dense, cost *G.Node, err error) {
	g := G.NewGraph()
	for i, p := range points {
		shape := c.Inputs[i].Shape().Clone()
		var backing any = slices.Clone(p)
		if dt == tensor.Float32 {
			single := make([]float32, len(p))
			for k, x := range p {
				single[k] = float32(x)
			}
			backing = single
		}
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
		memory = append(memory, t)
		nodes = append(nodes, G.NewTensor(g, dt, len(shape), G.WithName(fmt.Sprintf("x%d", i)), G.WithShape(shape...), G.WithValue(t)))
	}
	cost, err = c.Build(slices.Clone(nodes))
	switch {
	case err != nil:
		return nil, nil, nil, fmt.Errorf("building in %v: %w", dt, err)
	case cost == nil || cost.Graph() != g:
		return nil, nil, nil, errors.New("the built cost is no node of the graph of its inputs")
	case !cost.IsScalar() || cost.Dtype() != dt:
		return nil, nil, nil, fmt.Errorf("cost has shape %v and dtype %v, want a scalar of %v", cost.Shape(), cost.Dtype(), dt)
	}
	return nodes, memory, cost, nil
}

// rounded copies a tensor's numbers to float64, through the precision of dt.
func rounded(t *tensor.Dense, dt tensor.Dtype) []float64 {
	out := make([]float64, t.DataSize())
	switch data := t.Data().(type) {
	case []float64:
		copy(out, data)
	case []float32:
		for i, x := range data {
			out[i] = float64(x)
		}
	}
	if dt == tensor.Float32 {
		for i, x := range out {
			out[i] = float64(float32(x))
		}
	}
	return out
}

// index is the position of element e of a tensor of contiguous rows.
func index(shape tensor.Shape, e int) []int {
	at := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d] = e % shape[d]
		e /= shape[d]
	}
	return at
}

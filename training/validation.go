package training

import (
	"context"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// endEpoch measures the samples for validation.
func (f *supervisedFit) endEpoch(e *Epoch) error {
	if f.held == nil {
		return nil
	}
	y, err := predict(context.Background(), f.held, f.dtype)
	if err != nil {
		return err
	}
	if e.ValidationCost, err = f.meanCost(y); err != nil {
		return err
	}
	if f.targets.Width() > 1 { // one column has no largest
		e.ValidationError = errorRate(y, f.ValidationTargets)
	}
	return nil
}

// meanCost runs the cost alone over outputs.
func (f *supervisedFit) meanCost(y *tensor.Dense) (float64, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g := G.NewGraph()
	targets := tensor.New(tensor.Of(f.dtype), tensor.WithShape(f.ValidationTargets.Shape()...))
	setFloats(targets, floats(f.ValidationTargets))
	node := func(name string, t *tensor.Dense) *G.Node {
		return G.NewTensor(g, f.dtype, t.Dims(), G.WithName(name), G.WithShape(t.Shape()...), G.WithValue(t))
	}
	rows, err := f.Cost(node("output", y), node("target", targets))
	if err != nil {
		return 0, err
	}
	cost, err := op.Mean(rows)
	if err != nil {
		return 0, err
	}
	vm, err := machine.New(g, machine.Config{Outputs: []*G.Node{cost}, Eval: true})
	if err != nil {
		return 0, err
	}
	if err := vm.RunAll(); err != nil {
		return 0, err
	}
	return number(vm.Value(cost)), nil
}

// errorRate is the share of rows whose largest output does not stand where the largest target does.
func errorRate(outputs, targets *tensor.Dense) float64 {
	y, t := Classes(outputs), Classes(targets)
	wrong := 0
	for i := range y {
		if y[i] != t[i] {
			wrong++
		}
	}
	return float64(wrong) / float64(len(y))
}

// Classes returns the column of the largest number of each row, the first of equal ones: the class that a row of logits or
// probabilities stands for. rows is a contiguous (B, n) tensor of float32 or float64, such as Predict returns.
func Classes(rows *tensor.Dense) []int {
	n, x := rows.Shape()[1], floats(rows)
	classes := make([]int, rows.Shape()[0])
	for i := range classes {
		for j := 1; j < n; j++ {
			if x[i*n+j] > x[i*n+classes[i]] {
				classes[i] = j
			}
		}
	}
	return classes
}

// floats returns the values of a contiguous tensor as float64.
func floats(t *tensor.Dense) []float64 {
	out := make([]float64, t.Shape().TotalSize())
	switch data := t.Data().(type) {
	case []float32:
		kernel.Convert(out, data)
	case []float64:
		copy(out, data)
	}
	return out
}

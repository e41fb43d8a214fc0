package training

import (
	"context"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// predictBatch is the rows that Predict runs at once.
const predictBatch = 500

// Predict runs a model over the rows of x, (rows, n), without noise (gorgonia.EvalMode), and returns its outputs,
// (rows, m), in the model's dtype. Values of x in the other dtype are converted. When ctx ends it returns ctx's error.
func Predict(ctx context.Context, model layers.Layer, x *tensor.Dense) (*tensor.Dense, error) {
	if model == nil {
		return nil, fmt.Errorf("training: Predict: no model given: %w", energy.ErrConfig)
	}
	fail := func(err error) (*tensor.Dense, error) {
		return nil, fmt.Errorf("training: Predict: layer %q: %w", model.Name(), err)
	}
	source, err := newRowSource(x)
	if err != nil {
		return fail(err)
	}
	dtype := dtypeOf(model, x)
	var out *tensor.Dense
	runs := map[int]*forward{}
	for lo := 0; lo < source.Len(); lo += predictBatch {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		rows := between(lo, min(lo+predictBatch, source.Len()))
		f, ok := runs[len(rows)]
		if !ok {
			if f, err = newForward(model, dtype, len(rows), source.Width()); err != nil {
				return fail(err)
			}
			runs[len(rows)] = f
		}
		if err := source.Read(f.input, rows, 0); err != nil {
			return fail(err)
		}
		y, err := f.run()
		if err != nil {
			return fail(err)
		}
		if out == nil {
			out = tensor.New(tensor.Of(dtype), tensor.WithShape(source.Len(), y.Shape()[1]))
		}
		part, err := out.Slice(G.S(lo, lo+len(rows)))
		if err != nil {
			return fail(err)
		}
		if err := tensor.Copy(part, y); err != nil {
			return fail(err)
		}
	}
	return out, nil
}

// newRowSource takes any finite rows.
func newRowSource(x *tensor.Dense) (*tensorSource, error) {
	if x == nil || x.Dims() != 2 {
		return nil, fmt.Errorf("rows are no matrix, want (rows, columns): %w", energy.ErrShape)
	}
	return newTensorSource(x, energy.Gaussian(x.Shape()[1]), AsIs, 0)
}

// dtypeOf is the dtype of a model's graphs: that of its parameters, or of the data where it has none.
func dtypeOf(model layers.Layer, x *tensor.Dense) tensor.Dtype {
	for _, p := range model.Params() {
		return p.Value().Dtype()
	}
	return x.Dtype()
}

// between lists lo … hi−1.
func between(lo, hi int) []int {
	rows := make([]int, hi-lo)
	for i := range rows {
		rows[i] = lo + i
	}
	return rows
}

// forward is the compiled evaluation graph of one batch size.
type forward struct {
	input  *tensor.Dense
	vm     *machine.Machine
	output *G.Node
}

func newForward(model layers.Layer, dtype tensor.Dtype, rows, columns int) (*forward, error) {
	building.Lock()
	defer building.Unlock()
	g := G.NewGraph()
	f := &forward{}
	var x *G.Node
	var err error
	f.input, x = input(g, dtype, "input", rows, columns)
	if f.output, err = model.Forward(x); err != nil {
		return nil, err
	}
	if f.output.Dims() != 2 || f.output.Shape()[0] != rows {
		return nil, fmt.Errorf("output has shape %v, want (%d, n): %w", f.output.Shape(), rows, energy.ErrShape)
	}
	f.vm, err = machine.New(g, machine.Config{Outputs: []*G.Node{f.output}, Eval: true})
	return f, err
}

func (f *forward) run() (*tensor.Dense, error) {
	if err := f.vm.RunAll(); err != nil {
		return nil, err
	}
	return f.vm.Value(f.output).(*tensor.Dense), nil
}

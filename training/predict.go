package training

import (
	"context"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// Predict runs a model over the rows x_i of x, (rows, n) or (rows, instances, n), without noise (gorgonia.EvalMode), and returns
// its outputs, (rows, m) or whatever shape the model gives to each row, in the model's dtype. Values of x in the other dtype are
// converted. When ctx ends it returns ctx's error.
func Predict(ctx context.Context, model layers.Layer, x *tensor.Dense) (*tensor.Dense, error) {
	if model == nil {
		return nil, fmt.Errorf("training: Predict: no model given: %w", energy.ErrConfig)
	}
	rows, err := newRows(model, x)
	if err != nil {
		return nil, fmt.Errorf("training: Predict: layer %q: %w", model.Name(), err)
	}
	y, err := predict(ctx, rows, dtypeOf(model, x))
	if err != nil {
		return nil, fmt.Errorf("training: Predict: layer %q: %w", model.Name(), err)
	}
	return y, nil
}

// PredictBags runs a model that pools over bags, as Predict does over rows, and returns a row for each bag, (bags, m).
func PredictBags(ctx context.Context, model layers.BagLayer, bags Bags) (*tensor.Dense, error) {
	if model == nil {
		return nil, fmt.Errorf("training: PredictBags: no model given: %w", energy.ErrConfig)
	}
	samples, err := newBags(model, bags)
	if err != nil {
		return nil, fmt.Errorf("training: PredictBags: layer %q: %w", model.Name(), err)
	}
	y, err := predict(ctx, samples, dtypeOf(model, bags.Rows))
	if err != nil {
		return nil, fmt.Errorf("training: PredictBags: layer %q: %w", model.Name(), err)
	}
	return y, nil
}

// predict runs the model of the samples over all of them.
func predict(ctx context.Context, s samples, dtype tensor.Dtype) (*tensor.Dense, error) {
	var out *tensor.Dense
	var graphs plans[*forward]
	run := func(batch []int) (*tensor.Dense, error) {
		f, err := graphs.of(s.size(batch), func() (*forward, error) { return newForward(s, dtype, batch) })
		if err != nil {
			return nil, err
		}
		return f.run(batch)
	}
	for lo := 0; lo < s.Len(); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := between(lo, lo+s.predictable(lo))
		y, err := run(batch)
		if err != nil && s.fix() {
			y, err = run(batch)
		}
		if err != nil {
			return nil, err
		}
		if out == nil {
			shape := y.Shape().Clone()
			shape[0] = s.Len()
			out = tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
		}
		put(out, y, lo)
		lo += len(batch)
	}
	return out, nil
}

// put copies rows to where row lo of out begins.
func put(out, rows *tensor.Dense, lo int) {
	n := rows.DataSize() / rows.Shape()[0]
	if out.Dtype() == tensor.Float32 {
		copy(out.Float32s()[lo*n:], rows.Float32s())
	} else {
		copy(out.Float64s()[lo*n:], rows.Float64s())
	}
}

// dtypeOf is the dtype of a model's graphs: that of its parameters, or of the data where it has none.
func dtypeOf(model layers.Layer, x *tensor.Dense) tensor.Dtype {
	for _, p := range model.Params() {
		return p.Value().Dtype()
	}
	if x == nil {
		return tensor.Float32 // and the data will be refused
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

// forward is the compiled evaluation graph of one size of batch.
type forward struct {
	feed   feed
	vm     *machine.Machine
	output *G.Node
}

func newForward(s samples, dtype tensor.Dtype, batch []int) (*forward, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g := G.NewGraph()
	f := &forward{}
	var err error
	if f.feed, f.output, err = s.build(g, dtype, batch); err != nil {
		return nil, err
	}
	if f.output.Dims() < 2 || f.output.Shape()[0] != len(batch) {
		return nil, fmt.Errorf("output has shape %v, want (%d, n): %w", f.output.Shape(), len(batch), energy.ErrShape)
	}
	f.vm, err = machine.New(g, machine.Config{Outputs: []*G.Node{f.output}, Eval: true})
	return f, err
}

func (f *forward) run(batch []int) (*tensor.Dense, error) {
	if err := f.feed.read(f.vm, batch); err != nil {
		return nil, err
	}
	if err := f.vm.RunAll(); err != nil {
		return nil, err
	}
	y := f.vm.Value(f.output).(*tensor.Dense)
	if y.RequiresIterator() || !y.DataOrder().IsRowMajor() {
		y = y.Materialize().(*tensor.Dense)
	}
	return y, nil
}

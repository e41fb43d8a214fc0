package training

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// samples is what a model is fitted to or run over, with that model: rows or bags.
type samples interface {
	Len() int
	shapeOf() []int // of a row, or of an instance of a bag
	unit() string   // what they are, for messages
	fingerprint(dtype tensor.Dtype) string

	// size says which graph a batch needs: batches of one size share it.
	size(batch []int) size
	// build adds the inputs of a batch, and the model on them, to a graph. The output has a row for each sample.
	build(g *G.ExprGraph, dtype tensor.Dtype, batch []int) (feed, *G.Node, error)
	// fix makes the size of a batch that of everything in it, and reports whether that is news.
	fix() bool
	// predictable is how many samples from one on to run at once.
	predictable(from int) int
}

// size is what a graph was built for.
type size struct{ samples, rows int }

// feed puts the samples of a batch into the inputs of a graph that a machine runs.
type feed interface {
	read(vm *machine.Machine, batch []int) error
}

// plans keeps compiled graphs by size.
type plans[P any] struct{ all map[size]P }

// maxPlans is how many graphs are kept. Few are needed, unless each number of instances needs its own.
const maxPlans = 32

func (p *plans[P]) of(s size, build func() (P, error)) (P, error) {
	if plan, ok := p.all[s]; ok {
		return plan, nil
	}
	plan, err := build()
	if err != nil {
		return plan, err
	}
	if p.all == nil || len(p.all) == maxPlans {
		p.all = map[size]P{}
	}
	p.all[s] = plan
	return plan, nil
}

// rows are the rows of a tensor of rank 2 or more: all numbers under an index of its first dimension.
type rows struct {
	model layers.Layer
	*tensorSource
	shape []int // of a row
}

// predictRows is the rows that Predict runs at once.
const predictRows = 500

// newRows takes any finite rows.
func newRows(model layers.Layer, x *tensor.Dense) (*rows, error) {
	if x == nil || x.Dims() < 2 {
		return nil, fmt.Errorf("rows are no matrix, want (rows, columns) or (rows, instances, columns): %w", energy.ErrShape)
	}
	shape := x.Shape()
	if x.Dims() > 2 {
		width := 1
		for _, n := range shape[1:] {
			width *= n
		}
		switch {
		case shape[0] < 1 || width < 1:
			return nil, fmt.Errorf("shape %v, want at least one number: %w", shape, energy.ErrShape)
		case x.RequiresIterator() || !x.DataOrder().IsRowMajor() || x.DataSize() != shape.TotalSize():
			return nil, fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps (clone it): %w", energy.ErrShape)
		}
		x = tensor.New(tensor.WithShape(shape[0], width), tensor.WithBacking(x.Data()))
	}
	source, err := newRowSource(x)
	if err != nil {
		return nil, err
	}
	return &rows{model, source, shape[1:].Clone()}, nil
}

// newRowSource takes any finite rows of a matrix.
func newRowSource(x *tensor.Dense) (*tensorSource, error) {
	if x == nil || x.Dims() != 2 {
		return nil, fmt.Errorf("rows are no matrix, want (rows, columns): %w", energy.ErrShape)
	}
	return newTensorSource(x, energy.Gaussian(x.Shape()[1]), AsIs, 0)
}

func (r *rows) shapeOf() []int           { return r.shape }
func (r *rows) unit() string             { return "rows" }
func (r *rows) size(batch []int) size    { return size{samples: len(batch)} }
func (r *rows) fix() bool                { return false }
func (r *rows) predictable(from int) int { return min(predictRows, r.Len()-from) }

func (r *rows) fingerprint(dtype tensor.Dtype) string {
	if len(r.shape) > 1 {
		return fmt.Sprintf("of shape %v %08x", r.shape, dataChecksum(r.tensorSource, dtype))
	}
	return fmt.Sprintf("%08x", dataChecksum(r.tensorSource, dtype))
}

func (r *rows) build(g *G.ExprGraph, dtype tensor.Dtype, batch []int) (feed, *G.Node, error) {
	t, x := input(g, dtype, "input", append([]int{len(batch)}, r.shape...)...)
	y, err := r.model.Forward(x)
	return rowFeed{r.tensorSource, t}, y, err
}

// rowFeed writes rows to the memory of an input.
type rowFeed struct {
	source *tensorSource
	x      *tensor.Dense
}

func (f rowFeed) read(_ *machine.Machine, batch []int) error { return f.source.Read(f.x, batch, 0) }

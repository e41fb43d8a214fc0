package sampling

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	virtual "github.com/harmonium-go/harmonium/machine"
)

// point is where chains stand, with their energies and gradients.
type point[T kernel.Float] struct {
	x        *tensor.Dense // (chains, n)
	values   []T           // of x
	energies []T           // E(x), (chains)
	slopes   []T           // ∂E/∂x, (chains, n)
}

// place makes p a point at x, whose memory it shares. The energies and slopes are those of another x until evaluate.
func (p *point[T]) place(x *tensor.Dense) {
	p.x, p.values = x, op.Numbers[T](x)
	chains := x.Shape()[0]
	if len(p.energies) != chains || len(p.slopes) != len(p.values) {
		p.energies, p.slopes = make([]T, chains), make([]T, len(p.values))
	}
}

// placeBeside makes p a point of its own memory for as many chains as there are in x.
func (p *point[T]) placeBeside(x *tensor.Dense) {
	if p.x != nil && p.x.Shape().Eq(x.Shape()) {
		return
	}
	p.place(tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(x.Shape()...)))
}

// row is the numbers of a chain in a slice of (chains, n).
func row[T any](x []T, i, n int) []T { return x[i*n : (i+1)*n] }

// energyGraphs are an energy with its gradient, compiled for each number of chains that has come.
type energyGraphs[T kernel.Float] struct {
	graphs map[int]*energyGraph
}

type energyGraph struct {
	vm                *virtual.Machine
	x, energy, slopes *G.Node
}

// evaluate computes the energies and slopes of a point. Values that are not finite are no error here.
func (g *energyGraphs[T]) evaluate(f energy.Func, p *point[T]) error {
	chains := p.x.Shape()[0]
	graph := g.graphs[chains]
	if graph == nil {
		var err error
		if graph, err = newEnergyGraph(f, p.x); err != nil {
			return err
		}
		if g.graphs == nil {
			g.graphs = make(map[int]*energyGraph)
		}
		g.graphs[chains] = graph
	}
	if err := graph.vm.Let(graph.x, p.x); err != nil {
		return err
	}
	if err := graph.vm.RunAll(); err != nil {
		return err
	}
	copy(p.energies, numbersOf[T](graph.vm.Value(graph.energy)))
	copy(p.slopes, numbersOf[T](graph.vm.Value(graph.slopes)))
	return nil
}

// evaluateState is evaluate for where chains stand already, and must be finite.
func (g *energyGraphs[T]) evaluateState(f energy.Func, p *point[T]) error {
	if err := g.evaluate(f, p); err != nil {
		return err
	}
	return finite(p, "the state")
}

// finite returns an ErrNotFinite that names the first chain whose energy or gradient is not finite.
func finite[T kernel.Float](p *point[T], where string) error {
	if kernel.AllFinite(p.energies) && kernel.AllFinite(p.slopes) {
		return nil
	}
	n := len(p.values) / len(p.energies)
	for i, e := range p.energies {
		if e-e != 0 {
			return fmt.Errorf("the energy of %s in row %d is %v: %w", where, i, e, energy.ErrNotFinite)
		}
		for j, v := range row(p.slopes, i, n) {
			if v-v != 0 {
				return fmt.Errorf("the gradient of the energy of %s in row %d, column %d is %v: %w", where, i, j, v, energy.ErrNotFinite)
			}
		}
	}
	return nil
}

func numbersOf[T kernel.Float](v G.Value) []T {
	if t, ok := v.(*tensor.Dense); ok {
		return op.Numbers[T](t)
	}
	return nil
}

// newEnergyGraph builds and compiles E(x) and ∂ΣE/∂x, each row of which is that of its own chain.
func newEnergyGraph(f energy.Func, x *tensor.Dense) (*energyGraph, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	shape, dtype := x.Shape(), x.Dtype()
	g := G.NewGraph()
	in := G.NewMatrix(g, dtype, G.WithName("state"), G.WithShape(shape...))
	e, err := f(in)
	switch {
	case err != nil:
		return nil, fmt.Errorf("building the energy: %w", err)
	case e == nil || e.Graph() != g:
		return nil, fmt.Errorf("the energy is no node of the graph of x: %w", energy.ErrConfig)
	case e.Dims() != 1 || e.Shape()[0] != shape[0]:
		return nil, fmt.Errorf("the energy has shape %v, want one number a chain, (%d): %w", e.Shape(), shape[0], energy.ErrShape)
	case e.Dtype() != dtype:
		return nil, fmt.Errorf("the energy has dtype %v, want %v as the state has: %w", e.Dtype(), dtype, energy.ErrDtype)
	}
	ones := tensor.Ones(dtype, shape[0])
	weights := G.NewVector(g, dtype, G.WithName("one for each energy"), G.WithShape(shape[0]), G.WithValue(ones))
	slopes, err := G.Backpropagate(G.Nodes{e}, G.Nodes{weights}, G.Nodes{in})
	if err != nil {
		return nil, fmt.Errorf("the energy has no gradient with regard to x (%w): %w", err, energy.ErrConfig)
	}
	vm, err := virtual.New(g, virtual.Config{Outputs: G.Nodes{e, slopes[0]}, Eval: true})
	if err != nil {
		return nil, err
	}
	return &energyGraph{vm, in, e, slopes[0]}, nil
}

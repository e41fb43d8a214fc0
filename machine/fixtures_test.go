package machine_test

import (
	"fmt"
	"hash"
	"hash/fnv"
	"testing"

	"github.com/chewxy/hm"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// probe is an op of somebody else's: it keeps the shape and does what a test wants.
type probe struct {
	name string
	f    func(x G.Value) (G.Value, error)
}

func (p *probe) Arity() int                                        { return 1 }
func (p *probe) Type() hm.Type                                     { return hm.NewFnType(hm.TypeVariable('a'), hm.TypeVariable('a')) }
func (p *probe) InferShape(in ...G.DimSizer) (tensor.Shape, error) { return in[0].(tensor.Shape), nil }
func (p *probe) Do(in ...G.Value) (G.Value, error)                 { return p.f(in[0]) }
func (p *probe) ReturnsPtr() bool                                  { return true }
func (p *probe) CallsExtern() bool                                 { return false }
func (p *probe) OverwritesInput() int                              { return -1 }
func (p *probe) WriteHash(h hash.Hash)                             { fmt.Fprint(h, p.name) }
func (p *probe) String() string                                    { return p.name }
func (p *probe) Hashcode() uint32 {
	h := fnv.New32a()
	p.WriteHash(h)
	return h.Sum32()
}

// dot is an op of somebody else's, Σ x_i y_i, whose gradients are the arguments themselves: it takes the gradient of the result
// to be 1.
type dot struct{ probe }

func (*dot) Arity() int { return 2 }
func (*dot) Type() hm.Type {
	v := G.TensorType{Dims: 1, Of: hm.TypeVariable('a')}
	return hm.NewFnType(v, v, hm.TypeVariable('a'))
}
func (*dot) InferShape(...G.DimSizer) (tensor.Shape, error) { return tensor.ScalarShape(), nil }
func (*dot) Do(in ...G.Value) (G.Value, error) {
	x, err := tensor.Inner(in[0].(tensor.Tensor), in[1].(tensor.Tensor))
	return G.NewF64(x.(float64)), err
}
func (*dot) DiffWRT(int) []bool                                { return []bool{true, true} }
func (*dot) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) { return G.Nodes{in[1], in[0]}, nil }

func dotOf(x, y *G.Node) *G.Node { return G.Must(G.ApplyOp(&dot{probe{name: "dot"}}, x, y)) }

// counted adds a probe that copies its argument and counts how often it did.
func counted(x *G.Node, name string) (*G.Node, *int) {
	count := new(int)
	return G.Must(G.ApplyOp(&probe{name, func(x G.Value) (G.Value, error) {
		*count++
		return G.CloneValue(x)
	}}, x)), count
}

func input(g *G.ExprGraph, name string, shape []int, x ...float64) *G.Node {
	return graphtest.Input(g, name, graphtest.Tensor(tensor.Float64, x, shape...))
}

func vector(g *G.ExprGraph, name string, x ...float64) *G.Node {
	return input(g, name, []int{len(x)}, x...)
}

func newMachine(t testing.TB, g *G.ExprGraph, c machine.Config) *machine.Machine {
	t.Helper()
	m, err := machine.New(g, c)
	require.NoError(t, err)
	return m
}

// numbers copies the numbers of a value.
func numbers(v G.Value) []float64 {
	switch v := v.(type) {
	case *G.F32:
		return []float64{float64(*v)}
	case *G.F64:
		return []float64{float64(*v)}
	case *tensor.Dense:
		if v.Dtype() == tensor.Float32 {
			wide := make([]float64, v.DataSize())
			for i, x := range v.Float32s() {
				wide[i] = float64(x)
			}
			return wide
		}
		return append([]float64(nil), v.Float64s()...)
	}
	panic(fmt.Sprintf("numbers of a %T", v))
}

// contrastive builds the contrastive cost of an RBM on binary data, and its gradients.
func contrastive(t testing.TB, dtype tensor.Dtype, visible, hidden, rows int) (cost *G.Node, wrt []*G.Node) {
	rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(visible), Hidden: energy.Bernoulli(hidden), Dtype: dtype, Seed: 1})
	require.NoError(t, err)
	g := G.NewGraph()
	cost, err = rbm.ContrastiveCost(binary(g, dtype, "v", rows, visible, 3), binary(g, dtype, "w", rows, visible, 5))
	require.NoError(t, err)
	wrt = layers.Wrt(cost, rbm)
	_, err = G.Grad(cost, wrt...)
	require.NoError(t, err)
	return cost, wrt
}

// binary adds an input in which each so manieth number is one and the others are zero.
func binary(g *G.ExprGraph, dtype tensor.Dtype, name string, rows, cols, every int) *G.Node {
	return graphtest.Input(g, name, ones(dtype, rows, cols, every))
}

func ones(dtype tensor.Dtype, rows, cols, every int) *tensor.Dense {
	x := make([]float64, rows*cols)
	for i := range x {
		if i%every == 0 {
			x[i] = 1
		}
	}
	return graphtest.Tensor(dtype, x, rows, cols)
}

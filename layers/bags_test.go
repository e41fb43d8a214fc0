package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// meanPool pools by the mean over a bag.
type meanPool struct{}

func (meanPool) Name() string                       { return "mean" }
func (meanPool) Params() []*Param                   { return nil }
func (meanPool) Forward(x *G.Node) (*G.Node, error) { return x, nil }
func (meanPool) ForwardBags(x, lengths *G.Node) (*G.Node, bool, error) {
	y, err := graphtest.BagMean(x, lengths)
	return y, true, err
}

// doubled is a BagLayer that does not pool, and counts the bags that it sees.
type doubled struct{ seen *int }

func (doubled) Name() string                       { return "doubled" }
func (doubled) Params() []*Param                   { return nil }
func (doubled) Forward(x *G.Node) (*G.Node, error) { return op.Combine([]float64{2}, x) }
func (d doubled) ForwardBags(x, lengths *G.Node) (*G.Node, bool, error) {
	*d.seen++
	y, err := op.Combine([]float64{2}, x)
	return y, false, err
}

// firstRow is no layer for bags: it does not keep rows.
type firstRow struct{}

func (firstRow) Name() string                       { return "first row" }
func (firstRow) Params() []*Param                   { return nil }
func (firstRow) Forward(x *G.Node) (*G.Node, error) { return op.ColSum(x) }

// Layers before the pool work on instances, those behind it on bags; what is a BagLayer gets the bags until then.
func TestSequentialOfBags(t *testing.T) {
	for _, dt := range dtypes {
		seen := 0
		linear := must(NewLinear("in", LinearConfig{In: 2, Out: 3, Dtype: dt}))
		head := must(NewLinear("out", LinearConfig{In: 3, Out: 2, Dtype: dt}))
		inner := must(NewSequential("inner", linear, Tanh(), doubled{&seen}))
		model := must(NewSequential("model", inner, meanPool{}, doubled{&seen}, head, Softmax()))
		shuffleParams(model, 3)
		const rows = 5
		x, lengths := normals(1, 2*rows), []float64{2, 0, 3}

		g := G.NewGraph()
		in, l := input(g, "x", dense(dt, tensor.Shape{rows, 2}, x...)), input(g, "lengths", dense(dt, tensor.Shape{3}, lengths...))
		y, pooled, err := model.ForwardBags(in, l)
		require.NoError(t, err)
		require.True(t, pooled)
		require.Equal(t, 1, seen, "behind the pool there are no bags")
		instances, pooled, err := inner.ForwardBags(in, l)
		require.NoError(t, err)
		require.False(t, pooled)
		require.Equal(t, tensor.Shape{rows, 3}, instances.Shape())
		got := graphtest.Value(t, y, instances)

		// by hand: instances of one batch, their means, the head on these
		g = G.NewGraph()
		h := must(inner.Forward(input(g, "x", dense(dt, tensor.Shape{rows, 2}, x...))))
		hidden := graphtest.Value(t, h)[0]
		require.Equal(t, hidden, got[1])
		means := make([]float64, 9)
		row := 0
		for n, l := range lengths {
			for range int(l) {
				for j := range 3 {
					means[3*n+j] += 2 * hidden[3*row+j] / l
				}
				row++
			}
		}
		want := must(Softmax().Forward(must(head.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{3, 3}, means...))))))
		require.InDeltaSlice(t, graphtest.Value(t, want)[0], got[0], 1e-6)
	}
}

// A graph for bags serves any other number of rows, bit for bit and with gradients.
func TestBagsOfOtherLengths(t *testing.T) {
	linear := must(NewLinear("in", LinearConfig{In: 2, Out: 3, Dtype: tensor.Float64}))
	norm := must(NewLayerNorm("norm", LayerNormConfig{Size: 3, Dtype: tensor.Float64}))
	model := must(NewSequential("model", linear, norm, Sigmoid(), meanPool{}, must(NewLinear("out", LinearConfig{In: 3, Out: 1, Dtype: tensor.Float64}))))
	build := func(lengths ...float64) (x, l, cost *G.Node) {
		rows := 0
		for _, n := range lengths {
			rows += int(n)
		}
		g := G.NewGraph()
		x = input(g, "x", dense(tensor.Float64, tensor.Shape{rows, 2}, normals(4, 2*rows)...))
		l = input(g, "lengths", dense(tensor.Float64, tensor.Shape{len(lengths)}, lengths...))
		y, _, err := model.ForwardBags(x, l)
		require.NoError(t, err)
		cost = must(op.SquaredDistance(y, 1))
		must(G.Grad(cost, Wrt(cost, model)...))
		return x, l, cost
	}
	run := func(m *machine.Machine, cost *G.Node) [][]float64 {
		require.NoError(t, m.RunAll())
		out := [][]float64{numbers(m.Value(cost))}
		for _, p := range Wrt(cost, model) {
			out = append(out, numbers(must(p.Grad())))
		}
		return out
	}
	open := func(cost *G.Node) *machine.Machine {
		return must(machine.New(cost.Graph(), machine.Config{Outputs: []*G.Node{cost}, Wrt: Wrt(cost, model)}))
	}
	x, l, cost := build(2, 1, 4)
	m := open(cost)
	for _, lengths := range [][]float64{{2, 1, 4}, {1, 1, 1}, {5, 0, 7}, {0, 0, 1}, {0, 0, 0}, {2, 1, 4}} {
		otherX, otherL, other := build(lengths...)
		if otherX.Shape()[0] == 0 {
			other = cost // a graph of no rows would be compared with itself
		}
		require.NoError(t, m.Let(x, otherX.Value()))
		require.NoError(t, m.Let(l, otherL.Value()))
		got := run(m, cost)
		if other == cost {
			require.Equal(t, make([]float64, 6), got[1], "no instance moves W")
			continue
		}
		require.Equal(t, run(open(other), other), got, "%v", lengths)
	}
}

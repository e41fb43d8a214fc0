package modernhopfield

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// The reference updates states with k.masked_select(…) of keys that lie in memory otherwise than in their axes' order, and until
// PyTorch 2.1 the gradient of that came out with its numbers in the wrong places (pytorch/pytorch issue 99638). So with updates the file's
// gradients of what the keys are made of are not those of its outputs: the sum of each is right, the places are not. Where the
// file does not have the true gradients, which are held against differences, the check therefore builds the graph with the same
// mistake, which makes it equal to the file in all digits.

// scrambled builds the output of the layer with the reference's gradient.
func (c goldenCase) scrambled(t *testing.T, g *G.ExprGraph, layer layers.Layer) (*G.Node, []*G.Node) {
	_, in := c.build(t, g, layer)
	masks := c.masks(t, g)
	b := &builder{g: g}
	var m memory
	var q, lengths, y *G.Node
	switch l := layer.(type) {
	case *Hopfield:
		stored, states := b.tensorBags("stored", in[0], 0), b.tensorBags("states", in[min(1, len(in)-1)], 0)
		projection := b.tensorBags("projection", in[len(in)-1], 0)
		m, q = l.meet(b, stored, states, &projection, masks)
		lengths = states.lengths
		y = b.fold(readOutScrambled(b, &l.associator, m, q, lengths, masks), states)
	case *Pooling:
		stored, projection := b.tensorBags("stored", in[0], 0), b.tensorBags("projection", in[len(in)-1], 0)
		m, q, lengths = l.meetStates(b, stored, &projection, masks)
		y = b.do(op.JoinRows(readOutScrambled(b, &l.associator, m, q, lengths, masks), l.quantity))
	case *Lookup:
		states := b.tensorBags("states", in[0], 0)
		m, q, lengths = l.meetPatterns(b, states, true, masks)
		if lengths == nil { // the reference has a copy of the patterns for every bag
			m.k, m.v = b.do(op.Repeat(m.k, states.lengths)), b.do(op.Repeat(m.v, states.lengths))
			m.lengths, lengths = b.constantLengths(states.lengths, l.quantity+l.extra()), states.lengths
		}
		y = b.fold(readOutScrambled(b, &l.associator, m, q, lengths, masks), states)
	}
	require.NoError(t, b.err)
	return y, in
}

// readOutScrambled is associator.associate, but for the keys that new states are averages of.
func readOutScrambled(b *builder, a *associator, m memory, q, lengths *G.Node, masks Masks) *G.Node {
	wrong := m
	for step := range slices.Max(a.plan.HeadSteps) {
		active := make([]bool, a.plan.Heads)
		updated, kept := make([]float64, q.Shape().TotalSize()), make([]float64, q.Shape().TotalSize())
		for i := range updated {
			h := i % q.Shape()[1] / (q.Shape()[1] / a.plan.Heads)
			active[h] = step < a.plan.HeadSteps[h]
			updated[i] = float64(boolean(active[h]))
			kept[i] = 1 - updated[i]
		}
		wrong.v = scramble(b, m.k, m.bags.count, active)
		config, n := a.op(b, q, lengths, wrong, masks)
		next := b.do(op.AssociateBags(config, n))
		which := func(name string, x []float64) *G.Node {
			return given(b.g, fmt.Sprint(name, step), tensor.Float64, x, q.Shape()...)
		}
		q = b.do(op.Combine([]float64{1, 1}, must(G.HadamardProd(next, which("updated", updated))), must(G.HadamardProd(q, which("kept", kept)))))
	}
	config, n := a.op(b, q, lengths, m, masks)
	out := a.output.build(b, b.do(op.AssociateBags(config, n)))
	if a.plan.activation != nil {
		out = b.do(a.plan.activation(out))
	}
	return out
}

// scramble builds k, (N·S, H·D), with a gradient whose numbers, in the order of the axes (N·H, S, D), are taken for numbers in the
// order (S, N·H, D): those of the heads that are still updated, for the others there is none.
func scramble(b *builder, k *G.Node, bags int, active []bool) *G.Node {
	rows, columns, heads := k.Shape()[0], k.Shape()[1], len(active)
	stored, depth, size := rows/bags, columns/heads, rows*columns
	var order []int // of the n·H + h that are updated
	for i := range bags * heads {
		if active[i%heads] {
			order = append(order, i)
		}
	}
	place := func(i, s, d int) int { return ((order[i]/heads)*stored+s)*columns + order[i]%heads*depth + d }
	permutation := make([]float64, size*size)
	for i := range order {
		for s := range stored {
			for d := range depth {
				from := (s*len(order)+i)*depth + d
				permutation[place(i, s, d)*size+place(from/depth/stored, from/depth%stored, from%depth)] = 1
			}
		}
	}
	flat := b.do(op.JoinRows(k, rows))
	moved := b.do(op.SplitRows(b.do(op.Gemm(flat, given(b.g, fmt.Sprint("permutation of ", active), tensor.Float64, permutation, size, size), false, false)), rows))
	nothing := b.do(op.Combine([]float64{1, -1}, moved, b.do(op.StopGradient(moved))))
	return b.do(op.Combine([]float64{1, 1}, b.do(op.StopGradient(k)), nothing))
}

// checkDifferences holds the gradients of a case's inputs against differences.
func (c goldenCase) checkDifferences(t *testing.T, layer layers.Layer) {
	var at []*tensor.Dense
	var wrt []int
	for i, x := range c.Inputs {
		at, wrt = append(at, graphtest.Tensor(tensor.Float64, x.numbers(), x.Shape...)), append(wrt, i)
	}
	require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: tensor.Float64, Inputs: at, Wrt: wrt, Tolerance: 1e-6,
		Build: func(in []*G.Node) (*G.Node, error) {
			y := c.on(t, layer, in, c.masks(t, in[0].Graph()))
			return G.Sum(must(G.HadamardProd(y, c.Cotangent.node(in[0].Graph(), "cotangent"))))
		}}))
}

// masks are those of the case as nodes, the same each time.
func (c goldenCase) masks(t *testing.T, g *G.ExprGraph) (masks Masks) {
	for name, m := range c.Masks {
		node := func() *G.Node {
			for _, n := range g.ByName(name) {
				return n
			}
			return m.node(g, name)
		}
		switch {
		case name == "stored_pattern_padding_mask":
			masks.Padding = node()
		case name == "association_mask" && (m.Dtype == "bool" || m.Dtype == "uint8"):
			masks.Forbidden = node()
		case name == "association_mask" && (m.Dtype == "float64" || m.Dtype == "float32"):
			masks.Added = node()
		default:
			require.Fail(t, "unknown mask", "%s of %s", name, m.Dtype)
		}
	}
	return masks
}

// on is the layer's output.
func (c goldenCase) on(t *testing.T, layer layers.Layer, in []*G.Node, masks Masks) (y *G.Node) {
	var err error
	switch l := layer.(type) {
	case *Hopfield:
		require.Contains(t, []int{1, 3}, len(in), "inputs")
		y, err = l.Associate(in[0], in[min(1, len(in)-1)], in[len(in)-1], masks)
	case *Pooling:
		require.Contains(t, []int{1, 2}, len(in), "inputs")
		y, err = l.Pool(in[0], in[len(in)-1], masks)
	case *Lookup:
		require.Len(t, in, 1, "inputs")
		y, err = l.Associate(in[0], masks)
	}
	require.NoError(t, err)
	return y
}

// build builds the output of the layer on the case's inputs.
func (c goldenCase) build(t *testing.T, g *G.ExprGraph, layer layers.Layer) (y *G.Node, in []*G.Node) {
	for i, x := range c.Inputs {
		in = append(in, x.node(g, fmt.Sprintf("input%d", i)))
	}
	return c.on(t, layer, in, c.masks(t, g)), in
}

// core is what the layers have in common.
func core(layer layers.Layer) *associator {
	switch l := layer.(type) {
	case *Hopfield:
		return &l.associator
	case *Pooling:
		return &l.associator
	case *Lookup:
		return &l.associator
	}
	return nil
}

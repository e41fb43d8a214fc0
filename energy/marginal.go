package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// MarginalFreeEnergy builds F with some visible units summed out, the same ones in every row,
//
//	F(v_O) = −log Σ_{v_M} exp(−F(v_O, v_M))        p(v_O) = exp(−F(v_O))/Z
//
// so that F(v) − F(v_O) is −log p(v_M | v_O): (B, visible) gives (B), nats. keep, (B, visible), is 1 in the columns of O and 0 in those of M, of
// which the numbers in v do not matter; states, (S, visible), are the joint states of the units of M, with zeros in the columns of O. Both are
// input nodes. Gradient flows to v's columns of O and to every parameter. Cost: that of FreeEnergy of B·S rows.
func (e RBM) MarginalFreeEnergy(v, keep, states *G.Node) (*G.Node, error) {
	n, err := e.marginalFreeEnergy(v, keep, states)
	return e.named("MarginalFreeEnergy", n, err)
}

func (e RBM) marginalFreeEnergy(v, keep, states *G.Node) (*G.Node, error) {
	if err := e.visible().fits(v); err != nil {
		return nil, err
	}
	if states == nil || states.Dims() != 2 || states.Shape()[1] != e.Visible.Len() {
		return nil, fmt.Errorf("states have %s, want (states, %d): %w", shapeOf(states), e.Visible.Len(), ErrShape)
	}
	if keep == nil || !keep.Shape().Eq(v.Shape()) {
		return nil, fmt.Errorf("keep has %s, want %v: %w", shapeOf(keep), v.Shape(), ErrShape)
	}
	count := states.Shape()[0]
	seen, err := op.Multiply(v, keep)
	if err != nil {
		return nil, err
	}
	if seen, err = op.Tile(seen, count); err != nil {
		return nil, err
	}
	if seen, err = op.SplitRows(seen, count); err != nil { // each row of the batch, once for each state
		return nil, err
	}
	batch, err := op.RowSum(v, 1) // of which the length matters
	if err != nil {
		return nil, err
	}
	unseen, err := op.Repeat(states, batch)
	if err != nil {
		return nil, err
	}
	whole, err := op.Combine([]float64{1, 1}, seen, unseen)
	if err != nil {
		return nil, err
	}
	f, err := freeEnergy(e.visible(), e.hidden(), whole, e.hiddenInput)
	if err != nil {
		return nil, err
	}
	scores, err := op.Combine([]float64{-1}, f)
	if err != nil {
		return nil, err
	}
	if scores, err = op.FoldVector(scores, count); err != nil {
		return nil, err
	}
	sum, err := op.LogSumExp(scores)
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{-1}, sum)
}

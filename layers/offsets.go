package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
)

// MoveOffsets moves the offsets of a centered machine a part of the way to the means of its units, μ ← μ + rate·(visible − μ)
// and λ likewise, and corrects b and c so that the distribution stays what it was. visible and hidden have the machine's
// dtype. Values move. It is an ErrConfig on a machine that is not centered, or with a rate outside (0, 1].
//
// Source: Melchior, Fischer, Wiskott 2016, algorithm 1.
func (r *RBM) MoveOffsets(visible, hidden *tensor.Dense, rate float64) error {
	if !r.config.Centered {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: the machine is not Centered: %w", r.name, energy.ErrConfig)
	}
	if !(rate > 0 && rate <= 1) {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: rate %g, want more than 0 and at most 1: %w", r.name, rate, energy.ErrConfig)
	}
	if visible == nil || hidden == nil {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: no means given, want (%d) visible and (%d) hidden: %w",
			r.name, r.Visible().Len(), r.Hidden().Len(), energy.ErrShape)
	}
	if r.Dtype() == tensor.Float32 {
		return moveOffsets[float32](r, visible, hidden, rate)
	}
	return moveOffsets[float64](r, visible, hidden, rate)
}

func moveOffsets[T kernel.Float](r *RBM, visible, hidden *tensor.Dense, rate float64) error {
	v, h := op.Numbers[T](visible), op.Numbers[T](hidden)
	if len(v) != r.Visible().Len() || len(h) != r.Hidden().Len() {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: means of shape %v %v and %v %v, want (%d) and (%d) of %v: %w", r.name,
			visible.Dtype(), visible.Shape(), hidden.Dtype(), hidden.Shape(), r.Visible().Len(), r.Hidden().Len(), r.Dtype(), energy.ErrShape)
	}
	if !kernel.AllFinite(v) || !kernel.AllFinite(h) {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: %w", r.name, energy.ErrNotFinite)
	}
	mu, lambda := dataOf[T](r.visibleOffset), dataOf[T](r.hiddenOffset)
	moves, ok := r.moves.([]T)
	if !ok {
		moves = make([]T, len(v)+len(h))
		r.moves = moves
	}
	dv, dh := moves[:len(v)], moves[len(v):]
	for i := range v {
		dv[i] = T(rate) * (v[i] - mu[i])
		mu[i] += dv[i]
	}
	for j := range h {
		dh[j] = T(rate) * (h[j] - lambda[j])
		lambda[j] += dh[j]
	}
	p := Plain[T]{HiddenLen: len(h), W: r.w.data.([]T)}
	p.addCoupled(r.b.data.([]T), r.c.data.([]T), dv, dh, 1)
	return nil
}

package layers

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Plain is an RBM's parameters in the plain form, without offsets: inputs vW + C and hWᵀ + B. It is for computing off the
// graph, in samplers and encoders. W and the variances share the machine's memory, B and C do too unless it is centered.
type Plain[T kernel.Float] struct {
	Visible, Hidden                       units.Family[T]
	VisibleLen, HiddenLen                 int
	W, B, C                               []T
	VisibleLogVariance, HiddenLogVariance []T
}

// PlainOf reads an RBM of dtype T. Values move; cost of a centered machine: two matrix-vector products.
func PlainOf[T kernel.Float](r *RBM) (Plain[T], error) {
	w, ok := r.w.data.([]T)
	if !ok {
		return Plain[T]{}, fmt.Errorf("layers: RBM %q: dtype %v, want %T: %w", r.name, r.Dtype(), w, energy.ErrDtype)
	}
	p := Plain[T]{
		Visible: units.In[T](r.Visible().Kind()), Hidden: units.In[T](r.Hidden().Kind()),
		VisibleLen: r.Visible().Len(), HiddenLen: r.Hidden().Len(),
		W: w, B: r.b.data.([]T), C: r.c.data.([]T),
		VisibleLogVariance: dataOf[T](r.visibleVariance), HiddenLogVariance: dataOf[T](r.hiddenVariance),
	}
	if r.config.Centered {
		b, c := make([]T, p.VisibleLen), make([]T, p.HiddenLen)
		copy(b, p.B)
		copy(c, p.C)
		p.addCoupled(b, c, dataOf[T](r.visibleOffset), dataOf[T](r.hiddenOffset), -1)
		p.B, p.C = b, c
	}
	return p, nil
}

func dataOf[T kernel.Float](p *Param) []T {
	if p == nil {
		return nil
	}
	return p.data.([]T)
}

// addCoupled adds sign·Wλ to b and sign·Wᵀμ to c.
func (p Plain[T]) addCoupled(b, c, mu, lambda []T, sign T) {
	for i := range b {
		row := p.W[i*p.HiddenLen : (i+1)*p.HiddenLen]
		b[i] += sign * kernel.Dot(row, lambda)
		kernel.Axpy(sign*mu[i], row, c)
	}
}

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
	if r.Dtype() == tensor.Float32 {
		return moveOffsets[float32](r, visible, hidden, rate)
	}
	return moveOffsets[float64](r, visible, hidden, rate)
}

func moveOffsets[T kernel.Float](r *RBM, visible, hidden *tensor.Dense, rate float64) error {
	v, okV := visible.Data().([]T)
	h, okH := hidden.Data().([]T)
	if !okV || !okH || len(v) != r.Visible().Len() || len(h) != r.Hidden().Len() {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: means of shape %v %v and %v %v, want (%d) and (%d) of %v: %w", r.name,
			visible.Dtype(), visible.Shape(), hidden.Dtype(), hidden.Shape(), r.Visible().Len(), r.Hidden().Len(), r.Dtype(), energy.ErrShape)
	}
	if !kernel.AllFinite(v) || !kernel.AllFinite(h) {
		return fmt.Errorf("layers: RBM %q: MoveOffsets: %w", r.name, energy.ErrNotFinite)
	}
	mu, lambda := dataOf[T](r.visibleOffset), dataOf[T](r.hiddenOffset)
	dv, dh := make([]T, len(v)), make([]T, len(h))
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

// InitBias sets b so that with zero weights the visible units have the means of the data (Hinton 2010, section 8.1), and in
// a centered machine μ to those means. Means nearer than 0.001 to the end of a range are taken as that near. Values move.
// Errors: what Visible().Check says of the data, ErrDtype if it is not of the machine's dtype.
func (r *RBM) InitBias(data *tensor.Dense) error {
	if err := r.Visible().Check(data); err != nil {
		return fmt.Errorf("layers: RBM %q: InitBias: %w", r.name, err)
	}
	if data.Dtype() != r.Dtype() {
		return fmt.Errorf("layers: RBM %q: InitBias: data of %v, want %v: %w", r.name, data.Dtype(), r.Dtype(), energy.ErrDtype)
	}
	if r.Dtype() == tensor.Float32 {
		initBias[float32](r, data)
	} else {
		initBias[float64](r, data)
	}
	return nil
}

func initBias[T kernel.Float](r *RBM, data *tensor.Dense) {
	n := r.Visible().Len()
	rows := len(data.Data().([]T)) / n
	means := make([]float64, n)
	for i, x := range data.Data().([]T) {
		means[i%n] += float64(x) / float64(rows)
	}
	mean, b := make([]T, n), r.b.data.([]T)
	for j := range mean {
		mean[j] = T(means[j])
	}
	units.In[T](r.Visible().Kind()).Inverse(b, mean, dataOf[T](r.visibleVariance))
	if r.config.Centered {
		copy(r.visibleOffset.data.([]T), mean)
		lambda := dataOf[T](r.hiddenOffset)
		for i := range b { // b is the plain bias plus Wλ
			b[i] += kernel.Dot(r.w.data.([]T)[i*len(lambda):(i+1)*len(lambda)], lambda)
		}
		if math.IsNaN(float64(kernel.Sum(b))) {
			panic("layers: InitBias: finite data gave a NaN bias")
		}
	}
}

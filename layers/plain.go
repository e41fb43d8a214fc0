package layers

import (
	"fmt"

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
// a centered machine μ to those means. Means nearer to the end of a range than 0.001 of its width are taken as that near. Values move.
// Errors, which leave the machine as it was: what Visible().Check says of the data, ErrDtype if it is not of the machine's
// dtype, ErrNotFinite if a bias overflows.
func (r *RBM) InitBias(data *tensor.Dense) error {
	if err := r.Visible().Check(data); err != nil {
		return fmt.Errorf("layers: RBM %q: InitBias: %w", r.name, err)
	}
	if data.Dtype() != r.Dtype() {
		return fmt.Errorf("layers: RBM %q: InitBias: data of %v, want %v: %w", r.name, data.Dtype(), r.Dtype(), energy.ErrDtype)
	}
	if r.Dtype() == tensor.Float32 {
		return initBias[float32](r, data)
	}
	return initBias[float64](r, data)
}

func initBias[T kernel.Float](r *RBM, data *tensor.Dense) error {
	n := r.Visible().Len()
	rows := len(data.Data().([]T)) / n
	means := make([]float64, n)
	for i, x := range data.Data().([]T) {
		means[i%n] += float64(x) / float64(rows)
	}
	mean, b := make([]T, n), make([]T, n)
	for j := range mean {
		mean[j] = T(means[j])
	}
	units.In[T](r.Visible().Kind()).Inverse(b, mean, dataOf[T](r.visibleVariance))
	if lambda := dataOf[T](r.hiddenOffset); lambda != nil {
		for i := range b { // b is the plain bias plus Wλ
			b[i] += kernel.Dot(r.w.data.([]T)[i*len(lambda):(i+1)*len(lambda)], lambda)
		}
	}
	if !kernel.AllFinite(b) { // a tiny variance can overflow
		return fmt.Errorf("layers: RBM %q: InitBias: a bias: %w", r.name, energy.ErrNotFinite)
	}
	copy(r.b.data.([]T), b)
	copy(dataOf[T](r.visibleOffset), mean)
	return nil
}

// HiddenInput sets dst = vW + c for a batch of rows: v is (rows, visible), dst (rows, hidden).
func (p Plain[T]) HiddenInput(dst, v []T, rows int) {
	kernel.Affine(false, rows, p.HiddenLen, p.VisibleLen, v, p.W, p.C, dst)
}

// VisibleInput sets dst = hWᵀ + b for a batch of rows: h is (rows, hidden), dst (rows, visible).
func (p Plain[T]) VisibleInput(dst, h []T, rows int) {
	kernel.Affine(true, rows, p.VisibleLen, p.HiddenLen, h, p.W, p.B, dst)
}

// HiddenMean sets dst = E[h|v] for a batch of rows.
func (p Plain[T]) HiddenMean(dst, v []T, rows int) {
	p.HiddenInput(dst, v, rows)
	eachRow(dst, p.HiddenLen, func(row []T) { p.Hidden.Mean(row, row, p.HiddenLogVariance) })
}

// VisibleMean sets dst = E[v|h] for a batch of rows.
func (p Plain[T]) VisibleMean(dst, h []T, rows int) {
	p.VisibleInput(dst, h, rows)
	eachRow(dst, p.VisibleLen, func(row []T) { p.Visible.Mean(row, row, p.VisibleLogVariance) })
}

func eachRow[T kernel.Float](rows []T, n int, f func(row []T)) {
	kernel.Parallel(len(rows)/n, max(1, 2000/n), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(rows[i*n : (i+1)*n])
		}
	})
}

// FreeEnergy returns F(v) of each row. The plain form and a centered machine's FreeEnergy differ by a constant.
func (p Plain[T]) FreeEnergy(v []T, rows int) []float64 {
	inputs := make([]T, rows*p.HiddenLen)
	p.HiddenInput(inputs, v, rows)
	f := make([]float64, rows)
	kernel.Parallel(rows, max(1, 2000/p.HiddenLen), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := v[i*p.VisibleLen : (i+1)*p.VisibleLen]
			f[i] = float64(p.Visible.Energy(row, p.VisibleLogVariance)) - float64(kernel.Dot(row, p.B)) -
				float64(p.Hidden.CGF(inputs[i*p.HiddenLen:(i+1)*p.HiddenLen], p.HiddenLogVariance))
		}
	})
	return f
}

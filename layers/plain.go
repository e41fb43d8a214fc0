package layers

import (
	"fmt"

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
	kernel.Parallel(len(rows)/n, kernel.RowGrain(n), func(lo, hi int) {
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
	kernel.Parallel(rows, kernel.RowGrain(p.HiddenLen), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := v[i*p.VisibleLen : (i+1)*p.VisibleLen]
			f[i] = float64(p.Visible.Energy(row, p.VisibleLogVariance)) - float64(kernel.Dot(row, p.B)) -
				float64(p.Hidden.CGF(inputs[i*p.HiddenLen:(i+1)*p.HiddenLen], p.HiddenLogVariance))
		}
	})
	return f
}

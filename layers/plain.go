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

	biases []T // B and C of a centered machine
}

// PlainOf reads an RBM of dtype T, see Read.
func PlainOf[T kernel.Float](r *RBM) (Plain[T], error) {
	var p Plain[T]
	err := p.Read(r)
	return p, err
}

// Read makes p the plain form of an RBM of dtype T as it is now. It allocates nothing where p has been one of a machine of this
// size. Values move; cost of a centered machine: two matrix-vector products. It is an ErrDtype for an RBM of another dtype.
func (p *Plain[T]) Read(r *RBM) error {
	w, ok := r.w.data.([]T)
	if !ok {
		return fmt.Errorf("layers: RBM %q: dtype %v, want %T: %w", r.name, r.Dtype(), w, energy.ErrDtype)
	}
	p.Visible, p.Hidden = units.In[T](r.Visible().Kind()), units.In[T](r.Hidden().Kind())
	p.VisibleLen, p.HiddenLen = r.Visible().Len(), r.Hidden().Len()
	p.W, p.B, p.C = w, r.b.data.([]T), r.c.data.([]T)
	p.VisibleLogVariance, p.HiddenLogVariance = dataOf[T](r.visibleVariance), dataOf[T](r.hiddenVariance)
	if r.config.Centered {
		p.biases = append(append(p.biases[:0], p.B...), p.C...)
		p.B, p.C = p.biases[:p.VisibleLen:p.VisibleLen], p.biases[p.VisibleLen:]
		p.addCoupled(p.B, p.C, dataOf[T](r.visibleOffset), dataOf[T](r.hiddenOffset), -1)
	}
	return nil
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
		b[i] += sign * T(kernel.Dot(row, lambda))
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
			f[i] = float64(p.Visible.Energy(row, p.VisibleLogVariance)) - kernel.Dot(row, p.B) -
				float64(p.Hidden.CGF(inputs[i*p.HiddenLen:(i+1)*p.HiddenLen], p.HiddenLogVariance))
		}
	})
	return f
}

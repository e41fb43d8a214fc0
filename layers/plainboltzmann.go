package layers

import (
	"fmt"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// PlainBoltzmann is a Boltzmann machine's parameters for computing off the graph. They share the machine's memory. The units are in one
// row, the visible ones first.
type PlainBoltzmann[T kernel.Float] struct {
	Units                 units.Family[T]
	VisibleLen, HiddenLen int
	W                     []T          // (n, n), or with Bonds one number an edge
	Bonds                 *bonds.Graph // nil for a dense W
	B, LogVariance        []T
}

// PlainBoltzmannOf reads a machine of dtype T. It is an ErrDtype for one of another dtype.
func PlainBoltzmannOf[T kernel.Float](bm *Boltzmann) (PlainBoltzmann[T], error) {
	var p PlainBoltzmann[T]
	w, ok := bm.w.data.([]T)
	if !ok {
		return p, fmt.Errorf("layers: Boltzmann %q: dtype %v, want %T: %w", bm.name, bm.Dtype(), w, energy.ErrDtype)
	}
	return PlainBoltzmann[T]{
		Units: units.In[T](bm.joint.Kind()), VisibleLen: bm.config.Visible.Len(), HiddenLen: bm.config.Hidden.Len(),
		W: w, Bonds: bm.bonds, B: bm.b.data.([]T), LogVariance: dataOf[T](bm.logVariance),
	}, nil
}

// Len is the number of columns of all units.
func (p PlainBoltzmann[T]) Len() int { return p.VisibleLen + p.HiddenLen }

// Input sets dst = xW + b for rows of all units: what each unit feels of the others.
func (p PlainBoltzmann[T]) Input(dst, x []T, rows int) {
	n := p.Len()
	if p.Bonds == nil {
		kernel.Affine(false, rows, n, n, x, p.W, p.B, dst)
		return
	}
	kernel.Parallel(rows, kernel.RowGrain(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, field := x[r*n:(r+1)*n], dst[r*n:(r+1)*n]
			for i := range field {
				sum := p.B[i]
				for at := p.Bonds.Start[i]; at < p.Bonds.Start[i+1]; at++ {
					sum += p.W[p.Bonds.Edge[at]] * row[p.Bonds.Near[at]]
				}
				field[i] = sum
			}
		}
	})
}

// Energy returns E(x) = U(x) − bᵀx − ½ xᵀWx of each row of all units.
func (p PlainBoltzmann[T]) Energy(x []T, rows int) []float64 {
	n := p.Len()
	field := make([]T, rows*n)
	p.Input(field, x, rows)
	e := make([]float64, rows)
	for r := range e {
		row := x[r*n : (r+1)*n]
		e[r] = float64(p.Units.Energy(row, p.LogVariance)) - (kernel.Dot(row, field[r*n:(r+1)*n])+kernel.Dot(row, p.B))/2
	}
	return e
}

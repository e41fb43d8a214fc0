package associative

import (
	"context"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// decorrelate flips hidden bits while that brings Σ (ξ_μ·ξ_ν)² down, which are whole numbers, so it ends.
func (e *extended) decorrelate(ctx context.Context) error {
	hidden, m := e.units-e.visible, e.rows
	gram := overlaps(e.x, m, e.units)
	mine := func(k int) (from, to int) { return k / e.per * e.per, k/e.per*e.per + e.per }
	for k := range m {
		from, to := mine(k)
		clear(gram[k*m+from : k*m+to])
	}
	bits := make([]float64, hidden*m) // transposed, so that a unit's are neighbours
	for k := range m {
		for j, v := range e.row(k)[e.visible:] {
			bits[j*m+k] = v
		}
	}
	for changed := true; changed; {
		if err := ctx.Err(); err != nil {
			return err
		}
		changed = false
		for k := range m {
			from, to := mine(k)
			own := gram[k*m : (k+1)*m]
			for j := range hidden {
				bit := bits[j*m : (j+1)*m]
				// An overlap o becomes o − 2s, s the product of the two bits, and o² changes by 4 − 4os.
				if bit[k]*kernel.Dot(own, bit) <= float64(m-e.per) {
					continue
				}
				kernel.Axpy(-2*bit[k], bit, own)
				clear(own[from:to])
				for other, o := range own {
					gram[other*m+k] = o
				}
				bit[k] = -bit[k]
				changed = true
			}
		}
	}
	for k := range m {
		for j := range hidden {
			e.row(k)[e.visible+j] = bits[j*m+k]
		}
	}
	return nil
}

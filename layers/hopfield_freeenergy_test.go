package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// The free energy of any means bounds that of the ensemble from above, is it where nothing is coupled, and has no slope at fixed points.
func TestFreeEnergyIsABound(t *testing.T) {
	const n, rows = 6, 4
	for _, units := range []energy.Units{energy.Spin(n), energy.Bernoulli(n)} {
		for _, temperature := range []float64{0.5, 1, 2} {
			w, b, x := randomCouplings(11, n, 0.7), normals(12, n), normals(13, rows*n)
			h := coupled(double(units, temperature), w, b)
			fixed := means(t, h, rows, x)
			for _, m := range [][]float64{fixed, scaledBy(0.5, fixed)} {
				for r, f := range freeEnergies(t, h, rows, m, x) {
					field := make([]float64, n)
					for i := range field {
						field[i] = b[i] + x[r*n+i]
					}
					_, exact := ensemble(units, w, field, temperature)
					require.GreaterOrEqual(t, f, exact)
				}
			}
			require.Less(t, freeEnergies(t, h, rows, fixed, x)[0], freeEnergies(t, h, rows, scaledBy(0.5, fixed), x)[0])

			free := coupled(double(units, temperature), make([]float64, n*n), b)
			_, exact := ensemble(units, make([]float64, n*n), b, temperature)
			require.InDelta(t, exact, freeEnergies(t, free, 1, means(t, free, 1, make([]float64, n)), nil)[0], 1e-12)

			g := G.NewGraph()
			m := input(g, "m", dense(tensor.Float64, tensor.Shape{rows, n}, fixed...))
			f := must(h.FreeEnergy(m, input(g, "x", dense(tensor.Float64, tensor.Shape{rows, n}, x...))))
			grads, err := G.Grad(G.Must(G.Sum(f)), m)
			require.NoError(t, err)
			require.InDeltaSlice(t, make([]float64, rows*n), graphtest.Value(t, grads[0])[0], 1e-8) // artanh m has fewer digits near 1
		}
	}
}

// An update of one unit alone never raises the free energy.
func TestOneUnitAtATimeDescends(t *testing.T) {
	const n = 8
	for _, units := range []energy.Units{energy.Spin(n), energy.Bernoulli(n)} {
		for seed := range uint64(5) {
			w, b := randomCouplings(seed, n, 1), normals(seed+50, n)
			h := coupled(double(units, 0.4), w, b)
			one := coupled(HopfieldConfig{Units: units, Temperature: 0.4, Steps: 1, InputIsState: true, Dtype: tensor.Float64}, w, b)
			m := means(t, one, 1, normals(seed+60, n)) // some means that the units can have
			before := freeEnergies(t, h, 1, m, nil)[0]
			for sweep := range 3 {
				for i := range n {
					m[i] = means(t, one, 1, m)[i]
					after := freeEnergies(t, h, 1, m, nil)[0]
					require.LessOrEqual(t, after, before+1e-12, "seed %d, sweep %d, unit %d", seed, sweep, i)
					before = after
				}
			}
		}
	}
}

// Updates of all units at once never raise the free energy while 1 − d ≤ 2T'/(T' + |λ|), λ the smallest eigenvalue of W. Undamped ones
// do: they are the broken twin.
func TestDampedUpdatesDescend(t *testing.T) {
	const n, rows = 12, 5
	violated := 0
	for _, units := range []energy.Units{energy.Spin(n), energy.Bernoulli(n)} {
		for seed := range uint64(6) {
			for _, temperature := range []float64{0.1, 0.3} {
				w, b := randomCouplings(seed, n, 1), normals(seed+50, n)
				var eigen mat.EigenSym
				require.True(t, eigen.Factorize(mat.NewSymDense(n, w), false))
				scale := temperature
				if units.Families()[0] == "Bernoulli" {
					scale *= 4
				}
				bound := 2 * scale / (scale - eigen.Values(nil)[0])
				require.Less(t, bound, 1.0, "the theorem says something")
				for _, damping := range []float64{1 - bound, 0} {
					c := HopfieldConfig{Units: units, Temperature: temperature, Steps: 1, InputIsState: true, Damping: damping, Dtype: tensor.Float64}
					h := coupled(c, w, b)
					undamped := c
					undamped.Damping = 0
					m := means(t, coupled(undamped, w, b), rows, normals(seed+60, rows*n))
					before := freeEnergies(t, h, rows, m, nil)
					for range 30 {
						m = means(t, h, rows, m)
						after := freeEnergies(t, h, rows, m, nil)
						for r := range after {
							if damping > 0 {
								require.LessOrEqual(t, after[r], before[r]+1e-11)
							} else if after[r] > before[r]+1e-6 {
								violated++
							}
						}
						before = after
					}
				}
			}
		}
	}
	require.Greater(t, violated, 100)
}

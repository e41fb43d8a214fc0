package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// updates are the solvers on the slices w, m, v and g, with the numbers of a step.
func updates[T Float]() map[string]func(k *solverKernels[T], w, m, v, g []T) {
	return map[string]func(k *solverKernels[T], w, m, v, g []T){
		"descend":  func(k *solverKernels[T], w, _, _, g []T) { k.descend(w, g, 0.03) },
		"momentum": func(k *solverKernels[T], w, m, _, g []T) { k.momentum(w, m, g, 0.03, 0.9) },
		"nesterov": func(k *solverKernels[T], w, m, _, g []T) { k.nesterov(w, m, g, 0.03, 0.9) },
		"adam": func(k *solverKernels[T], w, m, v, g []T) {
			k.adam(w, m, v, g, 0.9, 0.99, 0.1, 0.01, 0.02, 3.5, 1e-8, 0.999)
		},
	}
}

// Every level equals the loops in Go within the roundings that fusing spares, and all assembly makes the same bits.
func TestSolversAtAllLevels(t *testing.T) {
	t.Run("float32", func(t *testing.T) { checkSolvers[float32](t, 4*0x1p-23) })
	t.Run("float64", func(t *testing.T) { checkSolvers[float64](t, 4*0x1p-52) })
}

func checkSolvers[T Float](t *testing.T, tolerance float64) {
	plain := plainSolvers[T]()
	for name, update := range updates[T]() {
		assembled := map[int][]T{} // by length
		eachLevel(t, func(t *testing.T, l Level) {
			eachLength(t, func(w []T) {
				n := len(w)
				r := rand.New(rand.NewPCG(uint64(n), 7))
				m, v, g := make([]T, n), make([]T, n), make([]T, n)
				for i := range w {
					w[i], m[i], g[i] = T(r.NormFloat64()), T(r.NormFloat64()), T(r.NormFloat64())
					v[i] = T(r.ExpFloat64())
				}
				x := [][]T{w, m, v, g}
				want := [][]T{append([]T(nil), w...), append([]T(nil), m...), append([]T(nil), v...), append([]T(nil), g...)}
				update(&tableOf[T]().solverKernels, w, m, v, g)
				update(&plain, want[0], want[1], want[2], want[3])
				worst := 0.0
				for k := range x {
					for i := range x[k] {
						worst = max(worst, math.Abs(float64(x[k][i])-float64(want[k][i])))
					}
				}
				require.LessOrEqual(t, worst, 10*tolerance, "%s of %d", name, n) // what is rounded is below 10
				all := append(append(append([]T(nil), w...), m...), v...)
				if first, ok := assembled[n]; ok {
					require.Equal(t, first, all, "%s of %d", name, n)
				} else if l != Plain {
					assembled[n] = all
				}
			})
		})
	}
}

// A gradient that is not a number is not hidden, and one of 0 moves nothing but what the state moves.
func TestSolversAtTheEnds(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		for name, update := range updates[float32]() {
			nan, inf := float32(math.NaN()), float32(math.Inf(1))
			w, m, v, g := []float32{1, 1, 1}, []float32{0, 0, 0}, []float32{0, 0, 0}, []float32{nan, inf, 0}
			update(&single.solverKernels, w, m, v, g)
			require.True(t, w[0] != w[0], name)
			require.True(t, w[1] != w[1] || math.IsInf(float64(w[1]), -1), name)
			require.InDelta(t, 1, w[2], 0.0011, name)
		}
	})
}

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDot(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, n := range []int{0, 1, 3, 4, 5, 8, 1001} {
		a, b := randomMatrix[float64](r, 1, n, 0, 0).data, randomMatrix[float64](r, 1, n, 0, 0).data
		total, size := bigOf(0), 0.0
		for i := range a {
			total, size = bigAdd(total, bigMul(bigOf(a[i]), bigOf(b[i]))), size+math.Abs(a[i]*b[i])
		}
		want, _ := total.Float64()
		require.InDelta(t, want, Dot(a, append(b, 99)), 0x1p-52*float64(n+1)*size)
	}
	// The accumulators are float64: in float32 the ones would vanish beside 2^25.
	big := []float32{1 << 25, 0, 0, 0, 1, 0, 0, 0, -(1 << 25)}
	one := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
	require.Equal(t, float32(1), Dot(big, one))
	require.Equal(t, float32(1), Sum(big))
}

func TestAxpy(t *testing.T) {
	for _, n := range []int{0, 1, 7, 2*vectorGrain + 5} {
		x, y, want := make([]float32, n), make([]float32, n+1), make([]float32, n+1)
		for i := range y {
			y[i] = float32(i % 7)
			want[i] = y[i]
		}
		for i := range x {
			x[i] = float32(i % 5)
			want[i] -= 2 * x[i]
		}
		atProcs(2, func() any { Axpy(-2, x, y); return nil })
		require.Equal(t, want, y)
	}
}

func TestAllFinite(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testAllFinite[float32](t, math.MaxFloat32, math.SmallestNonzeroFloat32) })
	t.Run("float64", func(t *testing.T) { testAllFinite[float64](t, math.MaxFloat64, math.SmallestNonzeroFloat64) })
}

func testAllFinite[T Float](t *testing.T, largest, smallest T) {
	for _, n := range []int{0, 1, 3, 4, 5, 9, 2*vectorGrain + 3} {
		x := make([]T, n)
		for i := range x {
			x[i] = []T{largest, -largest, smallest, 0, -1}[i%5]
		}
		require.True(t, AllFinite(x))
		for _, i := range []int{0, 1, 2, 3, n / 2, n - 1} {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				if i >= 0 && i < n {
					kept := x[i]
					x[i] = T(bad)
					require.False(t, atProcs(2, func() bool { return AllFinite(x) }), "%g at %d of %d", bad, i, n)
					x[i] = kept
				}
			}
		}
	}
}

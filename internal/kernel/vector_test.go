package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/race"
)

func TestDot(t *testing.T) { eachLevel(t, testDot) }

func testDot(t *testing.T, _ Level) {
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
	require.Equal(t, 1.0, Dot(big, one))
	require.Equal(t, float32(1), Sum(big))
}

func TestAxpy(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testAxpy[float32])
		t.Run("float64", testAxpy[float64])
	})
}

func testAxpy[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 5))
	for n := range 140 {
		if n == 139 {
			n = 2*vectorGrain + 5
		}
		x, y := randomMatrix[T](r, 1, n, 0, 0).data, randomMatrix[T](r, 1, n+1, 0, 0).data
		want := append([]T(nil), y...)
		for i, v := range x {
			if level == Plain {
				want[i] += T(0.3 * v)
			} else {
				want[i] = fusedMultiplyAdd(0.3, v, want[i])
			}
		}
		atProcs(2, func() any { Axpy(0.3, x, y); return nil })
		require.Equal(t, want, y)
		atProcs(2, func() any { // 0·NaN is NaN
			Axpy(0, append(x[:0:0], T(math.NaN())), y)
			require.True(t, y[0] != y[0])
			require.True(t, race.Enabled || testing.AllocsPerRun(5, func() { Axpy(0.3, x, y) }) < 1)
			return nil
		})
	}
}

func TestAllFinite(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", func(t *testing.T) { testAllFinite[float32](t, math.MaxFloat32, math.SmallestNonzeroFloat32) })
		t.Run("float64", func(t *testing.T) { testAllFinite[float64](t, math.MaxFloat64, math.SmallestNonzeroFloat64) })
	})
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

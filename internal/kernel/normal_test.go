package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// All levels draw the same bits, those of the Go function.
func TestNormalIsTheSameEverywhere(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", checkNormal[float32])
		t.Run("float64", checkNormal[float64])
	})
}

func checkNormal[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	eachLength(t, func(dst []T) {
		at := randomAddress(r)
		Normal(dst, at)
		want := make([]T, len(dst))
		for j := range want {
			first, second := boxMuller(wordOf(at, j&^1), wordOf(at, j|1))
			want[j] = T([]float64{first, second}[j%2])
		}
		require.Equal(t, want, dst)
	})
}

// Each pair is within 4 units in the last place of the transform in long arithmetic.
func TestBoxMuller(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	words := []uint32{0, 1, 2, 0x5A827998, 0x5A827999, 0x5A82799A, 1 << 31, 1<<32 - 2, 1<<32 - 1}
	angles := []uint32{0, 1, 1<<29 - 1, 1 << 29, 1<<29 + 1, 1 << 30, 3 << 29, 1 << 31, 5 << 29, 3 << 30, 7 << 29, 1<<32 - 1}
	for range 12 {
		words, angles = append(words, r.Uint32(), 1<<32-1-r.Uint32()>>r.IntN(32)), append(angles, r.Uint32(), r.Uint32()>>r.IntN(32))
	}
	worst := 0.0
	for _, a := range words {
		excess := bigAdd(bigQuo(bigOf(1<<32), bigOf(float64(a)+1)), bigOf(-1)) // 1/v − 1
		radius := bigOf(0).Sqrt(bigMul(bigOf(2), bigLog1p(excess)))
		for _, b := range angles {
			cos, sin := boxMuller(a, b)
			bigCos, bigSin := bigCircle(b)
			worst = max(worst, ulps(cos, bigMul(bigCos, radius)), ulps(sin, bigMul(bigSin, radius)))
		}
	}
	t.Logf("largest error %.2f ulp", worst)
	require.Less(t, worst, 4.0)
}

// bigCircle returns the cosine and the sine of 2πb/2³² by their Taylor series at an angle up to π.
func bigCircle(b uint32) (cos, sin *big.Float) {
	pi, _, _ := big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899", 10, bigPrec, big.ToNearestEven)
	angle := bigMul(pi, bigOf(float64(int32(b))/(1<<31)))
	sums, term := [2]*big.Float{bigOf(0), bigOf(0)}, bigOf(1)
	for k := range 80 {
		i, signed := k%2, term
		if k%4 >= 2 {
			signed = bigNeg(term)
		}
		sums[i] = bigAdd(sums[i], signed)
		term = bigQuo(bigMul(term, angle), bigOf(float64(k+1)))
	}
	return sums[0], sums[1]
}

// ulps is how far x is from want, in units in the last place of want; where want is only what the digits of π leave, that is 0.
func ulps(x float64, want *big.Float) float64 {
	w, _ := bigAbs(want).Float64()
	if w < 1e-70 {
		return math.Abs(x) / 5e-324
	}
	d, _ := bigAdd(want, bigOf(-x)).Float64()
	return math.Abs(d) / (math.Nextafter(w, math.Inf(1)) - w)
}

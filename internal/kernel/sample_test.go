package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSampleBinaryComparesUniformsWithTheSigmoid(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", checkSampleBinary[float32])
		t.Run("float64", checkSampleBinary[float64])
	})
}

func checkSampleBinary[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	ones := 0
	eachLength(t, func(dst []T) {
		at := randomAddress(r)
		scale, low := T(0.25+2*r.Float64()), T(-r.IntN(2))
		in, u, p := make([]T, len(dst)), make([]T, len(dst)), make([]T, len(dst))
		for j := range in {
			in[j] = T(3 * r.NormFloat64())
			if r.IntN(50) == 0 {
				in[j] = T([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30, -1e30, 0, math.Copysign(0, -1), 1e-40}[r.IntN(8)])
			}
			p[j] = scale * in[j]
		}
		var bias []T
		if r.IntN(2) == 0 {
			bias = make([]T, len(dst))
			for j := range bias {
				bias[j] = T(r.NormFloat64())
				p[j] = scale * (in[j] + bias[j])
			}
		}
		Uniform(u, at)
		Sigmoid(p, p)
		SampleBinary(dst, in, bias, scale, low, at)
		for j, x := range dst {
			want := low
			switch {
			case p[j] != p[j]:
				want = p[j]
			case u[j] < p[j]:
				want = 1
				ones++
			}
			if x != want && (x == x || want == want) {
				t.Fatalf("%v of %v with %v against %v, want %v", x, in[j], u[j], p[j], want)
			}
		}
	})
	require.Greater(t, ones, 1000)
}

func TestSampleGaussianScalesNormals(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", func(t *testing.T) { checkSampleGaussian[float32](t, 5e-7) })
		t.Run("float64", func(t *testing.T) { checkSampleGaussian[float64](t, 2e-15) })
	})
}

func checkSampleGaussian[T Float](t *testing.T, relative float64) {
	r := rand.New(rand.NewPCG(5, 1))
	eachLength(t, func(dst []T) {
		at, temperature := randomAddress(r), T(0.1+r.ExpFloat64())
		in, logVariance, z := make([]T, len(dst)), make([]T, len(dst)), make([]T, len(dst))
		for j := range in {
			in[j], logVariance[j] = T(r.NormFloat64()), T(5*r.NormFloat64())
		}
		Normal(z, at)
		if r.IntN(3) == 0 {
			logVariance = nil
		}
		SampleGaussian(dst, in, logVariance, temperature, at)
		for j, x := range dst {
			v := 1.0
			if logVariance != nil {
				v = math.Exp(float64(logVariance[j]))
			}
			mean, noise := v*float64(in[j]), math.Sqrt(v*float64(temperature))*float64(z[j])
			if !(math.Abs(mean+noise-float64(x)) <= relative*(math.Abs(mean)+math.Abs(noise))) {
				t.Fatalf("%d of %d: %v, want %v", j, len(dst), x, mean+noise)
			}
		}
	})
	if !math.IsNaN(float64(sampleOne(T(math.NaN())))) || !math.IsInf(float64(sampleOne(T(math.Inf(1)))), 1) {
		t.Error("an input that is not finite is lost")
	}
}

func sampleOne[T Float](in T) T {
	dst := []T{0}
	SampleGaussian(dst, []T{in}, nil, 1, Address{})
	return dst[0]
}

// AVX2 and AVX-512 draw alike, so that a run may move between machines.
func TestSamplesAreTheSameInAllAssembly(t *testing.T) {
	in, first := make([]float32, 5001), [2][]float32{}
	for j := range in {
		in[j] = float32(j-2500) / 400
	}
	eachLevel(t, func(t *testing.T, l Level) {
		if l == Plain {
			return
		}
		got := [2][]float32{make([]float32, len(in)), make([]float32, len(in))}
		SampleBinary(got[0], in, nil, 1.3, -1, Address{1, 2, 3, 4, 5})
		SampleGaussian(got[1], in, in, 0.7, Address{1, 2, 3, 4, 5})
		if first[0] == nil {
			first = got
		}
		require.Equal(t, first, got)
	})
}

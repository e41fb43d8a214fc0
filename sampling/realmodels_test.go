package sampling_test

import (
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// doubleWell has two minima of different depths along the first of its two numbers, which the second follows, given by Gorgonia's and
// the library's ops. It is drawn from by rejection.
var doubleWell = energyModel{
	name: "double well", units: energy.Gaussian(2),
	graph: func(x *G.Node) (*G.Node, error) {
		first, err := op.Gemm(x, constant(x, "first", []float64{1, 0}, 2, 1), false, false)
		if err != nil {
			return nil, err
		}
		apart, err := op.Gemm(x, constant(x, "apart", []float64{-1, 1}, 2, 1), false, false)
		if err != nil {
			return nil, err
		}
		one := constant(first, "one", []float64{1}, 1, 1)
		a := G.Must(G.BroadcastSub(G.Must(G.Square(first)), one, nil, []byte{0}))
		e := G.Must(G.Add(G.Must(scaled(G.Must(G.Square(a)), 2)), G.Must(scaled(first, 0.3))))
		e = G.Must(G.Add(e, G.Must(scaled(G.Must(G.Square(apart)), 1.5))))
		return G.Sum(e, 1)
	},
	loops: func(x []float64) float64 {
		a, b := x[0]*x[0]-1, x[1]-x[0]
		return 2*a*a + 0.3*x[0] + 1.5*b*b
	},
	// exp(−2a²/T − 0.3x/T) is at most e^(0.9/T) where x > −3; less than e^(−120/T) of the mass lies beyond ±3.
	draw: func(r *rand.Rand, temperature float64) []float64 {
		for {
			x := -3 + 6*r.Float64()
			a := x*x - 1
			if math.Log(r.Float64()) < (-2*a*a-0.3*x-0.9)/temperature {
				return []float64{x, x + math.Sqrt(temperature/3)*r.NormFloat64()}
			}
		}
	},
}

func scaled(x *G.Node, by float64) (*G.Node, error) { return op.Combine([]float64{by}, x) }

// normal is E(x) = ½xᵀx − ½xᵀWx − bᵀx of three correlated numbers, whose normal distribution has the covariance T(1 − W)⁻¹.
var normal = energyModel{
	name: "correlated normal", units: energy.Gaussian(3),
	graph: func(x *G.Node) (*G.Node, error) {
		return energy.Quadratic{Units: energy.Gaussian(3), W: constant(x, "W", normalW, 3, 3), B: constant(x, "b", normalB, 3)}.Energy(x)
	},
	loops: func(x []float64) (e float64) {
		for i, v := range x {
			e += v*v/2 - normalB[i]*v
			for j, u := range x {
				e -= normalW[3*i+j] * v * u / 2
			}
		}
		return e
	},
	// The first number, then each given those before it; the conditional laws come from eliminating the last number, and then the second.
	draw: func(r *rand.Rand, temperature float64) []float64 {
		x := make([]float64, 3)
		for k := range 3 {
			// The numbers before k are known, those behind it integrated out: precision and field of number k.
			a, b := normalPrecision(), append([]float64(nil), normalB...)
			for last := 2; last > k; last-- {
				for i := range last {
					f := a[i][last] / a[last][last]
					b[i] -= f * b[last]
					for j := range last {
						a[i][j] -= f * a[last][j]
					}
				}
			}
			field := b[k]
			for j := range k {
				field -= a[k][j] * x[j]
			}
			x[k] = field/a[k][k] + math.Sqrt(temperature/a[k][k])*r.NormFloat64()
		}
		return x
	},
}

var (
	normalW = []float64{0.3, 0.5, -0.2, 0.5, -1, 0.1, -0.2, 0.1, 0.4}
	normalB = []float64{1, -0.5, 0.25}
)

func normalPrecision() [][]float64 {
	a := make([][]float64, 3)
	for i := range a {
		a[i] = make([]float64, 3)
		for j := range a[i] {
			a[i][j] = -normalW[3*i+j]
			if i == j {
				a[i][j]++
			}
		}
	}
	return a
}

var realModels = []energyModel{doubleWell, normal}

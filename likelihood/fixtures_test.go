package likelihood

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
)

// must is for what a test takes for granted.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var dtypes = []tensor.Dtype{tensor.Float64, tensor.Float32}

// side is units for a test, as the library and as the oracle know them.
type side struct {
	units energy.Units
	exact exact.Side
}

func bernoulli(n int) side {
	return side{energy.Bernoulli(n), exact.Side{Family: exact.Bernoulli, Units: n}}
}
func spin(n int) side { return side{energy.Spin(n), exact.Side{Family: exact.Spin, Units: n}} }
func oneHot(n, q int) side {
	return side{energy.OneHot(n, q), exact.Side{Family: exact.OneHot, Units: n * q, States: q}}
}
func gaussian(n int) side {
	return side{energy.LearnedGaussian(n, 1), exact.Side{Family: exact.Gaussian, Units: n}}
}

// pairs are the families on either side of which one at least can be enumerated.
var pairs = [][2]side{
	{bernoulli(7), bernoulli(5)}, {spin(6), bernoulli(5)}, {oneHot(3, 3), bernoulli(5)}, {gaussian(5), bernoulli(6)},
	{bernoulli(7), spin(5)}, {spin(6), spin(5)}, {oneHot(3, 3), spin(5)}, {gaussian(5), spin(6)},
	{bernoulli(7), oneHot(2, 3)}, {spin(6), oneHot(2, 3)}, {oneHot(3, 3), oneHot(2, 3)}, {gaussian(5), oneHot(2, 3)},
	{bernoulli(7), gaussian(5)}, {spin(6), gaussian(5)}, {oneHot(3, 3), gaussian(5)},
}

func name(pair [2]side, dtype tensor.Dtype) string {
	return fmt.Sprintf("%v × %v, %v", pair[0].units, pair[1].units, dtype)
}

// normals are numbers of a normal distribution.
func normals(seed uint64, n int, deviation float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 11))
	x := make([]float64, n)
	for i := range x {
		x[i] = deviation * r.NormFloat64()
	}
	return x
}

// newMachine makes a machine with random parameters.
func newMachine(visible, hidden side, dtype tensor.Dtype, seed uint64, weights, biases float64, centered bool) *layers.RBM {
	m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: visible.units, Hidden: hidden.units, Dtype: dtype, Centered: centered}))
	for i, p := range m.Params() {
		n, size := len(p.Float64s()), biases
		switch p.Name() {
		case "rbm.W":
			size = weights
		case "rbm.visible_offset", "rbm.hidden_offset":
			size = 0.5
		case "rbm.visible_log_variance", "rbm.hidden_log_variance":
			size = 0.2
		}
		check(p.Set(normals(seed*100+uint64(i), n, size)))
	}
	return m
}

// oracle is a machine, in its plain form, as the enumerating oracle knows it.
func oracle(m *layers.RBM, visible, hidden side) *exact.Harmonium {
	h := &exact.Harmonium{Visible: visible.exact, Hidden: hidden.exact,
		W: m.Param("W").Float64s(), B: m.Param("b").Float64s(), C: m.Param("c").Float64s()}
	if p := m.Param("visible_log_variance"); p != nil {
		h.Visible.LogVariance = p.Float64s()
	}
	if p := m.Param("hidden_log_variance"); p != nil {
		h.Hidden.LogVariance = p.Float64s()
	}
	if mu := m.Param("visible_offset"); mu != nil {
		lambda := m.Param("hidden_offset").Float64s()
		for i, x := range mu.Float64s() {
			for j, y := range lambda {
				h.C[j] -= x * h.W[i*len(lambda)+j]
				h.B[i] -= y * h.W[i*len(lambda)+j]
			}
		}
	}
	return h
}

// draws are exact draws of the visible units of a machine, rows of its dtype.
func draws(h *exact.Harmonium, n int, dtype tensor.Dtype, seed uint64) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, 12))
	var rows []float64
	if h.Visible.Family == exact.Gaussian {
		states, p := hiddenLaw(h)
		for range n {
			hidden := states[pick(r, p)]
			for i := range h.B {
				variance, input := 1.0, h.B[i]
				if h.Visible.LogVariance != nil {
					variance = math.Exp(h.Visible.LogVariance[i])
				}
				for j, y := range hidden {
					input += h.W[i*len(h.C)+j] * y
				}
				rows = append(rows, variance*input+math.Sqrt(variance)*r.NormFloat64())
			}
		}
		return dense(dtype, n, rows)
	}
	states, p, err := h.Probabilities()
	check(err)
	for range n {
		rows = append(rows, states[pick(r, p)]...)
	}
	return dense(dtype, n, rows)
}

// hiddenLaw is the hidden states and their probabilities.
func hiddenLaw(h *exact.Harmonium) (states [][]float64, p []float64) {
	states = must(exact.States(h.Hidden))
	logZ := must(h.LogPartition())
	for _, s := range states {
		p = append(p, math.Exp(-must(h.HiddenFreeEnergy(s))-logZ))
	}
	return states, p
}

func pick(r *rand.Rand, p []float64) int {
	u := r.Float64()
	for i, q := range p {
		if u -= q; u < 0 {
			return i
		}
	}
	return len(p) - 1
}

// dense is rows of a dtype.
func dense(dtype tensor.Dtype, rows int, x []float64) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(rows, len(x)/rows), tensor.WithBacking(x))
	}
	single := make([]float32, len(x))
	for i, v := range x {
		single[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(rows, len(x)/rows), tensor.WithBacking(single))
}

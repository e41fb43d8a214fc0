package sampling_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// energyModel is an energy as a graph and, for the oracle, as loops.
type energyModel struct {
	name  string
	units energy.Units
	graph energy.Func
	loops func(x []float64) float64
	draw  func(r *rand.Rand, temperature float64) []float64 // of real units
}

// target is p(x) ∝ exp(−E(x)/T).
func (m energyModel) target(t testing.TB, temperature float64) samplertest.Target {
	if m.draw != nil {
		return samplertest.Sampler{
			Sample:     func(r *rand.Rand) []float64 { return m.draw(r, temperature) },
			Statistics: []func(x []float64) float64{m.loops},
		}
	}
	return m.given(t, temperature, nil, nil)
}

// given is target given the columns that a clamp marks.
func (m energyModel) given(t testing.TB, temperature float64, at []float64, clamp []bool) *samplertest.Enumeration {
	e, err := samplertest.Enumerate(m.units, func(x []float64) float64 {
		for j, clamped := range clamp {
			if clamped && x[j] != at[j] {
				return math.Inf(1)
			}
		}
		return m.loops(x)
	}, temperature)
	require.NoError(t, err)
	return e
}

// discreteModels are energies of discrete units, of every family and of families side by side, in a dtype: the free energy of an RBM's
// visible units, a Hopfield layer, a quadratic energy, and one of the third degree of Gorgonia's own ops.
func discreteModels(t testing.TB, dtype tensor.Dtype) []energyModel {
	return []energyModel{
		freeEnergyOf(t, "RBM of Bernoulli units", energy.Bernoulli(4), dtype),
		freeEnergyOf(t, "RBM of Spin units", energy.Spin(4), dtype),
		freeEnergyOf(t, "RBM of OneHot units", energy.OneHot(2, 3), dtype),
		freeEnergyOf(t, "RBM of joined units", energy.Join(energy.Spin(1), energy.OneHot(1, 3), energy.Bernoulli(2)), dtype),
		hopfieldOf(t, energy.Spin(4), dtype),
		quadraticOf("Quadratic of Spin units", energy.Spin(4)),
		quadraticOf("Quadratic of OneHot units", energy.OneHot(2, 3)),
		cubic("third degree of Bernoulli units", energy.Bernoulli(4)),
		cubic("third degree of joined units", energy.Join(energy.OneHot(1, 3), energy.Spin(2))),
	}
}

// spread are numbers of a given size and of either sign, the same for the same seed.
func spread(n int, size float64, seed uint64) []float64 {
	r, x := rand.New(rand.NewPCG(seed, 11)), make([]float64, n)
	for i := range x {
		x[i] = size * (0.6 + 0.8*r.Float64()) * float64(1-2*r.IntN(2))
	}
	return x
}

func freeEnergyOf(t testing.TB, name string, visible energy.Units, dtype tensor.Dtype) energyModel {
	rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: visible, Hidden: energy.Spin(2), Dtype: dtype})
	require.NoError(t, err)
	require.NoError(t, rbm.Param("W").Set(spread(2*visible.Len(), 0.9, 1)))
	require.NoError(t, rbm.Param("b").Set(spread(visible.Len(), 0.5, 2)))
	require.NoError(t, rbm.Param("c").Set(spread(2, 0.5, 3)))
	w, b, c := rbm.Param("W").Float64s(), rbm.Param("b").Float64s(), rbm.Param("c").Float64s()
	return energyModel{name: name, units: visible, graph: rbm.FreeEnergy, loops: func(x []float64) (f float64) {
		for j, c := range c {
			for i, v := range x {
				c += v * w[2*i+j]
			}
			f -= math.Log(2 * math.Cosh(c))
		}
		for i, v := range x {
			f -= b[i] * v
		}
		return f
	}}
}

func hopfieldOf(t testing.TB, units energy.Units, dtype tensor.Dtype) energyModel {
	layer, err := layers.NewHopfield("hopfield", layers.HopfieldConfig{Units: units, Dtype: dtype, Seed: 1, InitDeviation: 0.7})
	require.NoError(t, err)
	w, b := layer.Param("W").Float64s(), layer.Param("b").Float64s()
	return energyModel{name: "Hopfield layer", units: units, graph: layer.Energy, loops: func(x []float64) (e float64) {
		for i, v := range x {
			e -= b[i] * v
			for j, u := range x {
				if i != j {
					e -= w[i*len(x)+j] * v * u / 2
				}
			}
		}
		return e
	}}
}

// constant makes a node that holds numbers in the dtype and the graph of x.
func constant(x *G.Node, name string, numbers []float64, shape ...int) *G.Node {
	var backing any = numbers
	if x.Dtype() == tensor.Float32 {
		single := make([]float32, len(numbers))
		for i, v := range numbers {
			single[i] = float32(v)
		}
		backing = single
	}
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
	return G.NewTensor(x.Graph(), x.Dtype(), len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(v))
}

func quadraticOf(name string, units energy.Units) energyModel {
	n := units.Len()
	w, b := spread(n*n, 0.6, 4), spread(n, 0.4, 5)
	for i := range n {
		w[i*n+i] = 0
		for j := range i {
			w[i*n+j] = w[j*n+i]
		}
	}
	build := func(x *G.Node) (*G.Node, error) {
		return energy.Quadratic{Units: units, W: constant(x, "W", w, n, n), B: constant(x, "b", b, n)}.Energy(x)
	}
	return energyModel{name: name, units: units, graph: build, loops: func(x []float64) (e float64) {
		for i, v := range x {
			e -= b[i] * v
			for j, u := range x {
				e -= w[i*n+j] * v * u / 2
			}
		}
		return e
	}}
}

// cubic is E(x) = Σ_k (xU)_k³ with gorgonia's ops.
func cubic(name string, units energy.Units) energyModel {
	n := units.Len()
	u := spread(2*n, 0.4, 6)
	build := func(x *G.Node) (*G.Node, error) {
		y, err := G.Mul(x, constant(x, "U", u, n, 2))
		if err != nil {
			return nil, err
		}
		if y, err = G.Cube(y); err != nil {
			return nil, err
		}
		return G.Sum(y, 1)
	}
	return energyModel{name: name, units: units, graph: build, loops: func(x []float64) (e float64) {
		for k := range 2 {
			y := 0.0
			for i, v := range x {
				y += v * u[2*i+k]
			}
			e += y * y * y
		}
		return e
	}}
}

// slopesOf is the gradient of loops by central differences, exact to 1e-9 for what is used here.
func slopesOf(loops func(x []float64) float64, x []float64) []float64 {
	const h = 1e-5
	slopes, at := make([]float64, len(x)), append([]float64(nil), x...)
	for j, v := range x {
		at[j] = v + h
		slopes[j] = loops(at)
		at[j] = v - h
		slopes[j] = (slopes[j] - loops(at)) / (2 * h)
		at[j] = v
	}
	return slopes
}

// stateOf makes a state of rows.
func stateOf(dtype tensor.Dtype, rows [][]float64) *sampling.State {
	x := tensor.New(tensor.Of(dtype), tensor.WithShape(len(rows), len(rows[0])))
	for i, row := range rows {
		for j, v := range row {
			if dtype == tensor.Float32 {
				x.Float32s()[i*len(row)+j] = float32(v)
			} else {
				x.Float64s()[i*len(row)+j] = v
			}
		}
	}
	return &sampling.State{Visible: x}
}

// rowsOf reads a state back.
func rowsOf(s *sampling.State) [][]float64 {
	rows := make([][]float64, s.Visible.Shape()[0])
	n := s.Visible.Shape()[1]
	for i := range rows {
		for j := range n {
			if s.Visible.Dtype() == tensor.Float32 {
				rows[i] = append(rows[i], float64(s.Visible.Float32s()[i*n+j]))
			} else {
				rows[i] = append(rows[i], s.Visible.Float64s()[i*n+j])
			}
		}
	}
	return rows
}

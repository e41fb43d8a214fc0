package layers

import (
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/machine"
)

// coupled makes a layer with given couplings and biases; nil leaves biases 0.
func coupled(c HopfieldConfig, w, b []float64) *Hopfield {
	h := must(NewHopfield("h", c))
	err := h.w.Set(w)
	if b != nil && err == nil {
		err = h.b.Set(b)
	}
	if err != nil {
		panic(err)
	}
	return h
}

// randomCouplings are symmetric with a zero diagonal, their numbers of a deviation.
func randomCouplings(seed uint64, n int, deviation float64) []float64 {
	z := normals(seed, n*n)
	return filled(n, func(i, j int) float64 { return deviation * z[i*n+j] })
}

// filled is the matrix of couplings w(i, j) for i < j.
func filled(n int, w func(i, j int) float64) []float64 {
	of := couplingsOf(func(at int) float64 { return w(at/n, at%n) }, n)
	out := make([]float64, n*n)
	for at := range out {
		out[at] = of(at)
	}
	return out
}

func scaledBy(factor float64, x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = factor * v
	}
	return out
}

// means runs a layer on a (rows, n) batch.
func means(t *testing.T, h *Hopfield, rows int, x []float64) []float64 {
	t.Helper()
	in := input(G.NewGraph(), "x", dense(h.config.Dtype, tensor.Shape{rows, h.config.Units.Len()}, x...))
	return graphtest.Value(t, must(h.Forward(in)))[0]
}

// freeEnergies runs FreeEnergy on a batch, with fields or without.
func freeEnergies(t *testing.T, h *Hopfield, rows int, m, x []float64) []float64 {
	t.Helper()
	g := G.NewGraph()
	shape := tensor.Shape{rows, h.config.Units.Len()}
	var field *G.Node
	if x != nil {
		field = input(g, "x", dense(h.config.Dtype, shape, x...))
	}
	return graphtest.Value(t, must(h.FreeEnergy(input(g, "m", dense(h.config.Dtype, shape, m...)), field)))[0]
}

func double(units energy.Units, temperature float64) HopfieldConfig {
	return HopfieldConfig{Units: units, Temperature: temperature, Tolerance: 1e-13, MaxSteps: 20_000, Dtype: tensor.Float64}
}

// ensemble enumerates p(s) ∝ exp((bᵀs + ½ sᵀWs)/T): the exact means and −T log Z.
func ensemble(units energy.Units, w, b []float64, temperature float64) (mean []float64, freeEnergy float64) {
	n := len(b)
	low := 0.0
	if units.Families()[0] == "Spin" {
		low = -1
	}
	mean = make([]float64, n)
	z := 0.0
	for bits := range 1 << n {
		s := make([]float64, n)
		for i := range s {
			s[i] = low
			if bits>>i&1 == 1 {
				s[i] = 1
			}
		}
		e := 0.0
		for i := range n {
			e -= b[i] * s[i]
			for j := range n {
				e -= w[i*n+j] * s[i] * s[j] / 2
			}
		}
		p := math.Exp(-e / temperature)
		z += p
		for i := range s {
			mean[i] += p * s[i]
		}
	}
	return scaledBy(1/z, mean), -temperature * math.Log(z)
}

func TestGradientsOfHopfield(t *testing.T) {
	for _, units := range []energy.Units{energy.Spin(4), energy.Bernoulli(4)} {
		for name, c := range map[string]HopfieldConfig{
			"a fixed point":         {Temperature: 1.5},
			"three updates":         {Steps: 3, Temperature: 0.7},
			"two from a state":      {Steps: 2, InputIsState: true, Damping: 0.25},
			"two damped in a field": {Steps: 2, Damping: 0.5},
		} {
			c.Units = units
			x, cube := tensor.Shape{3, 4}, tensor.Shape{2, 2, 4}
			layer := func(dt tensor.Dtype) Layer {
				c := c
				c.Dtype = dt
				if c.Steps == 0 && dt == tensor.Float64 {
					c.Tolerance = 1e-13
				}
				return must(NewHopfield("h", c))
			}
			half := func(in *G.Node) *G.Node { return must(Sigmoid().Forward(in)) } // means that both families can have
			for call, g := range map[string]gradientCase{
				"Forward":              {inputs: []tensor.Shape{x}, output: x, build: forward},
				"Forward of instances": {inputs: []tensor.Shape{cube}, output: cube, build: forward},
				"Energy":               {inputs: []tensor.Shape{x}, output: x[:1], build: func(l Layer, in []*G.Node) (*G.Node, error) { return l.(*Hopfield).Energy(in[0]) }},
				"FreeEnergy":           {inputs: []tensor.Shape{x}, output: x[:1], build: func(l Layer, in []*G.Node) (*G.Node, error) { return l.(*Hopfield).FreeEnergy(half(in[0]), nil) }},
				"FreeEnergy in a field": {inputs: []tensor.Shape{x, x}, output: x[:1], build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*Hopfield).FreeEnergy(half(in[0]), in[1])
				}},
				"FreeEnergy of means": {inputs: []tensor.Shape{x}, output: x[:1], build: func(l Layer, in []*G.Node) (*G.Node, error) {
					m, err := l.Forward(in[0])
					if err != nil {
						return nil, err
					}
					return l.(*Hopfield).FreeEnergy(m, in[0])
				}},
			} {
				g.layer, g.reach = layer, "W b"
				t.Run(fmt.Sprintf("%v/%s/%s", units, name, call), g.check)
			}
		}
	}
}

// m₁ = tanh((w m₂ + x)/T) of two equal units, whose root bisection finds.
func TestTwoUnits(t *testing.T) {
	for _, c := range []struct{ w, x, temperature float64 }{{0.8, 0.3, 1}, {2, 0.1, 1}, {3, 0.05, 0.5}, {-1, 0.7, 0.9}} {
		lo, hi := 0.0, 1.0
		for range 200 {
			m := (lo + hi) / 2
			if math.Tanh((c.w*m+c.x)/c.temperature) > m {
				lo = m
			} else {
				hi = m
			}
		}
		h := coupled(double(energy.Spin(2), c.temperature), []float64{0, c.w, c.w, 0}, nil)
		require.InDeltaSlice(t, []float64{lo, lo}, means(t, h, 1, []float64{c.x, c.x}), 1e-11, "%+v", c)
	}
}

// In the complete graph with couplings J/(n−1) there is no magnetisation above T = J, and below it the root of m = tanh(Jm/T) that a
// field of 1e-9 chooses the sign of. J = 1.
func TestSpontaneousMagnetisation(t *testing.T) {
	const n = 50
	w := filled(n, func(_, _ int) float64 { return 1 / float64(n-1) })
	for temperature, want := range map[float64]float64{1.25: 0, 2: 0, 0.5: 0.9575040241, 0.8: 0.7104117834} {
		require.InDelta(t, math.Tanh(want/temperature), want, 1e-9, "the numbers are roots")
		h := coupled(double(energy.Spin(n), temperature), w, nil)
		for _, sign := range []float64{1, -1} {
			x := make([]float64, n)
			for i := range x {
				x[i] = sign * 1e-9
			}
			for _, m := range means(t, h, 1, x) {
				require.InDelta(t, sign*want, m, 1e-7, "T = %g", temperature)
			}
		}
	}
}

// With a temperature near 0 an update from a state is the sign of its fields, exactly.
func TestColdUpdatesAreSigns(t *testing.T) {
	const n, rows = 20, 6
	for _, dt := range dtypes {
		c := HopfieldConfig{Units: energy.Spin(n), Temperature: 1e-7, Steps: 1, InputIsState: true, Dtype: dt}
		h := coupled(c, randomCouplings(1, n, 1), normals(2, n))
		state := normals(3, rows*n)
		want := make([]float64, rows*n)
		w, b := h.w.Float64s(), h.b.Float64s()
		for i := range state {
			state[i] = math.Copysign(1, state[i])
		}
		for r := range rows {
			for i := range n {
				sum := b[i]
				for j := range n {
					sum += w[i*n+j] * state[r*n+j]
				}
				require.Greater(t, math.Abs(sum), 1e-4, "no field is near 0")
				want[r*n+i] = math.Copysign(1, sum)
			}
		}
		require.Equal(t, want, means(t, h, rows, state))
	}
}

// A stored pattern is recalled from a state with a quarter of its units flipped: Hebb's rule, patterns of 100 units.
func TestHopfieldRecalls(t *testing.T) {
	const n, p = 100, 4
	xi := normals(5, p*n)
	for i := range xi {
		xi[i] = math.Copysign(1, xi[i])
	}
	w := filled(n, func(i, j int) float64 {
		sum := 0.0
		for k := range p {
			sum += xi[k*n+i] * xi[k*n+j] / n
		}
		return sum
	})
	h := coupled(HopfieldConfig{Units: energy.Spin(n), Temperature: 0.1, Steps: 10, InputIsState: true}, w, nil)
	corrupted := scaledBy(1, xi)
	for i := range corrupted {
		if i%4 == 0 {
			corrupted[i] = -corrupted[i]
		}
	}
	for i, m := range means(t, h, p, corrupted) {
		require.Greater(t, m*xi[i], 0.99)
	}
}

// Weak couplings: the error of the means is of second order in them (the Onsager term is the first that is left out), so that half the
// couplings leave a quarter of it.
func TestWeakCouplings(t *testing.T) {
	const n = 5
	for _, units := range []energy.Units{energy.Spin(n), energy.Bernoulli(n)} {
		b := normals(8, n)
		worst := func(scale float64) (worst float64) {
			w := randomCouplings(9, n, scale)
			exact, _ := ensemble(units, w, b, 1)
			for i, m := range means(t, coupled(double(units, 1), w, b), 1, make([]float64, n)) {
				worst = max(worst, math.Abs(m-exact[i]))
			}
			return worst
		}
		require.Less(t, worst(0.02), 2e-3)
		require.InDelta(t, 4, worst(0.02)/worst(0.01), 0.3, "%v", units)
	}
}

// Couplings, biases and fields are divided by T, and by nothing else.
func TestTemperatureIsAScale(t *testing.T) {
	const n, rows, temperature = 6, 3, 2.5
	w, b, x := randomCouplings(1, n, 0.3), normals(2, n), normals(3, rows*n)
	for _, steps := range []int{0, 3} {
		one, other := double(energy.Bernoulli(n), 1), double(energy.Bernoulli(n), temperature)
		if steps > 0 {
			one, other = HopfieldConfig{Units: one.Units, Steps: steps, Dtype: tensor.Float64}, HopfieldConfig{Units: one.Units, Steps: steps, Temperature: temperature, Dtype: tensor.Float64}
		}
		want := means(t, coupled(one, w, b), rows, x)
		got := means(t, coupled(other, scaledBy(temperature, w), scaledBy(temperature, b)), rows, scaledBy(temperature, x))
		require.InDeltaSlice(t, want, got, 1e-11)
	}
}

// The initial couplings are of W's form, and of the deviation that is asked for: that of 300·299/2 numbers is within 1 % by 3 of its
// standard errors.
func TestInitialCouplings(t *testing.T) {
	const n = 300
	for _, dt := range dtypes {
		for _, c := range []struct{ config, want float64 }{{0.5, 0.5}, {0, 2 / (4 * math.Sqrt(n))}} {
			h := must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(n), Temperature: 2, Seed: 3, InitDeviation: c.config, Dtype: dt}))
			w := h.w.Float64s()
			require.NoError(t, checkCouplings(w, n))
			square := 0.0
			for _, v := range w {
				square += v * v
			}
			require.InEpsilon(t, c.want, math.Sqrt(square/(n*(n-1))), 0.01)
			require.Equal(t, make([]float64, n), h.b.Float64s())
			other := must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(n), Temperature: 2, Seed: 4, InitDeviation: c.config, Dtype: dt}))
			require.NotEqual(t, w, other.w.Float64s())
		}
	}
	require.Equal(t, []float64{0}, must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(1)})).w.Float64s())
}

// Only couplings of W's form can be set or loaded; what is refused changes nothing.
func TestOtherCouplingsAreRefused(t *testing.T) {
	for _, dt := range dtypes {
		h := coupled(HopfieldConfig{Units: energy.Spin(2), Dtype: dt}, []float64{0, 0.5, 0.5, 0}, nil)
		for message, w := range map[string][]float64{
			"layers: h.W: Set: W has 0.25 at row 1, column 0, and 0.5 at row 0, column 1, want a symmetric matrix": {0, 0.5, 0.25, 0},
			"layers: h.W: Set: W has 1 at row 1 of its diagonal, want 0":                                           {0, 0.5, 0.5, 1},
		} {
			refusal{func() error { return h.w.Set(w) }, energy.ErrConfig, message}.check(t)
			require.Equal(t, []float64{0, 0.5, 0.5, 0}, h.w.Float64s())

			file := must(Encode(h))
			file.Tensors[0].Data = dense(dt, tensor.Shape{2, 2}, w...).Data()
			path := filepath.Join(t.TempDir(), "model")
			require.NoError(t, modelfile.Write(path, file))
			_, err := Load(path)
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, `layers: Hopfield "h": W has`)
		}
	}
	require.Nil(t, must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(2)})).Param("c"))
}

// Two machines run at once on two graphs of one layer; the race detector watches.
func TestHopfieldsOfTwoMachines(t *testing.T) {
	const n = 20
	for _, steps := range []int{0, 3} {
		h := coupled(HopfieldConfig{Units: energy.Spin(n), Steps: steps}, randomCouplings(1, n, 0.3), normals(2, n))
		build := func(rows int) (*G.Node, G.Nodes) {
			y := must(h.Forward(input(G.NewGraph(), "x", dense(tensor.Float32, tensor.Shape{rows, n}, normals(4, rows*n)...))))
			cost := G.Must(G.Sum(y))
			grads, err := G.Grad(cost, Wrt(cost, h)...)
			require.NoError(t, err)
			return cost, grads
		}
		var wait sync.WaitGroup
		for _, rows := range []int{3, 7} {
			cost, grads := build(rows)
			_, again := build(rows)
			want := graphtest.Value(t, again...)
			var got G.Value
			G.Read(grads[0], &got)
			wait.Go(func() {
				vm := G.NewTapeMachine(cost.Graph())
				defer vm.Close()
				for range 20 {
					if err := vm.RunAll(); err != nil {
						t.Error(err)
					}
					vm.Reset()
				}
				if !equalNumbers(want[0], numbers(got)) {
					t.Error("another gradient than that of a machine alone")
				}
			})
		}
		wait.Wait()
	}
}

func equalNumbers(a, b []float64) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return true
}

// One graph on the library's machine serves batches of any size as a graph of that size does, means and gradients; from the second
// time on it allocates nothing.
func TestHopfieldOfAnyBatch(t *testing.T) {
	const n = 12
	for _, steps := range []int{0, 3} {
		h := coupled(HopfieldConfig{Units: energy.Spin(n), Temperature: 0.5, Steps: steps}, randomCouplings(1, n, 0.5), normals(2, n))
		build := func(rows int) (vm *machine.Machine, x *G.Node, results func() [][]float64) {
			x = input(G.NewGraph(), "x", dense(tensor.Float32, tensor.Shape{rows, n}, normals(uint64(rows), rows*n)...))
			y := must(h.Forward(x))
			cost := must(op.Mean(must(SquaredErrorRows(y, x))))
			wrt := Wrt(cost, h)
			_, err := G.Grad(cost, wrt...)
			require.NoError(t, err)
			vm = must(machine.New(x.Graph(), machine.Config{Outputs: G.Nodes{y, cost}, Wrt: wrt}))
			return vm, x, func() (all [][]float64) {
				require.NoError(t, vm.RunAll())
				all = [][]float64{numbers(y.Value())}
				for _, w := range wrt {
					all = append(all, numbers(must(w.Grad())))
				}
				return all
			}
		}
		vm, x, results := build(4)
		defer vm.Close()
		for _, rows := range []int{4, 1, 7, 4, 2, 7} {
			require.NoError(t, vm.Let(x, dense(tensor.Float32, tensor.Shape{rows, n}, normals(uint64(rows), rows*n)...)))
			other, _, want := build(rows)
			require.Equal(t, want(), results(), "%d rows", rows)
			other.Close()
		}
		require.True(t, race.Enabled || testing.AllocsPerRun(5, func() { _ = vm.RunAll() }) == 0)
	}
}

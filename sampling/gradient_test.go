package sampling_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// refuses requires that a step fails and leaves the state as it was.
func refuses(t *testing.T, k sampling.Kernel, s *sampling.State, sentinel error, message string) {
	t.Helper()
	before, step := rowsOf(s), s.Step
	_, err := k.Step(s)
	require.ErrorIs(t, err, sentinel, message)
	require.ErrorContains(t, err, message)
	after := rowsOf(s)
	for i := range before {
		require.True(t, slices.EqualFunc(before[i], after[i], func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }), message)
	}
	require.Equal(t, step, s.Step)
}

// gradientKernels makes one kernel of each kind for an energy, each with the units that it moves.
func gradientKernels(e energy.Func, u energy.Units, clamp []bool) map[string]func(seed uint64) sampling.Kernel {
	return map[string]func(seed uint64) sampling.Kernel{
		"Langevin": func(seed uint64) sampling.Kernel {
			return &sampling.Langevin{Energy: e, StepSize: 0.1, Seed: seed, Clamp: clamp}
		},
		"MALA": func(seed uint64) sampling.Kernel {
			return &sampling.Langevin{Energy: e, StepSize: 0.1, Adjusted: true, Seed: seed, Clamp: clamp}
		},
		"HMC": func(seed uint64) sampling.Kernel {
			return &sampling.HMC{Energy: e, StepSize: 0.2, Leapfrogs: 3, Jitter: 0.2, Seed: seed, Clamp: clamp}
		},
		"GibbsWithGradients": func(seed uint64) sampling.Kernel {
			return &sampling.GibbsWithGradients{Energy: e, Units: u, Flips: 2, Seed: seed, Clamp: clamp}
		},
		"DULA": func(seed uint64) sampling.Kernel {
			return &sampling.DiscreteLangevin{Energy: e, Units: u, StepSize: 2, Seed: seed, Clamp: clamp}
		},
		"DMALA": func(seed uint64) sampling.Kernel {
			return &sampling.DiscreteLangevin{Energy: e, Units: u, StepSize: 2, Adjusted: true, Seed: seed, Clamp: clamp}
		},
	}
}

// Draws are a function of seed, step and chain, whatever the processors and the number of chains.
func TestGradientKernelsAreReproducible(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		units := energy.Join(energy.Spin(20), energy.OneHot(7, 3))
		rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: units, Hidden: energy.Bernoulli(33), Dtype: dtype, Seed: 2})
		require.NoError(t, err)
		states := func(x []float64) float64 { return 0 }
		few, err := samplertest.Enumerate(energy.Join(energy.Spin(2), energy.OneHot(1, 3)), states, 1)
		require.NoError(t, err)
		c := samplertest.Config{Dtype: dtype, Chains: 101}
		target := wide{few}
		for name, kernel := range gradientKernels(rbm.FreeEnergy, units, nil) {
			require.NoError(t, samplertest.Reproducible(target, kernel, c), "%s, %v", name, dtype)
		}
	}
}

// wide repeats ten times the two Spin units of its target, and seven times its OneHot unit.
type wide struct{ *samplertest.Enumeration }

func (w wide) Draw(r *rand.Rand) []float64 {
	x := w.Enumeration.Draw(r)
	return slices.Concat(slices.Repeat(x[:2], 10), slices.Repeat(x[2:], 7))
}

// A clamp holds columns of discrete units, one unlikely state of them included, and the others stay draws given these.
func TestGradientKernelsOfDiscreteUnitsHold(t *testing.T) {
	dtype := tensor.Float64
	m := freeEnergyOf(t, "joined", energy.Join(energy.Spin(2), energy.OneHot(2, 3)), dtype)
	clamp := []bool{false, true, true, true, true, false, false, false}
	kernels := gradientKernels(m.graph, m.units, clamp)
	free := gradientKernels(m.graph, m.units, nil)
	at := []float64{1, 1, 0, 0, 1, 1, 0, 0}
	for _, name := range []string{"GibbsWithGradients", "DMALA"} {
		c := gradientConfig(dtype)
		c.Held = [][]bool{clamp}
		require.NoError(t, samplertest.Stationary(m.target(t, 1), kernels[name], c), name)
		require.ErrorContains(t, samplertest.Stationary(m.target(t, 1), free[name], c), "though held", name)
		given := m.given(t, 1, at, clamp)
		require.NoError(t, samplertest.Stationary(given, kernels[name], c), name)
		c.Steps, c.Chains = []int{60}, 1000
		require.NoError(t, samplertest.Converges(given, kernels[name], at, c), name)
	}
}

// With all columns clamped nothing moves and the step is counted.
func TestGradientKernelsOfNothing(t *testing.T) {
	m := quadraticOf("spins", energy.Spin(3))
	for name, kernel := range gradientKernels(m.graph, m.units, []bool{true, true, true}) {
		s := stateOf(tensor.Float32, [][]float64{{1, -1, 1}, {1, 1, 1}})
		_, err := kernel(1).Step(s)
		require.NoError(t, err, name)
		require.Equal(t, [][]float64{{1, -1, 1}, {1, 1, 1}}, rowsOf(s), name)
		require.EqualValues(t, 1, s.Step, name)
	}
}

// Chains follow the parameters of a layer as they are at each step.
func TestGradientKernelsSeeParameters(t *testing.T) {
	rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2), Dtype: tensor.Float64})
	require.NoError(t, err)
	for name, kernel := range gradientKernels(rbm.FreeEnergy, energy.Bernoulli(3), nil) {
		require.NoError(t, rbm.Param("b").Set([]float64{0, 0, 0}))
		k, s := kernel(1), stateOf(tensor.Float64, slices.Repeat([][]float64{{0, 0, 0}}, 100))
		_, err := k.Step(s)
		require.NoError(t, err)
		require.NoError(t, rbm.Param("b").Set([]float64{30, 30, 30}))
		for range 20 {
			_, err := k.Step(s)
			require.NoError(t, err)
		}
		for _, x := range rowsOf(s) {
			require.Greater(t, x[0]+x[1]+x[2], 2.5, name)
		}
	}
}

func TestGradientKernelsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("sync.Pool leaks under the race detector")
	}
	rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Join(energy.Spin(20), energy.OneHot(4, 5)), Hidden: energy.Spin(10), Seed: 1})
	require.NoError(t, err)
	row := slices.Repeat([]float64{1, -1}, 10)
	for range 4 {
		row = append(row, 0, 0, 1, 0, 0)
	}
	for name, kernel := range gradientKernels(rbm.FreeEnergy, rbm.Visible(), nil) {
		for _, chains := range []int{1, 300} {
			k, s := kernel(1), stateOf(tensor.Float32, slices.Repeat([][]float64{row}, chains))
			require.Zero(t, testing.AllocsPerRun(20, func() {
				if _, err := k.Step(s); err != nil {
					panic(err)
				}
			}), "%s, %d chains", name, chains)
		}
	}
}

// A kernel goes on with other numbers of chains.
func TestGradientKernelsOfAnyNumberOfChains(t *testing.T) {
	m := cubic("cubic", energy.Spin(4))
	for name, kernel := range gradientKernels(m.graph, m.units, nil) {
		used := kernel(1)
		for _, chains := range []int{3, 1, 5, 3} {
			s := stateOf(tensor.Float64, slices.Repeat([][]float64{{1, -1, 1, 1}}, chains))
			fresh := stateOf(tensor.Float64, rowsOf(s))
			_, err := used.Step(s)
			require.NoError(t, err)
			_, err = kernel(1).Step(fresh)
			require.NoError(t, err)
			require.Equal(t, rowsOf(fresh), rowsOf(s), name)
		}
	}
}

var errNoEnergy = errors.New("no energy")

func TestGradientKernelsRefuse(t *testing.T) {
	m := cubic("cubic", energy.Spin(3))
	good := func() *sampling.State { return stateOf(tensor.Float32, [][]float64{{1, -1, 1}, {1, 1, -1}}) }
	with := func(x *tensor.Dense) *sampling.State { return &sampling.State{Visible: x} }
	f32 := tensor.Float32
	plain := func(e energy.Func) func(clamp []bool) map[string]func(seed uint64) sampling.Kernel {
		return func(clamp []bool) map[string]func(seed uint64) sampling.Kernel {
			return gradientKernels(e, m.units, clamp)
		}
	}
	sound := plain(m.graph)
	infinite := func(by float64) energy.Func { // E = Σx·(its logarithm of by)
		return func(x *G.Node) (*G.Node, error) {
			y := G.Must(G.HadamardProd(x, G.Must(G.Log(constant(x, "by", []float64{by, by, by, by, by, by}, 2, 3)))))
			return G.Sum(y, 1)
		}
	}
	for _, r := range []struct {
		message  string
		sentinel error
		kernels  func(clamp []bool) map[string]func(seed uint64) sampling.Kernel
		clamp    []bool
		state    *sampling.State
	}{
		{"no energy or no state given", energy.ErrConfig, plain(nil), nil, good()},
		{"visible state: dtype int, want float32 or float64", energy.ErrDtype, sound, nil, with(tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2, 3)))},
		{"visible state: shape (6), want (chains, n)", energy.ErrShape, sound, nil, with(tensor.New(tensor.Of(f32), tensor.WithShape(6)))},
		{"visible state: shape (0, 3), want (chains, n)", energy.ErrShape, sound, nil, with(tensor.New(tensor.Of(f32), tensor.WithShape(0, 3)))},
		{"visible state: the tensor is a view that is not contiguous", energy.ErrShape, sound, nil, with(column(good().Visible))},
		{"clamp has 2 columns, want 3", energy.ErrShape, sound, make([]bool, 2), good()},
		{"building the energy: no energy", errNoEnergy, plain(func(*G.Node) (*G.Node, error) { return nil, errNoEnergy }), nil, good()},
		{"the energy is no node of the graph of x", energy.ErrConfig, plain(func(*G.Node) (*G.Node, error) { return nil, nil }), nil, good()},
		{"the energy is no node of the graph of x", energy.ErrConfig, plain(func(x *G.Node) (*G.Node, error) {
			return m.graph(G.NewMatrix(G.NewGraph(), f32, G.WithShape(2, 3), G.WithName("other")))
		}), nil, good()},
		{"the energy has shape (), want one number a chain, (2)", energy.ErrShape, plain(func(x *G.Node) (*G.Node, error) { return G.Sum(x) }), nil, good()},
		{"the energy has shape (2, 3), want one number a chain", energy.ErrShape, plain(func(x *G.Node) (*G.Node, error) { return G.Exp(x) }), nil, good()},
		{"the energy has no gradient with regard to x", energy.ErrConfig, plain(func(x *G.Node) (*G.Node, error) {
			return G.Exp(constant(x, "other", []float64{1, 2}, 2))
		}), nil, good()},
		{"the energy of the state in row 0 is +Inf", energy.ErrNotFinite, plain(infinite(math.Inf(1))), nil, stateOf(f32, [][]float64{{1, 1, 1}, {1, 1, 1}})},
		{"the energy of the state in row 0 is NaN", energy.ErrNotFinite, plain(infinite(-1)), nil, good()},
	} {
		for name, kernel := range r.kernels(r.clamp) {
			if r.state.Visible.Dtype() == tensor.Int || r.state.Visible.Shape()[0] != 2 {
				_, err := kernel(1).Step(r.state)
				require.ErrorIs(t, err, r.sentinel, name)
				require.ErrorContains(t, err, r.message, name)
				continue
			}
			refuses(t, kernel(1), r.state, r.sentinel, r.message)
		}
	}
	for name, kernel := range sound(nil) {
		_, err := kernel(1).Step(nil)
		require.ErrorIs(t, err, energy.ErrConfig, name)
		_, err = kernel(1).Step(&sampling.State{})
		require.ErrorIs(t, err, energy.ErrConfig, name)
	}
}

// column is the same numbers, column by column.
func column(t *tensor.Dense) *tensor.Dense {
	return tensor.New(tensor.WithShape(t.Shape()...), tensor.AsFortran(t.Data()))
}

func TestDiscreteKernelsRefuse(t *testing.T) {
	joined := energy.Join(energy.Bernoulli(1), energy.OneHot(1, 3), energy.Gaussian(1))
	flat := func(x *G.Node) (*G.Node, error) { return G.Sum(x, 1) }
	held := []bool{false, false, false, false, true}
	good := []float64{1, 0, 1, 0, 0.5}
	for _, r := range []struct {
		message  string
		sentinel error
		units    energy.Units
		clamp    []bool
		row      []float64
	}{
		{"Units: no units given", energy.ErrConfig, energy.Units{}, held, good},
		{"visible state: shape (1, 5), want (chains, 4)", energy.ErrShape, energy.Spin(4), nil, good},
		{"column 4 of Join(Bernoulli(1), OneHot(1, 3), Gaussian(1)) is a Gaussian unit and not clamped", energy.ErrConfig, joined, nil, good},
		{"clamp holds a part of the OneHot group at column 1", energy.ErrConfig, joined, []bool{false, true, false, false, true}, good},
		{"row 0, column 0 is 0.5, want a value of a unit of", energy.ErrRange, joined, held, []float64{0.5, 0, 1, 0, 0.5}},
		{"row 0, column 0 is -1, want", energy.ErrRange, joined, held, []float64{-1, 0, 1, 0, 0.5}},
		{"row 0, column 1 is 0.5, want", energy.ErrRange, joined, held, []float64{1, 0.5, 0.5, 0, 0.5}},
		{"row 0, column 1 is 0, want", energy.ErrRange, joined, held, []float64{1, 0, 0, 0, 0.5}},
		{"row 0, column 1 is 1, want", energy.ErrRange, joined, held, []float64{1, 1, 1, 0, 0.5}},
		{"row 0, column 0 is NaN, want", energy.ErrRange, joined, held, []float64{math.NaN(), 0, 1, 0, 0.5}},
	} {
		kernels := gradientKernels(flat, r.units, r.clamp)
		for _, name := range []string{"GibbsWithGradients", "DULA", "DMALA"} {
			refuses(t, kernels[name](1), stateOf(tensor.Float64, [][]float64{r.row}), r.sentinel, r.message)
		}
	}
	for _, name := range []string{"GibbsWithGradients", "DULA", "DMALA"} {
		s := stateOf(tensor.Float64, [][]float64{good})
		_, err := gradientKernels(flat, joined, held)[name](1).Step(s)
		require.NoError(t, err)
		require.Equal(t, 0.5, rowsOf(s)[0][4], "a real number that is clamped")
	}
	refuses(t, &sampling.GibbsWithGradients{Energy: flat, Units: joined, Clamp: held, Flips: -1}, stateOf(tensor.Float64, [][]float64{good}),
		energy.ErrConfig, "sampling: GibbsWithGradients: Step: Flips is -1, want")
	refuses(t, &sampling.DiscreteLangevin{Energy: flat, Units: joined, Clamp: held}, stateOf(tensor.Float64, [][]float64{good}),
		energy.ErrConfig, "sampling: DiscreteLangevin: Step: StepSize is 0, want")
}

// Where an energy falls without end, unadjusted chains run away and are told; adjusted ones refuse and stay. A gradient that is not
// finite where a chain stands is an error of every kernel.
func TestDivergingChains(t *testing.T) {
	falls := func(x *G.Node) (*G.Node, error) { return G.Sum(G.Must(G.Neg(G.Must(G.Cube(x)))), 1) }
	k, s := &sampling.Langevin{Energy: falls, StepSize: 1, Seed: 1}, stateOf(tensor.Float32, [][]float64{{1}, {2}})
	var err error
	for range 100 {
		before := rowsOf(s)
		if _, err = k.Step(s); err != nil {
			require.Equal(t, before, rowsOf(s))
			break
		}
	}
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "sampling: Langevin: Step: ")

	hmc := &sampling.HMC{Energy: quartic, StepSize: 10, Seed: 1}
	s = stateOf(tensor.Float32, [][]float64{{1}, {2}})
	info, err := hmc.Step(s)
	require.NoError(t, err)
	require.Equal(t, sampling.Info{Proposed: 2}, info)
	require.Equal(t, [][]float64{{1}, {2}}, rowsOf(s), "a trajectory that overflows is refused")

	root := func(x *G.Node) (*G.Node, error) { return G.Sum(G.Must(G.Sqrt(x)), 1) } // at 0 it has a value, and no slope
	for _, kernel := range gradientKernels(root, energy.Bernoulli(1), nil) {
		refuses(t, kernel(1), stateOf(tensor.Float64, [][]float64{{1}, {0}}), energy.ErrNotFinite,
			"the gradient of the energy of the state in row 1, column 0 is +Inf")
	}
}

func quartic(x *G.Node) (*G.Node, error) {
	return G.Sum(G.Must(G.Square(G.Must(G.Square(x)))), 1)
}

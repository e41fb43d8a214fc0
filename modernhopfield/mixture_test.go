package modernhopfield

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/layers"
)

// normalRows are (rows, columns) normal numbers of a deviation.
func normalRows(r *rand.Rand, rows, columns int, deviation float64) []float64 {
	x := make([]float64, rows*columns)
	for i := range x {
		x[i] = deviation * r.NormFloat64()
	}
	return x
}

func rows64(x []float64, rows, columns int) *tensor.Dense {
	return graphtest.Tensor(tensor.Float64, x, rows, columns)
}

// numbersOf are the numbers of a tensor.
func numbersOf(x *tensor.Dense) []float64 {
	numbers, _, err := matrix.Of(x, 0)
	if err != nil {
		panic(err)
	}
	return numbers
}

// networkOf is the network of flat patterns, which has the energy of Ramsauer et al., eq. 2, in the loops of its definition.
func networkOf(patterns []float64, d int, beta float64) network {
	return network{slices.Collect(slices.Chunk(patterns, d)), beta}
}

// oracleOf is a machine of Gaussian visible units and one OneHot unit as the oracle sees it.
func oracleOf(r *layers.RBM, beta float64) *exact.Harmonium {
	d, n := r.Visible().Len(), r.Hidden().Len()
	visible := exact.Side{Family: exact.Gaussian, Units: d, LogVariance: make([]float64, d)}
	for j := range d {
		visible.LogVariance[j] = -math.Log(beta)
	}
	return &exact.Harmonium{
		Visible: visible, Hidden: exact.Side{Family: exact.OneHot, Units: n, States: n},
		W: r.Param("W").Float64s(), B: r.Param("b").Float64s(), C: r.Param("c").Float64s(),
	}
}

// The patterns and the query of the golden trace, whose numbers were computed from the formulas by an independent program.
var (
	tracePatterns = []float64{1, 0, 1, 0, 2, 0, -1, 1, .5, .5, -1, 1.5}
	traceQuery    = []float64{.9, .1, .8}
)

func TestMixtureRBMFollowsTheGoldenTrace(t *testing.T) {
	for _, c := range []struct {
		beta   float64
		energy []float64
		first  []float64 // state after one update; nil where it is not known
	}{
		{1, []float64{1.62497992, 1.46873605, 1.41092964, 1.38476930}, []float64{0.59280278, -0.13234463, 1.06617231}},
		{8, []float64{1.17037589, 0.85872687, 0.42585597, 0.42328603}, []float64{0.88425814, -0.23146463, 1.11573232}},
		{.1, []float64{1.92814166, 1.59076291, 1.58530839, 1.58514472}, nil},
	} {
		m, err := NewMixture(rows64(tracePatterns, 4, 3), c.beta)
		require.NoError(t, err)
		r, err := m.RBM("trace")
		require.NoError(t, err)
		state := traceQuery
		for step, want := range c.energy {
			g := G.NewGraph()
			v := graphtest.Input(g, "v", rows64(state, 1, 3))
			f, err := r.FreeEnergy(v)
			require.NoError(t, err)
			h, err := r.Forward(v)
			require.NoError(t, err)
			mean, err := r.Backward(h)
			require.NoError(t, err)
			values := graphtest.Evaluate(t, f, mean)
			require.InDelta(t, want, values[0][0]/c.beta, 1e-8, "energy after %d updates at beta %g", step, c.beta)
			updated, err := m.PosteriorMean(rows64(state, 1, 3))
			require.NoError(t, err)
			require.InDeltaSlice(t, values[1], updated.Float64s(), 1e-12)
			if state = values[1]; step == 0 && c.first != nil {
				require.InDeltaSlice(t, c.first, state, 1e-8)
			}
		}
	}
}

func TestMixtureRBMHasTheEnergyAsItsFreeEnergy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, size := range []struct {
			d, n int
			beta float64
		}{{1, 2, 1}, {3, 5, 0.25}, {16, 40, 4}} {
			const batch = 7
			patterns := graphtest.Tensor(dtype, normalRows(r, size.n, size.d, 1), size.n, size.d)
			states := graphtest.Tensor(dtype, normalRows(r, batch, size.d, 2), batch, size.d)
			m, err := NewMixture(patterns, size.beta)
			require.NoError(t, err)
			rbm, err := m.RBM("memory")
			require.NoError(t, err)
			require.Equal(t, dtype, rbm.Dtype())

			want := make([]float64, batch)
			x, v := numbersOf(patterns), numbersOf(states)
			for k := range want {
				want[k] = size.beta * networkOf(x, size.d, size.beta).energy(v[k*size.d:(k+1)*size.d])
			}
			tolerance := 1e-10
			if dtype == tensor.Float32 {
				tolerance = 1e-5
			}
			graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
				f, err := rbm.FreeEnergy(graphtest.Input(g, "v", states))
				require.NoError(t, err)
				return G.Nodes{f}
			}, graphtest.Tensor(dtype, want, batch))

			// energy.ModernHopfield leaves out the constants, log N + βM²/2 of βE; its update is the mean of the visible units given
			// the mean of the hidden one.
			largest := networkOf(x, size.d, size.beta).largest()
			for k := range want {
				want[k] = (want[k]-math.Log(float64(size.n)))/size.beta - largest*largest/2
			}
			update, err := m.PosteriorMean(states)
			require.NoError(t, err)
			graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
				v := graphtest.Input(g, "v", states)
				network := energy.ModernHopfield{
					Patterns: graphtest.Input(g, "patterns", patterns),
					Beta:     graphtest.Input(g, "beta", graphtest.Tensor(dtype, []float64{size.beta}, 1)),
				}
				e, err := network.Energy(v)
				require.NoError(t, err)
				f, err := network.Update(v)
				require.NoError(t, err)
				h, err := rbm.Forward(v)
				require.NoError(t, err)
				mean, err := rbm.Backward(h)
				require.NoError(t, err)
				return G.Nodes{e, f, mean}
			}, graphtest.Tensor(dtype, want, batch), update, update)

			density, err := m.LogDensity(states)
			require.NoError(t, err)
			for k := range want {
				e := size.beta * networkOf(x, size.d, size.beta).energy(v[k*size.d:(k+1)*size.d])
				require.InDelta(t, -e-m.LogPartition(), density[k], 1e-10*max(1, math.Abs(e)))
			}
		}
	}
}

// integral is the trapezoid sum of exp(log f), which for a mixture of Gaussians that has decayed at the ends converges faster than
// any power of the step.
func integral(t *testing.T, d int, logF func(states *tensor.Dense) []float64) float64 {
	const step, half = 0.02, 8.0
	side := int(2*half/step) + 1
	at := func(i int) float64 { return -half + step*float64(i) }
	sum := 0.0
	if d == 1 {
		x := make([]float64, side)
		for i := range x {
			x[i] = at(i)
		}
		for _, l := range logF(rows64(x, side, 1)) {
			sum += math.Exp(l) * step
		}
		return sum
	}
	require.Equal(t, 2, d)
	for i := range side {
		x := make([]float64, 2*side)
		for k := range side {
			x[2*k], x[2*k+1] = at(i), at(k)
		}
		for _, l := range logF(rows64(x, side, 2)) {
			sum += math.Exp(l) * step * step
		}
	}
	return sum
}

func TestMixtureLogPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, d := range []int{1, 2} {
		for _, beta := range []float64{2, 5} {
			const n = 4
			x := normalRows(r, n, d, 1)
			m, err := NewMixture(rows64(x, n, d), beta)
			require.NoError(t, err)
			unnormalised := func(states *tensor.Dense) []float64 {
				out := make([]float64, states.Shape()[0])
				for k := range out {
					out[k] = -beta * networkOf(x, d, beta).energy(states.Float64s()[k*d:(k+1)*d])
				}
				return out
			}
			require.InDelta(t, math.Log(integral(t, d, unnormalised)), m.LogPartition(), 1e-10)
			require.InDelta(t, 1, integral(t, d, func(states *tensor.Dense) []float64 {
				l, err := m.LogDensity(states)
				require.NoError(t, err)
				return l
			}), 1e-10)
		}
	}
	for range 10 {
		d, n, beta := 1+r.IntN(6), 2+r.IntN(6), math.Exp(r.NormFloat64())
		m, err := NewMixture(rows64(normalRows(r, n, d, 1), n, d), beta)
		require.NoError(t, err)
		rbm, err := m.RBM("memory")
		require.NoError(t, err)
		want, err := oracleOf(rbm, beta).LogPartition()
		require.NoError(t, err)
		require.InDelta(t, want, m.LogPartition(), 1e-10*max(1, math.Abs(want)))
	}
}

// With β|x|²/2 far beyond the range of exp, everything stays finite.
func TestMixtureOfLongPatterns(t *testing.T) {
	const beta = 1e6
	m, err := NewMixture(rows64([]float64{300, 400, 0, 500.0001, -3, 4}, 3, 2), beta)
	require.NoError(t, err)
	// 500.0001² is larger than 500² by 0.10000001, so exp(−50000) is what is left of the first weight.
	require.InDelta(t, -beta*0.10000001/2, m.LogWeights()[0], 1e-2)
	require.Zero(t, m.LogWeights()[1])
	require.InDelta(t, math.Log(2*math.Pi/beta)-math.Log(3), m.LogPartition(), 1e-12)
	states, components, err := m.Sample(100, 1)
	require.NoError(t, err)
	for _, c := range components {
		require.Equal(t, 1, c)
	}
	density, err := m.LogDensity(states)
	require.NoError(t, err)
	for k, l := range density {
		dx, dy := states.Float64s()[2*k], states.Float64s()[2*k+1]-500.0001
		require.InDelta(t, -math.Log(2*math.Pi/beta)-beta/2*(dx*dx+dy*dy), l, 1e-3) // 1e11 in float64 is cancelled
	}
}

func TestMixtureOfOnePattern(t *testing.T) {
	one, err := NewMixture(rows64([]float64{1, 2}, 1, 2), 3)
	require.NoError(t, err)
	require.InDelta(t, math.Log(2*math.Pi/3), one.LogPartition(), 1e-14)
	_, err = one.RBM("one")
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "one stored pattern, want at least 2")

	twice, err := NewMixture(rows64([]float64{1, 2, 1, 2}, 2, 2), 3)
	require.NoError(t, err)
	state := rows64([]float64{0.3, -1}, 1, 2)
	a, err := one.LogDensity(state)
	require.NoError(t, err)
	b, err := twice.LogDensity(state)
	require.NoError(t, err)
	require.InDeltaSlice(t, a, b, 1e-14)
	require.InDelta(t, one.LogPartition(), twice.LogPartition(), 1e-14)
}

func TestMixtureSampleIsAFunctionOfSeedAndRow(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m, err := NewMixture(graphtest.Tensor(dtype, normalRows(r, 5, 33, 0.2), 5, 33), 2)
		require.NoError(t, err)
		long, longComponents, err := m.Sample(500, 7)
		require.NoError(t, err)
		require.Equal(t, dtype, long.Dtype())
		before := runtime.GOMAXPROCS(1)
		short, components, err := m.Sample(300, 7)
		runtime.GOMAXPROCS(before)
		require.NoError(t, err)
		require.Equal(t, longComponents[:300], components)
		require.Equal(t, numbersOf(long)[:300*33], numbersOf(short))
		other, _, err := m.Sample(300, 8)
		require.NoError(t, err)
		require.NotEqual(t, numbersOf(short), numbersOf(other))
	}
}

func TestMixtureRowsDoNotDependOnTheirBatch(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	m, err := NewMixture(rows64(normalRows(r, 9, 17, 1), 9, 17), 2)
	require.NoError(t, err)
	states := normalRows(r, 20, 17, 1)
	all, err := m.Score(rows64(states, 20, 17))
	require.NoError(t, err)
	for k := range 20 {
		row, err := m.Score(rows64(states[k*17:(k+1)*17], 1, 17))
		require.NoError(t, err)
		require.Equal(t, all.Float64s()[k*17:(k+1)*17], row.Float64s())
	}
}

func TestMixtureRefuses(t *testing.T) {
	good := rows64([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	for _, c := range []struct {
		patterns *tensor.Dense
		beta     float64
		is       error
		says     string
	}{
		{nil, 1, energy.ErrShape, "patterns: no tensor given"},
		{graphtest.Tensor(tensor.Float64, []float64{1, 2}, 2, 1, 1), 1, energy.ErrShape, "shape (2, 1, 1), want (rows, columns)"},
		{tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 2})), 1, energy.ErrDtype, "want float32 or float64"},
		{rows64([]float64{1, math.NaN()}, 1, 2), 1, energy.ErrNotFinite, "row 0, column 1 is NaN"},
		{good, 0, energy.ErrConfig, "β is 0, want a number above 0"},
		{good, math.NaN(), energy.ErrConfig, "β is NaN"},
		{good, math.Inf(1), energy.ErrConfig, "β is +Inf"},
		{rows64([]float64{1e160, 0}, 1, 2), 1, energy.ErrConfig, "of pattern 0 overflows"},
	} {
		_, err := NewMixture(c.patterns, c.beta)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "modernhopfield: NewMixture: ")
		require.ErrorContains(t, err, c.says)
	}
	m, err := NewMixture(good, 1)
	require.NoError(t, err)
	_, _, err = m.Sample(0, 1)
	require.ErrorIs(t, err, energy.ErrConfig)
	for _, c := range []struct {
		states *tensor.Dense
		is     error
		says   string
	}{
		{nil, energy.ErrShape, "no tensor given"},
		{rows64([]float64{1, 2}, 1, 2), energy.ErrShape, "shape (1, 2), want (rows, 3)"},
		{graphtest.Tensor(tensor.Float32, []float64{1, 2, 3}, 1, 3), energy.ErrDtype, "dtype float32, want float64 as the patterns have"},
		{rows64([]float64{1, 2, math.Inf(1)}, 1, 3), energy.ErrNotFinite, "column 2 is +Inf"},
		{rows64([]float64{1, 2, 1e160}, 1, 3), energy.ErrRange, "β|ξ|² of row 0 overflows"},
	} {
		_, err := m.LogDensity(c.states)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "modernhopfield: Mixture: LogDensity: states: ")
		require.ErrorContains(t, err, c.says)
		_, err = m.PosteriorMean(c.states)
		require.ErrorIs(t, err, c.is)
		_, err = m.Score(c.states)
		require.ErrorIs(t, err, c.is)
	}
	_, err = m.RBM("")
	require.ErrorIs(t, err, energy.ErrConfig)
	large, err := NewMixture(graphtest.Tensor(tensor.Float32, []float64{1e18, 1, 1, 1}, 2, 2), 1e30)
	require.NoError(t, err)
	_, err = large.RBM("large")
	require.ErrorIs(t, err, energy.ErrNotFinite)
}

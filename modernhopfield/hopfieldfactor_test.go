package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// spinRows are random rows of −1 and 1.
func spinRows(r *rand.Rand, rows, columns int) []float64 {
	x := make([]float64, rows*columns)
	for i := range x {
		x[i] = float64(2*r.IntN(2) - 1)
	}
	return x
}

func factored(t testing.TB, patterns []float64, p, n int, rule FactorRule) *HopfieldFactor {
	f, err := FactorPatterns(rows64(patterns, p, n), rule)
	require.NoError(t, err)
	return f
}

func dense(x *tensor.Dense) *mat.Dense {
	return mat.NewDense(x.Shape()[0], x.Shape()[1], x.Float64s())
}

// rotation is a random orthogonal p×p matrix.
func rotation(r *rand.Rand, p int) *mat.Dense {
	return mat.NewDense(p, p, matrix.NewBasis(normalRows(r, p, p, 1), p).Q)
}

// turned is a machine like m with the weights WO.
func turned(t testing.TB, m *layers.RBM, o *mat.Dense) *layers.RBM {
	other, err := layers.NewRBM("turned", m.Config())
	require.NoError(t, err)
	for _, p := range m.Params() {
		require.NoError(t, other.Param(p.Name()[len(m.Name())+1:]).Set(p.Float64s()))
	}
	var w mat.Dense
	w.Mul(mat.NewDense(m.Visible().Len(), m.Hidden().Len(), m.Param("W").Float64s()), o)
	require.NoError(t, other.Param("W").Set(w.RawMatrix().Data))
	return other
}

// spinOracle is a machine of Spin visible and Gaussian hidden units of variance 1/β as the oracle sees it.
func spinOracle(m *layers.RBM, beta float64) *exact.Harmonium {
	p := m.Hidden().Len()
	hidden := exact.Side{Family: exact.Gaussian, Units: p, LogVariance: make([]float64, p)}
	for j := range p {
		hidden.LogVariance[j] = -math.Log(beta)
	}
	return &exact.Harmonium{
		Visible: exact.Side{Family: exact.Spin, Units: m.Visible().Len()}, Hidden: hidden,
		W: m.Param("W").Float64s(), B: m.Param("b").Float64s(), C: m.Param("c").Float64s(),
	}
}

func TestProjectionStoresThePatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 2}, {3, 12}, {6, 30}, {20, 60}, {40, 100}} {
		p, n := size[0], size[1]
		x := spinRows(r, p, n)
		for c := range n { // correlated patterns, which defeat Hebb's rule: half of the columns are nearly those of pattern 0
			for k := 1; k < p && c < n/2; k++ {
				if r.Float64() < 0.8 {
					x[k*n+c] = x[c]
				}
			}
		}
		xi := mat.DenseCopyOf(mat.NewDense(p, n, x).T())
		var couplings [2]*mat.Dense
		for i, rule := range []FactorRule{FactorQR, FactorSymmetric} {
			f := factored(t, x, p, n, rule)
			w, j := dense(f.W()), dense(f.Couplings())
			couplings[i] = j
			var jx, jj, wr, identity, gram mat.Dense
			jx.Mul(j, xi)
			require.True(t, mat.EqualApprox(&jx, xi, 1e-10), "Jξ = ξ")
			jj.Mul(j, j)
			require.True(t, mat.EqualApprox(&jj, j, 1e-10), "J² = J")
			require.True(t, mat.Equal(j.T(), j), "J = Jᵀ")
			wr.Mul(w, dense(f.R()))
			require.True(t, mat.EqualApprox(&wr, xi, 1e-10), "ξ = WR")
			gram.Mul(w.T(), w)
			identity.CloneFrom(mat.NewDiagDense(p, ones(p)))
			require.True(t, mat.EqualApprox(&gram, &identity, 1e-12), "WᵀW = 1")
		}
		require.True(t, mat.EqualApprox(couplings[0], couplings[1], 1e-10), "the rules have one J")

		// The twin: for correlated patterns Hebb's rule is not the projection.
		hebb := dense(factored(t, x, p, n, FactorHebbian).Couplings())
		var hx mat.Dense
		hx.Mul(hebb, xi)
		require.Equal(t, p == 1, mat.EqualApprox(&hx, xi, 1e-10))
	}
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func TestFactorsAreOfTheirKind(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	const p, n = 4, 30
	x := spinRows(r, p, n)
	upper := factored(t, x, p, n, FactorQR).R()
	symmetric := factored(t, x, p, n, FactorSymmetric)
	for i := range p {
		for j := range p {
			u := upper.Float64s()[i*p+j]
			switch {
			case i == j:
				require.Positive(t, u)
			case i > j:
				require.Zero(t, u)
			}
			require.InDelta(t, symmetric.R().Float64s()[i*p+j], symmetric.R().Float64s()[j*p+i], 1e-12)
		}
	}
	// Of all matrices with orthonormal columns the symmetric W is the nearest to ξ.
	distance := func(f *HopfieldFactor) float64 {
		var d mat.Dense
		d.Sub(mat.NewDense(p, n, x).T(), dense(f.W()))
		return mat.Norm(&d, 2)
	}
	require.Less(t, distance(symmetric), distance(factored(t, x, p, n, FactorQR)))

	// For orthogonal patterns the three rules agree.
	orthogonal := []float64{1, 1, 1, 1, 1, -1, 1, -1}
	for _, rule := range []FactorRule{FactorQR, FactorSymmetric, FactorHebbian} {
		f := factored(t, orthogonal, 2, 4, rule)
		require.InDeltaSlice(t, []float64{.5, .5, .5, -.5, .5, .5, .5, -.5}, f.W().Float64s(), 1e-12, rule.String())
		require.InDeltaSlice(t, []float64{2, 0, 0, 2}, f.R().Float64s(), 1e-12, rule.String())
	}
}

// The distribution of the visible units is the Boltzmann distribution of the Hopfield network, fields included, by enumeration of
// both; log Z differs by what the integral over l contributes.
func TestHopfieldRBMIsTheHopfieldNetwork(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for _, rule := range []FactorRule{FactorQR, FactorSymmetric, FactorHebbian} {
		for _, c := range []struct {
			p, n   int
			beta   float64
			fields bool
		}{{1, 3, 1, false}, {3, 8, 2, false}, {4, 12, 0.7, true}, {2, 10, 8, true}} {
			f := factored(t, spinRows(r, c.p, c.n), c.p, c.n, rule)
			config := HopfieldRBMConfig{Beta: c.beta, Dtype: tensor.Float64}
			bias := make([]float64, c.n) // b + Wc
			if c.fields {
				config.Field, config.HiddenField = normalRows(r, 1, c.n, 0.5), normalRows(r, 1, c.p, 0.5)
				var wc mat.VecDense
				wc.MulVec(dense(f.W()), mat.NewVecDense(c.p, config.HiddenField))
				for i := range bias {
					bias[i] = config.Field[i] + wc.AtVec(i)
				}
			}
			m, err := f.RBM("hopfield", config)
			require.NoError(t, err)
			network := &exact.Quadratic{Units: exact.Side{Family: exact.Spin, Units: c.n}, W: f.Couplings().Float64s(), B: bias}
			states, want, err := network.Probabilities(1 / c.beta)
			require.NoError(t, err)
			_, got, err := spinOracle(m, c.beta).Probabilities()
			require.NoError(t, err)
			require.InDeltaSlice(t, want, got, 1e-10)

			logZ, err := network.LogPartition(1 / c.beta)
			require.NoError(t, err)
			square := 0.0
			for _, x := range config.HiddenField {
				square += x * x
			}
			machine, err := spinOracle(m, c.beta).LogPartition()
			require.NoError(t, err)
			require.InDelta(t, logZ+float64(c.p)/2*math.Log(2*math.Pi/c.beta)+c.beta*square/2, machine, 1e-10)

			// The library's free energy agrees, on both machines.
			free := make([]float64, len(states))
			var flat []float64
			for k, s := range states {
				free[k] = -math.Log(want[k]) - machine
				flat = append(flat, s...)
			}
			graphtest.Run(t, 1e-10, func(g *G.ExprGraph) G.Nodes {
				n, err := m.FreeEnergy(graphtest.Input(g, "v", rows64(flat, len(states), c.n)))
				require.NoError(t, err)
				return G.Nodes{n}
			}, graphtest.Tensor(tensor.Float64, free, len(states)))

			// Twins: W where βW belongs, and hidden units of variance 1.
			if c.beta != 1 {
				broken := spinOracle(m, c.beta)
				for i := range broken.W {
					broken.W[i] /= c.beta
				}
				_, wrong, err := broken.Probabilities()
				require.NoError(t, err)
				require.Greater(t, farthest(want, wrong), 1e-5)
				_, wrong, err = spinOracle(m, 1).Probabilities()
				require.NoError(t, err)
				require.Greater(t, farthest(want, wrong), 1e-5)
			}

			// W is defined up to a rotation of the hidden units, where these have no field.
			if !c.fields {
				_, rotated, err := spinOracle(turned(t, m, rotation(r, c.p)), c.beta).Probabilities()
				require.NoError(t, err)
				require.InDeltaSlice(t, want, rotated, 1e-10)
				stretch := rotation(r, c.p) // the twin: no rotation
				stretch.Scale(1.1, stretch)
				_, wrong, err := spinOracle(turned(t, m, stretch), c.beta).Probabilities()
				require.NoError(t, err)
				require.Greater(t, farthest(want, wrong), 1e-5)
			}
		}
	}
}

func farthest(a, b []float64) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// Without fields n log 2 ≤ log Z ≤ n log 2 + βn/2, for 0 ≤ sᵀJs ≤ n; and by Jensen's inequality, since the mean of sᵀJs over all
// states is tr J = p, log Z ≥ n log 2 + βp/2. For MNIST's 784 pixels the first is 543.427. The twin claims βp instead of βp/2.
func TestHopfieldPartitionIsBounded(t *testing.T) {
	require.InDelta(t, 543.427, 784*math.Ln2, 5e-4)
	r := rand.New(rand.NewPCG(4, 2))
	networks, violated := 0, 0
	for range 40 {
		p, n, beta := 1+r.IntN(4), 5+r.IntN(7), math.Exp(r.NormFloat64())
		f, err := FactorPatterns(rows64(spinRows(r, p, n), p, n), FactorQR)
		if err != nil {
			continue // dependent by chance
		}
		m, err := f.RBM("hopfield", HopfieldRBMConfig{Beta: beta, Dtype: tensor.Float64})
		require.NoError(t, err)
		logZ, err := spinOracle(m, beta).LogPartition()
		require.NoError(t, err)
		logZ -= float64(p) / 2 * math.Log(2*math.Pi/beta)
		least := float64(n) * math.Ln2
		require.GreaterOrEqual(t, logZ, least+beta*float64(p)/2)
		require.LessOrEqual(t, logZ, least+beta*float64(n)/2)
		if networks++; logZ < least+beta*float64(p) {
			violated++
		}
	}
	t.Logf("%d networks, the twin violated by %d", networks, violated)
	require.GreaterOrEqual(t, networks, 20)
	require.Positive(t, violated)
}

func TestCoordinatesReadPatternsOut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	const p, n = 5, 40
	x := spinRows(r, p, n)
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, rule := range []FactorRule{FactorQR, FactorSymmetric, FactorHebbian} {
			f := factored(t, x, p, n, rule)
			m, err := f.RBM("hopfield", HopfieldRBMConfig{Beta: 3, Dtype: dtype})
			require.NoError(t, err)
			g := G.NewGraph()
			hidden, err := m.Forward(graphtest.Input(g, "v", graphtest.Tensor(dtype, x, p, n)))
			require.NoError(t, err)
			got, err := f.Coordinates(graphtest.Tensor(dtype, graphtest.Evaluate(t, hidden)[0], p, p))
			require.NoError(t, err)
			for k := range p {
				for i := range p {
					want := 0.0
					if rule == FactorHebbian {
						for c := range n {
							want += x[k*n+c] * x[i*n+c] / n
						}
					} else if i == k {
						want = 1
					}
					require.InDelta(t, want, got.Float64s()[k*p+i], 1e-5)
				}
			}
		}
	}
}

// A machine that starts at the patterns is an ordinary one: training it on states near the patterns raises their likelihood, from
// a start far above that of random weights.
func TestHopfieldRBMTrains(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2))
	const p, n, rows = 2, 10, 200
	x := spinRows(r, p, n)
	var data []float64
	for k := range rows {
		for _, v := range x[k%p*n : (k%p+1)*n] {
			if r.Float64() < 0.1 {
				v = -v
			}
			data = append(data, v)
		}
	}
	var states [][]float64
	for k := range rows {
		states = append(states, data[k*n:(k+1)*n])
	}
	const beta = 2
	likelihood := func(m *layers.RBM) float64 {
		l, err := spinOracle(m, beta).LogLikelihood(states, nil)
		require.NoError(t, err)
		return l
	}
	for _, c := range []struct {
		dtype    tensor.Dtype
		negative sampling.Negative
	}{{tensor.Float64, sampling.Exact{}}, {tensor.Float32, sampling.CD{Steps: 5}}, {tensor.Float32, sampling.PCD{}}} {
		m, err := factored(t, x, p, n, FactorQR).RBM("hopfield", HopfieldRBMConfig{Beta: beta, Dtype: c.dtype})
		require.NoError(t, err)
		random, err := layers.NewRBM("random", m.Config())
		require.NoError(t, err)
		start, far := likelihood(m), likelihood(random)
		require.Greater(t, start, far+1)
		_, err = training.Contrastive{Negative: c.negative, Solver: training.SGD{Rate: 0.05}, Epochs: 20}.Fit(t.Context(), m, rows64(data, rows, n))
		require.NoError(t, err)
		end := likelihood(m)
		t.Logf("%v, mean log-likelihood: random weights %.3f, patterns %.3f, trained %.3f nats", c.negative, far, start, end)
		require.Greater(t, end, start+0.1)
	}
}

func TestFactorPatternsRefuses(t *testing.T) {
	for _, c := range []struct {
		patterns *tensor.Dense
		rule     FactorRule
		is       error
		says     string
	}{
		{nil, FactorQR, energy.ErrShape, "no tensor given"},
		{rows64([]float64{1, 1, 0}, 1, 3), FactorQR, energy.ErrRange, "row 0, column 2 is 0, want −1 or 1"},
		{rows64([]float64{1, math.NaN(), 1}, 1, 3), FactorQR, energy.ErrNotFinite, "column 1 is NaN"},
		{rows64([]float64{1, 1, 1, -1}, 2, 2), FactorQR, energy.ErrConfig, "2 patterns of 2 units, want fewer patterns than units"},
		{rows64([]float64{1, 1, 1, -1}, 2, 2), FactorSymmetric, energy.ErrConfig, "want fewer patterns than units"},
		{rows64([]float64{1, 1, 1, -1}, 2, 2), FactorRule(3), energy.ErrConfig, "FactorRule(3) is not known"},
		{rows64([]float64{1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1, -1}, 3, 4), FactorQR, energy.ErrConfig, "pattern 2 is -1 × pattern 0, want"},
		{ // pattern 3 = pattern 0 + pattern 1 − pattern 2
			rows64([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, 1, -1, 1, 1}, 4, 6), FactorSymmetric,
			energy.ErrConfig, "pattern 3 is 1 × pattern 0 + 1 × pattern 1 + -1 × pattern 2, want linearly independent patterns",
		},
	} {
		_, err := FactorPatterns(c.patterns, c.rule)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "modernhopfield: FactorPatterns")
		require.ErrorContains(t, err, c.says)
	}
	f := factored(t, []float64{1, 1, -1, 1, -1, 1}, 2, 3, FactorQR)
	for _, c := range []struct {
		config HopfieldRBMConfig
		is     error
		says   string
	}{
		{HopfieldRBMConfig{Beta: -1}, energy.ErrConfig, "Beta is -1"},
		{HopfieldRBMConfig{Beta: math.NaN()}, energy.ErrConfig, "Beta is NaN"},
		{HopfieldRBMConfig{Field: []float64{1}}, energy.ErrShape, "Field has 1 numbers, want 3"},
		{HopfieldRBMConfig{HiddenField: []float64{1}}, energy.ErrShape, "HiddenField has 1 numbers, want 2"},
		{HopfieldRBMConfig{Field: []float64{1, 1, math.Inf(1)}}, energy.ErrNotFinite, "b: Set: value 2"},
		{HopfieldRBMConfig{Dtype: tensor.Int}, energy.ErrDtype, "dtype int"},
	} {
		_, err := f.RBM("hopfield", c.config)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "modernhopfield: HopfieldFactor: RBM: ")
		require.ErrorContains(t, err, c.says)
	}
	_, err := f.Coordinates(rows64([]float64{1, 1, 1}, 1, 3))
	require.ErrorIs(t, err, energy.ErrShape)
	require.ErrorContains(t, err, "shape (1, 3), want (rows, 2)")
}

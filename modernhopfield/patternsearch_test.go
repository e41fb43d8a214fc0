package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

// recovered counts the patterns that are among the first so many found ones, up to their sign.
func recovered(found *FoundPatterns, first int, patterns []float64, p, n int) int {
	hits := 0
	for k := range p {
		for i := range first {
			overlap := 0.0
			for c := range n {
				overlap += patterns[k*n+c] * found.Patterns.Float64s()[i*n+c]
			}
			if math.Abs(overlap) == float64(n) {
				hits++
				break
			}
		}
	}
	return hits
}

func TestPatternSearchRecoversWhatWasStored(t *testing.T) {
	const seeds = 10
	for _, c := range []struct {
		p, n  int
		rule  FactorRule
		dtype tensor.Dtype
	}{
		{2, 12, FactorQR, tensor.Float64}, {5, 50, FactorSymmetric, tensor.Float32}, {10, 100, FactorQR, tensor.Float32},
		{10, 100, FactorHebbian, tensor.Float64}, {15, 100, FactorQR, tensor.Float64},
	} {
		plain, rotated, one := 0, 0, 0
		for seed := range uint64(seeds) {
			r := rand.New(rand.NewPCG(seed, 3))
			x := spinRows(r, c.p, c.n)
			m, err := factored(t, x, c.p, c.n, c.rule).RBM("hopfield", HopfieldRBMConfig{Beta: 2, Dtype: c.dtype})
			require.NoError(t, err)
			for i, machine := range []*layers.RBM{m, turned(t, m, rotation(r, c.p))} {
				found, err := PatternSearch{Seed: seed}.Find(machine)
				require.NoError(t, err)
				if found.Exact != c.p || recovered(found, found.Exact, x, c.p, c.n) != c.p {
					continue
				}
				if i == 0 {
					plain++
				} else {
					rotated++
				}
				// WX is the patterns, for W as it stands.
				var wx mat.Dense
				wx.Mul(mat.NewDense(c.n, c.p, machine.Param("W").Float64s()), dense(found.X))
				require.True(t, mat.EqualApprox(wx.T(), dense(found.Patterns), 1e-4))
				require.LessOrEqual(t, found.Residuals[c.p-1], 1e-4)
			}
			found, err := PatternSearch{Seed: seed, Steps: 1, Rate: 1e-9, Rounds: 1}.Find(m) // the twin does not descend
			require.NoError(t, err)
			if found.Exact == c.p {
				one++
			}
		}
		t.Logf("n = %d, p = %d, %v: all patterns found for %d of %d seeds, after a rotation for %d, without a descent for %d", c.n, c.p, c.rule, plain, seeds, rotated, one)
		require.Equal(t, seeds, plain)
		require.Equal(t, seeds, rotated)
		require.Less(t, one, seeds)
	}
}

// Random weights store nothing: no pattern lies in their span.
func TestPatternSearchFindsNothingExactInRandomWeights(t *testing.T) {
	m, err := layers.NewRBM("random", layers.RBMConfig{Visible: energy.Spin(60), Hidden: energy.Gaussian(5), Dtype: tensor.Float64})
	require.NoError(t, err)
	found, err := PatternSearch{Rounds: 5}.Find(m)
	require.NoError(t, err)
	require.Zero(t, found.Exact)
	require.Equal(t, 5, found.Rounds)
	require.Equal(t, tensor.Shape{5, 60}, found.Patterns.Shape())
	require.IsNonDecreasing(t, found.Residuals)
	require.Greater(t, found.Residuals[0], 0.2)
	var wx mat.Dense // X is the least-squares solution, its residual the one that is told
	wx.Mul(mat.NewDense(60, 5, m.Param("W").Float64s()), dense(found.X))
	wx.Sub(&wx, dense(found.Patterns).T())
	for k, r := range found.Residuals {
		require.InDelta(t, r, mat.Norm(wx.ColView(k), 2)/math.Sqrt(60), 1e-10)
	}
}

// The weights of a machine that moved away from its patterns have them in their span no longer; starts near the patterns still
// lead to them.
func TestPatternSearchStartsFromData(t *testing.T) {
	const p, n = 20, 100
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 4))
		x := spinRows(r, p, n)
		m, err := factored(t, x, p, n, FactorQR).RBM("hopfield", HopfieldRBMConfig{Dtype: tensor.Float64})
		require.NoError(t, err)
		w := m.Param("W").Float64s()
		for i, e := range normalRows(r, n, p, 0.01) {
			w[i] += e
		}
		require.NoError(t, m.Param("W").Set(w))
		data := append([]float64(nil), x...)
		for i := range data {
			if r.Float64() < 0.05 {
				data[i] = -data[i]
			}
		}
		search := PatternSearch{Seed: seed, Rounds: 1, Starts: rows64(data, p, n)}
		found, err := search.Find(m)
		require.NoError(t, err)
		require.Zero(t, found.Exact)
		hits := recovered(found, p, x, p, n)
		again, err := search.Find(m)
		require.NoError(t, err)
		require.Equal(t, found, again)
		search.Starts = nil
		found, err = search.Find(m)
		require.NoError(t, err)
		t.Logf("seed %d: %d of %d patterns from data, %d from random starts", seed, hits, p, recovered(found, len(found.Residuals), x, p, n))
		require.GreaterOrEqual(t, hits, 18)
	}
}

func TestPatternSearchRefuses(t *testing.T) {
	machine := func(visible, hidden energy.Units) *layers.RBM {
		m, err := layers.NewRBM("m", layers.RBMConfig{Visible: visible, Hidden: hidden})
		require.NoError(t, err)
		return m
	}
	good := machine(energy.Spin(6), energy.Gaussian(2))
	flat := machine(energy.Spin(6), energy.Gaussian(2))
	require.NoError(t, flat.Param("W").Set(ones(12)))
	for _, c := range []struct {
		search PatternSearch
		m      *layers.RBM
		is     error
		says   string
	}{
		{PatternSearch{}, nil, energy.ErrConfig, "no machine given"},
		{PatternSearch{}, machine(energy.Bernoulli(6), energy.Gaussian(2)), energy.ErrConfig, "want Spin visible and Gaussian hidden units"},
		{PatternSearch{}, machine(energy.Spin(6), energy.Spin(2)), energy.ErrConfig, "want Spin visible and Gaussian hidden units"},
		{PatternSearch{}, machine(energy.Spin(3), energy.Gaussian(3)), energy.ErrConfig, "3 hidden and 3 visible units"},
		{PatternSearch{}, flat, energy.ErrConfig, "the columns of W are linearly dependent"},
		{PatternSearch{Sharpness: -1}, good, energy.ErrConfig, "Sharpness is -1"},
		{PatternSearch{Rate: math.NaN()}, good, energy.ErrConfig, "Rate is NaN"},
		{PatternSearch{Tolerance: math.Inf(1)}, good, energy.ErrConfig, "Tolerance is +Inf"},
		{PatternSearch{Steps: -1}, good, energy.ErrConfig, "Steps is -1"},
		{PatternSearch{Rounds: -1}, good, energy.ErrConfig, "Rounds is -1"},
		{PatternSearch{Starts: graphtest.Tensor(tensor.Float32, ones(5), 1, 5)}, good, energy.ErrShape, "Starts: shape (1, 5)"},
		{PatternSearch{Starts: graphtest.Tensor(tensor.Float32, []float64{1, 1, 1, 1, 1, 2}, 1, 6)}, good, energy.ErrRange, "Starts: row 0, column 5"},
	} {
		_, err := c.search.Find(c.m)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "modernhopfield: PatternSearch: Find: ")
		require.ErrorContains(t, err, c.says)
	}
}

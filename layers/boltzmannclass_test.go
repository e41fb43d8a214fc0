package layers

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// Class probabilities are the means of the class given the features, as the equilibrium has them; also with features on both sides of the class.
func TestBoltzmannClassProbabilities(t *testing.T) {
	for name, c := range map[string]BoltzmannConfig{
		"no hidden":       {Visible: energy.Join(energy.Bernoulli(4), energy.OneHot(1, 3))},
		"semi-restricted": {Visible: energy.Join(energy.OneHot(1, 3), energy.Spin(4)), Hidden: energy.Bernoulli(30), SemiRestricted: true},
		"coupled":         {Visible: energy.Join(energy.Bernoulli(2), energy.OneHot(1, 4), energy.Gaussian(2)), Hidden: energy.Spin(3)},
	} {
		for _, dt := range dtypes {
			c.Dtype, c.Seed = dt, 1
			bm := must(NewBoltzmann("bm", c))
			shuffleParams(bm, 3)
			first, classes, err := classColumns(c.Visible)
			require.NoError(t, err)
			const rows = 300 // more than a block
			all, n, visible := someRows(c.Visible, rows), bm.Units().Len(), c.Visible.Len()
			var features []float64
			for row := range slices.Chunk(all, visible) {
				features = append(features, slices.Concat(row[:first], row[first+classes:])...)
			}
			p, err := bm.ClassProbabilities(dense(dt, tensor.Shape{rows, visible - classes}, features...))
			require.NoError(t, err)
			require.Equal(t, tensor.Shape{rows, classes}, p.Shape())
			got, known := numbers(p), make([]bool, n)
			for j := range visible {
				known[j] = j < first || j >= first+classes
			}
			for r := 0; r < rows; r += 37 {
				x := make([]float64, n)
				copy(x, all[r*visible:(r+1)*visible])
				e, err := bm.Conditional(1, x, known)
				require.NoError(t, err)
				require.InDeltaSlice(t, e.Mean[first:first+classes], got[r*classes:(r+1)*classes], map[tensor.Dtype]float64{tensor.Float64: 1e-12, tensor.Float32: 1e-5}[dt], "%s %v", name, dt)
			}
		}
	}
}

func TestBoltzmannClassProbabilitiesRefuse(t *testing.T) {
	rows := func(width int) *tensor.Dense {
		return dense(tensor.Float32, tensor.Shape{1, width}, make([]float64, width)...)
	}
	visible := energy.Join(energy.Bernoulli(3), energy.OneHot(1, 2))
	bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: visible}))
	deep := must(NewBoltzmann("bm", BoltzmannConfig{Visible: visible, Hidden: energy.Spin(15)}))
	ask := func(bm *Boltzmann, x *tensor.Dense) func() error {
		return func() error { _, err := bm.ClassProbabilities(x); return err }
	}
	nan := rows(3)
	nan.Float32s()[1] = float32(math.NaN())
	for name, r := range map[string]refusal{
		"no class":    {ask(must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Spin(3)})), rows(3)), energy.ErrConfig, `layers: Boltzmann "bm": ClassProbabilities: the visible units are Spin(3), want one OneHot unit`},
		"two classes": {ask(must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Join(energy.OneHot(2, 2), energy.Spin(1))})), rows(3)), energy.ErrConfig, `several OneHot units`},
		"nothing":     {ask(bm, nil), energy.ErrShape, "features: no tensor given"},
		"width":       {ask(bm, rows(5)), energy.ErrShape, "features: shape (1, 5), want (rows, 3)"},
		"NaN":         {ask(bm, nan), energy.ErrNotFinite, "features: row 0, column 1"},
		"dtype":       {ask(bm, dense(tensor.Float64, tensor.Shape{1, 3}, 0, 1, 0)), energy.ErrDtype, "features of float64, want float32"},
		"deep":        {ask(deep, rows(3)), energy.ErrConfig, "32768 joint states of coupled hidden units"},
	} {
		t.Run(name, r.check)
	}
}

func TestBoltzmannInitBias(t *testing.T) {
	for _, dt := range dtypes {
		bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Join(energy.Bernoulli(1), energy.LearnedGaussian(1, 4), energy.OneHot(1, 2)), Hidden: energy.Spin(1), Dtype: dt}))
		require.NoError(t, bm.InitBias(dense(dt, tensor.Shape{4, 4}, 1, 8, 1, 0, 1, 8, 1, 0, 1, 0, 1, 0, 0, 4, 0, 1)))
		b := bm.b.Float64s()
		require.InDelta(t, math.Log(3), b[0], 1e-6)
		require.InDelta(t, 5.0/4, b[1], 1e-6, "mean over variance")
		require.InDelta(t, math.Log(3), b[2]-b[3], 1e-6)
		require.Zero(t, b[4])
		before := bm.b.Float64s()
		for _, x := range []*tensor.Dense{nil, dense(dt, tensor.Shape{1, 4}, 2, 0, 1, 0), dense(tensor.Float64, tensor.Shape{1, 3}, 0, 0, 0)} {
			err := bm.InitBias(x)
			require.Error(t, err)
			require.ErrorContains(t, err, `layers: Boltzmann "bm": InitBias: `)
		}
		require.Equal(t, before, bm.b.Float64s())
	}
	bm := must(NewBoltzmann("bm", BoltzmannConfig{Visible: energy.Spin(1)}))
	require.ErrorIs(t, bm.InitBias(dense(tensor.Float64, tensor.Shape{1, 1}, 1)), energy.ErrDtype)
}

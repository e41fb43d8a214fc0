package layers

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// The graph sums out what the rows off the graph miss.
func TestMarginalFreeEnergyIsThatOfTheObserved(t *testing.T) {
	for _, dtype := range dtypes {
		for _, centered := range []bool{false, true} {
			visible := energy.Join(energy.Bernoulli(3), energy.Gaussian(1), energy.OneHot(1, 3), energy.Spin(1))
			r := must(NewRBM("r", RBMConfig{Visible: visible, Hidden: energy.Bernoulli(4), Centered: centered, Dtype: dtype}))
			shuffleParams(r, 5)
			missing := []bool{false, true, false, false, true, true, true, false}
			rows := []float64{
				1, 0, 0, 0.5, 1, 0, 0, -1,
				0, 7, 1, -1.5, 9, 0, 3, 1, // whose numbers in the missing columns do not matter
			}
			observed := slices.Clone(rows)
			for i := range observed {
				if missing[i%8] {
					observed[i] = math.NaN()
				}
			}
			g := G.NewGraph()
			v := input(g, "v", dense(dtype, tensor.Shape{2, 8}, rows...))
			marginal := must(r.MarginalFreeEnergy(v, missing))
			again := must(r.MarginalFreeEnergy(v, missing))
			got := graphtest.Value(t, marginal, again, must(r.FreeEnergy(v)))
			require.Equal(t, got[0], got[1], "the inputs of one name are shared")
			want := must(r.ObservedFreeEnergy(dense(dtype, tensor.Shape{2, 8}, observed...)))
			delta := 1e-11
			if dtype == tensor.Float32 {
				delta = 1e-5
			}
			if !centered { // which has a constant of its own
				require.InDeltaSlice(t, want, got[0], delta)
			}
			require.InDelta(t, want[1]-want[0], got[0][1]-got[0][0], delta)
			require.Positive(t, got[2][0]-got[0][0], "−log p(missing | observed)")
		}
	}
}

func TestGradientOfMarginalFreeEnergy(t *testing.T) {
	for _, hidden := range []energy.Units{energy.Bernoulli(3), energy.LearnedGaussian(2, 0.5)} {
		reach := "W b c"
		if hidden.Families()[0] == "Gaussian" {
			reach += " hidden_log_variance"
		}
		gradientCase{
			layer: func(dt tensor.Dtype) Layer {
				return must(NewRBM("r", RBMConfig{Visible: energy.Join(energy.Spin(2), energy.OneHot(1, 3)), Hidden: hidden, Dtype: dt}))
			},
			inputs: []tensor.Shape{{2, 5}}, output: tensor.Shape{2}, reach: reach,
			build: func(l Layer, in []*G.Node) (*G.Node, error) {
				return l.(*RBM).MarginalFreeEnergy(in[0], []bool{true, false, true, true, true})
			},
		}.check(t)
	}
}

func TestMarginalFreeEnergyRefuses(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Join(energy.Bernoulli(13), energy.OneHot(1, 2), energy.Gaussian(1)), Hidden: energy.Bernoulli(2)}))
	v := input(G.NewGraph(), "v", tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2, 16)))
	marks := func(at ...int) []bool {
		m := make([]bool, 16)
		for _, j := range at {
			m[j] = true
		}
		return m
	}
	for _, c := range []struct {
		message  string
		sentinel error
		v        *G.Node
		missing  []bool
	}{
		{`layers: RBM "r": MarginalFreeEnergy: 3 marks, want one a visible column (16)`, energy.ErrShape, v, make([]bool, 3)},
		{`visible has no shape (batch, 16)`, energy.ErrShape, nil, marks(1)},
		{`a part of the OneHot group at column 13 is marked`, energy.ErrConfig, v, marks(1, 14)},
		{`no column is marked, want FreeEnergy`, energy.ErrConfig, v, marks()},
		{`real units cannot be enumerated`, energy.ErrConfig, v, marks(1, 15)},
		{`Bernoulli(13) have 8192 joint states, want at most 4096`, energy.ErrConfig, v, marks(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)},
	} {
		_, err := r.MarginalFreeEnergy(c.v, c.missing)
		require.ErrorIs(t, err, c.sentinel, c.message)
		require.ErrorContains(t, err, c.message)
	}
}

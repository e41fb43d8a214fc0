package layers

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// families are sides of every family, each with a few units.
var families = []energy.Units{
	energy.Bernoulli(4), energy.Spin(4), energy.OneHot(2, 3), energy.Gaussian(3), energy.FixedGaussian(3, 0.4), energy.LearnedGaussian(3, 2),
	energy.Join(energy.Bernoulli(2), energy.LearnedGaussian(2, 0.5), energy.OneHot(1, 3)),
	energy.ReLU(3), energy.Binomial(3, 4), energy.Poisson(3), energy.Join(energy.Poisson(2), energy.ReLU(1), energy.Binomial(1, 2), energy.Spin(1)),
}

func TestPlainEqualsTheGraph(t *testing.T) {
	for _, visible := range families {
		for _, hidden := range families {
			if couplable(visible, hidden) != nil {
				continue
			}
			for _, centered := range []bool{false, true} {
				name := fmt.Sprintf("%v-%v centered %v", visible, hidden, centered)
				r := must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden, Centered: centered, Dtype: tensor.Float64}))
				shuffleParams(r, 1)
				const rows = 3
				v, h := within(visible, normals(2, rows*visible.Len())), within(hidden, normals(3, rows*hidden.Len()))
				g := G.NewGraph()
				vn := input(g, "v", dense(tensor.Float64, tensor.Shape{rows, visible.Len()}, v...))
				hn := input(g, "h", dense(tensor.Float64, tensor.Shape{rows, hidden.Len()}, h...))
				want := graphtest.Value(t, must(r.Forward(vn)), must(r.Backward(hn)), must(r.FreeEnergy(vn)))

				p := must(PlainOf[float64](r))
				meanH, meanV := make([]float64, len(h)), make([]float64, len(v))
				p.HiddenMean(meanH, v, rows)
				p.VisibleMean(meanV, h, rows)
				require.InDeltaSlice(t, want[0], meanH, 1e-12, name)
				require.InDeltaSlice(t, want[1], meanV, 1e-12, name)
				f := p.FreeEnergy(v, rows)
				for i := range f {
					require.InDelta(t, want[2][i]-want[2][0], f[i]-f[0], 1e-11, name)
				}
			}
		}
	}
}

func TestPlainSharesMemory(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(2)}))
	p := must(PlainOf[float32](r))
	require.NoError(t, r.Param("W").Set([]float64{1, 2, 3, 4, 5, 6}))
	require.NoError(t, r.Param("b").Set([]float64{7, 8, 9}))
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, p.W)
	require.Equal(t, []float32{7, 8, 9}, p.B)
	require.Nil(t, p.VisibleLogVariance)

	_, err := PlainOf[float64](r)
	require.ErrorIs(t, err, energy.ErrDtype)
	require.ErrorContains(t, err, `layers: RBM "r": dtype float32, want`)
}

func TestMoveOffsetsKeepsTheDistribution(t *testing.T) {
	for _, pair := range [][2]energy.Units{
		{energy.Bernoulli(5), energy.Bernoulli(4)},
		{energy.Spin(4), energy.OneHot(2, 3)},
		{energy.OneHot(2, 3), energy.LearnedGaussian(3, 0.7)},
		{energy.Binomial(2, 3), energy.Binomial(3, 2)},
		{energy.Binomial(3, 2), energy.ReLU(2)},
		{energy.Spin(3), energy.Poisson(2)},
	} {
		for _, rate := range []float64{0.1, 1} {
			r := must(NewRBM("r", RBMConfig{Visible: pair[0], Hidden: pair[1], Centered: true, Dtype: tensor.Float64}))
			shuffleParams(r, 1)
			_, before, err := oracle(r).Probabilities()
			require.NoError(t, err)
			mu, lambda := r.Param("visible_offset").Float64s(), r.Param("hidden_offset").Float64s()
			v, h := normals(5, pair[0].Len()), normals(6, pair[1].Len())
			require.NoError(t, r.MoveOffsets(dense(tensor.Float64, tensor.Shape{len(v)}, v...), dense(tensor.Float64, tensor.Shape{len(h)}, h...), rate))
			for i, m := range r.Param("visible_offset").Float64s() {
				require.InDelta(t, mu[i]+rate*(v[i]-mu[i]), m, 1e-14)
			}
			for j, l := range r.Param("hidden_offset").Float64s() {
				require.InDelta(t, lambda[j]+rate*(h[j]-lambda[j]), l, 1e-14)
			}
			_, after, err := oracle(r).Probabilities()
			require.NoError(t, err)
			for i := range before {
				require.InDelta(t, before[i], after[i], 1e-12)
			}

			// The layer's own free energies say the same, up to a constant, and a bias that is not corrected is seen.
			probabilities := func() []float64 {
				f := graphtest.Value(t, must(r.FreeEnergy(input(G.NewGraph(), "v", states(pair[0])))))[0]
				sum := 0.0
				for i, x := range f {
					f[i] = math.Exp(-x)
					sum += f[i]
				}
				for i := range f {
					f[i] /= sum
				}
				return f
			}
			near(t, before, probabilities(), 1e-12)
			c := r.Param("c").Float64s()
			c[0] += 0.1
			require.NoError(t, r.Param("c").Set(c))
			moved := 0.0
			for i, p := range probabilities() {
				moved = max(moved, math.Abs(p-before[i]))
			}
			require.Greater(t, moved, 1e-4)
		}
	}
}

// A Plain that is read again allocates nothing, and writes to no machine's memory.
func TestReadAgain(t *testing.T) {
	config := RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2)}
	simple := must(NewRBM("simple", config))
	config.Centered = true
	centered := must(NewRBM("centered", config))
	shuffleParams(simple, 1)
	shuffleParams(centered, 2)
	before := simple.Param("b").Float64s()
	var p Plain[float32]
	require.Zero(t, testing.AllocsPerRun(10, func() {
		for _, r := range []*RBM{centered, simple, centered} {
			if err := p.Read(r); err != nil {
				panic(err)
			}
		}
	}))
	require.Equal(t, must(PlainOf[float32](centered)), p)
	require.Equal(t, before, simple.Param("b").Float64s())
}

func TestMoveOffsetsInFloat32(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2), Centered: true}))
	shuffleParams(r, 1)
	v := normals(1, 3)
	h := normals(2, 2)
	before := must(PlainOf[float32](r))
	require.NoError(t, r.MoveOffsets(dense(tensor.Float32, tensor.Shape{3}, v...), dense(tensor.Float32, tensor.Shape{2}, h...), 1))
	require.InDeltaSlice(t, v, r.Param("visible_offset").Float64s(), 1e-6)
	require.InDeltaSlice(t, h, r.Param("hidden_offset").Float64s(), 1e-6)
	after := must(PlainOf[float32](r))
	require.InDeltaSlice(t, before.B, after.B, 1e-6)
	require.InDeltaSlice(t, before.C, after.C, 1e-6)
}

func TestMoveOffsetsRefuses(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2), Centered: true}))
	shuffleParams(r, 1)
	var before [][]float64
	for _, p := range r.Params() {
		before = append(before, p.Float64s())
	}
	v, h := dense(tensor.Float32, tensor.Shape{3}, 1, 2, 3), dense(tensor.Float32, tensor.Shape{2}, 1, 2)
	plain := must(NewRBM("plain", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2)}))
	for message, c := range map[string]struct {
		err  error
		want error
	}{
		`layers: RBM "plain": MoveOffsets: the machine is not Centered`:         {plain.MoveOffsets(v, h, 0.1), energy.ErrConfig},
		`MoveOffsets: rate 0, want more than 0`:                                 {r.MoveOffsets(v, h, 0), energy.ErrConfig},
		`MoveOffsets: rate 1.5, want`:                                           {r.MoveOffsets(v, h, 1.5), energy.ErrConfig},
		`MoveOffsets: rate NaN, want`:                                           {r.MoveOffsets(v, h, math.NaN()), energy.ErrConfig},
		`MoveOffsets: means of shape float32 (2) and float32 (3), want (3) and`: {r.MoveOffsets(h, v, 0.1), energy.ErrShape},
		`MoveOffsets: means of shape float64 (3) and float32 (2), want`:         {r.MoveOffsets(dense(tensor.Float64, tensor.Shape{3}, 1, 2, 3), h, 0.1), energy.ErrShape},
		`layers: RBM "r": MoveOffsets: no means given`:                          {r.MoveOffsets(nil, h, 0.1), energy.ErrShape},
		`MoveOffsets: no means given, want (3) visible and (2) hidden`:          {r.MoveOffsets(v, nil, 0.1), energy.ErrShape},
		`MoveOffsets: not a finite number`:                                      {r.MoveOffsets(v, dense(tensor.Float32, tensor.Shape{2}, 1, math.NaN()), 0.1), energy.ErrNotFinite},
	} {
		require.ErrorIs(t, c.err, c.want)
		require.ErrorContains(t, c.err, message)
	}
	for i, p := range r.Params() {
		require.Equal(t, before[i], p.Float64s(), "an error changes nothing")
	}
}

func TestInitBias(t *testing.T) {
	data := map[string]struct {
		units       energy.Units
		rows, means []float64
	}{
		"Bernoulli":     {energy.Bernoulli(3), []float64{0, 1, 1, 0, 0, 1}, []float64{0.001, 0.5, 0.999}},
		"means":         {energy.Bernoulli(1), []float64{0.25, 0.5}, []float64{0.375}},
		"Spin":          {energy.Spin(3), []float64{-1, 1, 1, -1, -1, 1}, []float64{-0.998, 0, 0.998}},
		"OneHot":        {energy.OneHot(1, 4), []float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, []float64{0.25 / 1.001, 0.5 / 1.001, 0.25 / 1.001, 0.001 / 1.001}},
		"Gaussian":      {energy.Gaussian(2), []float64{1, -3, 2, 4}, []float64{1.5, 0.5}},
		"FixedGaussian": {energy.FixedGaussian(2, 0.25), []float64{1, -3, 2, 4}, []float64{1.5, 0.5}},
		"ReLU":          {energy.ReLU(3), []float64{0, 0.5, 3, 0, 1, 4}, []float64{0.001, 0.75, 3.5}},
		"Binomial":      {energy.Binomial(3, 4), []float64{0, 1, 4, 0, 2.5, 4}, []float64{0.004, 1.75, 3.996}},
		"Poisson":       {energy.Poisson(3), []float64{0, 1, 40, 0, 2, 45}, []float64{0.001, 1.5, 42.5}},
		"Joined":        {energy.Join(energy.LearnedGaussian(1, 3), energy.Bernoulli(1)), []float64{7, 1, 8, 0}, []float64{7.5, 0.5}},
	}
	for name, c := range data {
		for _, dt := range dtypes {
			for _, centered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v centered %v", name, dt, centered), func(t *testing.T) {
					r := must(NewRBM("r", RBMConfig{Visible: c.units, Hidden: energy.Spin(2), Centered: centered, Dtype: dt}))
					n := c.units.Len()
					batch := dense(dt, tensor.Shape{len(c.rows) / n, n}, c.rows...)
					if centered {
						require.NoError(t, r.Param("hidden_offset").Set([]float64{0.5, -0.25})) // b carries Wλ then
					}
					require.NoError(t, r.InitBias(batch))
					if centered {
						for j, m := range r.Param("visible_offset").Float64s() {
							mean := 0.0
							for i := j; i < len(c.rows); i += n {
								mean += c.rows[i] * float64(n) / float64(len(c.rows))
							}
							require.InDelta(t, mean, m, 1e-6, "μ is the mean itself")
						}
					}
					// At h = 0 the weights take no part in the plain form.
					mean := graphtest.Value(t, must(r.Backward(input(G.NewGraph(), "h", dense(dt, tensor.Shape{1, 2}, 0, 0)))))[0]
					for j := range mean {
						require.InDelta(t, c.means[j], mean[j], 1e-6*max(1, c.means[j]))
					}
				})
			}
		}
	}
}

func TestInitBiasRefuses(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(2), Hidden: energy.Spin(2), Centered: true}))
	tiny := must(NewRBM("tiny", RBMConfig{Visible: energy.FixedGaussian(2, 1e-30), Hidden: energy.Spin(2), Centered: true}))
	for message, c := range map[string]struct {
		err  error
		want error
	}{
		`layers: RBM "r": InitBias: shape (1, 3), want (rows, 2)`:      {r.InitBias(dense(tensor.Float32, tensor.Shape{1, 3}, 0, 0, 0)), energy.ErrShape},
		`layers: RBM "r": InitBias: no tensor given`:                   {r.InitBias(nil), energy.ErrShape},
		`InitBias: data of float64, want float32`:                      {r.InitBias(dense(tensor.Float64, tensor.Shape{1, 2}, 0, 0)), energy.ErrDtype},
		`InitBias: row 0, column 1 is 2, want what Bernoulli(2) takes`: {r.InitBias(dense(tensor.Float32, tensor.Shape{1, 2}, 0, 2)), energy.ErrRange},
		`InitBias: row 0, column 0 is NaN, want a finite number`:       {r.InitBias(dense(tensor.Float32, tensor.Shape{1, 2}, math.NaN(), 0)), energy.ErrNotFinite},
		`layers: RBM "tiny": InitBias: a bias: not a finite number`:    {tiny.InitBias(dense(tensor.Float32, tensor.Shape{1, 2}, 1e30, -1e30)), energy.ErrNotFinite},
	} {
		require.ErrorIs(t, c.err, c.want)
		require.ErrorContains(t, c.err, message)
	}
	for _, r := range []*RBM{r, tiny} {
		require.Equal(t, []float64{0, 0}, r.Param("b").Float64s(), "an error changes nothing")
		require.Equal(t, []float64{0, 0}, r.Param("visible_offset").Float64s())
	}
}

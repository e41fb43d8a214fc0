package energy_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

var good = []struct {
	units  energy.Units
	text   string
	json   string
	length int
}{
	{energy.Bernoulli(784), "Bernoulli(784)", `[{"family":"Bernoulli","count":784}]`, 784},
	{energy.Spin(1), "Spin(1)", `[{"family":"Spin","count":1}]`, 1},
	{energy.Gaussian(3), "Gaussian(3)", `[{"family":"Gaussian","count":3}]`, 3},
	{energy.FixedGaussian(3, 1), "FixedGaussian(3, 1)", `[{"family":"Gaussian","count":3,"variance":"fixed"}]`, 3},
	{energy.FixedGaussian(2, math.E), "FixedGaussian(2, 2.718)", `[{"family":"Gaussian","count":2,"variance":"fixed","log_variance":1}]`, 2},
	{energy.LearnedGaussian(2, 1/math.E), "LearnedGaussian(2, 0.3679)", `[{"family":"Gaussian","count":2,"variance":"learned","log_variance":-1}]`, 2},
	{energy.OneHot(4, 10), "OneHot(4, 10)", `[{"family":"OneHot","count":4,"states":10}]`, 40},
	{energy.Join(energy.Bernoulli(5), energy.Join(energy.OneHot(1, 3), energy.LearnedGaussian(2, 1))), "Join(Bernoulli(5), OneHot(1, 3), LearnedGaussian(2, 1))",
		`[{"family":"Bernoulli","count":5},{"family":"OneHot","count":1,"states":3},{"family":"Gaussian","count":2,"variance":"learned"}]`, 10},
	{energy.ReLU(3), "ReLU(3)", `[{"family":"ReLU","count":3}]`, 3},
	{energy.Binomial(2, 9), "Binomial(2, 9)", `[{"family":"Binomial","count":2,"trials":9}]`, 2},
	{energy.Join(energy.Poisson(2), energy.Binomial(1, 4)), "Join(Poisson(2), Binomial(1, 4))", `[{"family":"Poisson","count":2},{"family":"Binomial","count":1,"trials":4}]`, 3},
	{energy.Join(energy.Spin(2)), "Spin(2)", `[{"family":"Spin","count":2}]`, 2},
}

func TestUnits(t *testing.T) {
	for _, c := range good {
		require.NoError(t, c.units.Validate(), c.text)
		require.Equal(t, c.text, c.units.String())
		require.Equal(t, c.length, c.units.Len(), c.text)

		data, err := json.Marshal(c.units)
		require.NoError(t, err)
		require.JSONEq(t, c.json, string(data))
		var back energy.Units
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, c.units, back, c.text)
	}
	require.Equal(t, []string{"Bernoulli", "Spin", "Bernoulli"}, energy.Join(energy.Bernoulli(1), energy.Bernoulli(2), energy.Spin(1), energy.Bernoulli(1)).Families())
}

func TestUnitsThatAreRefused(t *testing.T) {
	for text, u := range map[string]energy.Units{
		"no units":              {},
		"nothing joined":        energy.Join(),
		"no Bernoulli unit":     energy.Bernoulli(0),
		"fewer than none":       energy.Spin(-3),
		"too many":              energy.Gaussian(1<<30 + 1),
		"too many numbers":      energy.OneHot(1<<20, 1<<20),
		"too many together":     energy.Join(energy.Bernoulli(1<<30), energy.Spin(1<<30)),
		"overflowing":           energy.OneHot(1<<30, 1<<34),
		"one state":             energy.OneHot(3, 1),
		"no state":              energy.OneHot(3, 0),
		"variance 0":            energy.FixedGaussian(2, 0),
		"negative variance":     energy.LearnedGaussian(2, -1),
		"infinite variance":     energy.FixedGaussian(2, math.Inf(1)),
		"NaN variance":          energy.FixedGaussian(2, math.NaN()),
		"variance out of range": energy.FixedGaussian(2, 1e-40),
		"a bad part":            energy.Join(energy.Bernoulli(2), energy.OneHot(1, 1)),
		"learned beside fixed":  energy.Join(energy.LearnedGaussian(1, 1), energy.FixedGaussian(1, 2)),
		"no ReLU unit":          energy.ReLU(0),
		"no trial":              energy.Binomial(2, 0),
		"negative trials":       energy.Binomial(2, -3),
		"too many trials":       energy.Binomial(2, 1<<24+1),
		"no Poisson unit":       energy.Poisson(-1),
		"learned beside unit":   energy.Join(energy.Gaussian(1), energy.LearnedGaussian(1, 1)),
	} {
		require.ErrorIs(t, u.Validate(), energy.ErrConfig, text)
		require.Error(t, u.Check(graphtest.Tensor(tensor.Float32, []float64{0, 1}, 1, 2)), text)
	}
	for _, data := range []string{
		`[]`, `null`, `[{"family":"Poissonian","count":3}]`, `[{"family":"Poisson","count":3,"trials":2}]`, `[{"family":"Binomial","count":3}]`, `[{"family":"Binomial","count":3,"states":2}]`, `[{"family":"ReLU","count":3,"variance":"fixed"}]`, `[{"count":3}]`, `[{"family":"Bernoulli","count":0}]`, `[{"family":"OneHot","count":3}]`,
		`[{"family":"Bernoulli","count":3,"states":2}]`, `[{"family":"Spin","count":3,"variance":"fixed"}]`, `[{"family":"Spin","count":3,"log_variance":2}]`,
		`[{"family":"Gaussian","count":3,"log_variance":2}]`, `[{"family":"Gaussian","count":3,"variance":"huge"}]`,
		`[{"family":"Gaussian","count":3,"variance":"fixed","log_variance":1000}]`,
	} {
		var u energy.Units
		require.ErrorIs(t, json.Unmarshal([]byte(data), &u), energy.ErrConfig, data)
		require.Zero(t, u)
	}
	for _, data := range []string{`{}`, `7`, `[{"family":3}]`, `[{"family":"Spin","count":1e40}]`, `[`} {
		require.Error(t, json.Unmarshal([]byte(data), new(energy.Units)), data)
	}
}

func TestUnitsLogVariance(t *testing.T) {
	for _, u := range []energy.Units{energy.Bernoulli(2), energy.Gaussian(2), energy.Join(energy.Gaussian(1), energy.Spin(2))} {
		initial, learned := u.LogVariance()
		require.Nil(t, initial)
		require.False(t, learned)
	}
	initial, learned := energy.Join(energy.OneHot(1, 2), energy.FixedGaussian(2, math.E), energy.Gaussian(1)).LogVariance()
	require.InDeltaSlice(t, []float64{0, 0, 1, 1, 0}, initial, 1e-15)
	require.False(t, learned)
	initial, learned = energy.Join(energy.Spin(1), energy.LearnedGaussian(1, math.E)).LogVariance()
	require.InDeltaSlice(t, []float64{0, 1}, initial, 1e-15)
	require.True(t, learned)
}

func TestCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	mixed := energy.Join(energy.Bernoulli(1), energy.OneHot(1, 2), energy.Gaussian(1), energy.Spin(1))
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, c := range []struct {
			units energy.Units
			rows  int
			x     []float64
			want  error
			text  string
		}{
			{energy.Bernoulli(2), 2, []float64{0, 1, 0.25, 1}, nil, ""},
			{energy.Bernoulli(2), 2, []float64{0, 1, 0, -1}, energy.ErrRange, "row 1, column 1 is -1, want what Bernoulli(2) takes (0 to 1)"},
			{energy.Bernoulli(2), 2, []float64{nan, 1, 0, -1}, energy.ErrNotFinite, "row 0, column 0 is NaN, want a finite number"},
			{energy.Bernoulli(2), 2, []float64{0, 1, 0, inf}, energy.ErrNotFinite, "row 1, column 1 is +Inf"},
			{energy.Spin(2), 1, []float64{-1, 0.5}, nil, ""},
			{energy.Spin(2), 1, []float64{-1, 1.5}, energy.ErrRange, "row 0, column 1 is 1.5, want what Spin(2) takes (−1 to 1)"},
			{energy.OneHot(1, 3), 2, []float64{0, 1, 0, 0.5, 0.25, 0.25}, nil, ""},
			{energy.OneHot(1, 3), 2, []float64{0, 1, 0, 1, 1, 0}, energy.ErrRange, "row 1, column 0 is 1, want what OneHot(1, 3) takes (groups of 3 that sum to 1)"},
			{energy.OneHot(2, 2), 1, []float64{0, 1, nan, 0}, energy.ErrNotFinite, "row 0, column 2"},
			{energy.Gaussian(1), 2, []float64{-1e30, 7}, nil, ""},
			{energy.Gaussian(1), 2, []float64{1, -inf}, energy.ErrNotFinite, "row 1, column 0 is -Inf"},
			{energy.Join(energy.OneHot(1, 2), energy.Bernoulli(2)), 1, []float64{0, 1, 1, 2}, energy.ErrRange, "column 3 is 2, want what Join(OneHot(1, 2), Bernoulli(2)) takes (0 to 1)"},
			{energy.ReLU(2), 1, []float64{0, 0.5}, nil, ""},
			{energy.ReLU(2), 1, []float64{0, -0.5}, energy.ErrRange, "row 0, column 1 is -0.5, want what ReLU(2) takes (finite numbers from 0)"},
			{energy.ReLU(1), 2, []float64{0, inf}, energy.ErrNotFinite, "row 1, column 0 is +Inf"},
			{energy.Binomial(2, 3), 1, []float64{3, 1.5}, nil, ""},
			{energy.Binomial(2, 3), 1, []float64{3, 4}, energy.ErrRange, "row 0, column 1 is 4, want what Binomial(2, 3) takes (0 to 3)"},
			{energy.Poisson(2), 1, []float64{1e30, 0.25}, nil, ""},
			{energy.Poisson(2), 1, []float64{-1, 2}, energy.ErrRange, "row 0, column 0 is -1, want what Poisson(2) takes (finite numbers from 0)"},
			{energy.Join(energy.Bernoulli(1), energy.Binomial(1, 2)), 1, []float64{1, 3}, energy.ErrRange, "column 1 is 3, want what Join(Bernoulli(1), Binomial(1, 2)) takes (0 to 2)"},
			{mixed, 1, []float64{1, 1, 0, -9, -1}, nil, ""},
			{mixed, 1, []float64{1, 1, 0, -9, -2}, energy.ErrRange, "column 4 is -2"},
			{mixed, 1, []float64{1, 0, 0, -9, -2}, energy.ErrRange, "column 1 is 0, want what Join(Bernoulli(1), OneHot(1, 2), Gaussian(1), Spin(1)) takes (groups of 2 that sum to 1)"},
		} {
			err := c.units.Check(graphtest.Tensor(dtype, c.x, c.rows, len(c.x)/c.rows))
			if c.want == nil {
				require.NoError(t, err, "%v %v", c.units, c.x)
				continue
			}
			require.ErrorIs(t, err, c.want, "%v %v", c.units, c.x)
			require.ErrorContains(t, err, c.text)
		}
		u := energy.Spin(3)
		wide := graphtest.Tensor(dtype, make([]float64, 20), 4, 5)
		columns, err := wide.Slice(nil, G.S(1, 4))
		require.NoError(t, err)
		turned := graphtest.Tensor(dtype, make([]float64, 12), 3, 4)
		require.NoError(t, turned.T())
		rows, err := graphtest.Tensor(dtype, make([]float64, 12), 4, 3).Slice(G.S(1, 3))
		require.NoError(t, err)
		require.NoError(t, u.Check(rows.(*tensor.Dense)), "rows of a batch lie together")
		every, err := graphtest.Tensor(dtype, make([]float64, 12), 4, 3).Slice(G.S(0, 4, 2))
		require.NoError(t, err)
		fortran := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran(graphtest.Tensor(dtype, make([]float64, 6), 6).Data()))
		for text, x := range map[string]*tensor.Dense{
			"no rows": tensor.New(tensor.Of(dtype), tensor.WithShape(0, 3)), "every second row": every.(*tensor.Dense), "column major": fortran,
			"nil": nil, "too wide": wide, "a vector": graphtest.Tensor(dtype, make([]float64, 3), 3), "rank 3": graphtest.Tensor(dtype, make([]float64, 6), 1, 2, 3),
			"columns of a batch": columns.(*tensor.Dense), "a lazy transpose": turned,
		} {
			require.ErrorIs(t, u.Check(x), energy.ErrShape, text)
		}
	}
	require.ErrorIs(t, energy.Spin(2).Check(tensor.New(tensor.Of(tensor.Int), tensor.WithShape(1, 2))), energy.ErrDtype)
}

// What the builders of Units give, and what they refuse; internal/op tests the numbers.
func TestUnitsBuilders(t *testing.T) {
	u, g := energy.FixedGaussian(2, 1), G.NewGraph()
	x, s := matrix(g, "x", [][]float64{{1, -2}, {0.5, 3}}), vector(g, "s", []float64{0, math.Log(2)})
	got := graphtest.Value(t, G.Must(u.CGF(x, s)), G.Must(u.Mean(x, s)), G.Must(u.Variance(x, s)), G.Must(u.OwnEnergy(x, s)))
	constant := math.Log(2*math.Pi) + math.Ln2/2
	require.InDeltaSlice(t, []float64{4.5 + constant, 9.125 + constant}, got[0], 1e-12)
	require.InDeltaSlice(t, []float64{1, -4, 0.5, 6}, got[1], 1e-12)
	require.InDeltaSlice(t, []float64{1, 2, 1, 2}, got[2], 1e-12)
	require.InDeltaSlice(t, []float64{1.5, 2.375}, got[3], 1e-12)

	single := G.NewVector(g, tensor.Float32, G.WithShape(2), G.WithName("single"))
	for name, f := range map[string]func(x, s *G.Node) (*G.Node, error){"CGF": u.CGF, "Mean": u.Mean, "Variance": u.Variance, "OwnEnergy": u.OwnEnergy} {
		for i, c := range []struct {
			x, s *G.Node
			want error
		}{
			{nil, s, energy.ErrShape}, {s, s, energy.ErrShape}, {matrix(g, "wide", [][]float64{{1, 2, 3}}), s, energy.ErrShape},
			{x, x, energy.ErrShape}, {x, vector(g, "long", []float64{1, 2, 3}), energy.ErrShape}, {x, single, energy.ErrDtype}, {x, nil, energy.ErrConfig},
		} {
			_, err := f(c.x, c.s)
			require.ErrorIs(t, err, c.want, "%s %d", name, i)
		}
	}
}

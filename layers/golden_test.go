package layers

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// The golden numbers come from an independent enumeration in NumPy; its log-variance gradients are differences, good to 1e-7.

type goldenTensor struct {
	Shape []int
	Data  []float64
}

type goldenSide struct {
	Family                string
	Units, States         int
	Variance, LogVariance []float64
}

func (s *goldenSide) UnmarshalJSON(raw []byte) error {
	type plain goldenSide
	extra := struct {
		*plain
		LogVariance []float64 `json:"log_variance"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(raw, &extra); err != nil {
		return err
	}
	s.LogVariance = extra.LogVariance
	for _, v := range s.Variance {
		s.LogVariance = append(s.LogVariance, math.Log(v))
	}
	return nil
}

// units describes the side. Every Gaussian side has its variances as parameters, so that they have gradients.
func (s goldenSide) units(t *testing.T) energy.Units {
	switch s.Family {
	case "Bernoulli":
		return energy.Bernoulli(s.Units)
	case "Spin":
		return energy.Spin(s.Units)
	case "OneHot":
		return energy.OneHot(s.Units, s.States)
	case "Gaussian":
		return energy.LearnedGaussian(s.Units, 1)
	}
	require.Fail(t, "unknown family", s.Family)
	return energy.Units{}
}

type goldenRBM struct {
	Name            string
	Visible, Hidden goldenSide
	W, B, C, V, H   goldenTensor
	Energy          goldenTensor
	FreeEnergyV     goldenTensor            `json:"free_energy_v"`
	FreeEnergyH     goldenTensor            `json:"free_energy_h"`
	MeanH           goldenTensor            `json:"mean_h_given_v"`
	MeanV           goldenTensor            `json:"mean_v_given_h"`
	LogPartition    *float64                `json:"log_partition"`
	LogLikelihood   *float64                `json:"mean_log_likelihood"`
	Gradient        map[string]goldenTensor `json:"grad_nll"`
}

func readGolden(t *testing.T, path string) []goldenRBM {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct{ RBM []goldenRBM }
	require.NoError(t, json.Unmarshal(raw, &file), path)
	require.NotEmpty(t, file.RBM, "%s holds no rbm cases", path)
	return file.RBM
}

// TestGoldenRBM checks every case of testdata/harmoniums.json, and of the file that HARMONIUM_GOLDEN names, if it is set.
func TestGoldenRBM(t *testing.T) {
	var cases []goldenRBM
	if path := os.Getenv("HARMONIUM_GOLDEN"); path != "" {
		cases = readGolden(t, path) // first: the names of its subtests stay as they are in the file
	}
	ours := readGolden(t, "testdata/harmoniums.json")
	require.Len(t, ours, 16)
	for _, c := range append(cases, ours...) {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// near requires every number to be within tolerance of the golden one.
func near(t *testing.T, want, got []float64, tolerance float64, what ...any) {
	t.Helper()
	require.Len(t, got, len(want), what...)
	for i, w := range want {
		require.InDelta(t, w, got[i], tolerance, "number %d %v", i, what)
	}
}

func (c goldenRBM) layer(t *testing.T) *RBM {
	r, err := NewRBM("golden", RBMConfig{Visible: c.Visible.units(t), Hidden: c.Hidden.units(t), Dtype: tensor.Float64})
	require.NoError(t, err)
	require.NoError(t, r.Param("W").Set(c.W.Data))
	require.NoError(t, r.Param("b").Set(c.B.Data))
	require.NoError(t, r.Param("c").Set(c.C.Data))
	for name, s := range map[string]goldenSide{"visible_log_variance": c.Visible, "hidden_log_variance": c.Hidden} {
		if s.LogVariance != nil {
			require.NoError(t, r.Param(name).Set(s.LogVariance))
		}
	}
	return r
}

func (c goldenRBM) check(t *testing.T) {
	r := c.layer(t)
	rows := dense(tensor.Float64, c.V.Shape, c.V.Data...)
	hidden := dense(tensor.Float64, c.H.Shape, c.H.Data...)

	for _, q := range []struct {
		name  string
		want  goldenTensor
		build func(v, h *G.Node) (*G.Node, error)
	}{
		{"energy", c.Energy, r.Energy},
		{"free_energy_v", c.FreeEnergyV, func(v, _ *G.Node) (*G.Node, error) { return r.FreeEnergy(v) }},
		{"free_energy_h", c.FreeEnergyH, func(_, h *G.Node) (*G.Node, error) { return r.HiddenFreeEnergy(h) }},
		{"mean_h_given_v", c.MeanH, func(v, _ *G.Node) (*G.Node, error) { return r.Forward(v) }},
		{"mean_v_given_h", c.MeanV, func(_, h *G.Node) (*G.Node, error) { return r.Backward(h) }},
	} {
		t.Run(q.name, func(t *testing.T) {
			g := G.NewGraph()
			n, err := q.build(input(g, "v", rows), input(g, "h", hidden))
			require.NoError(t, err)
			require.NotEmpty(t, q.want.Data, "the file has no such numbers")
			near(t, q.want.Data, graphtest.Value(t, n)[0], 1e-10)
		})
	}

	m := oracle(r)
	t.Run("log_partition", func(t *testing.T) {
		require.NotNil(t, c.LogPartition, "the file has no such number")
		logZ, err := m.LogPartition()
		require.NoError(t, err)
		near(t, []float64{*c.LogPartition}, []float64{logZ}, 1e-10)
	})
	t.Run("mean_log_likelihood", func(t *testing.T) {
		require.NotNil(t, c.LogLikelihood, "the file has no such number")
		var data [][]float64
		for lo := 0; lo < len(c.V.Data); lo += c.V.Shape[1] {
			data = append(data, c.V.Data[lo:lo+c.V.Shape[1]])
		}
		l, err := m.LogLikelihood(data, nil)
		require.NoError(t, err)
		near(t, []float64{*c.LogLikelihood}, []float64{l}, 1e-10)
	})

	gradients := likelihoodGradients(t, r, m, rows)
	for _, q := range []struct {
		name, param string
		tolerance   float64
	}{
		{"W", "W", 1e-10},
		{"b", "b", 1e-10},
		{"c", "c", 1e-10},
		{"log_variance_visible", "visible_log_variance", 1e-7},
		{"log_variance_hidden", "hidden_log_variance", 1e-7},
	} {
		want, ok := c.Gradient[q.name]
		if !ok && r.Param(q.param) == nil {
			continue
		}
		t.Run("grad_nll_"+q.name, func(t *testing.T) {
			require.True(t, ok, "the file has no such numbers")
			for route, g := range gradients {
				require.Contains(t, g, q.param)
				near(t, want.Data, g[q.param], q.tolerance, route)
			}
		})
	}
}

// oracle is the enumeration oracle with the layer's parameters; a side must be of one family.
func oracle(r *RBM) *exact.Harmonium {
	p := must(PlainOf[float64](r))
	side := func(u energy.Units, logVariance []float64) exact.Side {
		var groups []struct {
			Family string
			States int
			Trials int
		}
		if err := json.Unmarshal(must(json.Marshal(u)), &groups); err != nil {
			panic(err)
		}
		s := exact.Side{Units: u.Len(), LogVariance: logVariance}
		switch groups[0].Family {
		case "Spin":
			s.Family = exact.Spin
		case "Gaussian":
			s.Family = exact.Gaussian
		case "OneHot":
			s.Family, s.States = exact.OneHot, groups[0].States
		case "Binomial":
			s.Family, s.Trials = exact.Binomial, groups[0].Trials
		case "ReLU":
			s.Family = exact.ReLU
		case "Poisson":
			s.Family = exact.Poisson
		}
		return s
	}
	return &exact.Harmonium{
		Visible: side(r.Visible(), p.VisibleLogVariance), Hidden: side(r.Hidden(), p.HiddenLogVariance), W: p.W, B: p.B, C: p.C,
	}
}

// likelihoodGradients returns the gradient of the mean negative log-likelihood of the rows, by parameter, for every route that
// gives log Z's: the free energies of the enumerated states of either side, or moments where neither side has any.
func likelihoodGradients(t *testing.T, r *RBM, m *exact.Harmonium, rows *tensor.Dense) map[string]map[string][]float64 {
	const most = 1 << 14 // states; a side with more is left to the other
	routes := map[string]map[string][]float64{}
	for _, side := range []struct {
		name       string
		units      energy.Units
		freeEnergy func(*G.Node) (*G.Node, error)
	}{
		{"visible states", r.Visible(), r.FreeEnergy},
		{"hidden states", r.Hidden(), r.HiddenFreeEnergy},
	} {
		if n, err := side.units.StateCount(); err == nil && n <= most {
			routes[side.name] = enumeratedGradient(t, r, rows, states(side.units), side.freeEnergy)
		}
	}
	if len(routes) > 0 {
		return routes
	}
	g := G.NewGraph()
	cost := must(energy.WeightedContrastiveCost(must(r.FreeEnergy(input(g, "v", rows))), nil, input(g, "zero", dense(tensor.Float64, tensor.Shape{1}, 0)), nil))
	gradient := grad(t, cost, r)
	moments, err := m.Moments()
	require.NoError(t, err)
	add := func(param string, logVariance, moment []float64) {
		for i, x := range moment {
			if logVariance != nil {
				x /= 2 * math.Exp(logVariance[i])
			}
			gradient[param][i] += x
		}
	}
	add("W", nil, moments.VH)
	add("b", nil, moments.V)
	add("c", nil, moments.H)
	add("visible_log_variance", m.Visible.LogVariance, moments.VV)
	add("hidden_log_variance", m.Hidden.LogVariance, moments.HH)
	return map[string]map[string][]float64{"moments": gradient}
}

func states(u energy.Units) *tensor.Dense {
	n := must(u.StateCount())
	all := make([]float64, n*u.Len())
	for i := range n {
		u.State(i, all[i*u.Len():(i+1)*u.Len()])
	}
	return tensor.New(tensor.WithShape(n, u.Len()), tensor.WithBacking(all))
}

// enumeratedGradient is the gradient of mean F(rows) − Σ_x p(x) F(x) with p fixed, which is that of mean F(rows) + log Z.
func enumeratedGradient(t *testing.T, r *RBM, rows, states *tensor.Dense, freeEnergy func(*G.Node) (*G.Node, error)) map[string][]float64 {
	p := graphtest.Value(t, must(freeEnergy(input(G.NewGraph(), "states", states))))[0]
	lowest := p[0]
	for _, f := range p {
		lowest = min(lowest, f)
	}
	for i, f := range p {
		p[i] = math.Exp(lowest - f)
	}
	g := G.NewGraph()
	data := must(r.FreeEnergy(input(g, "v", rows)))
	model := must(freeEnergy(input(g, "states", states)))
	cost, err := energy.WeightedContrastiveCost(data, nil, model, input(g, "p", dense(tensor.Float64, tensor.Shape{len(p)}, p...)))
	require.NoError(t, err)
	return grad(t, cost, r)
}

// grad returns gorgonia.Grad of a cost by the short names of an RBM's parameters.
func grad(t *testing.T, cost *G.Node, r *RBM) map[string][]float64 {
	wrt := Wrt(cost, r)
	nodes, err := G.Grad(cost, wrt...)
	require.NoError(t, err)
	out := map[string][]float64{}
	for i, x := range graphtest.Value(t, nodes...) {
		out[wrt[i].Name()[len(r.Name())+1:]] = x
	}
	return out
}

func TestGaussianRBMWithoutADistribution(t *testing.T) {
	r := must(NewRBM("wide", RBMConfig{Visible: energy.LearnedGaussian(2, 1), Hidden: energy.Gaussian(1), Dtype: tensor.Float64}))
	require.NoError(t, r.Param("W").Set([]float64{0.7, 0.7})) // singular value 0.99
	_, err := oracle(r).LogPartition()
	require.NoError(t, err)
	require.NoError(t, r.Param("visible_log_variance").Set([]float64{0.1, 0})) // 1.02
	_, err = oracle(r).LogPartition()
	require.ErrorIs(t, err, exact.ErrNotNormalisable)
	_, err = oracle(r).Gradient([][]float64{{0, 0}}, nil)
	require.ErrorIs(t, err, exact.ErrNotNormalisable)
}

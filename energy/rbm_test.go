package energy_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func TestRBMEqualsEnumeration(t *testing.T) {
	for _, m := range models() {
		t.Run(m.String(), func(t *testing.T) {
			v, h := statesOf(t, m.Visible), statesOf(t, m.Hidden)
			var pairV, pairH [][]float64
			var wantE, wantF, wantG, wantMeanH, wantMeanV []float64
			for _, vi := range v {
				f, err := m.FreeEnergy(vi)
				require.NoError(t, err)
				mean, err := m.MeanHidden(vi)
				require.NoError(t, err)
				wantF, wantMeanH = append(wantF, f), append(wantMeanH, mean...)
				for _, hj := range h {
					pairV, pairH, wantE = append(pairV, vi), append(pairH, hj), append(wantE, m.Energy(vi, hj))
				}
			}
			for _, hj := range h {
				f, err := m.HiddenFreeEnergy(hj)
				require.NoError(t, err)
				mean, err := m.MeanVisible(hj)
				require.NoError(t, err)
				wantG, wantMeanV = append(wantG, f), append(wantMeanV, mean...)
			}
			graphtest.Run(t, 1e-10, func(g *G.ExprGraph) G.Nodes {
				e := m.bind(g)
				nv, nh := matrix(g, "v", v), matrix(g, "h", h)
				return G.Nodes{
					G.Must(e.Energy(matrix(g, "pair v", pairV), matrix(g, "pair h", pairH))),
					G.Must(e.FreeEnergy(nv)), G.Must(e.HiddenFreeEnergy(nh)), G.Must(e.HiddenMean(nv)), G.Must(e.VisibleMean(nh)),
				}
			},
				graphtest.Tensor(tensor.Float64, wantE, len(wantE)), graphtest.Tensor(tensor.Float64, wantF, len(wantF)),
				graphtest.Tensor(tensor.Float64, wantG, len(wantG)), graphtest.Tensor(tensor.Float64, wantMeanH, len(v), m.Hidden.Units),
				graphtest.Tensor(tensor.Float64, wantMeanV, len(h), m.Visible.Units))
		})
	}
}

// A row's energy is its own: a batch gives what the rows give alone, in both dtypes.
func TestRBMBatchIsRowByRow(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		x, w := random(12, 1), random(12, 1)
		values := func(rows []float64) []float64 {
			g := G.NewGraph()
			e := energy.RBM{Visible: energy.Bernoulli(4), Hidden: energy.Spin(3),
				W: graphtest.Input(g, "W", graphtest.Tensor(dtype, w, 4, 3)), B: graphtest.Input(g, "b", graphtest.Tensor(dtype, random(4, 1), 4)),
				C: graphtest.Input(g, "c", graphtest.Tensor(dtype, random(3, 1), 3))}
			return graphtest.Value(t, G.Must(e.FreeEnergy(graphtest.Input(g, "v", graphtest.Tensor(dtype, rows, len(rows)/4, 4)))))[0]
		}
		all := values(x)
		for i := range 3 {
			require.Equal(t, all[i:i+1], values(x[4*i:4*i+4]))
		}
	}
}

// Joined sides: against loops over their states, and against the trapezoidal rule for a real unit.
func TestRBMOfJoinedUnits(t *testing.T) {
	visible := energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3), energy.Spin(1)) // 6 numbers, 24 states
	hidden := energy.Join(energy.Spin(1), energy.LearnedGaussian(1, 1), energy.Bernoulli(1))
	w, b, c, s := random(18, 0.6), random(6, 1), random(3, 0.8), []float64{0, 0.5, 0}
	own := func(h []float64) float64 { return h[1] * h[1] / 2 * math.Exp(-s[1]) }
	plain := func(v, h []float64) float64 {
		e := own(h)
		for i, vi := range v {
			e -= b[i] * vi
			for j, hj := range h {
				e -= vi * w[3*i+j] * hj
			}
		}
		for j, hj := range h {
			e -= c[j] * hj
		}
		return e
	}
	var v, h [][]float64
	count, err := visible.StateCount()
	require.NoError(t, err)
	require.Equal(t, 24, count)
	for i := range count {
		row := make([]float64, 6)
		visible.State(i, row)
		v = append(v, row)
	}
	const width = 0.25
	for _, spin := range []float64{-1, 1} {
		for _, bit := range []float64{0, 1} {
			for i := -60; i <= 60; i++ {
				h = append(h, []float64{spin, width * float64(i), bit})
			}
		}
	}
	var wantF, wantG, wantE, wantMeanH, wantMeanV []float64
	for _, vi := range v {
		z, mean := 0.0, make([]float64, 3)
		for _, hj := range h {
			p := width * math.Exp(-plain(vi, hj))
			z += p
			for j := range mean {
				mean[j] += p * hj[j]
			}
		}
		wantF, wantMeanH = append(wantF, -math.Log(z)), append(wantMeanH, mean[0]/z, mean[1]/z, mean[2]/z)
		wantE = append(wantE, plain(vi, h[100]))
	}
	h = [][]float64{h[100], h[130], h[300]}
	for _, hj := range h {
		z, mean := 0.0, make([]float64, 6)
		for _, vi := range v {
			p := math.Exp(-plain(vi, hj))
			z += p
			for i := range mean {
				mean[i] += p * vi[i]
			}
		}
		for i := range mean {
			mean[i] /= z
		}
		wantG, wantMeanV = append(wantG, -math.Log(z)), append(wantMeanV, mean...)
	}
	graphtest.Run(t, 1e-10, func(g *G.ExprGraph) G.Nodes {
		e := energy.RBM{Visible: visible, Hidden: hidden, W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, 6, 3)),
			B: vector(g, "b", b), C: vector(g, "c", c), HiddenLogVariance: vector(g, "s", s)}
		nv, nh := matrix(g, "v", v), matrix(g, "h", h)
		first := make([][]float64, len(v))
		for i := range first {
			first[i] = h[0]
		}
		return G.Nodes{G.Must(e.Energy(nv, matrix(g, "first", first))), G.Must(e.FreeEnergy(nv)), G.Must(e.HiddenFreeEnergy(nh)),
			G.Must(e.HiddenMean(nv)), G.Must(e.VisibleMean(nh))}
	},
		graphtest.Tensor(tensor.Float64, wantE, 24), graphtest.Tensor(tensor.Float64, wantF, 24), graphtest.Tensor(tensor.Float64, wantG, 3),
		graphtest.Tensor(tensor.Float64, wantMeanH, 24, 3), graphtest.Tensor(tensor.Float64, wantMeanV, 3, 6))
}

// Every method refuses what does not fit, by a sentinel, and says who refused what.
func TestRBMErrors(t *testing.T) {
	g := G.NewGraph()
	input := func(name string, dtype tensor.Dtype, shape ...int) *G.Node {
		return G.NewTensor(g, dtype, len(shape), G.WithShape(shape...), G.WithName(name))
	}
	good := energy.RBM{Name: `layers: RBM "rbm0"`, Visible: energy.Bernoulli(6), Hidden: energy.LearnedGaussian(4, 1),
		W: input("W", tensor.Float32, 6, 4), B: input("b", tensor.Float32, 6), C: input("c", tensor.Float32, 4), HiddenLogVariance: input("s", tensor.Float32, 4)}
	v, h := input("v", tensor.Float32, 32, 6), input("h", tensor.Float32, 32, 4)
	type call func(e energy.RBM, v, h *G.Node) (*G.Node, error)
	calls := map[string]call{
		"Energy":           func(e energy.RBM, v, h *G.Node) (*G.Node, error) { return e.Energy(v, h) },
		"FreeEnergy":       func(e energy.RBM, v, _ *G.Node) (*G.Node, error) { return e.FreeEnergy(v) },
		"HiddenFreeEnergy": func(e energy.RBM, _, h *G.Node) (*G.Node, error) { return e.HiddenFreeEnergy(h) },
		"HiddenInput":      func(e energy.RBM, v, _ *G.Node) (*G.Node, error) { return e.HiddenInput(v) },
		"VisibleInput":     func(e energy.RBM, _, h *G.Node) (*G.Node, error) { return e.VisibleInput(h) },
		"HiddenMean":       func(e energy.RBM, v, _ *G.Node) (*G.Node, error) { return e.HiddenMean(v) },
		"VisibleMean":      func(e energy.RBM, _, h *G.Node) (*G.Node, error) { return e.VisibleMean(h) },
	}
	for name, f := range calls {
		_, err := f(good, v, h)
		require.NoError(t, err, name)
		for i, bad := range []struct{ v, h *G.Node }{
			{input("v5", tensor.Float32, 32, 5), input("h3", tensor.Float32, 32, 3)}, {nil, nil},
			{input("vector v", tensor.Float32, 6), input("vector h", tensor.Float32, 4)}, {input("v3d", tensor.Float32, 2, 32, 6), input("h3d", tensor.Float32, 2, 32, 4)},
		} {
			_, err := f(good, bad.v, bad.h)
			require.ErrorIs(t, err, energy.ErrShape, "%s %d", name, i)
			require.ErrorContains(t, err, `layers: RBM "rbm0": `+name+": ")
		}
		_, err = f(good, input("double v", tensor.Float64, 32, 6), input("double h", tensor.Float64, 32, 4))
		require.ErrorIs(t, err, energy.ErrDtype, name)
		for what, spoil := range map[string]func(e *energy.RBM){
			"no W": func(e *energy.RBM) { e.W = nil }, "W turned": func(e *energy.RBM) { e.W = input("W turned", tensor.Float32, 4, 6) },
			"biases swapped": func(e *energy.RBM) { e.B, e.C = e.C, e.B }, "no biases": func(e *energy.RBM) { e.B, e.C = nil, nil },
			"offsets": func(e *energy.RBM) { e.VisibleOffset, e.HiddenOffset = e.C, e.B },
		} {
			e := good
			spoil(&e)
			_, err := f(e, v, h)
			require.ErrorIs(t, err, energy.ErrShape, "%s, %s", name, what)
			require.ErrorContains(t, err, `layers: RBM "rbm0": `)
		}
	}
	_, err := good.FreeEnergy(input("five", tensor.Float32, 32, 5))
	require.EqualError(t, err, `layers: RBM "rbm0": FreeEnergy: visible has shape (32, 5), want (batch, 6): wrong shape`)
	_, err = good.Energy(v, input("h31", tensor.Float32, 31, 4))
	require.EqualError(t, err, `layers: RBM "rbm0": Energy: visible has 32 rows, hidden 31: wrong shape`)
	good.HiddenLogVariance = nil
	_, err = good.FreeEnergy(v)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = energy.RBM{Visible: energy.Spin(2), Hidden: energy.Spin(2)}.FreeEnergy(nil)
	require.EqualError(t, err, "energy: RBM: FreeEnergy: visible has no node, want (batch, 2): wrong shape")
}

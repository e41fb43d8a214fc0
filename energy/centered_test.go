package energy_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// centered binds the model with offsets μ and λ, and with the biases b' = b + Wλ and c' = c + Wᵀμ of the same distribution.
func (m model) centered(g *G.ExprGraph, mu, lambda []float64) energy.RBM {
	shifted := m
	shifted.B, shifted.C = slices.Clone(m.B), slices.Clone(m.C)
	for i := range m.B {
		for j := range m.C {
			shifted.B[i] += m.W[i*len(m.C)+j] * lambda[j]
			shifted.C[j] += m.W[i*len(m.C)+j] * mu[i]
		}
	}
	e := shifted.bind(g)
	e.VisibleOffset, e.HiddenOffset = vector(g, "mu", mu), vector(g, "lambda", lambda)
	return e
}

// Wherever the offsets are, p(v), p(h) and the conditional means are those of the plain form; Energy differs by a constant.
func TestOffsetsLeaveTheDistribution(t *testing.T) {
	for _, m := range models() {
		v, h := statesOf(t, m.Visible), statesOf(t, m.Hidden)
		k := min(len(v), len(h))
		run := func(build func(g *G.ExprGraph) energy.RBM) [][]float64 {
			g := G.NewGraph()
			e := build(g)
			nv, nh := matrix(g, "v", v), matrix(g, "h", h)
			return graphtest.Value(t, G.Must(e.FreeEnergy(nv)), G.Must(e.HiddenFreeEnergy(nh)), G.Must(e.Energy(matrix(g, "v'", v[:k]), matrix(g, "h'", h[:k]))),
				G.Must(e.HiddenMean(nv)), G.Must(e.VisibleMean(nh)))
		}
		want := run(m.bind)
		for _, size := range []float64{0.25, 1, 3} {
			got := run(func(g *G.ExprGraph) energy.RBM {
				return m.centered(g, random(len(m.B), size), random(len(m.C), size))
			})
			for i := range 3 {
				shift := want[i][0] - got[i][0]
				for j := range got[i] {
					require.InDelta(t, want[i][j], got[i][j]+shift, 1e-12*max(1, math.Abs(want[i][j]), math.Abs(shift)), "%v, quantity %d", m, i)
				}
			}
			require.InDeltaSlice(t, want[3], got[3], 1e-12, "%v", m)
			require.InDeltaSlice(t, want[4], got[4], 1e-12, "%v", m)
		}
		if unlisted(m.Visible) {
			continue
		}
		_, p, err := m.Probabilities()
		require.NoError(t, err)
		got := run(func(g *G.ExprGraph) energy.RBM { return m.centered(g, random(len(m.B), 1), random(len(m.C), 1)) })
		require.InDeltaSlice(t, p, softmax(got[0]), 1e-12, "%v", m)
	}
}

func softmax(f []float64) []float64 {
	p, total := make([]float64, len(f)), 0.0
	for i, x := range f {
		p[i] = math.Exp(slices.Min(f) - x)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

// phases are the data's and the model's exact means of v, h and v hᵀ.
func (m model) phases(t *testing.T, rows [][]float64) (data, free *exact.Moments) {
	free, err := m.Moments()
	require.NoError(t, err)
	n, k := len(m.B), len(m.C)
	data = &exact.Moments{V: make([]float64, n), H: make([]float64, k), VH: make([]float64, n*k)}
	share := 1 / float64(len(rows))
	for _, v := range rows {
		h, err := m.MeanHidden(v)
		require.NoError(t, err)
		for i := range n {
			data.V[i] += share * v[i]
			for j := range k {
				data.VH[i*k+j] += share * v[i] * h[j]
			}
		}
		for j := range k {
			data.H[j] += share * h[j]
		}
	}
	return data, free
}

// centeredSteps are the centered gradient's steps ΔW, Δb and Δc in the plain coordinates, ascending the likelihood:
// ΔW = ⟨(v−μ)(h−λ)ᵀ⟩data − ⟨·⟩model, Δb = Δv − ΔWλ, Δc = Δh − ΔWᵀμ.
func (m model) centeredSteps(t *testing.T, rows [][]float64, mu, lambda []float64) (w, b, c []float64) {
	data, free := m.phases(t, rows)
	n, k := len(m.B), len(m.C)
	w, b, c = make([]float64, n*k), make([]float64, n), make([]float64, k)
	for i := range n {
		b[i] = data.V[i] - free.V[i]
	}
	for j := range k {
		c[j] = data.H[j] - free.H[j]
	}
	for i := range n {
		for j := range k {
			about := func(p *exact.Moments) float64 { // ⟨(v−μ)(h−λ)⟩
				return p.VH[i*k+j] - mu[i]*p.H[j] - p.V[i]*lambda[j] + mu[i]*lambda[j]
			}
			w[i*k+j] = about(data) - about(free)
		}
	}
	for i := range n {
		for j := range k {
			b[i] -= w[i*k+j] * lambda[j]
			c[j] -= w[i*k+j] * mu[i]
		}
	}
	return w, b, c
}

// With the leaves W, b' and c', gorgonia.Grad of the centered energy is the centered gradient.
func TestCenteredGradient(t *testing.T) {
	for _, m := range models() {
		if unlisted(m.Visible) && unlisted(m.Hidden) {
			continue // likelihood takes its model term from the plain form
		}
		rows := statesOf(t, m.Visible)[1:6]
		n, k := len(m.B), len(m.C)
		mu, lambda := random(n, 0.9), random(k, 0.8)
		e := m.centered(G.NewGraph(), mu, lambda)
		grads := m.likelihood(t, e, G.Nodes{e.W, e.B, e.C}, rows)
		wantW, wantB, wantC := m.centeredSteps(t, rows, mu, lambda)
		w, b, c := grads[0], grads[1], grads[2]
		for i := range n { // in plain coordinates b = b' − Wλ and c = c' − Wᵀμ
			for j := range k {
				b[i] -= w[i*k+j] * lambda[j]
				c[j] -= w[i*k+j] * mu[i]
			}
		}
		for what, pair := range map[string][2][]float64{"W": {wantW, w}, "b": {wantB, b}, "c": {wantC, c}} {
			for i := range pair[0] {
				require.InDelta(t, pair[0][i], -pair[1][i], 1e-10, "%v: %s", m, what)
			}
		}
	}
}

// With the leaves W, b and c, of which b' and c' are made in the graph, autodiff undoes the centering: it gives the plain
// gradient, and that is another one.
func TestCenteringIsLostInPlainCoordinates(t *testing.T) {
	for _, m := range models() {
		if unlisted(m.Visible) {
			continue
		}
		rows := statesOf(t, m.Visible)[1:6]
		mu, lambda := random(len(m.B), 0.9), random(len(m.C), 0.8)
		g := G.NewGraph()
		e := m.bind(g)
		plain := G.Nodes{e.W, e.B, e.C}
		e.VisibleOffset, e.HiddenOffset = vector(g, "mu", mu), vector(g, "lambda", lambda)
		e.B = G.Must(G.Add(e.B, G.Must(G.Mul(e.W, e.HiddenOffset))))
		e.C = G.Must(G.Add(e.C, G.Must(G.Mul(G.Must(G.Transpose(e.W, 1, 0)), e.VisibleOffset))))
		got := m.likelihood(t, e, plain, rows)
		want, err := m.Gradient(rows, nil)
		require.NoError(t, err)
		require.InDeltaSlice(t, want.W, got[0], 1e-10, "%v", m)
		require.InDeltaSlice(t, want.B, got[1], 1e-10, "%v", m)
		require.InDeltaSlice(t, want.C, got[2], 1e-10, "%v", m)

		w, b, c := m.centeredSteps(t, rows, mu, lambda)
		for what, pair := range map[string][2][]float64{"W": {w, got[0]}, "b": {b, got[1]}, "c": {c, got[2]}} {
			apart := 0.0
			for i := range pair[0] {
				apart = max(apart, math.Abs(pair[0][i]+pair[1][i]))
			}
			require.Greater(t, apart, 1e-3, "%v: %s", m, what)
		}
	}
}

// One offset alone is allowed: the other counts as 0.
func TestOneOffset(t *testing.T) {
	m := models()[1]
	v := statesOf(t, m.Visible)
	zero, mu := make([]float64, len(m.C)), random(len(m.B), 1)
	values := func(build func(g *G.ExprGraph) energy.RBM) []float64 {
		g := G.NewGraph()
		e := build(g)
		return graphtest.Value(t, G.Must(e.FreeEnergy(graphtest.Input(g, "v", graphtest.Tensor(tensor.Float64, slices.Concat(v...), len(v), 3)))))[0]
	}
	require.InDeltaSlice(t, values(func(g *G.ExprGraph) energy.RBM { return m.centered(g, mu, zero) }), values(func(g *G.ExprGraph) energy.RBM {
		e := m.centered(g, mu, zero)
		e.HiddenOffset = nil
		return e
	}), 1e-14)
}

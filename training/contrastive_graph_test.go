package training_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// machine is a float64 RBM with parameters that are not small and offsets, where it has them, that are not 0.
func machine(visible, hidden energy.Units, centered bool) *layers.RBM {
	m := must(layers.NewRBM("rbm", layers.RBMConfig{
		Visible: visible, Hidden: hidden, Centered: centered, Seed: 2, InitDeviation: 0.7, Dtype: tensor.Float64,
	}))
	for k, p := range m.Params()[1:] {
		x := make([]float64, len(p.Float64s()))
		for i := range x {
			x[i] = 0.3 * math.Sin(float64(1+i+7*k))
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
	return m
}

// oracle is the enumerated twin of a machine, in the plain form.
func oracle(m *layers.RBM) *exact.Harmonium {
	p := must(layers.PlainOf[float64](m))
	side := func(u energy.Units, logVariance []float64) exact.Side {
		s := exact.Side{Units: u.Len()}
		switch u.Families()[0] {
		case "Spin":
			s.Family = exact.Spin
		case "OneHot":
			s.Family, s.States = exact.OneHot, 3
		case "Gaussian":
			s.Family, s.LogVariance = exact.Gaussian, slices.Clone(logVariance)
		}
		return s
	}
	return &exact.Harmonium{
		Visible: side(m.Visible(), p.VisibleLogVariance), Hidden: side(m.Hidden(), p.HiddenLogVariance),
		W: slices.Clone(p.W), B: slices.Clone(p.B), C: slices.Clone(p.C),
	}
}

// states are rows that units can take, spread over all of their states.
func states(u energy.Units, rows int) [][]float64 {
	count := must(u.StateCount())
	var all [][]float64
	for k := range rows {
		row := make([]float64, u.Len())
		u.State(k*k*7%count, row)
		all = append(all, row)
	}
	return all
}

// moved is by how much a parameter has gone down since before.
func moved(before, after []float64) []float64 {
	d := make([]float64, len(before))
	for i := range d {
		d[i] = before[i] - after[i]
	}
	return d
}

// exactStep makes one step of rate 1 over all rows at once, with the exact negative phase.
func exactStep(t *testing.T, m *layers.RBM, rows [][]float64, change func(*training.Contrastive)) *training.Report {
	fit := training.Contrastive{Negative: sampling.Exact{}, Solver: training.SGD{Rate: 1}, Epochs: 1, Batch: len(rows)}
	if change != nil {
		change(&fit)
	}
	report, err := fit.Fit(context.Background(), m, fromRows(rows))
	require.NoError(t, err)
	return report
}

func TestExactMakesTheExactGradientStep(t *testing.T) {
	for _, side := range []struct{ visible, hidden energy.Units }{
		{energy.Bernoulli(5), energy.Bernoulli(4)},
		{energy.Spin(5), energy.Bernoulli(4)},
		{energy.OneHot(2, 3), energy.Spin(4)},
		{energy.Bernoulli(5), energy.OneHot(2, 3)},
		{energy.Spin(5), energy.LearnedGaussian(3, 0.5)},
	} {
		t.Run(fmt.Sprint(side.visible, side.hidden), func(t *testing.T) {
			m, rows := machine(side.visible, side.hidden, false), states(side.visible, 7)
			before, want := values(m), must(oracle(m).Gradient(rows, nil))
			exactStep(t, m, rows, nil)
			for i, gradient := range [][]float64{want.W, want.B, want.C, want.LogVarianceHidden} {
				if gradient != nil {
					require.InDeltaSlice(t, gradient, moved(before[i], values(m)[i]), 1e-12, m.Params()[i].Name())
				}
			}

			// The twin: the gradient of other rows is another one.
			m = machine(side.visible, side.hidden, false)
			exactStep(t, m, rows[1:], nil)
			require.Greater(t, distance(want.W, moved(before[0], values(m)[0])), 1e-3)
		})
	}
}

// distance is the largest difference of two vectors.
func distance(a, b []float64) float64 {
	worst := 0.0
	for _, d := range moved(a, b) {
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = max(worst, math.Abs(d))
	}
	return worst
}

// centeredGradient is the centered gradient on the plain parameters, from the moments of data and model:
//
//	ΔW = ⟨(v−μ)(h−λ)ᵀ⟩data − ⟨·⟩model    Δb = Δv − ΔWλ    Δc = Δh − ΔWᵀμ
//
// and the means of the data, E[v] and E[h|v].
func centeredGradient(o *exact.Harmonium, rows [][]float64, mu, lambda []float64) (w, b, c, v, h []float64) {
	model := must(o.Moments())
	n, k := len(mu), len(lambda)
	v, h = make([]float64, n), make([]float64, k)
	vh := make([]float64, n*k)
	for _, row := range rows {
		mean := must(o.MeanHidden(row))
		for i := range n {
			v[i] += row[i] / float64(len(rows))
			for j := range k {
				vh[i*k+j] += row[i] * mean[j] / float64(len(rows))
			}
		}
		for j := range k {
			h[j] += mean[j] / float64(len(rows))
		}
	}
	w, b, c = make([]float64, n*k), make([]float64, n), make([]float64, k)
	for i := range n {
		b[i] = v[i] - model.V[i]
	}
	for j := range k {
		c[j] = h[j] - model.H[j]
	}
	for i := range n {
		for j := range k {
			d := vh[i*k+j] - v[i]*lambda[j] - mu[i]*h[j] - (model.VH[i*k+j] - model.V[i]*lambda[j] - mu[i]*model.H[j])
			w[i*k+j] = d
			b[i] -= d * lambda[j]
			c[j] -= d * mu[i]
		}
	}
	return w, b, c, v, h
}

func TestCenteredMakesTheCenteredGradientStep(t *testing.T) {
	units := energy.Bernoulli(5)
	m, rows := machine(units, energy.Bernoulli(4), true), states(units, 7)
	mu, lambda := m.Param("visible_offset").Float64s(), m.Param("hidden_offset").Float64s()
	before := oracle(m)
	w, b, c, v, h := centeredGradient(before, rows, mu, lambda)
	exactStep(t, m, rows, func(c *training.Contrastive) { c.OffsetRate = 0.25 })

	// The plain parameters, and with them p, are moved by the gradient alone: moving the offsets leaves p as it is.
	after := oracle(m)
	require.InDeltaSlice(t, w, moved(after.W, before.W), 1e-12)
	require.InDeltaSlice(t, b, moved(after.B, before.B), 1e-12)
	require.InDeltaSlice(t, c, moved(after.C, before.C), 1e-12)
	for i, x := range m.Param("visible_offset").Float64s() {
		require.InDelta(t, mu[i]+0.25*(v[i]-mu[i]), x, 1e-12)
	}
	for j, x := range m.Param("hidden_offset").Float64s() {
		require.InDelta(t, lambda[j]+0.25*(h[j]-lambda[j]), x, 1e-12)
	}

	// The plain gradient is another one.
	plain := must(before.Gradient(rows, nil))
	require.Greater(t, distance(plain.B, moved(before.B, after.B)), 1e-3)
	require.Greater(t, distance(plain.W, moved(before.W, after.W)), 1e-3)
}

func TestOffsetRateDefault(t *testing.T) {
	units := energy.Bernoulli(5)
	step := func(rate float64) [][]float64 {
		m := machine(units, energy.Bernoulli(4), true)
		exactStep(t, m, states(units, 7), func(c *training.Contrastive) { c.OffsetRate = rate })
		return values(m)
	}
	require.Equal(t, step(0), step(0.01))
	require.NotEqual(t, step(0), step(0.02))
}

// Each penalty changes the step by its own gradient, and the cost by itself.
func TestPenaltiesFollowTheirFormulas(t *testing.T) {
	units := energy.Bernoulli(5)
	rows := states(units, 7)
	const l1, l2, sparsity, target = 0.3, 0.2, 0.7, 0.1
	m := machine(units, energy.Bernoulli(4), false)
	w, o := m.Param("W").Float64s(), oracle(m)
	step := func(change func(*training.Contrastive)) ([][]float64, float64) {
		m := machine(units, energy.Bernoulli(4), false)
		report := exactStep(t, m, rows, change)
		return values(m), report.Last().Cost
	}
	plain, cost := step(nil)

	// Σ_j (q_j − target)² with q_j = mean σ(input): its gradient by c_j is 2(q_j − target)·mean σ'(input), by W_ij with v_i in the mean.
	n, k := 5, 4
	q, slopeW, slopeC := make([]float64, k), make([]float64, n*k), make([]float64, k)
	for _, row := range rows {
		for j, p := range must(o.MeanHidden(row)) {
			q[j] += p / float64(len(rows))
			slopeC[j] += p * (1 - p) / float64(len(rows))
			for i, v := range row {
				slopeW[i*k+j] += v * p * (1 - p) / float64(len(rows))
			}
		}
	}
	zero := func(n int) []float64 { return make([]float64, n) }
	for _, c := range []struct {
		name   string
		change func(*training.Contrastive)
		cost   func() float64
		w      func(i int) float64
		c      func(j int) float64
	}{
		{"L1", func(c *training.Contrastive) { c.L1 = l1 }, func() (s float64) {
			for _, x := range w {
				s += l1 * math.Abs(x)
			}
			return s
		}, func(i int) float64 { return l1 * math.Copysign(1, w[i]) }, nil},
		{"L2", func(c *training.Contrastive) { c.L2 = l2 }, func() (s float64) {
			for _, x := range w {
				s += l2 / 2 * x * x
			}
			return s
		}, func(i int) float64 { return l2 * w[i] }, nil},
		{"sparsity", func(c *training.Contrastive) { c.SparsityCost, c.SparsityTarget = sparsity, target }, func() (s float64) {
			for _, x := range q {
				s += sparsity * (x - target) * (x - target)
			}
			return s
		}, func(i int) float64 { return sparsity * 2 * (q[i%k] - target) * slopeW[i] },
			func(j int) float64 { return sparsity * 2 * (q[j] - target) * slopeC[j] }},
	} {
		got, gotCost := step(c.change)
		wantW, wantC := zero(n*k), zero(k)
		for i := range wantW {
			wantW[i] = c.w(i)
		}
		for j := range wantC {
			if c.c != nil {
				wantC[j] = c.c(j)
			}
		}
		require.InDeltaSlice(t, wantW, moved(plain[0], got[0]), 1e-12, c.name)
		require.InDeltaSlice(t, zero(n), moved(plain[1], got[1]), 1e-12, "%s leaves b", c.name)
		require.InDeltaSlice(t, wantC, moved(plain[2], got[2]), 1e-12, c.name)
		require.InDelta(t, c.cost(), gotCost-cost, 1e-12, c.name)
		require.Greater(t, distance(wantW, zero(n*k)), 0.01, "%s must be seen", c.name)
	}
}

// The cost with the exact phase is mean F(data) − E F(model).
func TestContrastiveCostIsTheDifferenceOfFreeEnergies(t *testing.T) {
	units := energy.Spin(5)
	m, rows := machine(units, energy.Bernoulli(4), false), states(units, 7)
	o := oracle(m)
	want := 0.0
	for _, row := range rows {
		want += must(o.FreeEnergy(row)) / float64(len(rows))
	}
	all, p, err := o.Probabilities()
	require.NoError(t, err)
	for i, v := range all {
		want -= p[i] * must(o.FreeEnergy(v))
	}
	require.InDelta(t, want, exactStep(t, m, rows, nil).Last().Cost, 1e-12)
}

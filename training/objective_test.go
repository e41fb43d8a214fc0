package training_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// teacher is a network whose distribution is known, and so are its states.
func teacher(units energy.Units, side exact.Side, seed uint64) (w, b []float64, states [][]float64, p []float64) {
	n, r := units.Len(), rand.New(rand.NewPCG(seed, 4))
	w, b = make([]float64, n*n), make([]float64, n)
	for i := range n {
		b[i] = r.NormFloat64() / 2
		for j := range i {
			w[i*n+j] = r.NormFloat64() / 2
			w[j*n+i] = w[i*n+j]
		}
	}
	states, p, err := (&exact.Quadratic{Units: side, W: w, B: b}).Probabilities(1)
	if err != nil {
		panic(err)
	}
	return w, b, states, p
}

var objectives = []struct {
	name     string
	maximize bool
	of       func(l objectiveLayer) func(x *G.Node) (*G.Node, error)
}{
	{"pseudo-likelihood", true, func(l objectiveLayer) func(x *G.Node) (*G.Node, error) { return l.PseudoLikelihood }},
	{"probability flow", false, func(l objectiveLayer) func(x *G.Node) (*G.Node, error) { return l.ProbabilityFlow }},
}

// Both objectives have their optimum at the distribution that the data are from: given all states with their probabilities, a network
// finds the couplings of the one that they are of.
func TestObjectivesRecoverTheirNetwork(t *testing.T) {
	const n = 5
	for _, c := range []struct {
		units energy.Units
		side  exact.Side
	}{{energy.Spin(n), exact.Side{Family: exact.Spin, Units: n}}, {energy.Bernoulli(n), exact.Side{Family: exact.Bernoulli, Units: n}}} {
		for _, o := range objectives {
			w, b, states, p := teacher(c.units, c.side, 1)
			for _, l := range []objectiveLayer{
				must(layers.NewHopfield("net", layers.HopfieldConfig{Units: c.units, Dtype: tensor.Float64})),
				must(layers.NewBoltzmann("bm", layers.BoltzmannConfig{Visible: c.units, Dtype: tensor.Float64})),
			} {
				fit := training.Objective{Of: o.of(l), Maximize: o.maximize, Solver: training.Adam{Rate: 0.1}, Rate: training.Linear(0.1, 0.0001, 1500), Epochs: 1500, Weights: p}
				_, err := fit.Fit(context.Background(), l, fromRows(states))
				require.NoError(t, err)
				require.InDeltaSlice(t, w, l.Params()[0].Float64s(), 2e-3, "%v, %s", c.units, o.name)
				require.InDeltaSlice(t, b, l.Params()[1].Float64s(), 2e-3, "%v, %s", c.units, o.name)
			}
		}
	}
}

// From samples it finds it as near as their number allows.
func TestObjectivesRecoverANetworkFromSamples(t *testing.T) {
	const n, rows = 5, 4000
	for i, seed := range stattest.Seeds {
		if testing.Short() && i > 0 {
			break
		}
		_, _, states, p := teacher(energy.Spin(n), exact.Side{Family: exact.Spin, Units: n}, seed)
		r := rand.New(rand.NewPCG(seed, 5))
		var drawn [][]float64
		for range rows {
			u, k := r.Float64(), 0
			for u >= p[k] && k < len(p)-1 {
				u -= p[k]
				k++
			}
			drawn = append(drawn, states[k])
		}
		divergence := func(l objectiveLayer) (kl float64) {
			student := exact.Quadratic{Units: exact.Side{Family: exact.Spin, Units: n}, W: l.Params()[0].Float64s(), B: l.Params()[1].Float64s()}
			_, q, err := student.Probabilities(1)
			require.NoError(t, err)
			for k := range p {
				kl += p[k] * math.Log(p[k]/q[k])
			}
			return kl
		}
		for _, o := range objectives {
			net := must(layers.NewHopfield("net", layers.HopfieldConfig{Units: energy.Spin(n), Dtype: tensor.Float64}))
			// Of the maximum likelihood, 2·rows·KL is χ² with 15 degrees of freedom, beyond 60 with probability 2e-7; these objectives
			// are less efficient, here by less than a factor of 2.
			const limit = 2 * 60.0 / (2 * rows)
			require.Greater(t, divergence(net), limit, "before the fit")
			fit := training.Objective{Of: o.of(net), Maximize: o.maximize, Solver: training.Adam{Rate: 0.03}, Rate: training.Linear(0.03, 0.0003, 20), Epochs: 20, Seed: seed}
			report, err := fit.Fit(context.Background(), net, fromRows(drawn))
			require.NoError(t, err)
			require.Less(t, divergence(net), limit, o.name)
			require.Less(t, report.Last().Cost, report.Epochs[0].Cost)

			wrong := must(layers.NewHopfield("net", layers.HopfieldConfig{Units: energy.Spin(n), Dtype: tensor.Float64}))
			fit.Of = func(x *G.Node) (*G.Node, error) { // of the rows turned over
				turned, err := G.Neg(x)
				if err != nil {
					return nil, err
				}
				return o.of(wrong)(turned)
			}
			_, err = fit.Fit(context.Background(), wrong, fromRows(drawn))
			require.NoError(t, err)
			require.Greater(t, divergence(wrong), limit, "a broken twin that learns other rows must fail")
		}
	}
}

// An RBM stays where its own distribution is given, and comes back to it from somewhere near.
func TestObjectivesRecoverAnRBM(t *testing.T) {
	const n, h = 5, 3
	for _, visible := range []energy.Units{energy.Spin(n), energy.Bernoulli(n)} {
		for _, o := range objectives {
			m := machine(visible, energy.Bernoulli(h), false)
			w := make([]float64, n*h)
			for i := range w {
				w[i] = 1.5 * math.Sin(float64(i+1))
			}
			require.NoError(t, m.Param("W").Set(w))
			truth := oracle(m)
			states, p, err := truth.Probabilities()
			require.NoError(t, err)
			divergence := func() (kl float64) {
				_, q, err := oracle(m).Probabilities()
				require.NoError(t, err)
				for k := range p {
					kl += p[k] * math.Log(p[k]/q[k])
				}
				return kl
			}
			before := values(m)
			fit := training.Objective{Of: o.of(m), Maximize: o.maximize, Solver: training.SGD{Rate: 0.1}, Epochs: 50, Weights: p}
			_, err = fit.Fit(context.Background(), m, fromRows(states))
			require.NoError(t, err)
			for i, x := range values(m) {
				require.InDeltaSlice(t, before[i], x, 1e-13, "the gradient is 0 there")
			}

			for i := range w {
				w[i] *= 0.3
			}
			require.NoError(t, m.Param("W").Set(w))
			away := divergence()
			require.Greater(t, away, 0.02)
			fit.Solver, fit.Rate, fit.Epochs = training.Adam{Rate: 0.02}, training.Linear(0.02, 0.001, 1500), 1500
			_, err = fit.Fit(context.Background(), m, fromRows(states))
			require.NoError(t, err)
			require.Less(t, divergence(), away/1000, "%v, %s", visible, o.name)
		}
	}
}

// What the report says is the mean of what is lowered, penalties included in training and not in validation.
func TestObjectiveReportsItsMean(t *testing.T) {
	for _, dtype := range dtypes {
		rows, held := bits(1, 12, 4), bits(2, 1100, 4) // more than one batch of the evaluation
		m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Seed: 1, InitDeviation: 0.5, Dtype: dtype}))
		double := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Dtype: tensor.Float64}))
		require.NoError(t, double.Param("W").Set(m.Param("W").Float64s()))
		truth, penalty := oracle(double), 0.0
		for _, w := range m.Param("W").Float64s() {
			penalty += 0.1*math.Abs(w) + 0.2*w*w/2
		}
		mean := func(x *tensor.Dense) (total float64) {
			for i := range x.Shape()[0] {
				total -= sum(conditionals(truth, x.Float64s()[i*4:(i+1)*4])) / float64(x.Shape()[0])
			}
			return total
		}
		report, err := training.Objective{
			Of: m.PseudoLikelihood, Maximize: true, Solver: training.SGD{Rate: 1e-30}, Epochs: 1, L1: 0.1, L2: 0.2, Validation: held,
		}.Fit(context.Background(), m, rows)
		require.NoError(t, err)
		require.InDelta(t, mean(rows)+penalty, report.Last().Cost, 1e-5)
		require.InDelta(t, mean(held), report.Last().ValidationCost, 1e-5)
		require.True(t, math.IsNaN(report.Last().PseudoLikelihood))
	}
}

func TestObjectiveRefuses(t *testing.T) {
	type input struct {
		training.Objective
		layer objectiveLayer
		data  *tensor.Dense
	}
	rbm := func() objectiveLayer { return machine(energy.Bernoulli(6), energy.Bernoulli(4), false) }
	for _, c := range []struct {
		name     string
		change   func(in *input)
		sentinel error
		want     string
	}{
		{"nothing to build", func(in *input) { in.Of = nil }, energy.ErrConfig, "no Of given"},
		{"no solver", func(in *input) { in.Solver = nil }, energy.ErrConfig, "no Solver given"},
		{"no epochs", func(in *input) { in.Epochs = 0 }, energy.ErrConfig, "Epochs is 0"},
		{"batch above rows", func(in *input) { in.Batch = 9 }, energy.ErrConfig, "Batch is 9, want 1 to 8 rows"},
		{"no data", func(in *input) { in.data = nil }, energy.ErrShape, "data: "},
		{"data out of range", func(in *input) { in.data = with(3) }, energy.ErrRange, "data: row 3, column 2 is 3"},
		{"NaN", func(in *input) { in.data = with(nan) }, energy.ErrNotFinite, "data: row 3, column 2 is NaN"},
		{"another width", func(in *input) { in.data = bits(1, 8, 5) }, energy.ErrShape, "data: shape (8, 5), want (rows, 6)"},
		{"held rows of another width", func(in *input) { in.Validation = bits(1, 8, 5) }, energy.ErrShape, "Validation: shape (8, 5)"},
		{"convention of no units", func(in *input) {
			net := must(layers.NewHopfield("net", layers.HopfieldConfig{Units: energy.Bernoulli(6), Dtype: tensor.Float64}))
			in.layer, in.Of, in.Convention = net, net.PseudoLikelihood, training.Threshold
		}, energy.ErrConfig, "cannot take effect on a layer without Visible units"},
		{"held rows of a network", func(in *input) {
			net := must(layers.NewHopfield("net", layers.HopfieldConfig{Units: energy.Bernoulli(6), Dtype: tensor.Float64}))
			in.layer, in.Of, in.Validation = net, net.PseudoLikelihood, bits(1, 8, 5)
		}, energy.ErrShape, "Validation: rows of 5 columns, want 6"},
		{"negative L2", func(in *input) { in.L2 = -1 }, energy.ErrConfig, "L2 -1"},
		{"NaN norm", func(in *input) { in.ClipNorm = nan }, energy.ErrConfig, "ClipNorm is NaN"},
		{"too many weights", func(in *input) { in.Weights = make([]float64, 9) }, energy.ErrShape, "9 Weights, want one a row (8)"},
		{"what cannot be built", func(in *input) {
			in.layer = machine(energy.Bernoulli(5), energy.Bernoulli(4), false)
			in.data = bits(1, 8, 5)
		}, energy.ErrShape, "visible has shape (8, 5), want (batch, 6)"},
		{"no node", func(in *input) { in.Of = func(*G.Node) (*G.Node, error) { return nil, nil } }, energy.ErrConfig, "Of gave no node"},
		{"a scalar", func(in *input) { in.Of = func(x *G.Node) (*G.Node, error) { return G.Sum(x) } }, energy.ErrShape, "want a number for each row, (8)"},
		{"a matrix", func(in *input) { in.Of = func(x *G.Node) (*G.Node, error) { return G.Neg(x) } }, energy.ErrShape, "Of gave shape (8, 6)"},
		{"no parameter", func(in *input) { in.Of = func(x *G.Node) (*G.Node, error) { return G.Sum(x, 1) } }, energy.ErrConfig, "no learned parameter that the cost depends on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint")
			in := &input{layer: rbm(), data: bits(1, 8, 6)}
			in.Objective = training.Objective{Of: in.layer.PseudoLikelihood, Solver: training.SGD{Rate: 0.1}, Epochs: 3, Checkpoint: path}
			c.change(in)
			untouched(t, in.layer, path, "training: Objective: layer ", func() (*training.Report, error) {
				return in.Fit(context.Background(), in.layer, in.data)
			}, c.sentinel, c.want)
		})
	}
	_, err := training.Objective{}.Fit(context.Background(), nil, nil)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "training: Objective: no layer given")
}

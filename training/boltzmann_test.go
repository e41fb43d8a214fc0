package training

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// evenStates are the four states of three spins of which an even number is up.
func evenStates() *tensor.Dense {
	return tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float64{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}))
}

func boltzmann(t *testing.T, c layers.BoltzmannConfig) *layers.Boltzmann {
	m, err := layers.NewBoltzmann("bm", c)
	require.NoError(t, err)
	return m
}

// divergence is KL(uniform over the rows ‖ p), nats.
func divergence(t *testing.T, m *layers.Boltzmann, rows *tensor.Dense) float64 {
	logP, err := m.LogProbability(1, rows)
	require.NoError(t, err)
	return -math.Log(float64(len(logP))) - mean(logP)
}

// Why hidden units: every mean and every correlation of the even states is 0, so without hidden units no machine is nearer than the uniform
// distribution over all eight states, which is ln 2 away. One hidden unit that is coupled to the visible ones beside their own couplings is enough.
func TestWhyHiddenUnits(t *testing.T) {
	fit := Boltzmann{Negative: sampling.Exact{}, Solver: Adam{Rate: 0.05}, Epochs: 1500, Batch: 4}
	for seed := range uint64(3) {
		fit.Seed = seed
		c := layers.BoltzmannConfig{Visible: energy.Spin(3), Seed: seed, InitDeviation: 0.5, Dtype: tensor.Float64}
		bare := boltzmann(t, c)
		_, err := fit.Fit(context.Background(), bare, evenStates())
		require.NoError(t, err)
		require.InDelta(t, math.Ln2, divergence(t, bare, evenStates()), 1e-3, "no better than uniform, which is the best")

		c.Hidden = energy.Spin(1)
		hidden := boltzmann(t, c)
		_, err = fit.Fit(context.Background(), hidden, evenStates())
		require.NoError(t, err)
		require.Less(t, divergence(t, hidden, evenStates()), 0.01, "seed %d", seed)

		c.Edges = [][2]int{{0, 3}, {1, 3}, {2, 3}} // an RBM: the visible units are not coupled
		rbm := boltzmann(t, c)
		_, err = fit.Fit(context.Background(), rbm, evenStates())
		require.NoError(t, err)
		require.Greater(t, divergence(t, rbm, evenStates()), 0.57, "one hidden unit alone makes a mixture of two products")
	}
}

func machines(t *testing.T, dtype tensor.Dtype) map[string]*layers.Boltzmann {
	all := map[string]*layers.Boltzmann{}
	for name, c := range map[string]layers.BoltzmannConfig{
		"no hidden":       {Visible: energy.Bernoulli(4)},
		"semi-restricted": {Visible: energy.Spin(3), Hidden: energy.Bernoulli(3), SemiRestricted: true},
		"coupled":         {Visible: energy.Bernoulli(3), Hidden: energy.Spin(2)},
		"one-hot":         {Visible: energy.Join(energy.OneHot(1, 3), energy.Bernoulli(2)), Hidden: energy.OneHot(1, 2)},
		"edges":           {Visible: energy.Spin(4), Hidden: energy.Spin(1), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {4, 0}, {4, 2}, {4, 3}}},
	} {
		c.Seed, c.InitDeviation, c.Dtype = 7, 0.6, dtype
		all[name] = boltzmann(t, c)
	}
	return all
}

// visibleRows are some states of the visible units of a machine.
func visibleRows(m *layers.Boltzmann, dtype tensor.Dtype, rows int) *tensor.Dense {
	u := m.Visible()
	count, err := u.StateCount()
	if err != nil {
		panic(err)
	}
	all, row := make([]float64, rows*u.Len()), make([]float64, u.Len())
	for r := range rows {
		u.State((r*r+2*r)%count, row)
		copy(all[r*u.Len():], row)
	}
	x := tensor.New(tensor.WithShape(rows, u.Len()), tensor.WithBacking(all))
	if dtype == tensor.Float32 {
		single := make([]float32, len(all))
		for i, v := range all {
			single[i] = float32(v)
		}
		x = tensor.New(tensor.WithShape(rows, u.Len()), tensor.WithBacking(single))
	}
	return x
}

// moments are means over equilibria: of the machine free, or given each of the rows.
func moments(t *testing.T, m *layers.Boltzmann, rows *tensor.Dense) (mean, second []float64) {
	n, visible := m.Units().Len(), m.Visible().Len()
	if rows == nil {
		e, err := m.Equilibrium(1)
		require.NoError(t, err)
		return e.Mean, e.SecondMoment
	}
	mean, second = make([]float64, n), make([]float64, n*n)
	known := make([]bool, n)
	for i := range visible {
		known[i] = true
	}
	count := rows.Shape()[0]
	for r := range count {
		x := make([]float64, n)
		copy(x, rows.Float64s()[r*visible:(r+1)*visible])
		e, err := m.Conditional(1, x, known)
		require.NoError(t, err)
		for i := range mean {
			mean[i] += e.Mean[i] / float64(count)
		}
		for i := range second {
			second[i] += e.SecondMoment[i] / float64(count)
		}
	}
	return mean, second
}

// A step with the exact phase is Boltzmann learning: parameters move by the rate times the moments given the data minus those of the machine.
func TestExactBoltzmannLearning(t *testing.T) {
	for name, m := range machines(t, tensor.Float64) {
		data := visibleRows(m, tensor.Float64, 5)
		n := m.Units().Len()
		w, b := m.Param("W").Float64s(), m.Param("b").Float64s()
		mean, second := moments(t, m, data)
		freeMean, freeSecond := moments(t, m, nil)
		const rate = 0.1
		_, err := Boltzmann{Negative: sampling.Exact{}, Solver: SGD{Rate: rate}, Epochs: 1, Batch: 5}.Fit(context.Background(), m, data)
		require.NoError(t, err)
		for i := range b {
			b[i] += rate * (mean[i] - freeMean[i])
		}
		require.InDeltaSlice(t, b, m.Param("b").Float64s(), 1e-12, name)
		if edges := m.Config().Edges; edges != nil {
			for k, e := range edges {
				w[k] += rate * (second[e[0]*n+e[1]] - freeSecond[e[0]*n+e[1]])
			}
		} else {
			for at := range w {
				if w[at] != 0 { // both places of a pair have half of its gradient
					w[at] += rate * (second[at] - freeSecond[at]) / 2
				}
			}
		}
		require.InDeltaSlice(t, w, m.Param("W").Float64s(), 1e-12, name)
	}
}

// Each solver, with penalties and every phase, keeps a dense W symmetric with 0 where pairs are not coupled, bit for bit.
func TestTrainedMachinesKeepTheirForm(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for solver, fit := range map[string]Boltzmann{
			"SGD":      {Solver: SGD{Rate: 0.1}, Negative: sampling.Exact{}},
			"momentum": {Solver: SGD{Rate: 0.1, Momentum: 0.9}, L1: 1e-3, L2: 1e-2, Negative: sampling.PCD{Chains: 7}},
			"Adam":     {Solver: Adam{Rate: 0.03}, Negative: sampling.CD{Steps: 2}},
			"AdamW":    {Solver: AdamW{Rate: 0.03, Decay: 0.1}, Negative: sampling.PCD{Chains: 5, Steps: 2}},
		} {
			for name, m := range machines(t, dtype) {
				fit.Epochs, fit.Batch, fit.Seed = 10, 3, 1
				before := m.Param("W").Float64s()
				_, err := fit.Fit(context.Background(), m, visibleRows(m, dtype, 8))
				require.NoError(t, err, "%s %s", solver, name)
				w := m.Param("W").Float64s()
				require.NoError(t, m.Param("W").Set(w), "%s %s: symmetric, with its zeros", solver, name)
				for i := range w {
					require.True(t, before[i] == 0 || before[i] != w[i], "%s %s: weight %d has not moved", solver, name, i)
				}
			}
		}
	}
}

// Sampled phases come near the exact optimum: a machine with coupled hidden units, its negative phase by persistent chains, and its positive phase
// exact, by clamped chains or by mean field, on the even states.
func TestSampledBoltzmannLearning(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for seconds")
	}
	for name, positive := range map[string]sampling.Positive{
		"exact":      nil,
		"clamped":    sampling.Clamped{Chains: 20},
		"mean field": sampling.ClampedMeanField{},
	} {
		m := boltzmann(t, layers.BoltzmannConfig{Visible: energy.Spin(3), Hidden: energy.Spin(2), Seed: 1, InitDeviation: 0.5, Dtype: tensor.Float64})
		_, err := Boltzmann{
			Negative: sampling.PCD{Steps: 5, Chains: 300}, Positive: positive, Solver: Adam{Rate: 0.03}, Epochs: 700, Seed: 2,
			Rate: Linear(0.03, 0.001, 700),
		}.Fit(context.Background(), m, evenStates())
		require.NoError(t, err)
		require.Less(t, divergence(t, m, evenStates()), 0.1, "%s: uniform is ln 2 away", name)
	}
}

// A machine whose hidden units are too many to be summed out learns by mean field and by clamped chains from energies of all units.
func TestDeepBoltzmannLearns(t *testing.T) {
	c := layers.BoltzmannConfig{Visible: energy.Bernoulli(9), Hidden: energy.Bernoulli(15), Seed: 1, InitDeviation: 0.05, Dtype: tensor.Float64}
	data := tensor.New(tensor.WithShape(2, 9), tensor.WithBacking([]float64{1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0}))
	for name, fit := range map[string]Boltzmann{
		"mean field":       {Negative: sampling.PCD{Chains: 50}},
		"clamped, restart": {Negative: sampling.CD{Steps: 3}, Positive: sampling.Clamped{Chains: 4, Sweeps: 3}},
	} {
		m := boltzmann(t, c)
		require.False(t, m.HasFreeEnergy())
		fit.Solver, fit.Epochs, fit.Seed, fit.L2 = Adam{Rate: 0.02}, 200, 3, 1e-3
		report, err := fit.Fit(context.Background(), m, data)
		require.NoError(t, err, name)
		require.Equal(t, uint64(200), report.Steps)
		s, err := sampling.RandomBoltzmannState(m, 200, 5)
		require.NoError(t, err)
		_, err = sampling.Run(context.Background(), &sampling.SingleSite{Model: m, Seed: 6}, s, sampling.Schedule{BurnIn: 100})
		require.NoError(t, err)
		errors := 0.0 // bits that differ from the nearer pattern
		for r := range 200 {
			row := s.Visible.Float64s()[r*9 : (r+1)*9]
			near := 0.0
			for i, x := range row {
				near += math.Abs(x - data.Float64s()[i])
			}
			errors += min(near, 9-near)
		}
		require.Less(t, errors/200, 1.0, "%s: of nine bits; untrained 3 are wrong", name)
	}
}

func TestBoltzmannResumes(t *testing.T) {
	for name, fit := range map[string]Boltzmann{
		"persistent": {Negative: sampling.PCD{Chains: 6, Steps: 2}, Positive: sampling.Clamped{Chains: 2}},
		"restarted":  {Negative: sampling.CD{}, Positive: sampling.ClampedMeanField{}},
		"exact":      {Negative: sampling.Exact{}, Steps: nil},
	} {
		fit.Solver, fit.Epochs, fit.Batch, fit.Seed, fit.InitBias = Adam{Rate: 0.01}, 6, 3, 4, true
		whole, resumed := machines(t, tensor.Float32)["coupled"], machines(t, tensor.Float32)["coupled"]
		data := visibleRows(whole, tensor.Float32, 8)
		want, err := fit.Fit(context.Background(), whole, data)
		require.NoError(t, err)

		fit.Checkpoint, fit.Epochs = filepath.Join(t.TempDir(), "run"), 3
		_, err = fit.Fit(context.Background(), resumed, data)
		require.NoError(t, err)
		again := machines(t, tensor.Float32)["coupled"]
		fit.Epochs, fit.Resume = 6, true
		got, err := fit.Fit(context.Background(), again, data)
		require.NoError(t, err)
		require.True(t, got.Resumed)
		require.Equal(t, want.Last().Cost, got.Last().Cost, name)
		for i, p := range whole.Params() {
			require.Equal(t, p.Float64s(), again.Params()[i].Float64s(), name)
		}
		fit.Seed++
		_, err = fit.Fit(context.Background(), again, data)
		require.ErrorIs(t, err, energy.ErrConfig, "another run")
	}
}

func TestBoltzmannFreeEnergyGap(t *testing.T) {
	m := machines(t, tensor.Float64)["semi-restricted"]
	data := visibleRows(m, tensor.Float64, 6)
	report, err := Boltzmann{Negative: sampling.Exact{}, Solver: SGD{Rate: 1e-9}, Epochs: 1, Validation: visibleRows(m, tensor.Float64, 3)}.Fit(context.Background(), m, data)
	require.NoError(t, err)
	p, err := layers.PlainBoltzmannOf[float64](m)
	require.NoError(t, err)
	f, err := p.FreeEnergy(data.Float64s(), 6, 1)
	require.NoError(t, err)
	require.InDelta(t, mean(f[:3])-mean(f), report.Last().FreeEnergyGap, 1e-6)
}

func TestBoltzmannRefuses(t *testing.T) {
	m := machines(t, tensor.Float64)["coupled"]
	bare := machines(t, tensor.Float64)["no hidden"]
	deep := boltzmann(t, layers.BoltzmannConfig{Visible: energy.Spin(3), Hidden: energy.Spin(15), Dtype: tensor.Float64})
	real := boltzmann(t, layers.BoltzmannConfig{Visible: energy.Gaussian(3), Dtype: tensor.Float64})
	wide := boltzmann(t, layers.BoltzmannConfig{Visible: energy.Spin(17), Dtype: tensor.Float64})
	good := Boltzmann{Negative: sampling.PCD{Chains: 3}, Solver: SGD{Rate: 0.1}, Epochs: 1}
	for name, c := range map[string]struct {
		machine *layers.Boltzmann
		spoil   func(c *Boltzmann)
		want    error
		message string
	}{
		"no machine":        {nil, func(*Boltzmann) {}, energy.ErrConfig, "training: Boltzmann: no machine given"},
		"no negative":       {m, func(c *Boltzmann) { c.Negative = nil }, energy.ErrConfig, `training: Boltzmann "bm": no Negative given, want sampling.Exact`},
		"no solver":         {m, func(c *Boltzmann) { c.Solver = nil }, energy.ErrConfig, "no Solver given"},
		"no epochs":         {m, func(c *Boltzmann) { c.Epochs = 0 }, energy.ErrConfig, "Epochs is 0"},
		"batch":             {m, func(c *Boltzmann) { c.Batch = 9 }, energy.ErrConfig, "Batch is 9, want 1 to 4"},
		"L1":                {m, func(c *Boltzmann) { c.L1 = -1 }, energy.ErrConfig, "L1 is -1"},
		"L2":                {m, func(c *Boltzmann) { c.L2 = math.NaN() }, energy.ErrConfig, "L2 NaN"},
		"weights":           {m, func(c *Boltzmann) { c.Weights = []float64{1} }, energy.ErrShape, "1"},
		"steps of exact":    {m, func(c *Boltzmann) { c.Negative, c.Steps = sampling.Exact{}, Linear(3, 3, 1) }, energy.ErrConfig, "a Steps schedule cannot take effect on exact gradient"},
		"steps 0":           {m, func(c *Boltzmann) { c.Steps = Linear(0, 0, 1) }, energy.ErrConfig, "Steps"},
		"chains":            {m, func(c *Boltzmann) { c.Negative = sampling.PCD{Chains: -1} }, energy.ErrConfig, "sampling: PCD: Chains is -1"},
		"steps of CD":       {m, func(c *Boltzmann) { c.Negative = sampling.CD{Steps: -1} }, energy.ErrConfig, "sampling: CD: Steps is -1"},
		"clamped chains":    {m, func(c *Boltzmann) { c.Positive = sampling.Clamped{Chains: -1} }, energy.ErrConfig, "sampling: Clamped: Chains is -1"},
		"clamped sweeps":    {m, func(c *Boltzmann) { c.Positive = sampling.Clamped{Sweeps: 1 << 20} }, energy.ErrConfig, "Sweeps 1048576"},
		"updates":           {m, func(c *Boltzmann) { c.Positive = sampling.ClampedMeanField{Updates: -1} }, energy.ErrConfig, "Updates is -1"},
		"clamped for none":  {bare, func(c *Boltzmann) { c.Positive = sampling.Clamped{} }, energy.ErrConfig, `sampling: Clamped: Boltzmann "bm" has no hidden units`},
		"exact of real":     {real, func(c *Boltzmann) { c.Negative = sampling.Exact{} }, energy.ErrConfig, "real units cannot be enumerated"},
		"exact of wide":     {wide, func(c *Boltzmann) { c.Negative = sampling.Exact{} }, energy.ErrConfig, "131072 visible states, want at most 65536"},
		"exact of deep":     {deep, func(c *Boltzmann) { c.Negative = sampling.Exact{} }, energy.ErrConfig, "too many hidden units that are coupled"},
		"gap of deep":       {deep, func(c *Boltzmann) { c.Validation = evenStates() }, energy.ErrConfig, "Validation cannot take effect on a machine that has no free energy"},
		"other columns":     {bare, func(*Boltzmann) {}, energy.ErrShape, `training: Boltzmann "bm": data: shape (4, 3), want (rows, 4)`},
		"resume of nothing": {m, func(c *Boltzmann) { c.Resume = true }, energy.ErrConfig, "Resume and CheckpointEvery cannot take effect"},
		"convention":        {deep, func(c *Boltzmann) { c.Convention = Threshold }, energy.ErrConfig, "cannot take effect on Spin(3)"},
	} {
		t.Run(name, func(t *testing.T) {
			fit, data := good, evenStates()
			c.spoil(&fit)
			if c.machine == m {
				data = visibleRows(m, tensor.Float64, 4)
			}
			if c.machine == wide {
				data = visibleRows(wide, tensor.Float64, 4)
			}
			if name == "clamped for none" {
				data = visibleRows(bare, tensor.Float64, 4)
			}
			_, err := fit.Fit(context.Background(), c.machine, data)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.message)
		})
	}
	_, err := good.FitSource(context.Background(), m, nil)
	require.ErrorContains(t, err, "no source of rows given")
}

package sampling

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// completionMachines are machines with couplings of every kind, and rows with other holes in each.
func completionMachines(t *testing.T, dtype tensor.Dtype) map[string]*layers.Boltzmann {
	all := map[string]*layers.Boltzmann{}
	for name, c := range map[string]layers.BoltzmannConfig{
		"no hidden":       {Visible: energy.Bernoulli(5)},
		"semi-restricted": {Visible: energy.Join(energy.Spin(3), energy.OneHot(1, 3)), Hidden: energy.Bernoulli(3), SemiRestricted: true},
		"coupled":         {Visible: energy.Join(energy.Bernoulli(3), energy.Gaussian(1)), Hidden: energy.Spin(2)},
		"edges":           {Visible: energy.Spin(4), Hidden: energy.Spin(1), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {4, 0}, {4, 2}}},
	} {
		c.Seed, c.InitDeviation, c.Dtype = 5, 0.5, dtype
		m, err := layers.NewBoltzmann("bm", c)
		require.NoError(t, err)
		all[name] = m
	}
	return all
}

// rowsWithHoles are states of the visible units of which the columns of row r's units u with (u + r)%3 == 0 are missing; the last row misses none.
func rowsWithHoles(m *layers.Boltzmann) *tensor.Dense {
	const rows = 4
	u := m.Visible()
	gaussian, x := u.Columns("Gaussian"), make([]float64, rows*u.Len())
	discrete := make([]bool, u.Len())
	for j := range discrete {
		discrete[j] = !gaussian[j]
	}
	part := u.Select(discrete)
	state := make([]float64, part.Len())
	for r := range rows {
		part.State(3*r+1, state)
		at := 0
		for j := range u.Len() {
			x[r*u.Len()+j] = 0.7
			if discrete[j] {
				x[r*u.Len()+j] = state[at]
				at++
			}
			if (u.UnitOf(j)+r)%3 == 0 && r < rows-1 {
				x[r*u.Len()+j] = math.NaN()
			}
		}
	}
	t := tensor.New(tensor.WithShape(rows, u.Len()), tensor.WithBacking(x))
	if m.Dtype() == tensor.Float32 {
		single := make([]float32, len(x))
		for i, v := range x {
			single[i] = float32(v)
		}
		t = tensor.New(tensor.WithShape(rows, u.Len()), tensor.WithBacking(single))
	}
	return t
}

func inFloat64s(x *tensor.Dense) []float64 {
	if x.Dtype() == tensor.Float64 {
		return append([]float64(nil), x.Float64s()...)
	}
	out := make([]float64, x.Shape().TotalSize())
	for i, v := range op.Numbers[float32](x) {
		out[i] = float64(v)
	}
	return out
}

// Sampled means agree with the exact ones within their standard errors, and these with the truth: what is observed stays as it is.
func TestBoltzmannCompletionMeans(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for name, m := range completionMachines(t, dtype) {
			x := rowsWithHoles(m)
			before := inFloat64s(x)
			exact, err := BoltzmannCompletion{Model: m}.Means(context.Background(), x)
			require.NoError(t, err)
			sampled, err := BoltzmannCompletion{Model: m, Sampled: true, Seed: 4, Chains: 40, Schedule: Schedule{BurnIn: 50, Samples: 100}}.Means(context.Background(), x)
			require.NoError(t, err)
			require.Equal(t, []bool{true, true, true, true}, exact.Exact)
			require.Equal(t, []bool{false, false, false, false}, sampled.Exact)
			require.Len(t, inFloat64s(x), len(before), "the rows are not written to")
			want, got, deviation := inFloat64s(exact.Mean), inFloat64s(sampled.Mean), inFloat64s(sampled.StandardError)
			for i, v := range before {
				if v == v {
					require.Equal(t, v, want[i])
					require.Equal(t, v, got[i])
					require.Zero(t, deviation[i])
					continue
				}
				require.InDelta(t, want[i], got[i], 5*deviation[i]+1e-9, "%s: place %d", name, i)
				require.Less(t, deviation[i], 0.1)
				require.Greater(t, deviation[i], 0.0)
			}
			require.Equal(t, make([]float64, len(before)), inFloat64s(exact.StandardError))
		}
	}
}

// Draws are of the conditional distribution: over many copies of a row their mean is the exact one. At a low temperature they are its mode.
func TestBoltzmannCompletionDraws(t *testing.T) {
	m := completionMachines(t, tensor.Float64)["no hidden"]
	nan := math.NaN()
	const copies, coldest = 2000, 0.01
	var x []float64
	for range copies {
		x = append(x, 1, nan, nan, 0, nan)
	}
	rows := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(copies, 5), tensor.WithBacking(append([]float64(nil), x...)))
	}
	e, err := m.Conditional(1, x[:5], []bool{true, false, false, true, false})
	require.NoError(t, err)
	drawn, err := BoltzmannCompletion{Model: m, Seed: 1, Schedule: Schedule{BurnIn: 20}}.Draw(context.Background(), rows())
	require.NoError(t, err)
	mean := make([]float64, 5)
	for i, v := range drawn.Float64s() {
		require.Contains(t, []float64{0, 1}, v)
		mean[i%5] += v
	}
	for j := range mean {
		mean[j] /= copies
	}
	require.Equal(t, []float64{1, 0}, []float64{mean[0], mean[3]})
	for _, j := range []int{1, 2, 4} {
		require.InDelta(t, e.Mean[j], mean[j], 4.5*math.Sqrt(0.25/copies))
	}

	cold, err := BoltzmannCompletion{Model: m, Seed: 1, Annealing: Annealing{From: 2, To: coldest}}.Draw(context.Background(), rows())
	require.NoError(t, err)
	p, err := layers.PlainBoltzmannOf[float64](m)
	require.NoError(t, err)
	best, least, total := []float64(nil), math.Inf(1), 0.0
	state := make([]float64, 3)
	for i := range 8 {
		energy.Bernoulli(3).State(i, state)
		row := []float64{1, state[0], state[1], 0, state[2]}
		f := p.Energy(row, 1)[0]
		if f < least {
			best, least = row, f
		}
		total += math.Exp(-f / coldest)
	}
	hits := 0
	for r := range copies {
		if equalRows(best, cold.Float64s()[r*5:r*5+5]) {
			hits++
		}
	}
	share := math.Exp(-least/coldest) / total // the next state is not much higher
	require.InDelta(t, share, float64(hits)/copies, 4.5*math.Sqrt(share*(1-share)/copies), "the last temperature's own share")
}

func equalRows(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A class that is missing is found by sampling as the free energies have it.
func TestBoltzmannCompletionOfAClass(t *testing.T) {
	c := layers.BoltzmannConfig{Visible: energy.Join(energy.Spin(3), energy.OneHot(1, 3)), Hidden: energy.Spin(4), Seed: 2, InitDeviation: 0.6, Dtype: tensor.Float64}
	m, err := layers.NewBoltzmann("bm", c)
	require.NoError(t, err)
	want, err := m.ClassProbabilities(tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float64{1, -1, 1})))
	require.NoError(t, err)
	nan := math.NaN()
	got, err := BoltzmannCompletion{Model: m, Sampled: true, Seed: 3, Chains: 50, Schedule: Schedule{BurnIn: 50, Samples: 200}}.
		Means(context.Background(), tensor.New(tensor.WithShape(1, 6), tensor.WithBacking([]float64{1, -1, 1, nan, nan, nan})))
	require.NoError(t, err)
	for k := range 3 {
		require.InDelta(t, want.Float64s()[k], got.Mean.Float64s()[3+k], 5*got.StandardError.Float64s()[3+k])
	}
}

func TestBoltzmannCompletionRefuses(t *testing.T) {
	m := completionMachines(t, tensor.Float64)["semi-restricted"]
	x, ctx := rowsWithHoles(m), context.Background()
	ended, end := context.WithCancel(ctx)
	end()
	for name, c := range map[string]struct {
		call    func() error
		want    error
		message string
	}{
		"no model":  {func() error { _, err := BoltzmannCompletion{}.Means(ctx, x); return err }, energy.ErrConfig, "sampling: BoltzmannCompletion: no model given"},
		"one chain": {func() error { _, err := BoltzmannCompletion{Model: m, Chains: 1}.Means(ctx, x); return err }, energy.ErrConfig, "Chains is 1, want at least 2"},
		"schedule": {func() error {
			_, err := BoltzmannCompletion{Model: m, Schedule: Schedule{BurnIn: -1}}.Means(ctx, x)
			return err
		}, energy.ErrConfig, "BurnIn is -1"},
		"annealing": {func() error {
			_, err := BoltzmannCompletion{Model: m, Annealing: Annealing{From: 2, To: 1}}.Means(ctx, x)
			return err
		}, energy.ErrConfig, "Annealing cannot take effect on rows that are answered exactly"},
		"warming": {func() error {
			_, err := BoltzmannCompletion{Model: m, Sampled: true, Annealing: Annealing{From: 1, To: 2}}.Means(ctx, x)
			return err
		}, energy.ErrConfig, "want temperatures that fall"},
		"chains drawn": {func() error { _, err := BoltzmannCompletion{Model: m, Chains: 2}.Draw(ctx, x); return err }, energy.ErrConfig, "cannot take effect on one draw a row"},
		"dtype": {func() error {
			_, err := BoltzmannCompletion{Model: m}.Means(ctx, rowsWithHoles(completionMachines(t, tensor.Float32)["semi-restricted"]))
			return err
		}, energy.ErrDtype, "rows of float32, want float64"},
		"width": {func() error {
			_, err := BoltzmannCompletion{Model: m}.Draw(ctx, rowsWithHoles(completionMachines(t, tensor.Float64)["edges"]))
			return err
		}, energy.ErrShape, "want (rows, 6)"},
		"ended":        {func() error { _, err := BoltzmannCompletion{Model: m}.Means(ended, x); return err }, context.Canceled, "canceled"},
		"ended chains": {func() error { _, err := BoltzmannCompletion{Model: m}.Draw(ended, x); return err }, context.Canceled, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call()
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.message)
		})
	}
}

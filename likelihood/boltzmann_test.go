package likelihood

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// bySum computes −log Σ exp(−E) of a Boltzmann machine over all states of the units that are not given, from its formula, real units by their
// integral: given the others they are independent.
func bySum(bm *layers.Boltzmann, given []float64) float64 {
	n := bm.Units().Len()
	w, b := make([]float64, n*n), bm.Param("b").Float64s()
	if values := bm.Param("W").Float64s(); bm.Config().Edges == nil {
		w = values
	} else {
		for k, e := range bm.Config().Edges {
			w[e[0]*n+e[1]], w[e[1]*n+e[0]] = values[k], values[k]
		}
	}
	variance := make([]float64, n)
	for i := range variance {
		variance[i] = 1
		if p := bm.Param("log_variance"); p != nil {
			variance[i] = math.Exp(p.Float64s()[i])
		}
	}
	real, listed := bm.Units().Columns("Gaussian"), make([]bool, n)
	for i := range listed {
		listed[i] = i >= len(given) && !real[i]
	}
	count, part := 1, energy.Units{}
	if containsTrue(listed) {
		part = bm.Units().Select(listed)
		count = must(part.StateCount())
	}
	total := 0.0
	for s := range count {
		x, state := append(append([]float64(nil), given...), make([]float64, n-len(given))...), make([]float64, part.Len())
		if len(state) > 0 {
			part.State(s, state)
		}
		for i := range x {
			if listed[i] {
				x[i], state = state[0], state[1:]
			}
		}
		e := 0.0
		for i := range x {
			e -= b[i] * x[i]
			if real[i] {
				e += x[i] * x[i] / (2 * variance[i])
			}
			for j := range i {
				e -= x[i] * w[i*n+j] * x[j]
			}
		}
		for i := len(given); i < n; i++ {
			if real[i] { // it is 0 in x
				input := b[i]
				for j := range x {
					input += w[i*n+j] * x[j]
				}
				e -= variance[i]*input*input/2 + math.Log(2*math.Pi*variance[i])/2
			}
		}
		total += math.Exp(-e)
	}
	return -math.Log(total)
}

func containsTrue(marks []bool) bool {
	for _, m := range marks {
		if m {
			return true
		}
	}
	return false
}

func TestExactOfBoltzmannMachines(t *testing.T) {
	mixed := energy.Join(energy.Bernoulli(3), energy.LearnedGaussian(2, 1), energy.OneHot(2, 3), energy.Spin(2))
	configs := map[string]layers.BoltzmannConfig{
		"visible":                {Visible: energy.Spin(7)},
		"mixed":                  {Visible: mixed},
		"hidden":                 {Visible: energy.Bernoulli(5), Hidden: energy.Bernoulli(4)},
		"semi-restricted":        {Visible: energy.Bernoulli(5), Hidden: energy.Spin(4), SemiRestricted: true},
		"mixed with hidden":      {Visible: mixed, Hidden: energy.OneHot(1, 3)},
		"mixed, semi-restricted": {Visible: mixed, Hidden: energy.Spin(4), SemiRestricted: true},
		"edges":                  {Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {0, 4}, {3, 5}, {2, 6}, {5, 6}}},
		"edges, hidden apart":    {Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Edges: [][2]int{{0, 1}, {1, 2}, {0, 4}, {3, 5}, {2, 6}}},
	}
	for what, config := range configs {
		for _, dtype := range dtypes {
			t.Run(what, func(t *testing.T) {
				config.Dtype, config.InitDeviation = dtype, 0.6
				bm := must(layers.NewBoltzmann("bm", config))
				check(bm.Param("b").Set(normals(3, bm.Units().Len(), 0.5)))
				if p := bm.Param("log_variance"); p != nil {
					check(p.Set(normals(4, bm.Units().Len(), 0.3)))
				}
				logZ, err := LogPartition(context.Background(), bm)
				require.NoError(t, err)
				require.InDelta(t, -bySum(bm, nil), logZ, 1e-9)

				rows, want := []float64{}, 0.0
				for r := range 3 {
					row := make([]float64, config.Visible.Len())
					discrete, real := energy.Units{}, config.Visible.Columns("Gaussian")
					marks := make([]bool, len(row))
					for i := range marks {
						marks[i] = !real[i]
					}
					discrete = config.Visible.Select(marks)
					state := make([]float64, discrete.Len())
					discrete.State(5*r+2, state)
					for i := range row {
						if real[i] {
							row[i] = 0.5 * float64(r-1)
						} else {
							row[i], state = state[0], state[1:]
						}
					}
					rows = append(rows, row...)
					want += (-bySum(bm, row) - logZ) / 3
				}
				b, err := Exact(context.Background(), bm, dense(dtype, 3, rows), Config{})
				require.NoError(t, err)
				require.InDelta(t, want, b.LogLikelihood, 1e-9)
				require.True(t, b.Certified)
				same, err := Certify(context.Background(), bm, dense(dtype, 3, rows), Config{})
				require.NoError(t, err)
				require.Equal(t, b, same)
			})
		}
	}
}

func TestBoltzmannMachinesThatAreTooLarge(t *testing.T) {
	bm := must(layers.NewBoltzmann("bm", layers.BoltzmannConfig{Visible: energy.Spin(30)}))
	_, err := Certify(context.Background(), bm, dense(dtypes[1], 1, normals(1, 30, 0)), Config{})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, `likelihood: Boltzmann "bm": Certify: `)
}

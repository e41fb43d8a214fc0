package training_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/training"
)

// A clipped step is the solver's own step, and then the nearest point of the box; the solver's state is as without.
func TestBox(t *testing.T) {
	for _, solver := range []training.Solver{training.SGD{Rate: 0.1}, training.SGD{Rate: 0.1, Momentum: 0.9}, training.Adam{Rate: 0.1}} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			clipped, err := training.Box{Solver: solver, Bound: 1}.New()
			require.NoError(t, err)
			plain, err := solver.New()
			require.NoError(t, err)
			values := func(x ...float64) *tensor.Dense {
				d := tensor.New(tensor.Of(dtype), tensor.WithShape(len(x)))
				for i, v := range x {
					if dtype == tensor.Float32 {
						d.Float32s()[i] = float32(v)
					} else {
						d.Float64s()[i] = v
					}
				}
				return d
			}
			at := func(d *tensor.Dense, i int) float64 {
				if dtype == tensor.Float32 {
					return float64(d.Float32s()[i])
				}
				return d.Float64s()[i]
			}
			a, b := values(0.95, -0.95, 0.1, 1), values(0.95, -0.95, 0.1, 1)
			for range 3 {
				require.NoError(t, clipped.Update([]*tensor.Dense{a}, []*tensor.Dense{values(-1, 1, 0.01, math.NaN())}))
				require.NoError(t, plain.Update([]*tensor.Dense{b}, []*tensor.Dense{values(-1, 1, 0.01, math.NaN())}))
				require.Equal(t, []float64{1, -1, at(b, 2)}, []float64{at(a, 0), at(a, 1), at(a, 2)})
				require.True(t, math.IsNaN(at(a, 3)), "what is not finite must be seen")
				if solver.Name() == "SGD" {
					b = values(1, -1, at(b, 2), math.NaN()) // as if projected: velocities do not depend on where the weights are
				}
			}
		}
	}
}

func TestBoxRefusesAndNames(t *testing.T) {
	for _, c := range []training.Box{{}, {Bound: 1}, {Solver: training.SGD{}, Bound: 1}, {Solver: training.SGD{Rate: 1}}, {Solver: training.SGD{Rate: 1}, Bound: -1},
		{Solver: training.SGD{Rate: 1}, Bound: math.Inf(1)}, {Solver: training.SGD{Rate: 1}, Bound: math.NaN()}} {
		_, err := c.New()
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	require.Equal(t, "Box", training.Box{}.Name())
	require.Equal(t, "Box Adam", training.Box{Solver: training.Adam{}}.Name())
	s, err := training.Box{Solver: training.SGD{Rate: 1, Momentum: 0.5}, Bound: 1}.New()
	require.NoError(t, err)
	require.NoError(t, s.SetMomentum(0.9))
	require.NoError(t, s.SetRate(0.1))
	s, err = training.Box{Solver: training.SGD{Rate: 1}, Bound: 1}.New()
	require.NoError(t, err)
	require.ErrorIs(t, s.SetMomentum(0.9), energy.ErrConfig)
}

package training_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// norm is that of all numbers together.
func norm(all [][]float64) float64 {
	total := 0.0
	for _, x := range all {
		for _, v := range x {
			total += v * v
		}
	}
	return math.Sqrt(total)
}

// One step of plain SGD at rate 1 moves the parameters by the gradient, or by as much of it as the norm allows.
func TestClipNorm(t *testing.T) {
	for _, dt := range dtypes {
		tolerance := map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-13}[dt]
		x, y := normals(1, 9, 4), normals(2, 9, 3)
		step := func(limit float64) [][]float64 {
			net := sequential(linear("one", 4, 5, dt), layers.Tanh(), linear("two", 5, 3, dt))
			before := values(net)
			_, err := training.Supervised{
				Solver: training.SGD{Rate: 1}, Cost: layers.SquaredErrorRows, Epochs: 1, L2: 0.1, ClipNorm: limit,
			}.Fit(context.Background(), net, x, y)
			require.NoError(t, err)
			var all [][]float64
			for i, after := range values(net) {
				all = append(all, moved(before[i], after))
			}
			return all
		}
		whole := step(0)
		full := norm(whole)
		require.Greater(t, full, 0.5)
		for _, limit := range []float64{1e-3, 0.1, full / 2, 0.99 * full, 1.01 * full, 1e6} {
			clipped := step(limit)
			require.InDelta(t, min(full, limit), norm(clipped), tolerance*full)
			for p := range whole {
				for i, g := range whole[p] {
					require.InDelta(t, g*min(1, limit/full), clipped[p][i], tolerance*full, "%v, limit %g", dt, limit)
				}
			}
			if limit < full { // the twin: each parameter clipped by itself
				require.Less(t, norm(clipped[:1]), 0.99*limit)
			}
		}
	}
}

// A limit that no gradient reaches changes no bit of a solver with state.
func TestClipNormThatIsNotReached(t *testing.T) {
	run := func(limit float64) [][]float64 {
		net := sequential(linear("one", 4, 5, tensor.Float32), layers.Tanh(), linear("two", 5, 3, tensor.Float32))
		_, err := training.Supervised{Solver: training.Adam{Rate: 0.05}, Epochs: 3, Batch: 4, ClipNorm: limit}.Fit(
			context.Background(), net, normals(1, 9, 4), classes(9, 3))
		require.NoError(t, err)
		return values(net)
	}
	require.Equal(t, run(0), run(1e9))
	require.NotEqual(t, run(0), run(0.01))
}

// Gradients that are not finite are not hidden by their norm.
func TestClipNormDoesNotHideDivergence(t *testing.T) {
	net := linear("net", 6, 3, tensor.Float64)
	huge := matrix(tensor.Float64, 8, 6, func(i, _ int) float64 { return 1e160 * float64(i+1) }) // its square is beyond all numbers
	_, err := training.Supervised{Solver: training.SGD{Rate: 1e150}, Epochs: 2, ClipNorm: 1}.Fit(context.Background(), net, huge, classes(8, 3))
	require.ErrorContains(t, err, `layer "net": step `)
}

package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func TestCostsAreTheirFormulas(t *testing.T) {
	for _, dt := range dtypes {
		x, y := normals(1, 12), normals(2, 12)
		for i := range y {
			y[i] = math.Abs(y[i])
		}
		g := G.NewGraph()
		xn, yn := input(g, "x", dense(dt, tensor.Shape{3, 4}, x...)), input(g, "y", dense(dt, tensor.Shape{3, 4}, y...))
		out := graphtest.Value(t, must(CrossEntropyRows(xn, yn)), must(CrossEntropy(xn, yn)), must(SquaredErrorRows(xn, yn)), must(StopGradient(xn)))
		mean := 0.0
		for i := range 3 {
			sum, cross, square := 0.0, 0.0, 0.0
			for _, v := range x[4*i : 4*i+4] {
				sum += math.Exp(v)
			}
			for j, v := range x[4*i : 4*i+4] {
				cross -= y[4*i+j] * (v - math.Log(sum))
				square += (v - y[4*i+j]) * (v - y[4*i+j]) / 2
			}
			mean += cross / 3
			require.InDelta(t, cross, out[0][i], 1e-5)
			require.InDelta(t, square, out[2][i], 1e-5)
		}
		require.InDelta(t, mean, out[1][0], 1e-5)
		require.InDeltaSlice(t, x, out[3], 1e-6)
	}
}

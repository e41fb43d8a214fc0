package modernhopfield

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

// steps is how many updates the reference makes: until the association of no bag moves by more than its epsilon, as the norm of the whole
// matrix of a head. Ours is another criterion, on the state of each query, so the number is found first.
func (c goldenCase) steps(t *testing.T, config Config, makeOf func(Config) (layers.Layer, error)) []int {
	most, epsilon := list(t, c.Config.Steps, config.Heads, 0), list(t, c.Config.Epsilon, config.Heads, 1e-4)
	var before []float64
	taken, running := make([]int, config.Heads), make([]bool, config.Heads)
	for step := 0; ; step++ {
		config.HeadSteps = taken // heads that are done stay where they are
		l, _ := makeOf(config)
		w, shape := c.weights(t, l)
		any := false
		for h := range taken {
			move := math.Inf(1)
			if before != nil {
				move = movement(before, w, shape, config.Heads, h)
			}
			running[h] = (step == 0 || running[h]) && (float64(step) < most[h] || most[h] < 0) && move > epsilon[h]
			if running[h] {
				taken[h]++
				any = true
			}
		}
		if !any {
			break
		}
		require.Less(t, step, 10000, "the reference would never end")
		before = w
	}
	return taken
}

// weights is the association matrix, (N·H, L, S), of the layer on the case's inputs.
func (c goldenCase) weights(t *testing.T, l layers.Layer) ([]float64, tensor.Shape) {
	g := G.NewGraph()
	_, in := c.build(t, g, l)
	masks := c.masks(t, g)
	var w *G.Node
	var err error
	switch l := l.(type) {
	case *Hopfield:
		w, err = l.Association(in[0], in[min(1, len(in)-1)], masks)
	case *Pooling:
		w, err = l.Association(in[0], masks)
	case *Lookup:
		w, err = l.Association(in[0], masks)
	}
	require.NoError(t, err)
	return graphtest.Evaluate(t, w)[0], w.Shape()
}

// movement is the largest norm, over the bags, of the difference of a head's matrices.
func movement(x, y []float64, shape tensor.Shape, heads, head int) (most float64) {
	size := shape[1] * shape[2]
	for n := head; n < shape[0]; n += heads {
		square := 0.0
		for i := n * size; i < (n+1)*size; i++ {
			square += (x[i] - y[i]) * (x[i] - y[i])
		}
		most = max(most, math.Sqrt(square))
	}
	return most
}

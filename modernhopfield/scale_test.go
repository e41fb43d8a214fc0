package modernhopfield

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// A bag of 300,000 patterns of 32 numbers, as in the immune repertoires of Widrich et al. (NeurIPS 2020), pooled by four states in two
// heads after an update, forward and backward. The scores alone would be 4·2·300,000 numbers for each association and for the
// gradient of each; what is held is some copies of the patterns.
func TestBagOf300000(t *testing.T) {
	if testing.Short() {
		t.Skip("a second, and 400 MB")
	}
	const patterns, width = 300000, 32
	p := must(NewPooling("p", PoolingConfig{Config: Config{Input: width, Heads: 2, Steps: 1}, Quantity: 4}))
	x := make([]float32, patterns*width)
	for i := range x {
		x[i] = float32(i*2654435761%1000)/500 - 1
	}
	g := G.NewGraph()
	in := G.NewMatrix(g, tensor.Float32, G.WithName("x"), G.WithShape(patterns, width), G.WithValue(tensor.New(tensor.WithShape(patterns, width), tensor.WithBacking(x))))
	lengths := given(g, "lengths", tensor.Float32, []float64{patterns}, 1)
	y, _, err := p.ForwardBags(in, lengths)
	require.NoError(t, err)
	cost := must(G.Sum(y))
	wrt := append(layers.Wrt(cost, p), in)
	grads := must(G.Grad(cost, wrt...))
	m := must(machine.New(g, machine.Config{Outputs: append(grads, cost)}))
	defer m.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, m.RunAll())
	runtime.ReadMemStats(&after)
	copies := float64(after.TotalAlloc-before.TotalAlloc) / float64(4*len(x))
	start := time.Now()
	require.NoError(t, m.RunAll())
	t.Logf("the first run took the memory of %.1f times the bag; the second run %v", copies, time.Since(start))
	require.Less(t, copies, 12.)
	for _, v := range m.Value(grads[len(grads)-1]).Data().([]float32)[:1000] {
		require.False(t, v != v)
	}
}

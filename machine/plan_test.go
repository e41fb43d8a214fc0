package machine

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
)

func chain(t *testing.T, length int) (outputs G.Nodes) {
	g := G.NewGraph()
	n := G.NewVector(g, G.Float64, G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking(make([]float64, 1000)))))
	for range length {
		n = G.Must(op.Combine([]float64{1, 0.5}, n, G.Must(op.Combine([]float64{2}, n))))
	}
	return G.Nodes{n}
}

// Memory does not grow with the length of a graph, nor with the number of runs and of sizes that came and went.
func TestMemoryIsUsedAgain(t *testing.T) {
	m, err := New(chain(t, 1)[0].Graph(), Config{})
	require.NoError(t, err)
	require.NoError(t, m.RunAll())
	short := len(m.memory.f64.all)
	require.LessOrEqual(t, short, 2)

	outputs := chain(t, 20)
	m, err = New(outputs[0].Graph(), Config{Outputs: outputs})
	require.NoError(t, err)
	x := outputs[0].Graph().ByName("x")[0]
	for _, n := range []int{1000, 1000, 900, 600, 1000, 700, 1000} {
		require.NoError(t, m.Let(x, tensor.New(tensor.WithBacking(make([]float64, n)))))
		require.NoError(t, m.RunAll())
	}
	require.LessOrEqual(t, len(m.memory.f64.all), short+1)
	require.Len(t, m.layouts, 4)
}

func TestPool(t *testing.T) {
	var p pool[float32]
	small, large := p.take(10), p.take(1000)
	require.NotEqual(t, small, large)
	p.release(small)
	p.release(large)
	require.Equal(t, small, p.take(8), "the smallest that holds it")
	other := p.take(8)
	require.NotEqual(t, large, other, "a buffer that is far too large")
	require.Equal(t, large, p.take(600))
	p.release(other)
	p.release(small)
	require.Equal(t, other, p.take(4), "the smallest again")
	p.reset()
	require.Len(t, p.free, 3)
	a, b := p.take(1000), p.take(1000)
	p.release(a)
	p.release(b)
	require.Equal(t, b, p.take(1000), "the one released last")
}

// The order of the steps depends on nothing but the graph.
func TestOrder(t *testing.T) {
	var first []string
	for range 5 {
		m, err := New(chain(t, 10)[0].Graph(), Config{})
		require.NoError(t, err)
		var names []string
		for _, s := range m.plan.steps {
			names = append(names, s.node.Name())
		}
		if first == nil {
			first = names
		}
		require.Equal(t, first, names)
	}
	require.Len(t, first, 20)
}

package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/machine"
)

// The free energy sums out hidden units exactly, whether they are coupled or not, dense or by edges.
func TestBoltzmannFreeEnergy(t *testing.T) {
	complete := func(n int) (edges [][2]int) {
		for i := range n {
			for j := range i {
				edges = append(edges, [2]int{i, j})
			}
		}
		return edges
	}
	for name, c := range map[string]BoltzmannConfig{
		"coupled":         {Visible: energy.Bernoulli(4), Hidden: energy.Spin(3)},
		"semi-restricted": {Visible: energy.Spin(4), Hidden: energy.Bernoulli(3), SemiRestricted: true},
		"mixed":           {Visible: energy.Join(energy.Gaussian(2), energy.OneHot(1, 3), energy.Bernoulli(1)), Hidden: energy.Join(energy.Bernoulli(2), energy.OneHot(1, 2))},
		"edges":           {Visible: energy.Spin(4), Hidden: energy.Bernoulli(3), Edges: complete(7)},
	} {
		c.Dtype, c.Seed, c.InitDeviation = tensor.Float64, 3, 0.7
		bm, err := NewBoltzmann("bm", c)
		require.NoError(t, err, name)
		b := make([]float64, bm.Units().Len())
		for i := range b {
			b[i] = math.Sin(float64(i + 1))
		}
		require.NoError(t, bm.Param("b").Set(b))
		v := tensor.New(tensor.WithShape(1, c.Visible.Len()), tensor.WithBacking(make([]float64, c.Visible.Len())))
		if name == "mixed" {
			copy(v.Float64s(), []float64{0.3, -1.2, 0, 1, 0, 1})
		} else {
			c.Visible.State(5, v.Float64s())
		}
		g := G.NewGraph()
		x := G.NewMatrix(g, G.Float64, G.WithName("v"), G.WithShape(v.Shape()...), G.WithValue(v))
		f, err := bm.FreeEnergy(x)
		require.NoError(t, err, name)
		vm, err := machine.New(g, machine.Config{Outputs: []*G.Node{f}})
		require.NoError(t, err)
		require.NoError(t, vm.RunAll())
		p, err := PlainBoltzmannOf[float64](bm)
		require.NoError(t, err)
		count, err := c.Hidden.StateCount()
		require.NoError(t, err)
		total := 0.0
		for i := range count {
			row := make([]float64, p.Len())
			c.Hidden.State(i, row[copy(row, v.Float64s()):])
			total += math.Exp(-p.Energy(row, 1)[0])
		}
		require.InDelta(t, -math.Log(total), vm.Value(f).Data().([]float64)[0], 1e-12, name)
	}
}

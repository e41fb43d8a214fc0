package layers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// hopfield is a layer with random couplings of a deviation and random biases.
func hopfield(c HopfieldConfig, seed uint64, deviation float64) *Hopfield {
	h := must(NewHopfield("h", c))
	n := c.Units.Len()
	z := normals(seed, n*n)
	w := make([]float64, n*n)
	couplings := couplingsOf(func(i int) float64 { return float64(float32(deviation * z[i])) }, n)
	for i := range w {
		w[i] = couplings(i)
	}
	if err := h.w.Set(w); err != nil {
		panic(err)
	}
	b := normals(seed+1, n)
	for i := range b {
		b[i] *= 0.3
	}
	if err := h.b.Set(b); err != nil {
		panic(err)
	}
	return h
}

func TestGradientsOfHopfield(t *testing.T) {
	for _, units := range []energy.Units{energy.Spin(4), energy.Bernoulli(4)} {
		for name, c := range map[string]HopfieldConfig{
			"a fixed point":         {Temperature: 1.5},
			"three updates":         {Steps: 3, Temperature: 0.7},
			"two from a state":      {Steps: 2, InputIsState: true, Damping: 0.25},
			"two damped in a field": {Steps: 2, Damping: 0.5},
		} {
			c.Units = units
			x := tensor.Shape{3, 4}
			layer := func(dt tensor.Dtype) Layer {
				c := c
				c.Dtype = dt
				if c.Steps == 0 && dt == tensor.Float64 {
					c.Tolerance = 1e-13
				}
				return must(NewHopfield("h", c))
			}
			t.Run(fmt.Sprintf("%v/%s", units, name), func(t *testing.T) {
				gradientCase{layer: layer, inputs: []tensor.Shape{x}, output: x, reach: "W b", build: forward}.check(t)
				gradientCase{layer: layer, inputs: []tensor.Shape{{2, 2, 4}}, output: tensor.Shape{2, 2, 4}, reach: "W b", build: forward}.check(t)
				gradientCase{layer: layer, inputs: []tensor.Shape{x}, output: x[:1], reach: "W b", build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*Hopfield).Energy(in[0])
				}}.check(t)
			})
		}
	}
}

func TestHopfieldSmoke(t *testing.T) {
	h := hopfield(HopfieldConfig{Units: energy.Spin(3), Dtype: tensor.Float64}, 1, 0.3)
	g := G.NewGraph()
	x := input(g, "x", dense(tensor.Float64, tensor.Shape{2, 3}, normals(3, 6)...))
	m := must(h.Forward(x))
	got := graphtest.Value(t, m, must(h.FreeEnergy(m, x)), must(h.FreeEnergy(m, nil)), must(h.Energy(m)))
	require.Len(t, got[0], 6)
	require.Len(t, got[1], 2)
}

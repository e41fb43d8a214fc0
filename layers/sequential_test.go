package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

func TestSequential(t *testing.T) {
	a := must(NewLinear("a", LinearConfig{In: 3, Out: 3, Seed: 1, Dtype: tensor.Float64}))
	b := must(NewLinear("b", LinearConfig{In: 3, Out: 2, Seed: 1, Dtype: tensor.Float64}))
	s := must(NewSequential("s", a, Tanh(), a, Tanh(), b))
	require.Equal(t, "s", s.Name())
	require.Equal(t, []*Param{a.w, a.b, b.w, b.b}, s.Params(), "each once")
	require.Equal(t, []Layer{a, Tanh(), a, Tanh(), b}[0], s.Layers()[2])
	s.Layers()[0] = b
	require.Same(t, a, s.Layers()[0], "Layers is a copy")

	g := G.NewGraph()
	x := input(g, "x", dense(tensor.Float64, tensor.Shape{2, 3}, normals(1, 6)...))
	byHand := x
	for _, l := range []Layer{a, Tanh(), a, Tanh(), b} {
		byHand = must(l.Forward(byHand))
	}
	require.Same(t, byHand, must(s.Forward(x)))
}

func TestSequentialNames(t *testing.T) {
	linear := func(name string) Layer { return must(NewLinear(name, LinearConfig{In: 2, Out: 2})) }
	a := linear("a")
	inner := must(NewSequential("inner", a))
	for name, layers := range map[string][]Layer{
		"a layer twice":                  {a, a},
		"activations":                    {Tanh(), Tanh()},
		"alone and in a chain":           {inner, a, inner},
		"one layer in two chains":        {inner, must(NewSequential("other", a))},
		"an activation's name":           {must(NewSequential("tanh", a)), Tanh()},
		"the name of the chain about it": {linear("s")},
	} {
		_, err := NewSequential("s", layers...)
		require.NoError(t, err, name)
	}
	for name, layers := range map[string][]Layer{
		"two layers":                {a, linear("a")},
		"of other kinds":            {a, must(NewLayerNorm("a", LayerNormConfig{Size: 2}))},
		"a layer and a noise":       {a, must(NewDropout("a", 0.5, 1))},
		"two noises":                {must(NewDropout("a", 0.5, 1)), must(NewDropout("a", 0.5, 1))},
		"a chain and a layer":       {must(NewSequential("a", linear("b"))), a},
		"one of them in a chain":    {must(NewSequential("in", linear("a"))), a},
		"both in different chains":  {inner, must(NewSequential("in", linear("a")))},
		"no layers":                 {},
		"nil":                       {a, nil},
		"parameters of other names": {must(NewRBM("a", RBMConfig{Visible: energy.Spin(2), Hidden: energy.Spin(2)})), inner},
	} {
		_, err := NewSequential("s", layers...)
		require.ErrorIs(t, err, energy.ErrConfig, name)
		require.ErrorContains(t, err, `layers: Sequential "s": `, name)
	}
}

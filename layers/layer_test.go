package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func names(nodes G.Nodes) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name())
	}
	return all
}

func TestLearnables(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.LearnedGaussian(2, 1), Hidden: energy.FixedGaussian(3, 2), Centered: true}))
	l := must(NewLinear("l", LinearConfig{In: 3, Out: 2}))
	s := must(NewSequential("s", r, l))
	g := G.NewGraph()
	require.Empty(t, Learnables(g, r, l), "nothing is bound")

	x := input(g, "x", dense(tensor.Float32, tensor.Shape{1, 2}, 1, 2))
	must(l.Forward(must(r.Forward(x))))
	inOrder := []string{"r.W", "r.b", "r.c", "r.visible_log_variance", "l.W", "l.b"}
	require.Equal(t, inOrder, names(Learnables(g, r, l)), "the layers' order, without offsets and fixed variances")
	require.Equal(t, inOrder, names(Learnables(g, s)))
	require.Equal(t, []string{"l.W", "l.b", "r.W", "r.b", "r.c", "r.visible_log_variance"}, names(Learnables(g, l, r)))
	require.Equal(t, inOrder, names(Learnables(g, r, s, l)), "each once: a solver would step twice")

	other := G.NewGraph()
	must(l.Forward(input(other, "x", dense(tensor.Float32, tensor.Shape{1, 3}, 1, 2, 3))))
	require.Equal(t, []string{"l.W", "l.b"}, names(Learnables(other, r, l)), "what is bound in this graph only")
	for _, n := range Learnables(other, r, l) {
		require.Same(t, other, n.Graph())
	}
}

func TestWrt(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(2), Hidden: energy.Bernoulli(3)}))
	a := must(NewLinear("a", LinearConfig{In: 3, Out: 2}))
	b := must(NewLinear("b", LinearConfig{In: 3, Out: 2}))
	mean := func(x *G.Node) *G.Node { return G.Must(G.Mean(x)) }
	for name, c := range map[string]struct {
		cost func(x *G.Node) *G.Node
		want []string
	}{
		"Forward does not reach b": {
			func(x *G.Node) *G.Node { return mean(must(r.Forward(x))) },
			[]string{"r.W", "r.c"},
		},
		"FreeEnergy": {
			func(x *G.Node) *G.Node { return mean(must(r.FreeEnergy(x))) },
			[]string{"r.W", "r.b", "r.c"},
		},
		"StopGradient": {
			func(x *G.Node) *G.Node { return mean(must(a.Forward(must(StopGradient(must(r.Forward(x))))))) },
			[]string{"a.W", "a.b"},
		},
		"one way stopped, one open": {
			func(x *G.Node) *G.Node {
				h := must(r.Forward(x))
				return mean(G.Must(G.Add(must(a.Forward(h)), must(b.Forward(must(StopGradient(h)))))))
			},
			[]string{"r.W", "r.c", "a.W", "a.b", "b.W", "b.b"},
		},
		"targets get no gradient": {
			func(x *G.Node) *G.Node {
				h := must(r.Forward(x))
				return must(CrossEntropy(must(a.Forward(h)), must(Softmax().Forward(must(b.Forward(h))))))
			},
			[]string{"r.W", "r.c", "a.W", "a.b"},
		},
		"weights get no gradient": {
			func(x *G.Node) *G.Node {
				f := must(r.FreeEnergy(x))
				w := G.Must(G.Sum(must(a.Forward(input(x.Graph(), "z", dense(tensor.Float32, tensor.Shape{1, 3}, 1, 2, 3)))), 1))
				return must(energy.WeightedContrastiveCost(f, w, f, nil))
			},
			[]string{"r.W", "r.b", "r.c"},
		},
		"ops of Gorgonia": {
			func(x *G.Node) *G.Node {
				y := must(a.Forward(must(r.Forward(x))))
				y = G.Must(G.Tanh(G.Must(G.Concat(1, y, G.Must(G.Neg(y))))))
				return G.Must(G.Sum(G.Must(G.Slice(y, nil, G.S(0, 2)))))
			},
			[]string{"r.W", "r.c", "a.W", "a.b"},
		},
		"a comparison lets nothing through": {
			func(x *G.Node) *G.Node {
				mask := G.Must(G.Gt(must(a.Forward(must(r.Forward(x)))), G.NewConstant(float32(0)), true))
				return mean(G.Must(G.HadamardProd(mask, must(b.Forward(input(x.Graph(), "z", dense(tensor.Float32, tensor.Shape{1, 3}, 1, 2, 3)))))))
			},
			[]string{"b.W", "b.b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			cost := c.cost(input(g, "x", dense(tensor.Float32, tensor.Shape{1, 2}, 0, 1)))
			wrt := Wrt(cost, r, a, b)
			require.Equal(t, c.want, names(wrt))
			grads, err := G.Grad(cost, wrt...)
			require.NoError(t, err, "what Wrt returns is what Grad takes")
			for i, x := range graphtest.Value(t, grads...) {
				require.Len(t, x, wrt[i].Shape().TotalSize())
			}
		})
	}
	require.Empty(t, Wrt(nil, r), "no cost reaches nothing")
}

func TestNames(t *testing.T) {
	for _, good := range []string{"a", "rbm0", "net.rbm-1", "A_b.c.d"} {
		require.NoError(t, checkName("layers: Linear", good))
	}
	for _, bad := range []string{"", ".", "a.", ".a", "a..b", "a b", "a/b", "ä", "a\n", "[", string(make([]byte, 201))} {
		require.ErrorIs(t, checkName("layers: Linear", bad), energy.ErrConfig, "%q", bad)
	}
}

package layers

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// affine is x·W + b in plain loops.
func affine(x []float64, l *Linear) []float64 {
	w, b := l.w.Float64s(), l.b.Float64s()
	in, out := l.config.In, l.config.Out
	var y []float64
	for lo := 0; lo < len(x); lo += in {
		for j := range out {
			sum := b[j]
			for i, xi := range x[lo : lo+in] {
				sum += xi * w[i*out+j]
			}
			y = append(y, sum)
		}
	}
	return y
}

func TestGraphsShareOneMemory(t *testing.T) {
	for _, dt := range dtypes {
		t.Run(dt.String(), func(t *testing.T) {
			l := must(NewLinear("lin", LinearConfig{In: 3, Out: 2, Seed: 1, Dtype: dt}))
			before := append(l.w.Float64s(), l.b.Float64s()...)

			// The training graph, a batch of 4.
			g := G.NewGraph()
			y := must(l.Forward(input(g, "x", dense(dt, tensor.Shape{4, 3}, normals(1, 12)...))))
			cost := must(CrossEntropy(y, input(g, "y", dense(dt, tensor.Shape{4, 2}, 1, 0, 0, 1, 0, 1, 1, 0))))
			wrt := Wrt(cost, l)
			require.Len(t, must(G.Grad(cost, wrt...)), 2)
			vm := G.NewTapeMachine(g, G.BindDualValues(wrt...))
			defer vm.Close()

			// An evaluation graph that was built and run before, a batch of 1.
			at := dense(dt, tensor.Shape{1, 3}, 0.5, -2, 1)
			g2 := G.NewGraph()
			y2 := must(l.Forward(input(g2, "x", at)))
			var out G.Value
			G.Read(y2, &out)
			vm2 := G.NewTapeMachine(g2)
			defer vm2.Close()
			require.NoError(t, vm2.RunAll())
			require.InDeltaSlice(t, affine(numbers(at), l), numbers(out), 1e-6)
			first := numbers(out)
			vm2.Reset()

			solver := G.NewAdamSolver(G.WithLearnRate(0.1))
			for range 3 {
				require.NoError(t, vm.RunAll())
				require.NoError(t, solver.Step(G.NodesToValueGrads(wrt)))
				vm.Reset()
			}

			after := append(l.w.Float64s(), l.b.Float64s()...)
			for i := range before {
				require.NotEqual(t, before[i], after[i], "parameter %d has not moved in the layer", i)
			}
			require.NoError(t, vm2.RunAll())
			require.InDeltaSlice(t, affine(numbers(at), l), numbers(out), 1e-6, "the other graph sees the step")
			require.NotEqual(t, first, numbers(out))

			// And the other way: Set is seen by a graph that exists.
			require.NoError(t, l.w.Set(make([]float64, 6)))
			require.NoError(t, l.b.Set([]float64{7, 8}))
			vm2.Reset()
			require.NoError(t, vm2.RunAll())
			require.Equal(t, []float64{7, 8}, numbers(out))
		})
	}
}

func TestNodesAreFoundAgain(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Gaussian(1), Centered: true}))
	g := G.NewGraph()
	v := input(g, "v", dense(tensor.Float32, tensor.Shape{2, 3}, 0, 1, 1, 1, 0, 0))
	f := must(r.FreeEnergy(v))
	nodes := len(g.AllNodes())
	require.Same(t, f, must(r.FreeEnergy(v)))
	for _, p := range r.Params() {
		require.Same(t, must(p.Node(g)), must(p.Node(g)))
		require.Len(t, g.ByName(p.Name()), 1)
	}
	require.Len(t, g.AllNodes(), nodes, "nothing was added")
}

func TestNameClash(t *testing.T) {
	for name, other := range map[string]func(g *G.ExprGraph) *G.Node{
		"another shape": func(g *G.ExprGraph) *G.Node {
			return input(g, "lin.W", dense(tensor.Float32, tensor.Shape{5}, 1, 2, 3, 4, 5))
		},
		"its shape": func(g *G.ExprGraph) *G.Node {
			return input(g, "lin.W", dense(tensor.Float32, tensor.Shape{2, 1}, 1, 2))
		},
		"another dtype": func(g *G.ExprGraph) *G.Node {
			return input(g, "lin.W", dense(tensor.Float64, tensor.Shape{2, 1}, 1, 2))
		},
		"no value": func(g *G.ExprGraph) *G.Node { return G.NewMatrix(g, G.Float32, G.WithShape(2, 1), G.WithName("lin.W")) },
		"a scalar": func(g *G.ExprGraph) *G.Node {
			return G.NewScalar(g, G.Float32, G.WithName("lin.W"), G.WithValue(float32(1)))
		},
		"another layer": func(g *G.ExprGraph) *G.Node {
			return must(must(NewLinear("lin", LinearConfig{In: 2, Out: 1})).w.Node(g))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			other(g)
			l := must(NewLinear("lin", LinearConfig{In: 2, Out: 1}))
			_, err := l.Forward(input(g, "x", dense(tensor.Float32, tensor.Shape{1, 2}, 1, 2)))
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, `layers: lin.W: the graph has another input of this name, of shape `)
			require.Empty(t, Learnables(g, l))
		})
	}
}

func TestOpNodeOfTheSameName(t *testing.T) {
	g := G.NewGraph()
	l := must(NewLinear("lin", LinearConfig{In: 2, Out: 2}))
	x := input(g, "x", dense(tensor.Float32, tensor.Shape{2, 2}, 1, 2, 3, 4))
	square := G.Must(G.Square(x))
	G.WithName("lin.W")(square) // a node with an op, of W's shape and dtype
	y := must(l.Forward(x))
	nodes := Learnables(g, l)
	require.Len(t, nodes, 2)
	require.Nil(t, nodes[0].Op())
	require.InDeltaSlice(t, affine([]float64{1, 2, 3, 4}, l), graphtest.Value(t, y)[0], 1e-6)
	require.Equal(t, nodes, Learnables(g, l), "after the run, when the op node has a value")
}

func TestLetIsNoticed(t *testing.T) {
	g := G.NewGraph()
	l := must(NewLinear("lin", LinearConfig{In: 2, Out: 2}))
	x := input(g, "x", dense(tensor.Float32, tensor.Shape{2, 2}, 1, 2, 3, 4))
	must(l.Forward(x))
	require.NoError(t, G.Let(must(l.w.Node(g)), dense(tensor.Float32, tensor.Shape{2, 2}, 1, 2, 3, 4)))
	_, err := l.Forward(x)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.Len(t, Learnables(g, l), 1, "W is no more the layer's own")
}

// A machine transposes a header while it runs, so headers must not be shared; the numbers must.
func TestValueIsANewHeader(t *testing.T) {
	l := must(NewLinear("lin", LinearConfig{In: 2, Out: 3}))
	a, b := l.w.Value(), l.w.Value()
	require.NotSame(t, a, b)
	require.NoError(t, a.T())
	require.Equal(t, tensor.Shape{2, 3}, b.Shape())
	require.Equal(t, tensor.Shape{2, 3}, l.w.Value().Shape())
	b.Data().([]float32)[5] = 42
	require.Equal(t, 42., l.w.Float64s()[5])
	l.w.Float64s()[5] = 1
	require.Equal(t, 42., l.w.Float64s()[5], "Float64s is a copy")
}

func TestSetRefuses(t *testing.T) {
	l := must(NewLinear("lin", LinearConfig{In: 2, Out: 2, Seed: 1}))
	before := l.w.Float64s()
	err := l.w.Set([]float64{1, 2, 3})
	require.ErrorIs(t, err, energy.ErrShape)
	require.EqualError(t, err, "layers: lin.W: Set: 3 values, want 4 for shape (2, 2): wrong shape")
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorIs(t, l.w.Set([]float64{1, 2, 3, bad}), energy.ErrNotFinite)
	}
	require.ErrorIs(t, l.w.Set([]float64{1, 2, 3, 1e39}), energy.ErrNotFinite, "infinite in float32")
	require.Equal(t, before, l.w.Float64s())
	require.NoError(t, l.w.Set([]float64{1, 2, 3, 4}))
	require.True(t, l.w.Finite())
	l.w.data.([]float32)[0] = float32(math.NaN())
	require.False(t, l.w.Finite())
}

// TestRaceTwoMachinesOneModel is for go test -race: two graphs of one model run at once, each reading the parameters.
func TestRaceTwoMachinesOneModel(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Spin(4), Centered: true, Dtype: tensor.Float64}))
	shuffleParams(r, 1)
	l := must(NewLinear("l", LinearConfig{In: 4, Out: 3, Dtype: tensor.Float64}))
	d := must(NewDropout("d", 0.5, 1))
	machine := func() (G.VM, *[2]G.Value) {
		g := G.NewGraph()
		v := input(g, "v", dense(tensor.Float64, tensor.Shape{5, 6}, normals(3, 30)...))
		y := input(g, "y", dense(tensor.Float64, tensor.Shape{5, 3}, normals(4, 15)...))
		h := must(r.Forward(v))
		skip := G.Must(G.Mul(h, must(l.w.Node(g)))) // Gorgonia's own product: its gradient transposes W's header in place
		cost := must(CrossEntropy(G.Must(G.Add(must(l.Forward(must(d.Forward(h)))), skip)), y))
		grads := must(G.Grad(cost, Wrt(cost, r, l)...))
		var out [2]G.Value
		G.Read(cost, &out[0])
		G.Read(grads[0], &out[1])
		return G.NewTapeMachine(g), &out
	}
	var machines [3]G.VM // graphs are built one after the other: Gorgonia has a global there
	var results [3]*[2]G.Value
	for i := range machines {
		machines[i], results[i] = machine()
		defer machines[i].Close()
	}
	require.NoError(t, machines[2].RunAll())

	var wait sync.WaitGroup
	var errs [2]error
	for i := range 2 {
		wait.Go(func() {
			for range 50 {
				machines[i].Reset()
				if err := machines[i].RunAll(); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wait.Wait()
	for i := range 2 {
		require.NoError(t, errs[i])
		for k := range results[i] {
			require.Equal(t, numbers(results[2][k]), numbers(results[i][k]), "as when running alone")
		}
	}
}

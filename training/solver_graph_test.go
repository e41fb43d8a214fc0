package training

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// quadratic is the graph of ½ mean((x W + b − y)²) over the memory of params, with its gradients.
func quadratic(t *testing.T, params []*tensor.Dense, x, y *tensor.Dense) (G.VM, G.Nodes) {
	g := G.NewGraph()
	node := func(name string, d *tensor.Dense) *G.Node {
		return G.NewTensor(g, d.Dtype(), d.Dims(), G.WithShape(d.Shape()...), G.WithName(name), G.WithValue(share(d)))
	}
	w, b := node("model.W", params[0]), node("model.b", params[1])
	out := G.Must(G.BroadcastAdd(G.Must(G.Mul(node("x", x), w)), b, nil, []byte{0}))
	cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(out, node("y", y)))))))
	_, err := G.Grad(cost, w, b)
	require.NoError(t, err)
	vm := G.NewTapeMachine(g, G.BindDualValues(w, b))
	t.Cleanup(func() { _ = vm.Close() })
	return vm, G.Nodes{w, b}
}

// problem is a linear regression without noise: the minimum of the cost is at the parameters that made the data.
func problem(dtype tensor.Dtype) (params, truth []*tensor.Dense, x, y *tensor.Dense) {
	r := rand.New(rand.NewPCG(3, 4))
	truth = []*tensor.Dense{array(dtype, tensor.Shape{2, 2}, random(r, 4)...), vector(dtype, random(r, 2)...)}
	params = []*tensor.Dense{array(dtype, tensor.Shape{2, 2}), vector(dtype, 0, 0)}
	in := random(r, 40)
	x = array(dtype, tensor.Shape{20, 2}, in...)
	w, b := numbers(truth[0]), numbers(truth[1])
	var out []float64
	for i := range 20 {
		for j := range 2 {
			out = append(out, in[2*i]*w[j]+in[2*i+1]*w[2+j]+b[j])
		}
	}
	return params, truth, x, array(dtype, tensor.Shape{20, 2}, out...)
}

func TestStepOnATapeMachineFindsTheMinimum(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, c := range []Solver{
			SGD{Rate: 0.3}, SGD{Rate: 0.1, Momentum: 0.8}, SGD{Rate: 0.1, Momentum: 0.8, Nesterov: true}, Adam{Rate: 0.05},
		} {
			params, truth, x, y := problem(dtype)
			vm, model := quadratic(t, params, x, y)
			s := start(t, c)
			for range 500 {
				require.NoError(t, vm.RunAll())
				require.NoError(t, s.Step(G.NodesToValueGrads(model)))
				vm.Reset()
			}
			for i, p := range params {
				require.InDeltaSlice(t, numbers(truth[i]), numbers(p), 1e-3, "%+v %v", c, dtype)
			}
		}
	}
}

func TestStepOverTwoGraphsEqualsOne(t *testing.T) {
	run := func(graphs int) [][]float64 {
		params, _, x, y := problem(tensor.Float64)
		var vms []G.VM
		var models []G.Nodes
		for range graphs {
			vm, model := quadratic(t, params, x, y)
			vms, models = append(vms, vm), append(models, model)
		}
		s := start(t, Adam{Rate: 0.05})
		for i := range 20 {
			vm := vms[i%graphs]
			require.NoError(t, vm.RunAll())
			require.NoError(t, s.Step(G.NodesToValueGrads(models[i%graphs])))
			vm.Reset()
		}
		return [][]float64{numbers(params[0]), numbers(params[1])}
	}
	require.Equal(t, run(1), run(2))
}

func TestStepNamesTheNode(t *testing.T) {
	g := G.NewGraph()
	beta := G.NewScalar(g, G.Float64, G.WithName("hop.beta"), G.WithValue(2.0))
	w := G.NewVector(g, G.Float64, G.WithShape(2), G.WithName("hop.W"), G.WithValue(vector(tensor.Float64, 1, 2)))
	unbound := G.NewVector(g, G.Float64, G.WithShape(2), G.WithName("hop.c"))
	s := start(t, SGD{Rate: 1})
	require.ErrorContains(t, s.Step([]G.ValueGrad{beta}), `training: SGD: parameter 0 "hop.beta": value is a *gorgonia.F64`)
	require.ErrorContains(t, s.Step([]G.ValueGrad{w}), `training: SGD: parameter 0 "hop.W": gradient: No Gradient`)
	require.EqualError(t, s.Step([]G.ValueGrad{unbound}), `training: SGD: parameter 0 "hop.c": value is missing: run the graph first: bad configuration`)
}

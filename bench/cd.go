package bench

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

var cdRows = []Row{cdRow("cd1_f32", tensor.Float32), cdRow("cd1_f64", tensor.Float64)}

func cdRow(name string, dtype tensor.Dtype) Row {
	return Row{
		Name: name, About: fmt.Sprintf("one CD-1 step of an RBM %d×%d, batch %d, %v, by Grad and the machine", visible, hidden, batch, dtype),
		Flops: 5 * 2 * batch * visible * hidden, Double: dtype == tensor.Float64, Tolerance: 0.05,
		New: func() (*Work, error) { return contrastiveDivergence(dtype, batch, hidden) },
	}
}

// contrastiveDivergence is a whole step in one graph, as a user builds it: hidden units drawn at the data, visible units drawn
// from those, through which no gradient flows, and the machine's descent along the gradient of mean F(v⁺) − mean F(v⁻).
// E[h|v⁺] and F(v⁺) share their product, so that there are five in all.
func contrastiveDivergence(dtype tensor.Dtype, batch, hidden int) (*Work, error) {
	model, err := newRBM(dtype, hidden)
	if err != nil {
		return nil, err
	}
	drawn := make([]*layers.StochasticBernoulli, 2)
	for i, name := range []string{"hidden", "visible"} {
		if drawn[i], err = layers.NewStochasticBernoulli(name, 1); err != nil {
			return nil, err
		}
	}
	g := G.NewGraph()
	positive := input(g, "positive", bits(dtype, 5, batch, visible))
	negative := positive
	for _, build := range []func(*G.Node) (*G.Node, error){
		model.Forward, drawn[0].Forward, model.Backward, drawn[1].Forward, layers.StopGradient,
	} {
		if negative, err = build(negative); err != nil {
			return nil, err
		}
	}
	cost, err := model.ContrastiveCost(positive, negative)
	if err != nil {
		return nil, err
	}
	wrt := layers.Wrt(cost, model)
	if _, err := G.Grad(cost, wrt...); err != nil {
		return nil, err
	}
	vm, err := machine.New(g, machine.Config{Outputs: G.Nodes{cost}, Descend: wrt, Guard: cost})
	if err != nil {
		return nil, err
	}
	vm.SetRate(0.01)
	before, step := model.Param("W").Float64s(), uint64(0)
	return &Work{
		Step: func() error {
			step++
			drawn[0].SetStep(step)
			drawn[1].SetStep(step)
			return vm.RunAll()
		},
		Sum: func() float64 {
			moved := model.Param("W").Float64s()
			for i := range moved {
				moved[i] -= before[i]
			}
			return WeightedSum(moved)
		},
	}, nil
}

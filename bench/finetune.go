package bench

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/training"
)

// stack is the network of Hinton and Salakhutdinov (2006): three RBMs and a linear classifier.
var stack = []int{784, 500, 500, 2000, 10}

var fineTuneRows = []Row{
	fineTuneRow("dbn_sgd", "SGD", fineTuneSGD),
	fineTuneRow("dbn_adam", "Adam", fineTuneAdam),
}

func fineTuneRow(name, solver string, work func() (*Work, error)) Row {
	weights, inner := 0, 0 // inner is what gradients with regard to a layer's input flow through
	for i, in := range stack[:len(stack)-1] {
		weights += in * stack[i+1]
		if i > 0 {
			inner += in * stack[i+1]
		}
	}
	return Row{
		Name: name, About: fmt.Sprintf("fine-tuning step of a DBN %v, batch %d, cross-entropy, %s, float32", stack, batch, solver),
		Flops: float64(2 * batch * (2*weights + inner)), Tolerance: 1e-3,
		New: work,
	}
}

// fineTuneSGD lets the machine descend.
func fineTuneSGD() (*Work, error) {
	cost, wrt, err := fineTuneCost()
	if err != nil {
		return nil, err
	}
	vm, err := machine.New(cost.Graph(), machine.Config{Outputs: G.Nodes{cost}, Descend: wrt, Guard: cost})
	if err != nil {
		return nil, err
	}
	vm.SetRate(0.01)
	return &Work{Step: vm.RunAll, Sum: func() float64 { return scalar(vm.Value(cost)) }}, nil
}

// fineTuneAdam hands the gradients to a solver.
func fineTuneAdam() (*Work, error) {
	cost, wrt, err := fineTuneCost()
	if err != nil {
		return nil, err
	}
	vm, err := machine.New(cost.Graph(), machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
	if err != nil {
		return nil, err
	}
	solver, err := training.Adam{Rate: 1e-3}.New()
	if err != nil {
		return nil, err
	}
	gradients := G.NodesToValueGrads(wrt)
	return &Work{
		Step: func() error {
			if err := vm.RunAll(); err != nil {
				return err
			}
			return solver.Step(gradients)
		},
		Sum: func() float64 { return scalar(vm.Value(cost)) },
	}, nil
}

// scalar is the sum of a work: the cost of the last step shows the gradients and the updates of the steps before.
func scalar(cost G.Value) float64 { return float64(cost.Data().(float32)) }

// fineTuneCost builds the cross-entropy of the stack on one batch, differentiated.
func fineTuneCost() (cost *G.Node, wrt G.Nodes, err error) {
	net, err := newStack()
	if err != nil {
		return nil, nil, err
	}
	classes := stack[len(stack)-1]
	targets := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(batch, classes))
	for i := range batch {
		targets.Float32s()[i*classes+i%classes] = 1
	}
	g := G.NewGraph()
	logits, err := net.Forward(input(g, "input", bits(tensor.Float32, 5, batch, stack[0])))
	if err != nil {
		return nil, nil, err
	}
	if cost, err = layers.CrossEntropy(logits, input(g, "target", targets)); err != nil {
		return nil, nil, err
	}
	wrt = layers.Wrt(cost, net)
	_, err = G.Grad(cost, wrt...)
	return cost, wrt, err
}

// newStack fills layer i with weights uniform in ±2/√in, of seed 20 + i, and zero biases.
func newStack() (*layers.Sequential, error) {
	var all []layers.Layer
	last := len(stack) - 2
	for i, in := range stack[:last] {
		rbm, err := layers.NewRBM(fmt.Sprintf("rbm%d", i), layers.RBMConfig{Visible: energy.Bernoulli(in), Hidden: energy.Bernoulli(stack[i+1])})
		if err != nil {
			return nil, err
		}
		all = append(all, rbm)
	}
	head, err := layers.NewLinear("head", layers.LinearConfig{In: stack[last], Out: stack[last+1]})
	if err != nil {
		return nil, err
	}
	all = append(all, head)
	for i, l := range all {
		w := l.Params()[0]
		if err := w.Set(numbers(uint32(20+i), 4/math.Sqrt(float64(stack[i])), stack[i]*stack[i+1])); err != nil {
			return nil, err
		}
	}
	return layers.NewSequential("net", all...)
}

package layers_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// check is for examples only: a program returns its errors.
func check[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func ExampleNewRBM() {
	rbm, err := layers.NewRBM("digits", layers.RBMConfig{
		Visible: energy.Bernoulli(784), Hidden: energy.Bernoulli(500), Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range rbm.Params() {
		fmt.Println(p.Name(), p.Value().Shape(), p.Value().Dtype())
	}

	g := G.NewGraph()
	v := G.NewMatrix(g, G.Float32, G.WithShape(100, 784), G.WithName("v"))
	h, err := rbm.Forward(v) // E[h|v], a node like any other
	if err != nil {
		log.Fatal(err)
	}
	f, err := rbm.FreeEnergy(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.Shape(), f.Shape())
	// Output:
	// digits.W (784, 500) float32
	// digits.b (784) float32
	// digits.c (500) float32
	// (100, 500) (100)
}

// An RBM between two linear layers, trained on the sum of two costs: it is to model what the first layer gives it, and the
// last layer is to tell the classes. One call of gorgonia.Grad differentiates all of it.
func Example_hybrid() {
	encoder := check(layers.NewLinear("encoder", layers.LinearConfig{In: 2, Out: 6, Seed: 1}))
	rbm := check(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Gaussian(6), Hidden: energy.Bernoulli(8), Seed: 1, InitDeviation: 0.5}))
	head := check(layers.NewLinear("head", layers.LinearConfig{In: 8, Out: 2, Seed: 1}))

	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithShape(4, 2), G.WithName("x"), G.WithValue(
		tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))))
	y := G.NewMatrix(g, G.Float32, G.WithShape(4, 2), G.WithName("y"), G.WithValue( // exclusive or
		tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{1, 0, 0, 1, 0, 1, 1, 0}))))

	v := check(encoder.Forward(x))
	h := check(rbm.Forward(v))
	cost := check(layers.CrossEntropy(check(head.Forward(h)), y))
	negative := check(layers.StopGradient(check(rbm.Backward(h)))) // CD-1 of means; a sampler's draws would be an input node
	contrastive := check(rbm.ContrastiveCost(v, negative))
	const lambda = float32(0.01)
	total := G.Must(G.Add(cost, G.Must(G.Mul(contrastive, G.NewConstant(lambda)))))

	wrt := layers.Wrt(total, encoder, rbm, head)
	check(G.Grad(total, wrt...))
	var crossEntropy G.Value
	G.Read(cost, &crossEntropy)
	vm := G.NewTapeMachine(g, G.BindDualValues(wrt...))
	defer vm.Close()
	solver := G.NewAdamSolver(G.WithLearnRate(0.05))
	for step := range 101 {
		if err := vm.RunAll(); err != nil {
			log.Fatal(err)
		}
		if step%100 == 0 {
			fmt.Printf("step %d: cross-entropy %.1f\n", step, crossEntropy.Data())
		}
		if err := solver.Step(G.NodesToValueGrads(wrt)); err != nil {
			log.Fatal(err)
		}
		vm.Reset()
	}
	fmt.Println(len(wrt), "parameters")
	// Output:
	// step 0: cross-entropy 0.8
	// step 100: cross-entropy 0.0
	// 7 parameters
}

func ExampleSequential() {
	net, err := layers.NewSequential("net",
		check(layers.NewLinear("one", layers.LinearConfig{In: 784, Out: 100, Seed: 1})),
		check(layers.NewLayerNorm("norm", layers.LayerNormConfig{Size: 100})),
		layers.ReLU(),
		check(layers.NewDropout("dropout", 0.5, 1)),
		check(layers.NewLinear("two", layers.LinearConfig{In: 100, Out: 10, Seed: 1})),
	)
	if err != nil {
		log.Fatal(err)
	}
	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithShape(32, 784), G.WithName("x"))
	logits, err := net.Forward(x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(logits.Shape())
	for _, n := range layers.Learnables(g, net) {
		fmt.Println(n.Name(), n.Shape())
	}
	net.SetStep(1) // before each run: the masks of dropout are a function of the step
	// Output:
	// (32, 10)
	// one.W (784, 100)
	// one.b (100)
	// norm.gain (100)
	// norm.bias (100)
	// two.W (100, 10)
	// two.b (10)
}

func ExampleSave() {
	dir := check(os.MkdirTemp("", "harmonium"))
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "net.safetensors")

	net := check(layers.NewSequential("net",
		check(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Spin(6), Hidden: energy.OneHot(2, 3), Seed: 1})),
		check(layers.NewLinear("head", layers.LinearConfig{In: 6, Out: 2, Seed: 1})),
	))
	if err := layers.Save(path, net); err != nil {
		log.Fatal(err)
	}
	loaded, err := layers.Load(path) // whatever its kind
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T %q\n", loaded, loaded.Name())
	rbm := loaded.(*layers.Sequential).Layers()[0].(*layers.RBM)
	fmt.Println(rbm.Name(), rbm.Visible(), rbm.Hidden())

	_, err = layers.LoadRBM(path)
	fmt.Println(err != nil) // the file holds a chain
	// Output:
	// *layers.Sequential "net"
	// rbm Spin(6) OneHot(2, 3)
	// true
}

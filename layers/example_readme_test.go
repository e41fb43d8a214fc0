package layers_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// Two bars and two stripes of 2 by 3 pixels, and which is which.
var (
	bars  = tensor.New(tensor.WithShape(4, 6), tensor.WithBacking([]float32{1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0}))
	kinds = tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{1, 0, 1, 0, 0, 1, 0, 1}))
)

func stopAt(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example_readme() {
	rbm := check(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(8), Seed: 1}))
	head := check(layers.NewLinear("head", layers.LinearConfig{In: 8, Out: 2, Seed: 1}))
	chains := check(sampling.RandomState(rbm, 100, 1))
	gibbs := sampling.Gibbs{Model: rbm, Seed: 1}
	solver := check(training.Adam{Rate: 0.02}.New())

	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithName("x"), G.WithValue(bars))
	y := G.NewMatrix(g, G.Float32, G.WithName("y"), G.WithValue(kinds))
	v := G.NewMatrix(g, G.Float32, G.WithName("v"), G.WithValue(chains.Visible)) // samples of the model: an input

	h := check(rbm.Forward(x)) // E[h|x], a node like any other
	cost := check(layers.CrossEntropy(check(head.Forward(h)), y))
	contrast := check(rbm.ContrastiveCost(x, v)) // mean F(x) − mean F(v)
	total := check(G.Add(cost, contrast))

	wrt := layers.Wrt(total, rbm, head)
	check(G.Grad(total, wrt...))
	var nats G.Value
	G.Read(cost, &nats)
	vm := G.NewTapeMachine(g, G.BindDualValues(wrt...))
	defer vm.Close()
	for range 500 {
		check(gibbs.Step(chains)) // the chains go on as the model learns (PCD)
		stopAt(G.Let(v, chains.Visible))
		stopAt(vm.RunAll())
		stopAt(solver.Step(G.NodesToValueGrads(wrt)))
		vm.Reset()
	}
	fmt.Printf("cross-entropy %.2f nats\n", nats.Data())
	// Output:
	// cross-entropy 0.00 nats
}

// The program in the README is the body of the example above.
func TestReadmeShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_readme_test.go")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(source), "func Example_readme() {\n")
	require.True(t, found)
	body, _, found = strings.Cut(body, "\t// Output:")
	require.True(t, found)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(readme), "```go\n")
	require.True(t, found)
	block, _, found = strings.Cut(block, "```")
	require.True(t, found)
	require.Equal(t, strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:], block)
}

// Package graphtest runs graphs in tests: on every machine that the library supports, each result held against the others.
package graphtest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/machine"
)

// machines are what every graph runs on; the first is the reference. evaluate asks for the mode of gorgonia.EvalMode. reads are
// the nodes of gorgonia.Read that the test looks at.
var machines = []struct {
	name string
	runs int // results are those of the last
	make func(g *G.ExprGraph, evaluate bool, reads G.Nodes) (G.VM, error)
}{
	{"tape machine", 1, func(g *G.ExprGraph, evaluate bool, _ G.Nodes) (G.VM, error) {
		if evaluate {
			return G.NewTapeMachine(g, G.EvalMode()), nil
		}
		return G.NewTapeMachine(g), nil
	}},
	{"machine", 1, func(g *G.ExprGraph, evaluate bool, _ G.Nodes) (G.VM, error) {
		return machine.New(g, machine.Config{Eval: evaluate})
	}},
	{"machine with outputs, run again", 2, func(g *G.ExprGraph, evaluate bool, reads G.Nodes) (G.VM, error) {
		return machine.New(g, machine.Config{Outputs: reads, Eval: evaluate})
	}},
}

// Run builds a graph, runs it on each machine, and fails the test unless the outputs have the shapes and dtypes of want and
// its numbers within tolerance·max(1, |want|). NaN equals NaN, and an infinity itself.
func Run(t testing.TB, tolerance float64, build func(g *G.ExprGraph) G.Nodes, want ...*tensor.Dense) {
	t.Helper()
	outputs := build(G.NewGraph())
	require.Len(t, outputs, len(want), "outputs of the graph")
	for k, m := range machines {
		for i, got := range run(t, k, false, outputs) {
			if err := compare(got, want[i], tolerance); err != nil {
				t.Fatalf("%s: output %d (%v): %v", m.name, i, outputs[i], err)
			}
		}
	}
}

// Value runs the graph of the nodes on each machine, requires that the machines agree but for the rounding of sums that one of
// them accumulates, and returns the numbers that the first gives for each node, in row-major order.
func Value(t testing.TB, nodes ...*G.Node) [][]float64 {
	t.Helper()
	return values(t, false, nodes)
}

// Evaluate is Value under gorgonia.EvalMode.
func Evaluate(t testing.TB, nodes ...*G.Node) [][]float64 {
	t.Helper()
	return values(t, true, nodes)
}

func values(t testing.TB, evaluate bool, nodes G.Nodes) [][]float64 {
	t.Helper()
	reference, all := run(t, 0, evaluate, nodes), make([][]float64, len(nodes))
	for k, m := range machines[1:] {
		for i, got := range run(t, k+1, evaluate, nodes) {
			if err := compare(got, reference[i], rounding(got.Dtype())); err != nil {
				t.Fatalf("%s against %s: output %d (%v): %v", m.name, machines[0].name, i, nodes[i], err)
			}
		}
	}
	for i, v := range reference {
		all[i] = numbers(v)
	}
	return all
}

// rounding is the tolerance for sums that are added up in another order: some tens of roundings.
func rounding(dtype tensor.Dtype) float64 {
	if dtype == tensor.Float32 {
		return 0x1p-18
	}
	return 0x1p-47
}

// run takes values by gorgonia.Read: a machine may reuse the memory of a node's own. It clones them, since every later run of
// the whole graph reads into the same place.
func run(t testing.TB, k int, evaluate bool, nodes G.Nodes) []G.Value {
	t.Helper()
	into, reads := make([]G.Value, len(nodes)), make(G.Nodes, len(nodes))
	for i, n := range nodes {
		reads[i] = G.Read(n, &into[i])
	}
	vm, err := machines[k].make(nodes[0].Graph(), evaluate, reads)
	require.NoError(t, err, machines[k].name)
	defer vm.Close()
	for range machines[k].runs {
		require.NoError(t, vm.RunAll(), machines[k].name)
	}
	got := make([]G.Value, len(nodes))
	for i, v := range into {
		got[i], err = G.CloneValue(v)
		require.NoError(t, err)
	}
	return got
}

func numbers(v G.Value) []float64 {
	if v.MemSize() == 0 { // its Data panics
		return nil
	}
	if d, ok := v.(*tensor.Dense); ok && d.RequiresIterator() {
		v = d.Materialize().(*tensor.Dense)
	}
	switch data := v.Data().(type) {
	case float32:
		return []float64{float64(data)}
	case float64:
		return []float64{data}
	case []float64:
		return slices.Clone(data)
	case []float32:
		wide := make([]float64, len(data))
		for i, x := range data {
			wide[i] = float64(x)
		}
		return wide
	}
	panic(fmt.Sprintf("graphtest: a value of dtype %v", v.Dtype()))
}

// compare says where two values first differ. To it, unlike to tensor.Shape.Eq, (n) and (n, 1) are two shapes.
func compare(got, want G.Value, tolerance float64) error {
	if !slices.Equal(got.Shape(), want.Shape()) || got.Dtype() != want.Dtype() {
		return fmt.Errorf("shape %v of %v, want %v of %v", got.Shape(), got.Dtype(), want.Shape(), want.Dtype())
	}
	expected := numbers(want)
	for i, x := range numbers(got) {
		y := expected[i]
		if x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= tolerance*max(1, math.Abs(y)) && !math.IsInf(y, 0) {
			continue
		}
		at, _ := tensor.Itol(i, want.Shape(), want.Shape().CalcStrides())
		return fmt.Errorf("at %v: %v, want %v", at, x, y)
	}
	return nil
}

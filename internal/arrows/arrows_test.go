package arrows

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var load = sync.OnceValues(func() (*Module, error) { return Load("../..") })

func TestModuleKeepsItsArrows(t *testing.T) {
	m, err := load()
	require.NoError(t, err)
	require.Contains(t, paths(m), "internal/op", "the module was not read")
	require.Contains(t, paths(m), "layers", "the module was not read")
	require.Empty(t, append(m.Imports(), m.Identifiers()...))
}

func paths(m *Module) []string {
	var all []string
	for _, p := range m.Packages {
		all = append(all, p.Path)
	}
	return all
}

// Every rule is shown a package that breaks it and one that keeps it.
func TestRulesCatchWhatTheyForbid(t *testing.T) {
	const (
		g      = "import G \"gorgonia.org/gorgonia\"\n"
		module = "github.com/harmonium-go/harmonium/"
	)
	tests := []struct {
		name       string
		path, file string // of the package
		text       string // after the package clause
		want       string // part of the only fault; empty for none
	}{
		{"import to the right", "energy", "", `import _ "` + module + `layers"`, "energy imports " + module + "layers, which does not stand"},
		{"import to the left", "layers", "", `import _ "` + module + `energy"`, ""},
		{"import of a neighbour", "modernhopfield", "", `import _ "` + module + `dbn"`, "does not stand to its left"},
		{"import by the oracle", "internal/exact", "", `import _ "` + module + `internal/kernel"`, "does not stand to its left"},
		{"import of a test helper", "training", "", `import _ "` + module + `internal/stattest"`, "does not stand to its left"},
		{"example reads data", "examples/mnist", "", `import _ "` + module + `internal/dataset/mnist"`, ""},
		{"example measures", "examples/mnist", "", `import _ "` + module + `internal/evaluate"`, ""},
		{"measuring in the library", "training", "", `import _ "` + module + `internal/evaluate"`, "does not stand to its left"},
		{"model file from below", "energy", "", `import _ "` + module + `internal/modelfile"`, "does not stand to its left"},
		{"model file", "dbn", "", `import _ "` + module + `internal/modelfile"`, ""},
		{"package without a place", "internal/helpers", "", `var x = 1`, "has no place"},
		{"old math/rand", "training", "", "import \"math/rand\"\nvar x = rand.New(rand.NewSource(1))", "imports math/rand"},
		{"operating system's randomness", "sampling", "", `import _ "crypto/rand"`, "imports crypto/rand"},

		{"random source in energy", "energy", "", `import "` + module + "internal/rng\"\nvar x = rng.New(1, \"\")", "internal/rng.New: energy builds graphs"},
		{"random source in a layer", "layers", "rbm.go", `import "` + module + "internal/rng\"\nvar x = rng.New(1, \"\")", "internal/rng.New: layers builds graphs"},
		{"random source for parameters", "layers", "maker.go", `import "` + module + "internal/rng\"\nvar x = rng.New(1, \"\")", ""},
		{"random source of noise", "internal/op", "noise.go", `import "` + module + "internal/rng\"\nvar x = rng.New(1, \"\")", ""},
		{"seeded generator in energy", "energy", "", "import \"math/rand/v2\"\nvar x = rand.NewPCG(1, 2)", "math/rand/v2.NewPCG: energy builds graphs"},
		{"seeded generator in a sampler", "sampling", "", "import \"math/rand/v2\"\nvar x = rand.New(rand.NewPCG(1, 2)).IntN(3)", ""},
		{"global generator", "sampling", "", "import \"math/rand/v2\"\nvar x = rand.IntN(3)", "math/rand/v2.IntN draws"},

		{"machine in layers", "layers", "", g + "var x = G.NewTapeMachine(nil)", "gorgonia.NewTapeMachine: layers builds graphs"},
		{"machine held by layers", "layers", "", g + "var x G.VM", "gorgonia.VM: layers builds graphs"},
		{"machine by dot import", "energy", "", "import . \"gorgonia.org/gorgonia\"\nvar x = NewTapeMachine(nil)", "gorgonia.NewTapeMachine: energy builds graphs"},
		{"machine in training", "training", "", g + "var x = G.NewTapeMachine(nil)", ""},
		{"solver in layers", "layers", "", g + "var x = G.NewAdamSolver()", "gorgonia.NewAdamSolver: layers builds graphs"},
		{"solver in training", "training", "", g + "var x = G.NewAdamSolver()", ""},
		{"Lisp machine", "training", "", g + "var x = G.NewLispMachine(nil)", "gorgonia.NewLispMachine: it is wrong"},

		{"random op", "training", "", g + "func f() { G.GaussianRandomNode(nil, G.Float32, 0, 1, 2) }", "gorgonia.GaussianRandomNode draws"},
		{"random initialiser", "layers", "", g + "var x = G.GlorotU(1)", "gorgonia.GlorotU draws"},
		{"random tensor", "sampling", "", "import T \"gorgonia.org/tensor\"\nvar x = T.Random(T.Float32, 3)", "gorgonia.org/tensor.Random draws"},
		{"Gorgonia's dropout", "layers", "", g + "func f(n *G.Node) { G.Dropout(n, 0.5) }", "gorgonia.Dropout draws"},
		{"broken op", "energy", "", g + "func f(n *G.Node) { G.LogSumExp(n, 0) }", "gorgonia.LogSumExp: it gives wrong values"},
		{"broken op as a value", "dbn", "", g + "var x = G.OuterProd", "gorgonia.OuterProd: its gradient fails"},
		{"cloned graph", "training", "", g + "func f(g *G.ExprGraph) any { return g.Clone() }", "gorgonia.Clone: a copied graph"},
		{"cloned node", "training", "", g + "func f(n *G.Node) any { return n.Clone() }", ""},
		{"sound op", "energy", "", g + "func f(n *G.Node) { G.Sum(n) }", ""},

		{"clock as a seed", "training", "", "import \"time\"\nvar x = uint64(time.Now().UnixNano())", "time.Time.UnixNano makes a number"},
		{"clock for progress", "training", "", "import \"time\"\nvar start = time.Now()\nfunc f() time.Duration { return time.Since(start) }", ""},

		{"Use in an init", "machine", "", g + "func init() { G.Use(nil) }", "machine.init reaches gorgonia.org/gorgonia.Use"},
		{"Use below an init", "machine", "", g + "func init() { a() }\nfunc a() { b() }\nfunc b() { G.Use(nil) }", "machine.init reaches gorgonia.org/gorgonia.Use"},
		{"Use in a variable", "machine", "", g + "var _ = func() int { G.Use(nil); return 0 }()", "machine (package variables) reaches gorgonia.org/gorgonia.Use"},
		{"tensor's Use in an init", "machine", "", "import T \"gorgonia.org/tensor\"\nfunc init() { T.Use(nil) }", "machine.init reaches gorgonia.org/tensor.Use"},
		{"Use on request", "machine", "", g + "func Use() { G.Use(nil) }", ""},
	}
	whole, err := load()
	require.NoError(t, err)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := test.file
			if file == "" {
				file = "broken.go"
			}
			p, err := whole.check(test.path, map[string]string{file: "package p\n" + test.text + "\n"})
			require.NoError(t, err)
			broken := &Module{Path: whole.Path, Packages: []*Package{p}, fset: whole.fset}
			faults := append(broken.Imports(), broken.Identifiers()...)
			if test.want == "" {
				require.Empty(t, faults)
				return
			}
			require.Len(t, faults, 1)
			require.Contains(t, faults[0], test.want)
		})
	}
}

func TestRandV1IsCaughtInTestFiles(t *testing.T) {
	m := &Module{Path: "m", Packages: []*Package{{Path: "layers", TestImports: []string{"math/rand"}}}}
	require.Equal(t, []string{"m/layers imports math/rand"}, m.Imports())
	m.Packages[0].TestImports = []string{"math/rand/v2", "m/training"}
	require.Empty(t, m.Imports())
}

func TestLoadReportsWhatDoesNotCompile(t *testing.T) {
	_, err := Load(t.TempDir()) // no module there
	require.ErrorContains(t, err, "arrows: go list")
}

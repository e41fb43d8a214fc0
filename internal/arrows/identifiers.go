package arrows

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
)

const (
	gorgonia = "gorgonia.org/gorgonia"
	tensor   = "gorgonia.org/tensor"
	random   = "math/rand/v2"
)

// graphBuilders only build graphs: they have no source of random numbers, no machine and no solver.
var graphBuilders = []string{"internal/op", "energy", "layers"}

// randomFiles are the files of graph builders that may draw: initial parameters, and the noise ops that a seed and a step fix.
var randomFiles = []string{"internal/op/noise.go", "layers/maker.go"}

// machines run graphs, solvers step parameters.
var (
	machines = []string{"NewTapeMachine", "NewLispMachine", "VM", "VMOpt"}
	solvers  = []string{"Solver", "SolverOpt", "NewAdaGradSolver", "NewAdamSolver", "NewAdamW", "NewBarzilaiBorweinSolver", "NewMomentum", "NewRMSPropSolver",
		"NewVanillaSolver"}
)

// unseeded names draw from generators that are seeded by the clock, or by nobody.
var unseeded = map[string][]string{
	gorgonia: {"UniformRandomNode", "GaussianRandomNode", "BinomialRandomNode", "Dropout", "WithInit",
		"Gaussian", "Gaussian32", "Gaussian64", "Uniform", "Uniform32", "Uniform64", "Binomial32", "Binomial64",
		"GlorotN", "GlorotU", "GlorotEtAlN32", "GlorotEtAlN64", "GlorotEtAlU32", "GlorotEtAlU64",
		"HeN", "HeU", "HeEtAlN64", "HeEtAlU64"},
	tensor: {"Random"},
	random: {"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64", "Perm", "Shuffle",
		"Uint", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN"},
}

// broken names of Gorgonia give wrong values or wrong gradients, or spoil what other graphs share.
var broken = map[string]string{
	"LogSumExp":          "it gives wrong values for vectors and none for matrices",
	"Sparsemax":          "it is wrong along the first axis",
	"OuterProd":          "its gradient fails",
	"Log2":               "its gradient is wrong",
	"InverseSqrt":        "its gradient is wrong",
	"SoftMax":            "it merges with LogSoftMax of the same node",
	"LogSoftMax":         "it merges with SoftMax of the same node",
	"NewLispMachine":     "it is wrong for several ops",
	"UnbindAll":          "it poisons the pool of tensors that all graphs share",
	"UnbindAllNonInputs": "it poisons the pool of tensors that all graphs share",
	"Clone":              "a copied graph no longer shares its parameters' memory",
}

// clockNumbers turn the clock into a number, which is how a clock becomes a seed. Durations, for progress, are free.
var clockNumbers = []string{"Unix", "UnixMilli", "UnixMicro", "UnixNano", "Nanosecond", "MarshalBinary", "GobEncode"}

// Identifiers returns the uses of names that the architecture forbids, one a line of text with its place.
func (m *Module) Identifiers() []string {
	var faults []string
	for _, p := range m.Packages {
		for _, f := range p.files {
			file := filepath.ToSlash(m.fset.Position(f.Pos()).Filename)
			ast.Inspect(f, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					if fault := m.fault(p, file, p.info.Uses[id]); fault != "" {
						faults = append(faults, fmt.Sprintf("%s: %s", m.fset.Position(id.Pos()), fault))
					}
				}
				return true
			})
		}
	}
	faults = append(faults, m.useInInit()...)
	slices.Sort(faults)
	return faults
}

// fault says what is wrong with using an object in a file, or nothing.
func (m *Module) fault(p *Package, file string, used types.Object) string {
	if used == nil || used.Pkg() == nil {
		return ""
	}
	from, name := used.Pkg().Path(), used.Name()
	builder := slices.Contains(graphBuilders, p.Path)
	owner := receiver(used)
	switch {
	case builder && (from == random || from == m.above("internal/rng")) && !slices.Contains(randomFiles, file):
		return fmt.Sprintf("%s.%s: %s builds graphs and draws no random numbers here", from, name, p.Path)
	case builder && from == gorgonia && (slices.Contains(machines, name) || slices.Contains(solvers, name)):
		return fmt.Sprintf("gorgonia.%s: %s builds graphs and neither runs nor steps them", name, p.Path)
	case owner == "" && slices.Contains(unseeded[from], name):
		return fmt.Sprintf("%s.%s draws random numbers that no seed of ours fixes", from, name)
	case from == gorgonia && (owner == "" || owner == "ExprGraph") && broken[name] != "":
		return fmt.Sprintf("gorgonia.%s: %s", name, broken[name])
	case from == "time" && owner == "Time" && slices.Contains(clockNumbers, name):
		return fmt.Sprintf("time.Time.%s makes a number of the clock; seeds are passed in", name)
	}
	return ""
}

// receiver is the name of the type that a method belongs to, empty for what is no method.
func receiver(o types.Object) string {
	f, ok := o.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return ""
	}
	t := f.Signature().Recv().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return "?"
}

// useInInit finds the inits and the initial values of package variables that reach gorgonia.Use or tensor.Use, which change
// every graph of the process: importing a package must not. Reaching means naming a function that names one, and so on.
func (m *Module) useInInit() []string {
	names := make(map[string][]string) // function, or package variables, to the functions that it names
	var roots []string
	for _, p := range m.Packages {
		for _, f := range p.files {
			for _, decl := range f.Decls {
				from := m.above(p.Path) + " (package variables)"
				if function, ok := decl.(*ast.FuncDecl); ok {
					from = p.info.Defs[function.Name].(*types.Func).FullName()
					if function.Recv == nil && function.Name.Name == "init" {
						roots = append(roots, from)
					}
				} else {
					roots = append(roots, from)
				}
				ast.Inspect(decl, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						if used, ok := p.info.Uses[id].(*types.Func); ok {
							names[from] = append(names[from], used.FullName())
						}
					}
					return true
				})
			}
		}
	}
	var faults []string
	seen := make(map[string]bool)
	var visit func(root, function string)
	visit = func(root, function string) {
		if function == gorgonia+".Use" || function == tensor+".Use" {
			faults = append(faults, fmt.Sprintf("%s reaches %s: importing the package must not change every graph of the process", root, function))
			return
		}
		if seen[function] {
			return
		}
		seen[function] = true
		for _, next := range names[function] {
			visit(root, next)
		}
	}
	for _, root := range roots {
		clear(seen)
		visit(root, root)
	}
	return slices.Compact(faults)
}

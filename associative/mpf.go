package associative

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/optimize"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// MPF is minimum probability flow: couplings for which probability would flow away from the patterns as slowly as can be,
//
//	K(W, b) = Σ_p a_p Σ_i exp((E(y_p) − E(y_p^i))/2) + λ/2 Σ_ij w_ij²  →  min        W = Wᵀ, w_ii = 0
//
// y^i being y with unit i flipped, and the a_p adding up to 1. K is convex. A pattern that is not stable adds at least a_p to the first sum,
// which therefore can fall to 0 exactly where all patterns can be stable. Random ones can be well beyond one a unit: in networks of 64 and
// of 100 units 1.4 patterns a unit were all stored in each of 16 trials, and 1.7 in none. Where not all can be stable, the minimum weighs
// them by their importance. A little Decay makes the basins larger. Where patterns are samples of a network, the minimum tends to that
// network as the samples grow many.
//
// K is a graph (see energy.Quadratic.ProbabilityFlow), its gradient is Gorgonia's, and it is minimised by L-BFGS. Patterns that can all be
// stable have their minimum at infinity, without Decay: K falls to 0, and learning ends by the Tolerance.
//
// Sources: J. Sohl-Dickstein, P. Battaglino, M. DeWeese, Physical Review Letters 107 (2011), 220601; C. Hillar, J. Sohl-Dickstein,
// K. Koepsell, "Efficient and Optimal Binary Hopfield Associative Memory Storage Using Minimum Probability Flow", arXiv:1204.2916 (2012).
type MPF struct {
	// Iterations of L-BFGS are made at most; 0 means 1000.
	Iterations int
	// Tolerance ends learning once no number of the gradient of K exceeds it; 0 means 1e-6.
	Tolerance float64
	// Decay is λ. Biases do not decay: that of a unit which is the same in all patterns grows until the Tolerance is reached.
	Decay float64
	// Bias makes the network learn biases too.
	Bias bool
	// Importance is a_p but for a factor, one number a pattern, at least 0. nil means 1 each.
	Importance []float64
}

// String is "MPF".
func (r MPF) String() string { return "MPF" }

// Learn makes the network. Learning ends when the Tolerance is reached, when rounding leaves no lower K to be found, or with the
// Iterations; the lowest K counts. Errors: see Rule; ErrShape, ErrRange and ErrNotFinite for Importance; context's error when it ends.
// Cost of an iteration: mostly 4·P·n² multiplications and P·n exponentials.
func (r MPF) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Hopfield, error) { return nil, fmt.Errorf("associative: MPF: Learn: %w", err) }
	shares, err := sharesOf(r.Importance, p)
	if err == nil {
		err = cmp.Or(validCount("Iterations", r.Iterations), validPositive("Tolerance", r.Tolerance), validPositive("Decay", r.Decay))
	}
	if err != nil {
		return fail(err)
	}
	f, err := r.flow(x, shares, n)
	if err != nil {
		return fail(err)
	}
	defer f.vm.Close()
	start := make([]float64, n*n, n*n+n)
	if r.Bias {
		start = start[:n*n+n]
	}
	best, err := optimize.Minimize(optimize.Problem{
		Func: f.cost, Grad: f.gradient,
		Status: func() (optimize.Status, error) {
			if err := cmp.Or(ctx.Err(), f.err); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}, start, &optimize.Settings{
		MajorIterations:   1 + cmp.Or(r.Iterations, 1000), // it counts the start
		GradientThreshold: cmp.Or(r.Tolerance, 1e-6), Converger: optimize.NeverTerminate{},
	}, &optimize.LBFGS{})
	if stopped := cmp.Or(ctx.Err(), f.err); stopped != nil {
		return fail(stopped)
	}
	if best == nil {
		return fail(err)
	}
	m := best.X[:n*n] // err is a line search that found nothing lower
	clearDiagonal(m, n)
	symmetrize(m, n)
	var config HopfieldConfig
	if r.Bias {
		config.Bias = best.X[n*n:]
	}
	return found(r, m, n, 1, config)
}

// flow is the graph of K, compiled.
type flow struct {
	vm         *machine.Machine
	k          *G.Node
	params     []*G.Node // W, and b where biases are learned
	at, slopes []float64 // the parameters of the last run, one behind the other, and the gradient there
	value      float64
	err        error
}

func (r MPF) flow(x, shares []float64, n int) (*flow, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g, f := G.NewGraph(), &flow{}
	input := func(name string, values []float64, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float64, len(shape), G.WithName(name), G.WithShape(shape...),
			G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))))
	}
	w, b := input("W", make([]float64, n*n), n, n), input("b", make([]float64, n), n)
	f.params = []*G.Node{w}
	if r.Bias {
		f.params = append(f.params, b)
	}
	couplings, err := op.Couplings(w, nil)
	if err != nil {
		return nil, err
	}
	var sum op.Terms
	rows, err := energy.Quadratic{Units: energy.Spin(n), W: couplings, B: b}.ProbabilityFlow(input("patterns", slices.Clone(x), len(shares), n))
	if err != nil {
		return nil, err
	}
	sum.Add(1)(op.WeightedMean(rows, input("shares", shares, len(shares))))
	if r.Decay > 0 {
		sum.Add(r.Decay / 2)(op.SquaredDistance(couplings, 0))
	}
	if f.k, err = sum.Build(); err != nil {
		return nil, err
	}
	if _, err := G.Grad(f.k, f.params...); err != nil {
		return nil, err
	}
	f.vm, err = machine.New(g, machine.Config{Outputs: G.Nodes{f.k}, Wrt: f.params})
	return f, err
}

// run computes K and its gradient, unless it is there already.
func (f *flow) run(at []float64) {
	if f.err != nil || slices.Equal(at, f.at) {
		return
	}
	f.at = append(f.at[:0], at...)
	for _, p := range f.params {
		at = at[copy(p.Value().Data().([]float64), at):]
	}
	if f.err = f.vm.RunAll(); f.err != nil {
		return
	}
	f.value, f.slopes = float64(*f.vm.Value(f.k).(*G.F64)), f.slopes[:0]
	for _, p := range f.params {
		slope, err := p.Grad()
		if err != nil {
			f.err = err
			return
		}
		f.slopes = append(f.slopes, slope.Data().([]float64)...)
	}
	if !kernel.AllFinite(f.slopes) {
		clear(f.slopes) // where K overflows there is no slope, and K alone keeps the line search away
	}
}

func (f *flow) cost(at []float64) float64 {
	f.run(at)
	return f.value
}

func (f *flow) gradient(dst, at []float64) {
	f.run(at)
	copy(dst, f.slopes)
}

package associative

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// LinearDescent learns a linear associator by gradient descent on the total quadratic error,
//
//	E(W) = ½ Σ_p |x_pW − y_p|²        W ← W − Rate·∂E/∂W
//
// from W = 0, all pairs in every step. So W stays in the span of the patterns and goes to Pseudoinverse(x, y), whatever the rank of
// x, if and only if Rate is below 2/σ², σ the largest singular value of X: each step multiplies what is missing along a singular
// vector of value s by 1 − Rate·s². The zero value takes the best constant rate.
//
// The error is a Gorgonia graph and its gradient is gorgonia.Grad's, run by package machine: what it is to be learned instead of the
// quadratic error is changed in one place.
//
// Sources: B. Widrow, M. E. Hoff, "Adaptive Switching Circuits", WESCON 1960 (pair by pair); R. Rojas, "Neural Networks", 1996, § 12.4;
// B. T. Polyak, "Introduction to Optimization", 1987, § 1.4 on the rate.
type LinearDescent struct {
	// Rate is the size of the steps, below 2/σ². 0 means 2/(σ² + s²), s the smallest singular value of X that is not 0, which shortens
	// the error of W by (σ² − s²)/(σ² + s²) a step or better: no constant rate does more for every y.
	Rate float64
	// Epochs ends a descent that has not converged; 0 means 10,000. An epoch is one step.
	Epochs int
	// Tolerance ends the descent where |∂E/∂W| is at most Tolerance times what it was at W = 0; 0 means 1e-10. Then W is off
	// X⁺Y by at most |∂E/∂W| / s².
	Tolerance float64
}

// LinearDescentReport says how a descent went.
type LinearDescentReport struct {
	Rate      float64   // of the steps
	Errors    []float64 // E(W) before each step, and at the end: the total quadratic error
	Gradient  float64   // |∂E/∂W| at the end
	Converged bool      // Gradient is within the tolerance
}

// Epochs is the number of steps made.
func (r *LinearDescentReport) Epochs() int { return max(0, len(r.Errors)-1) }

// Learn descends for the pairs of rows of x, (P, n), and y, (P, k), any numbers of float32 or float64, in float64. When ctx ends it
// returns the associator and the report so far with ctx's error.
//
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrRange for an x of zeros; ErrConfig, also for a Rate that does not converge. Cost: the singular
// values of X, and 2·P·n·k an epoch.
func (d LinearDescent) Learn(ctx context.Context, x, y *tensor.Dense) (*Linear, *LinearDescentReport, error) {
	fail := func(err error) (*Linear, *LinearDescentReport, error) {
		return nil, nil, fmt.Errorf("associative: LinearDescent: Learn: %w", err)
	}
	xs, ys, n, k, err := pairsOf(x, y, 0, 0, matrix.Of, matrix.Of)
	if err != nil {
		return fail(err)
	}
	if d, err = d.resolved(xs, n); err != nil {
		return fail(err)
	}
	rows := len(xs) / n
	w := make([]float64, n*k)
	g, err := newDescentGraph(matrix.Tensor(tensor.Float64, xs, rows, n), matrix.Tensor(tensor.Float64, ys, rows, k),
		matrix.Tensor(tensor.Float64, w, n, k))
	if err != nil {
		return fail(err)
	}
	defer g.vm.Close()
	report := &LinearDescentReport{Rate: d.Rate}
	for first := 0.0; ; {
		total, gradient, err := g.run()
		if err != nil {
			return fail(err)
		}
		report.Errors = append(report.Errors, total)
		report.Gradient = math.Sqrt(kernel.SumSquares(gradient, 0))
		if report.Epochs() == 0 {
			first = report.Gradient
		}
		if math.IsInf(total, 0) || math.IsNaN(total) || math.IsInf(report.Gradient, 0) || math.IsNaN(report.Gradient) {
			return fail(fmt.Errorf("after %d epochs the error is %g and its gradient %g: %w", report.Epochs(), total, report.Gradient,
				energy.ErrNotFinite))
		}
		report.Converged = report.Gradient <= d.Tolerance*first
		if report.Converged || report.Epochs() == d.Epochs {
			return newLinear(w, n, k), report, nil
		}
		if err := ctx.Err(); err != nil {
			return newLinear(w, n, k), report, fmt.Errorf("associative: LinearDescent: Learn: stopped after %d epochs: %w", report.Epochs(), err)
		}
		kernel.Axpy(-d.Rate, gradient, w)
	}
}

// resolved checks the settings and fills in what is 0.
func (d LinearDescent) resolved(x []float64, n int) (LinearDescent, error) {
	switch {
	case d.Epochs < 0:
		return d, fmt.Errorf("Epochs is %d, want at least 1, or 0 for 10,000: %w", d.Epochs, energy.ErrConfig)
	case !(d.Tolerance >= 0 && d.Tolerance < 1):
		return d, fmt.Errorf("Tolerance is %g, want a number in (0, 1), or 0 for 1e-10: %w", d.Tolerance, energy.ErrConfig)
	}
	rows := len(x) / n
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(rows, n, x), mat.SVDNone) {
		return d, fmt.Errorf("x: the singular values were not found: %w", energy.ErrNotFinite)
	}
	s := svd.Values(nil)
	rank := rankOf(s, rows, n, 0)
	if rank == 0 {
		return d, fmt.Errorf("x: every number is 0, want patterns: %w", energy.ErrRange)
	}
	largest, smallest := s[0]*s[0], s[rank-1]*s[rank-1]
	switch bound := 2 / largest; {
	case !(d.Rate >= 0 && d.Rate < bound):
		return d, fmt.Errorf("Rate is %g, want less than 2/σ² = %g, σ the largest singular value of x, or 0 for the best: %w", d.Rate, bound,
			energy.ErrConfig)
	case d.Rate == 0:
		d.Rate = 2 / (largest + smallest)
	}
	if d.Epochs == 0 {
		d.Epochs = 10000
	}
	if d.Tolerance == 0 {
		d.Tolerance = 1e-10
	}
	return d, nil
}

// descentGraph is E(W), compiled. W's memory is the associator's.
type descentGraph struct {
	vm      *machine.Machine
	w, cost *G.Node
}

func newDescentGraph(x, y, w *tensor.Dense) (*descentGraph, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g := G.NewGraph()
	input := func(name string, t *tensor.Dense) *G.Node {
		return G.NewMatrix(g, tensor.Float64, G.WithName(name), G.WithShape(t.Shape()...), G.WithValue(t))
	}
	d := &descentGraph{w: input("W", w)}
	var err error
	if d.cost, err = quadraticError(input("x", x), input("y", y), d.w); err != nil {
		return nil, err
	}
	if _, err := G.Grad(d.cost, d.w); err != nil {
		return nil, err
	}
	d.vm, err = machine.New(g, machine.Config{Outputs: G.Nodes{d.cost}, Wrt: G.Nodes{d.w}})
	return d, err
}

// quadraticError builds ½ Σ_p |x_pW − y_p|²: (P, n), (P, k) and (n, k) give a scalar.
func quadraticError(x, y, w *G.Node) (*G.Node, error) {
	outputs, err := op.Gemm(x, w, false, false)
	if err != nil {
		return nil, err
	}
	missing, err := op.Combine([]float64{1, -1}, outputs, y)
	if err != nil {
		return nil, err
	}
	sum, err := op.SquaredDistance(missing, 0)
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{0.5}, sum)
}

// run returns E(W) and its gradient, which is valid until the next run.
func (g *descentGraph) run() (total float64, gradient []float64, err error) {
	if err := g.vm.RunAll(); err != nil {
		return 0, nil, err
	}
	slope, err := g.w.Grad()
	if err != nil {
		return 0, nil, err
	}
	return g.vm.Value(g.cost).Data().(float64), slope.(*tensor.Dense).Float64s(), nil
}

package modernhopfield

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// PatternSearch is the way back from a harmonium of n Spin visible and p Gaussian hidden units to a Hopfield network: it looks for
// an invertible X such that WX consists of patterns of −1 and 1,
//
//	WX = sgn(WX)
//
// by gradient descent on |WX − tanh(bWX)|²_F from random starts. Since the search is over all X, only the span of the columns
// of W matters, and W is replaced by an orthonormal basis of it first, on which one step size suits all directions. Each column
// is a search of its own. A round starts p of them, orthogonal to the patterns that were found already. A search has succeeded
// when its pattern lies in the span to within Tolerance, and p such patterns are what the machine stores.
//
// How often a search succeeds depends on the load p/n, as recall in the Hopfield network does. Of random patterns, with the default
// settings, all were found for 10 of 10 seeds at n = 100 with p = 5, 10 and 15 and at n = 784 with p = 10 and 50; for 8 of 10 at
// n = 100, p = 20; at n = 784, p = 80 hardly any was. Correlated patterns are harder to come by at random, and starts from data
// help: of 50 stored MNIST digits 3 were found from random starts, and 49 when Starts held 1,000 digits of the test set (all 50
// with Sharpness 20).
//
// The weights of a trained machine have no such patterns; the nearest are then returned with their residuals.
//
// Source: M. Smart, A. Zilman, "On the mapping between Hopfield networks and restricted Boltzmann machines", ICLR 2021;
// their program has b from 200 to 2000, rate 0.02 to 0.05, 200 steps, and starts at X drawn from [−1, 1].
type PatternSearch struct {
	Sharpness float64 // b; 0 means 200
	Rate      float64 // of the descent; 0 means 0.05
	Steps     int     // of the descent; 0 means 200
	Rounds    int     // at most so many rounds of p searches; 0 means 20
	Seed      uint64  // of the starts
	// Tolerance is how far a pattern s may be from the span of W, as the root mean square of s − WX over its units; 0 means 1e-6
	// in float64 and 1e-4 in float32.
	Tolerance float64
	// Starts are visible states, (rows, n), whose projections are the first starts, in the order of the rows: data, for a trained
	// machine. nil starts at random only.
	Starts *tensor.Dense
}

// FoundPatterns is what a PatternSearch found: the patterns in the span of W in the order in which they were found, then others,
// the nearest to the span first.
type FoundPatterns struct {
	// Patterns is (k, n), −1 and 1, in float64: linearly independent, each up to its sign. k is p where WX = sgn(WX) was
	// solved, and at most p otherwise.
	Patterns *tensor.Dense
	// X is (p, k) in float64, for the machine's W as it stands: column i of WX is the point of the span nearest to pattern i.
	X *tensor.Dense
	// Residuals are the root mean squares of Patternsᵀ − WX in each pattern, in [0, 1].
	Residuals []float64
	// Exact is how many of the patterns, the first ones, lie in the span to within Tolerance.
	Exact int
	// Rounds is how many rounds were taken.
	Rounds int
}

// Find searches. Errors: ErrConfig for another kind of machine or setting, for p ≥ n and for a W whose columns are linearly
// dependent; what Units.Check says of the starts. Cost of a round: two (p×p)·(p×n) products a step.
func (s PatternSearch) Find(m *layers.RBM) (*FoundPatterns, error) {
	fail := func(err error) (*FoundPatterns, error) {
		return nil, fmt.Errorf("modernhopfield: PatternSearch: Find: %w", err)
	}
	if err := s.check(m); err != nil {
		return fail(err)
	}
	s = s.defaults(m.Dtype())
	n, p := m.Visible().Len(), m.Hidden().Len()
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(n, p, m.Param("W").Float64s()), mat.SVDThin) {
		return fail(fmt.Errorf("the singular values of W were not found: %w", energy.ErrNotFinite))
	}
	sizes := svd.Values(nil)
	if !(sizes[p-1] > 1e-7*sizes[0]) {
		return fail(fmt.Errorf("the columns of W are linearly dependent: its singular values go from %.4g down to %.4g: %w", sizes[0], sizes[p-1], energy.ErrConfig))
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	run := &patternRun{PatternSearch: s, n: n, p: p, basis: u.RawMatrix().Data}
	if s.Starts != nil {
		var err error
		if run.given, _, err = matrix.Of(s.Starts, n); err != nil {
			return fail(fmt.Errorf("Starts: %w", err))
		}
	}
	run.search()

	found := &FoundPatterns{Exact: run.exact, Rounds: run.rounds}
	k := len(run.accepted)
	patterns, x := make([]float64, 0, k*n), mat.NewDense(p, k, nil)
	for i, c := range run.accepted {
		patterns = append(patterns, c.pattern...)
		found.Residuals = append(found.Residuals, c.residual)
		x.SetCol(i, c.coordinates)
	}
	// W = UΣVᵀ, so the X of W is VΣ⁻¹ times that of U.
	for i := range p {
		for j := range k {
			x.Set(i, j, x.At(i, j)/sizes[i])
		}
	}
	var turned mat.Dense
	turned.Mul(&v, x)
	found.Patterns = matrix.Tensor(tensor.Float64, patterns, k, n)
	found.X = matrix.Tensor(tensor.Float64, turned.RawMatrix().Data, p, k)
	return found, nil
}

func (s PatternSearch) check(m *layers.RBM) error {
	if m == nil {
		return fmt.Errorf("no machine given: %w", energy.ErrConfig)
	}
	v, h := m.Visible(), m.Hidden()
	if !slices.Equal(v.Families(), []string{"Spin"}) || !slices.Equal(h.Families(), []string{"Gaussian"}) {
		return fmt.Errorf("RBM %q has units %v and %v, want Spin visible and Gaussian hidden units: %w", m.Name(), v, h, energy.ErrConfig)
	}
	if h.Len() >= v.Len() {
		return fmt.Errorf("RBM %q has %d hidden and %d visible units, want fewer hidden ones: %w", m.Name(), h.Len(), v.Len(), energy.ErrConfig)
	}
	for _, setting := range []struct {
		name  string
		value float64
	}{
		{"Sharpness", s.Sharpness}, {"Rate", s.Rate}, {"Tolerance", s.Tolerance}, {"Steps", float64(s.Steps)}, {"Rounds", float64(s.Rounds)},
	} {
		if !(setting.value >= 0) || math.IsInf(setting.value, 0) {
			return fmt.Errorf("%s is %g, want a positive number, or 0 for the default: %w", setting.name, setting.value, energy.ErrConfig)
		}
	}
	if s.Starts != nil {
		if err := v.Check(s.Starts); err != nil {
			return fmt.Errorf("Starts: %w", err)
		}
	}
	return nil
}

func (s PatternSearch) defaults(dtype tensor.Dtype) PatternSearch {
	if s.Sharpness == 0 {
		s.Sharpness = 200
	}
	if s.Rate == 0 {
		s.Rate = 0.05
	}
	if s.Steps == 0 {
		s.Steps = 200
	}
	if s.Rounds == 0 {
		s.Rounds = 20
	}
	if s.Tolerance == 0 && dtype == tensor.Float32 {
		s.Tolerance = 1e-4
	} else if s.Tolerance == 0 {
		s.Tolerance = 1e-6
	}
	return s
}

// candidate is where a search ended: a pattern, its coordinates in the orthonormal basis, and its distance from the span.
type candidate struct {
	pattern, coordinates []float64
	residual             float64
}

// patternRun is a search under way.
type patternRun struct {
	PatternSearch
	n, p     int
	basis    []float64 // U, (n, p)
	given    []float64 // the numbers of Starts
	accepted []candidate
	span     [][]float64 // orthonormal basis of the accepted coordinates
	near     []candidate // not exact ones
	exact    int
	rounds   int
}

// search takes rounds until p exact patterns are there, and then fills up with the nearest others.
func (r *patternRun) search() {
	for r.rounds < r.Rounds && len(r.accepted) < r.p {
		x := r.starts()
		r.descend(x)
		for _, c := range r.read(x) {
			if c.residual > r.Tolerance {
				r.near = append(r.near, c)
			} else {
				r.accept(c, 1e-6)
			}
		}
		r.rounds++
	}
	r.exact = len(r.accepted)
	slices.SortStableFunc(r.near, nearest)
	for _, c := range r.near {
		// Searches that end a bit apart are one and the same: their difference is no pattern of its own.
		r.accept(c, 0.1)
	}
}

func nearest(a, b candidate) int { return cmp.Compare(a.residual, b.residual) }

// accept takes a candidate whose coordinates are farther than a share of their length from the span of those accepted so far.
func (r *patternRun) accept(c candidate, share float64) {
	if len(r.accepted) == r.p {
		return
	}
	rest := slices.Clone(c.coordinates)
	length := math.Sqrt(kernel.SumSquares(rest, 0))
	r.project(rest)
	left := math.Sqrt(kernel.SumSquares(rest, 0))
	if !(left > share*length) {
		return
	}
	kernel.Scale(rest, rest, 1/left)
	r.accepted, r.span = append(r.accepted, c), append(r.span, rest)
}

// project takes off what lies in the span of the accepted coordinates; twice, since once leaves rounding behind.
func (r *patternRun) project(x []float64) {
	for range 2 {
		for _, e := range r.span {
			kernel.Axpy(-kernel.Dot(x, e), e, x)
		}
	}
}

// starts returns the coordinates of p starts, (p, p): of the next visible states of Starts, then random ones, of the length
// √n that patterns have. Starts orthogonal to the patterns found lead to others more often. But when one or two are missing,
// hardly any directions are left, and half of the starts come from anywhere.
func (r *patternRun) starts() []float64 {
	x := make([]float64, r.p*r.p)
	first := min(r.rounds*r.p, len(r.given)/r.n)
	given := min(r.p, len(r.given)/r.n-first)
	if given > 0 {
		kernel.Gemm(false, false, given, r.p, r.n, 1, r.given[first*r.n:], r.n, r.basis, r.p, false, x, r.p)
	}
	draws := rng.New(r.Seed, "pattern search")
	for k := range r.p {
		row := x[k*r.p : (k+1)*r.p]
		if k >= given {
			rng.Normal(draws.Row(k, uint64(r.rounds)), row)
			if r.p-len(r.accepted) > 2 || k%2 == 0 {
				r.project(row)
			}
		}
		if length := math.Sqrt(kernel.SumSquares(row, 0)); length > 0 {
			kernel.Scale(row, row, math.Sqrt(float64(r.n))/length)
		}
	}
	return x
}

// descend moves the rows x by gradient descent on |y − tanh(by)|², y = xUᵀ, whose gradient with regard to y is
// 2(y − tanh(by))(1 − b(1 − tanh²(by))).
func (r *patternRun) descend(x []float64) {
	y, g := make([]float64, r.p*r.n), make([]float64, r.p*r.n)
	b := r.Sharpness
	for range r.Steps {
		kernel.Gemm(false, true, r.p, r.n, r.p, 1, x, r.p, r.basis, r.p, false, y, r.n)
		kernel.Scale(g, y, b)
		kernel.Tanh(g, g)
		for i, t := range g {
			g[i] = (y[i] - t) * (1 - b*(1-t*t))
		}
		kernel.Gemm(false, false, r.p, r.p, r.n, -2*r.Rate, g, r.n, r.basis, r.p, true, x, r.p)
	}
}

// read takes the signs of xUᵀ for each row as a pattern.
func (r *patternRun) read(x []float64) []candidate {
	y := make([]float64, r.p*r.n)
	kernel.Gemm(false, true, r.p, r.n, r.p, 1, x, r.p, r.basis, r.p, false, y, r.n)
	for i, v := range y {
		y[i] = math.Copysign(1, v)
	}
	kernel.Gemm(false, false, r.p, r.p, r.n, 1, y, r.n, r.basis, r.p, false, x, r.p)
	all := make([]candidate, r.p)
	for k := range all {
		c := candidate{pattern: y[k*r.n : (k+1)*r.n], coordinates: x[k*r.p : (k+1)*r.p]}
		c.residual = r.distance(c)
		all[k] = c
	}
	return all
}

// distance is the root mean square of pattern − U·coordinates.
func (r *patternRun) distance(c candidate) float64 {
	in := make([]float64, r.n)
	kernel.Gemm(false, true, 1, r.n, r.p, 1, c.coordinates, r.p, r.basis, r.p, false, in, r.n)
	kernel.Subtract(in, in, c.pattern)
	return math.Sqrt(kernel.SumSquares(in, 0) / float64(r.n))
}

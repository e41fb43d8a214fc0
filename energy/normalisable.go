package energy

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// ErrUndecided is what Normalisable returns where it has found neither a proof that Z is finite nor one that it diverges.
var ErrUndecided = errors.New("not decided")

// Normalisable tells whether Z = ∫ exp(−E(v,h)) of an RBM of these sides and couplings is finite, which is so or not whatever the biases and
// the temperature are: nil where it is proved, an ErrConfig that says why Z diverges where that is proved, and ErrUndecided otherwise.
// w is (visible, hidden), row major; the log-variances are those of each unit, nil for variance 1. Unit by unit, within joined sides too:
//
//   - Bernoulli, Spin, OneHot and Binomial units are bounded and only shift the biases of others. A bounded side is always enough.
//   - Poisson × Poisson and Poisson × ReLU are finite if and only if W ≤ 0: then Z is at most that without W, and one W_ij > 0 makes
//     exp(exp(…)) of a count or a number that has no end.
//   - Poisson × Gaussian is finite if and only if W = 0.
//   - Gaussian and ReLU units together have the quadratic form ½xᵀSx, S = [[1, −A], [−Aᵀ, 1]] with A = diag(σ_v)·W·diag(σ_h). Between
//     Gaussian units Z is finite if and only if the largest singular value of A is below 1, that is, S is positive definite. ReLU units
//     have x ≥ 0 only. With the Gaussian units integrated out, which leaves a Schur complement S, Z is finite if xᵀSx > 0 for all such
//     x ≠ 0 (S is strictly copositive) and infinite if it is negative for one; on the border the biases decide. Copositivity is
//     co-NP-complete, so this is not decided always: proved finite where S is positive definite, or becomes so when its positive elements
//     off the diagonal are set to 0, which covers W ≤ 0; proved infinite where a search finds an x. If no element off the diagonal is
//     positive (W ≥ 0 between ReLU units), that condition is necessary too (Perron and Frobenius).
//
// Cost: one matrix product between the Gaussian units and n³/6 multiply-adds for n ReLU units and Gaussian units of the side that
// has fewer. Errors: ErrShape, ErrNotFinite, ErrConfig for units that are not valid.
func Normalisable(visible, hidden Units, w, visibleLogVariance, hiddenLogVariance []float64) error {
	if err := visible.Validate(); err != nil {
		return fmt.Errorf("visible: %w", err)
	}
	if err := hidden.Validate(); err != nil {
		return fmt.Errorf("hidden: %w", err)
	}
	for _, c := range []struct {
		name   string
		x      []float64
		want   int
		wanted bool
	}{
		{"W", w, visible.len * hidden.len, true},
		{"the visible log-variance", visibleLogVariance, visible.len, visibleLogVariance != nil},
		{"the hidden log-variance", hiddenLogVariance, hidden.len, hiddenLogVariance != nil},
	} {
		if c.wanted && len(c.x) != c.want {
			return fmt.Errorf("%s has %d numbers, want %d: %w", c.name, len(c.x), c.want, ErrShape)
		}
		if c.wanted && !kernel.AllFinite(c.x) {
			return fmt.Errorf("%s: %w", c.name, ErrNotFinite)
		}
	}
	if err := poissonPairs(visible, hidden, w); err != nil {
		return err
	}
	return quadraticPart(visible, hidden, w, visibleLogVariance, hiddenLogVariance)
}

// poissonPairs checks the signs of the couplings of Poisson units.
func poissonPairs(visible, hidden Units, w []float64) error {
	if !slices.Contains(append(visible.Families(), hidden.Families()...), "Poisson") {
		return nil
	}
	poissonV, poissonH := visible.Columns("Poisson"), hidden.Columns("Poisson")
	gaussianV, gaussianH := visible.Columns("Gaussian"), hidden.Columns("Gaussian")
	reluV, reluH := visible.Columns("ReLU"), hidden.Columns("ReLU")
	for i := range visible.len {
		for j := range hidden.len {
			switch x := w[i*hidden.len+j]; {
			case x != 0 && (poissonV[i] && gaussianH[j] || gaussianV[i] && poissonH[j]):
				return fmt.Errorf("Z is infinite: W between visible unit %d and hidden unit %d, a Poisson and a Gaussian one, is %g, want 0: %w", i, j, x, ErrConfig)
			case x > 0 && (poissonV[i] && (poissonH[j] || reluH[j]) || reluV[i] && poissonH[j]):
				return fmt.Errorf("Z is infinite: W between visible unit %d and hidden unit %d, a Poisson and another unit that has no bound, is %g, want at most 0: %w",
					i, j, x, ErrConfig)
			}
		}
	}
	return nil
}

// quadraticPart decides on the Gaussian and ReLU units.
func quadraticPart(visible, hidden Units, w, visibleLogVariance, hiddenLogVariance []float64) error {
	gv, rv := indices(visible.Columns("Gaussian")), indices(visible.Columns("ReLU"))
	gh, rh := indices(hidden.Columns("Gaussian")), indices(hidden.Columns("ReLU"))
	if len(gv)+len(rv) == 0 || len(gh)+len(rh) == 0 {
		return nil
	}
	scaled := func(i, j int) float64 {
		a := w[i*hidden.len+j]
		if visibleLogVariance != nil {
			a *= math.Exp(visibleLogVariance[i] / 2)
		}
		if hiddenLogVariance != nil {
			a *= math.Exp(hiddenLogVariance[j] / 2)
		}
		return a
	}
	at := scaled
	if len(gh) > len(gv) { // the Gaussian units of the side that has more are integrated out first, in closed form
		gv, rv, gh, rh = gh, rh, gv, rv
		at = func(i, j int) float64 { return scaled(j, i) }
	}
	s := newForm(gv, rv, gh, rh, at)
	if !s.eliminate(len(gh)) {
		return fmt.Errorf("Z is infinite: between the Gaussian units the largest singular value of diag(σ_v)·W·diag(σ_h) is not below 1: %w", ErrConfig)
	}
	s = s.rest(len(gh))
	switch {
	case s.n == 0 || s.clone(false).eliminate(s.n) || s.clone(true).eliminate(s.n):
		return nil
	case s.negative():
		return fmt.Errorf("Z is infinite: the couplings of the ReLU units are too strong, there are x ≥ 0 along which the energy falls without end: %w", ErrConfig)
	}
	return fmt.Errorf("whether Z is finite: the couplings of the ReLU units are too strong for a proof, and no x ≥ 0 was found along which the energy falls: %w", ErrUndecided)
}

func indices(marks []bool) (all []int) {
	for i, m := range marks {
		if m {
			all = append(all, i)
		}
	}
	return all
}

// form is a symmetric matrix of which the lower triangle counts.
type form struct {
	n int
	x []float64
}

func (s form) row(i int) []float64 { return s.x[i*s.n : (i+1)*s.n] }

// newForm returns S of the units gh, rv, rh, the units gv of the side of rv being integrated out: 1 − AᵀA between the units of the other
// side, A being the couplings of gv with these.
func newForm(gv, rv, gh, rh []int, at func(i, j int) float64) form {
	others := append(append([]int{}, gh...), rh...)
	s := form{n: len(others) + len(rv)}
	s.x = make([]float64, s.n*s.n)
	place := func(k int) int { // of others[k]
		if k < len(gh) {
			return k
		}
		return k + len(rv)
	}
	if len(gv) > 0 {
		a, product := make([]float64, len(gv)*len(others)), make([]float64, len(others)*len(others))
		for i, v := range gv {
			for k, h := range others {
				a[i*len(others)+k] = at(v, h)
			}
		}
		n := len(others)
		kernel.Gemm(true, false, n, n, len(gv), 1, a, n, a, n, false, product, n)
		for k := range n {
			for l := range n {
				s.row(place(k))[place(l)] = -product[k*n+l]
			}
		}
	}
	for i, v := range rv {
		for k, h := range others {
			r, c := len(gh)+i, place(k)
			s.row(r)[c], s.row(c)[r] = -at(v, h), -at(v, h)
		}
	}
	for i := range s.n {
		s.row(i)[i]++
	}
	return s
}

// eliminate takes the first k steps of Cholesky's decomposition S = LLᵀ in place. It is false if these k units alone are not positive
// definite.
func (s form) eliminate(k int) bool {
	for j := range k {
		pivot := s.row(j)[j] - kernel.SumSquares(s.row(j)[:j], 0)
		if !(pivot > 0) {
			return false
		}
		pivot = math.Sqrt(pivot)
		s.row(j)[j] = pivot
		for i := j + 1; i < s.n; i++ {
			row := s.row(i)
			row[j] = (row[j] - kernel.Dot(row[:j], s.row(j)[:j])) / pivot
		}
	}
	return true
}

// rest is the Schur complement that k steps of eliminate leave.
func (s form) rest(k int) form {
	r := form{n: s.n - k}
	r.x = make([]float64, r.n*r.n)
	for i := range r.n {
		for j := range i + 1 {
			x := s.row(k + i)[k+j] - kernel.Dot(s.row(k + i)[:k], s.row(k + j)[:k])
			r.row(i)[j], r.row(j)[i] = x, x
		}
	}
	return r
}

// clone copies the matrix, without its positive elements off the diagonal if it is told so.
func (s form) clone(negativeOnly bool) form {
	c := form{s.n, append([]float64{}, s.x...)}
	for i := range c.n {
		row := c.row(i)
		for j := range row {
			if negativeOnly && i != j && row[j] > 0 {
				row[j] = 0
			}
		}
	}
	return c
}

// negative looks for x ≥ 0 with xᵀSx < 0: among pairs of units, and by the steps x ← (cx − Sx)₊ of a projected power method, which never
// lower xᵀ(c − S)x/|x|² where c − S is positive definite.
func (s form) negative() bool {
	const steps = 500
	c := 0.0
	for i := range s.n {
		sum := 0.0
		for j, x := range s.row(i) {
			sum += math.Abs(x)
			if d, e := s.row(i)[i], s.row(j)[j]; i == j && x < 0 || i != j && x < 0 && d > 0 && e > 0 && x < -math.Sqrt(d*e)*(1+1e-12) {
				return true
			}
		}
		c = max(c, sum)
	}
	x, y := make([]float64, s.n), make([]float64, s.n)
	for i := range x {
		x[i] = 1 / math.Sqrt(float64(s.n))
	}
	for range steps {
		kernel.Gemm(false, false, s.n, 1, s.n, 1, s.x, s.n, x, 1, false, y, 1)
		if kernel.Dot(x, y) < -1e-12*c {
			return true
		}
		for i := range x {
			x[i] = max(0, c*x[i]-y[i])
		}
		norm := math.Sqrt(kernel.SumSquares(x, 0))
		kernel.Scale(x, x, 1/norm)
	}
	return false
}

package modernhopfield

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Regime tells over how many stored patterns an association averages: K is the smallest number of its weights that together hold
// 0.90 of their sum, out of N. K = 1 is the retrieval of a single pattern, K > N/2 a global average, and what lies between
// is a metastable state, an average over a group of similar patterns.
type Regime struct{ K, N int }

// heldMass is the share of the weights that K of them hold. A sum that rounding has kept below it by massSlack counts: float32 weights of
// a thousand patterns sum to 1 within some 1e-6.
const heldMass, massSlack = 0.90, 1e-6

// Single reports whether one pattern is retrieved.
func (r Regime) Single() bool { return r.K == 1 }

// Global reports whether more than half of the patterns take part: class I.
func (r Regime) Global() bool { return r.K > 1 && r.Class() == 1 }

// Metastable reports whether a group of patterns takes part, more than one and at most half.
func (r Regime) Metastable() bool { return r.K > 1 && r.Class() > 1 }

// Class is the class, I to IV, into which Ramsauer et al. put the heads of a transformer:
//
//	1: N/2 < K      2: N/8 < K ≤ N/2      3: N/32 < K ≤ N/8      4: K ≤ N/32
func (r Regime) Class() int {
	switch {
	case 2*r.K > r.N:
		return 1
	case 8*r.K > r.N:
		return 2
	case 32*r.K > r.N:
		return 3
	}
	return 4
}

// String describes the regime: "metastable state (k = 12 of 100, class III)".
func (r Regime) String() string {
	switch {
	case r.K == 0:
		return fmt.Sprintf("nothing (k = 0 of %d)", r.N)
	case r.Single():
		return fmt.Sprintf("single pattern (k = 1 of %d)", r.N)
	case r.Global():
		return fmt.Sprintf("global average (k = %d of %d)", r.K, r.N)
	}
	return fmt.Sprintf("metastable state (k = %d of %d, class %s)", r.K, r.N, [...]string{"I", "II", "III", "IV"}[r.Class()-1])
}

// Regimes returns the regime of each row of associations, weights of at least 0 whose last axis is the stored patterns: (batch, N)
// of a memory, (batch·heads, states, N) of a layer, or (N). Rows need not sum to 1; one of zeros only, such as a row that is
// masked throughout, has K = 0. Cost: a sort of each row.
//
// Source: Ramsauer et al. 2021, section 3 and appendix A.5.2, the analysis of the heads of BERT.
func Regimes(association *tensor.Dense) ([]Regime, error) {
	fail := func(err error) ([]Regime, error) { return nil, fmt.Errorf("modernhopfield: Regimes: %w", err) }
	if association == nil || association.IsScalar() || association.Shape().TotalSize() == 0 {
		return fail(fmt.Errorf("no association given, want shape (…, patterns): %w", energy.ErrShape))
	}
	n := association.Shape()[association.Dims()-1]
	if association.RequiresIterator() || !association.DataOrder().IsRowMajor() {
		return fail(fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps (clone it): %w", energy.ErrShape))
	}
	switch association.Dtype() {
	case tensor.Float32:
		return regimes(association.Float32s(), n)
	case tensor.Float64:
		return regimes(association.Float64s(), n)
	}
	return fail(fmt.Errorf("dtype %v, want float32 or float64: %w", association.Dtype(), energy.ErrDtype))
}

func regimes[T kernel.Float](weights []T, n int) ([]Regime, error) {
	found := make([]Regime, len(weights)/n)
	row := make([]T, n)
	for i := range found {
		copy(row, weights[i*n:])
		for j, w := range row {
			if !(w >= 0) || w-w != 0 {
				return nil, fmt.Errorf("modernhopfield: Regimes: row %d, weight %d is %v, want a number of at least 0: %w", i, j, w, energy.ErrRange)
			}
		}
		found[i] = regimeOf(row)
	}
	return found, nil
}

// regimeOf sorts the weights.
func regimeOf[T kernel.Float](weights []T) Regime {
	r := Regime{N: len(weights)}
	slices.Sort(weights)
	var total, sum float64
	for _, w := range weights {
		total += float64(w)
	}
	for j := len(weights) - 1; j >= 0 && sum < (heldMass-massSlack)*total; j-- {
		sum += float64(weights[j])
		r.K++
	}
	return r
}

// MedianRegime is the regime with the median K of some, the lower one of two: that of a head, out of the regimes of its rows. It is
// the zero Regime of none.
//
// Source: Ramsauer et al. 2021, figure 2: heads are told apart by the median of K.
func MedianRegime(regimes []Regime) Regime {
	if len(regimes) == 0 {
		return Regime{}
	}
	sorted := slices.Clone(regimes)
	slices.SortStableFunc(sorted, func(a, b Regime) int { return a.K - b.K })
	return sorted[(len(sorted)-1)/2]
}

// HeadRegimes returns the regime of each head of a layer, the median over all states of all bags, of the weights that Association gives:
// (N·heads, L, S) with head h of bag n at index n·heads + h. Errors: those of Regimes, and ErrShape where the first axis is no multiple
// of the heads.
func HeadRegimes(association *tensor.Dense, heads int) ([]Regime, error) {
	all, err := Regimes(association)
	if err != nil {
		return nil, err
	}
	if s := association.Shape(); len(s) != 3 || heads < 1 || s[0]%heads != 0 {
		return nil, fmt.Errorf("modernhopfield: HeadRegimes: association has shape %v, want (bags·%d, states, patterns): %w", s, heads, energy.ErrShape)
	}
	states, own := association.Shape()[1], make([][]Regime, heads)
	for k, r := range all {
		h := k / states % heads
		own[h] = append(own[h], r)
	}
	medians := make([]Regime, heads)
	for h := range medians {
		medians[h] = MedianRegime(own[h])
	}
	return medians, nil
}

package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
)

var _ Observer = (*Moments)(nil)

// Moments accumulates means and second moments of the units over samples and chains, in float64, without keeping the states. Memory: one
// number a unit and chain, and the matrices asked for. Cost of a sample: a few passes over the states, and one product of
// (visible×chains)·(chains×n) for each matrix.
type Moments struct {
	Pairs    bool // also E[v_i v_j], (visible, visible)
	Products bool // also E[v_i h_j], (visible, hidden), the statistics of an RBM's W

	samples, chains int
	visible, hidden unitMoments
	pairs, products []float64
	rows            [2][]float64 // of the sample at hand, in float64
}

// Estimate is what samples say of each unit of one side.
type Estimate struct {
	Mean []float64

	// Variance is that of the unit in all samples, about their mean.
	Variance []float64

	// StandardError is that of Mean: the standard deviation of the means of the chains over √chains, so it counts what
	// samples of one chain have in common, but takes the chains for independent. Its own relative error is about 1/√(2·(chains−1)). NaN
	// for one chain: a Trace and StandardError are for that.
	StandardError []float64

	// EffectiveSampleSize is how many independent draws the samples are worth for the mean, Variance/StandardError²: NaN for one
	// chain, or where the unit never changed.
	EffectiveSampleSize []float64
}

// Observe satisfies Observer. Errors, which leave the moments as they are: ErrConfig without a state, or for Products of a model
// without hidden units; ErrShape for another number of chains or units than before; ErrDtype.
func (m *Moments) Observe(s *State) error {
	fail := func(err error) error { return fmt.Errorf("sampling: Moments: Observe: %w", err) }
	if s == nil || s.Visible == nil {
		return fail(fmt.Errorf("no state given: %w", energy.ErrConfig))
	}
	if m.Products && s.Hidden == nil {
		return fail(fmt.Errorf("Products cannot take effect on a state without hidden units: %w", energy.ErrConfig))
	}
	if m.samples > 0 && (s.Hidden != nil) != (m.hidden.mean != nil) {
		return fail(fmt.Errorf("hidden state given at some samples and not at others: %w", energy.ErrShape))
	}
	if s.Visible.Dims() != 2 {
		return fail(fmt.Errorf("visible state: shape %v, want (chains, visible): %w", s.Visible.Shape(), energy.ErrShape))
	}
	chains := m.chains
	if m.samples == 0 {
		chains = s.Visible.Shape()[0]
	}
	visible, err := inFloat64(&m.rows[0], s.Visible, chains, len(m.visible.mean))
	if err != nil {
		return fail(fmt.Errorf("visible state: %w", err))
	}
	var hidden []float64
	if s.Hidden != nil {
		if hidden, err = inFloat64(&m.rows[1], s.Hidden, chains, len(m.hidden.mean)); err != nil {
			return fail(fmt.Errorf("hidden state: %w", err))
		}
	}
	m.samples++
	m.chains = chains
	n := len(visible) / chains
	m.visible.add(visible, chains, m.samples)
	if m.Pairs {
		m.pairs = addProducts(m.pairs, visible, visible, chains, n, n)
	}
	if hidden != nil {
		m.hidden.add(hidden, chains, m.samples)
	}
	if m.Products {
		m.products = addProducts(m.products, visible, hidden, chains, n, len(hidden)/chains)
	}
	return nil
}

// inFloat64 returns the numbers of a (chains, n) state; n of 0 takes any.
func inFloat64(scratch *[]float64, x *tensor.Dense, chains, n int) ([]float64, error) {
	if n == 0 && x.Dims() == 2 {
		n = x.Shape()[1]
	}
	if err := fits(x, chains, n, x.Dtype()); err != nil {
		return nil, err
	}
	if chains < 1 || n < 1 {
		return nil, fmt.Errorf("shape %v, want at least one chain and one unit: %w", x.Shape(), energy.ErrShape)
	}
	switch x.Dtype() {
	case tensor.Float64:
		return op.Numbers[float64](x), nil
	case tensor.Float32:
		if len(*scratch) != chains*n {
			*scratch = make([]float64, chains*n)
		}
		kernel.Convert(*scratch, op.Numbers[float32](x))
		return *scratch, nil
	}
	return nil, fmt.Errorf("dtype %v, want float32 or float64: %w", x.Dtype(), energy.ErrDtype)
}

// addProducts adds aᵀb over chains.
func addProducts(sum, a, b []float64, chains, n, m int) []float64 {
	if sum == nil {
		sum = make([]float64, n*m)
	}
	kernel.Gemm(true, false, n, m, chains, 1, a, n, b, m, true, sum, m)
	return sum
}

// unitMoments are those of the units of a side. Means of the chains and sums of squares about the mean of all are updated as
// Welford and Chan et al. do, so that a large mean takes nothing from a small variance.
type unitMoments struct {
	mean, squares []float64 // of all samples of all chains
	chainMeans    []float64 // (chains, n)
}

// add takes the k-th sample.
//
// Source: T. Chan, G. Golub, R. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979), eq. 2.1.
func (u *unitMoments) add(x []float64, chains, k int) {
	n := len(x) / chains
	if u.mean == nil {
		u.mean, u.squares, u.chainMeans = make([]float64, n), make([]float64, n), make([]float64, len(x))
	}
	for i, v := range x {
		u.chainMeans[i] += (v - u.chainMeans[i]) / float64(k)
	}
	for j := range n {
		mean, squares := 0.0, 0.0 // of this sample
		for c := range chains {
			d := x[c*n+j] - mean
			mean += d / float64(c+1)
			squares += d * (x[c*n+j] - mean)
		}
		d := mean - u.mean[j]
		u.mean[j] += d / float64(k)
		u.squares[j] += squares + d*d*float64(chains)*float64(k-1)/float64(k)
	}
}

func (u *unitMoments) estimate(chains, samples int) Estimate {
	n := len(u.mean)
	e := Estimate{Mean: make([]float64, n), Variance: make([]float64, n), StandardError: make([]float64, n), EffectiveSampleSize: make([]float64, n)}
	copy(e.Mean, u.mean)
	for j := range n {
		e.Variance[j] = u.squares[j] / float64(chains*samples)
		spread := 0.0
		for c := range chains {
			d := u.chainMeans[c*n+j] - u.mean[j]
			spread += d * d
		}
		variance := spread / float64(chains-1) / float64(chains) // NaN for one chain
		if chains == 1 {
			variance = math.NaN()
		}
		e.StandardError[j] = math.Sqrt(variance)
		e.EffectiveSampleSize[j] = e.Variance[j] / variance
	}
	return e
}

// Samples returns how often the chains were looked at.
func (m *Moments) Samples() int { return m.samples }

// Visible returns the estimates of the visible units: without numbers before the first sample.
func (m *Moments) Visible() Estimate { return m.visible.estimate(m.chains, m.samples) }

// Hidden returns the estimates of the hidden units: without numbers for a model that has none.
func (m *Moments) Hidden() Estimate { return m.hidden.estimate(m.chains, m.samples) }

// VisiblePairs returns E[v_i v_j], (visible, visible) row by row, or nil without Pairs.
func (m *Moments) VisiblePairs() []float64 { return m.mean(m.pairs) }

// VisibleHidden returns E[v_i h_j], (visible, hidden) row by row, or nil without Products.
func (m *Moments) VisibleHidden() []float64 { return m.mean(m.products) }

func (m *Moments) mean(sum []float64) []float64 {
	if sum == nil {
		return nil
	}
	mean := make([]float64, len(sum))
	kernel.Scale(mean, sum, 1/float64(m.samples*m.chains))
	return mean
}

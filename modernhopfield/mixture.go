package modernhopfield

import (
	"fmt"
	"math"
	"sort"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// Mixture is the modern Hopfield network of N stored patterns x_i of d numbers as a probability distribution,
//
//	p(ξ) = exp(−βE(ξ)) / Z        E(ξ) = −β⁻¹ log Σ_i exp(β x_i·ξ) + ½|ξ|² + β⁻¹ log N + ½M²,  M = max_i |x_i|
//
// Completing the square in each term of the sum shows what it is, a mixture of Gaussians around the stored patterns in which
// long patterns weigh more,
//
//	p(ξ) = Σ_i w_i N(ξ; x_i, I/β)        w_i ∝ exp(β|x_i|²/2)
//
// so that it can be drawn from exactly, log Z is known, one update f(ξ) = Σ_i softmax_i(βXξ) x_i is the mean of x_i given ξ,
// and the score ∇log p(ξ) is β(f(ξ) − ξ). It is also a harmonium, see RBM. No other energy model of this library that is not
// enumerable has an exact sampler and an exact log Z: hold estimators against this one.
//
// All arithmetic is in float64, whatever the dtype of the patterns, and the weights are kept as logarithms, so that only what
// overflows β|x|² itself is too large. A Mixture is never changed and is safe for concurrent use.
//
// Sources: the energy is eq. 2 of H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021; models of this kind with
// a tractable likelihood are in T. Ota, R. Karakida, "Attention in a family of Boltzmann machines emerging from modern Hopfield
// networks", 2022.
type Mixture struct {
	patterns []float64 // (N, d)
	count    int       // N
	len      int       // d
	beta     float64
	dtype    tensor.Dtype

	halfLargest float64   // ½M²
	logWeights  []float64 // log w_i
	upTo        []float64 // Σ_{k≤i} w_k
	logZ        float64
}

// NewMixture makes the distribution of the stored patterns, a contiguous (N, d) tensor of float32 or float64, which is copied,
// at an inverse temperature β > 0. Errors: ErrShape, ErrDtype, ErrNotFinite, and ErrConfig for another β or a β|x|² that
// overflows.
func NewMixture(patterns *tensor.Dense, beta float64) (*Mixture, error) {
	fail := func(err error) (*Mixture, error) { return nil, fmt.Errorf("modernhopfield: NewMixture: %w", err) }
	if err := checkMatrix(patterns); err != nil {
		return fail(fmt.Errorf("patterns: %w", err))
	}
	if !(beta > 0) || math.IsInf(beta, 0) {
		return fail(fmt.Errorf("beta is %g, want a positive number: %w", beta, energy.ErrConfig))
	}
	m := &Mixture{count: patterns.Shape()[0], len: patterns.Shape()[1], beta: beta, dtype: patterns.Dtype()}
	m.patterns = float64sOf(patterns)
	m.logWeights, m.upTo = make([]float64, m.count), make([]float64, m.count)
	for i := range m.count {
		half := kernel.SumSquares(m.pattern(i), 0) / 2
		m.halfLargest = max(m.halfLargest, half)
		m.logWeights[i] = beta * half
		if math.IsInf(m.logWeights[i], 0) {
			return fail(fmt.Errorf("beta·|x|²/2 of pattern %d overflows at beta %g: %w", i, beta, energy.ErrConfig))
		}
	}

	// Relative to the largest, β½M², which E has already taken off: Z = (2π/β)^(d/2) · (1/N) Σ_i exp(β(|x_i|² − M²)/2).
	sum := 0.0
	for i := range m.logWeights {
		m.logWeights[i] -= beta * m.halfLargest
		sum += math.Exp(m.logWeights[i])
	}
	m.logZ = float64(m.len)/2*math.Log(2*math.Pi/beta) + math.Log(sum) - math.Log(float64(m.count))
	total := 0.0
	for i := range m.logWeights {
		m.logWeights[i] -= math.Log(sum)
		total += math.Exp(m.logWeights[i])
		m.upTo[i] = total
	}
	return m, nil
}

// Beta is the inverse temperature β.
func (m *Mixture) Beta() float64 { return m.beta }

// LogPartition is the exact log Z of exp(−βE), nats:
//
//	log Z = (d/2) log(2π/β) + log Σ_i exp(β|x_i|²/2) − log N − βM²/2
func (m *Mixture) LogPartition() float64 { return m.logZ }

// LogWeights returns log w_i, the logarithms of the probabilities of the stored patterns, (N); w_i ∝ exp(β|x_i|²/2).
func (m *Mixture) LogWeights() []float64 { return append([]float64(nil), m.logWeights...) }

// RBM makes the harmonium whose visible units have this distribution: d Gaussian visible units of variance 1/β and one hidden
// unit of N states, one a stored pattern,
//
//	W = βXᵀ        b = 0        c_i = −log N − ½βM²
//
// Its free energy is the network's energy with nothing left over, F(ξ) = βE(ξ): the terms that do not depend on ξ stand in c,
// which is the same for all states. So its log Z is LogPartition, its hidden means are the associations softmax(βXξ), and the
// mean of its visible units given those hidden means is the update. A block Gibbs step draws a pattern by its association
// and then a state around it. Training it moves the patterns W/β, and c away from being the same for all.
//
// The dtype is that of the patterns. Errors: those of layers.NewRBM; ErrConfig for a single pattern, since a hidden unit has at
// least two states (store the pattern twice: it is the same energy); ErrNotFinite for parameters that overflow the dtype.
func (m *Mixture) RBM(name string) (*layers.RBM, error) {
	fail := func(err error) (*layers.RBM, error) { return nil, fmt.Errorf("modernhopfield: Mixture: RBM: %w", err) }
	if m.count == 1 {
		return fail(fmt.Errorf("one stored pattern, want at least 2, the states of the hidden unit (twice the same has the same energy): %w", energy.ErrConfig))
	}
	r, err := layers.NewRBM(name, layers.RBMConfig{
		Visible: energy.FixedGaussian(m.len, 1/m.beta), Hidden: energy.OneHot(1, m.count), Dtype: m.dtype,
	})
	if err != nil {
		return fail(err)
	}
	w, c := make([]float64, m.len*m.count), make([]float64, m.count)
	for i := range m.count {
		for j, x := range m.pattern(i) {
			w[j*m.count+i] = m.beta * x
		}
		c[i] = -math.Log(float64(m.count)) - m.beta*m.halfLargest
	}
	if err := r.Param("W").Set(w); err != nil {
		return fail(err)
	}
	if err := r.Param("c").Set(c); err != nil {
		return fail(err)
	}
	return r, nil
}

// Sample draws n independent states, (n, d) in the dtype of the patterns, and says around which pattern each was drawn: i with
// probability w_i, then x_i plus normal noise of variance 1/β. The draws are exact and a function of (seed, row): the first
// rows of a longer sample are those of a shorter one. Errors: ErrConfig for n < 1. Cost: n·(d + log N).
func (m *Mixture) Sample(n int, seed uint64) (states *tensor.Dense, components []int, err error) {
	if n < 1 {
		return nil, nil, fmt.Errorf("modernhopfield: Mixture: Sample: %d draws, want at least 1: %w", n, energy.ErrConfig)
	}
	draws := rng.New(seed, "modern hopfield mixture")
	x, components := make([]float64, n*m.len), make([]int, n)
	deviation := 1 / math.Sqrt(m.beta)
	kernel.Parallel(n, kernel.RowGrain(m.len), func(lo, hi int) {
		u := make([]float64, 1)
		for k := lo; k < hi; k++ {
			row := x[k*m.len : (k+1)*m.len]
			rng.Uniform(draws.Row(k, 0).Part(0), u)
			// u is below 1, so u·total is below total and the search finds a pattern, whose weight is not zero.
			total := m.upTo[m.count-1]
			i := sort.Search(m.count, func(i int) bool { return m.upTo[i] > u[0]*total })
			components[k] = i
			rng.Normal(draws.Row(k, 0).Part(1), row)
			for j, x := range m.pattern(i) {
				row[j] = x + deviation*row[j]
			}
		}
	})
	return m.tensorOf(x), components, nil
}

// LogDensity returns log p(ξ) = −βE(ξ) − log Z of each row of (B, d) states, nats. Errors: ErrShape, ErrDtype, ErrNotFinite.
// Cost: one (B×d)·(d×N) product.
func (m *Mixture) LogDensity(states *tensor.Dense) ([]float64, error) {
	if err := m.check("LogDensity", states); err != nil {
		return nil, err
	}
	out := make([]float64, states.Shape()[0])
	m.eachBlock(states, func(first int, x, fields []float64) {
		rows := len(x) / m.len
		lse := out[first : first+rows]
		kernel.RowLogSumExp(lse, fields, rows, m.count)
		for k := range lse {
			half := kernel.SumSquares(x[k*m.len:(k+1)*m.len], 0) / 2
			lse[k] += -m.beta*(half+m.halfLargest) - math.Log(float64(m.count)) - m.logZ
		}
	})
	return out, nil
}

// PosteriorMean returns the mean of the pattern that a state was drawn around given the state, Σ_i p(i|ξ) x_i with
// p(i|ξ) = softmax_i(βXξ), for each row of (B, d) states: one update f(ξ) of the network. It has the dtype of the patterns.
// Errors: ErrShape, ErrDtype, ErrNotFinite. Cost: two (B×d)·(d×N) products.
func (m *Mixture) PosteriorMean(states *tensor.Dense) (*tensor.Dense, error) {
	if err := m.check("PosteriorMean", states); err != nil {
		return nil, err
	}
	return m.tensorOf(m.update(states)), nil
}

// Score returns ∇log p(ξ) = β(f(ξ) − ξ) for each row of (B, d) states, in the dtype of the patterns. Errors and cost are
// PosteriorMean's.
func (m *Mixture) Score(states *tensor.Dense) (*tensor.Dense, error) {
	if err := m.check("Score", states); err != nil {
		return nil, err
	}
	f := m.update(states)
	for i, x := range float64sOf(states) {
		f[i] = m.beta * (f[i] - x)
	}
	return m.tensorOf(f), nil
}

func (m *Mixture) update(states *tensor.Dense) []float64 {
	out := make([]float64, states.Shape().TotalSize())
	m.eachBlock(states, func(first int, x, fields []float64) {
		rows := len(x) / m.len
		kernel.RowSoftmax(fields, fields, rows, m.count)
		kernel.Gemm(false, false, rows, m.len, m.count, 1, fields, m.count, m.patterns, m.len, false, out[first*m.len:], m.len)
	})
	return out
}

// mixtureBlock is how many inputs βXξ are held at a time, 32 MB.
const mixtureBlock = 1 << 22

// eachBlock calls f with the inputs βXξ, (rows, N), of a few rows x of the states at a time.
func (m *Mixture) eachBlock(states *tensor.Dense, f func(first int, x, fields []float64)) {
	all, rows := float64sOf(states), states.Shape()[0]
	step := min(rows, max(1, mixtureBlock/m.count))
	fields := make([]float64, step*m.count)
	for first := 0; first < rows; first += step {
		n := min(step, rows-first)
		x := all[first*m.len : (first+n)*m.len]
		kernel.Gemm(false, true, n, m.count, m.len, m.beta, x, m.len, m.patterns, m.len, false, fields, m.count)
		f(first, x, fields[:n*m.count])
	}
}

func (m *Mixture) pattern(i int) []float64 { return m.patterns[i*m.len : (i+1)*m.len] }

// check returns what is wrong with a batch of states.
func (m *Mixture) check(what string, states *tensor.Dense) error {
	err := checkMatrix(states)
	switch {
	case err != nil:
	case states.Shape()[1] != m.len:
		err = fmt.Errorf("shape %v, want (batch, %d): %w", states.Shape(), m.len, energy.ErrShape)
	case states.Dtype() != m.dtype:
		err = fmt.Errorf("dtype %v, want %v as the patterns have: %w", states.Dtype(), m.dtype, energy.ErrDtype)
	default:
		return nil
	}
	return fmt.Errorf("modernhopfield: Mixture: %s: states: %w", what, err)
}

func (m *Mixture) tensorOf(rows []float64) *tensor.Dense {
	return matrixOf(m.dtype, rows, len(rows)/m.len, m.len)
}

// checkMatrix returns an error unless t is a contiguous matrix of finite float32 or float64 numbers with at least one row and one
// column.
func checkMatrix(t *tensor.Dense) error {
	columns := 1
	if t != nil && t.Dims() == 2 {
		columns = max(1, t.Shape()[1])
	} else if t != nil {
		return fmt.Errorf("shape %v, want (rows, columns): %w", t.Shape(), energy.ErrShape)
	}
	return energy.Gaussian(columns).Check(t)
}

// float64sOf returns a copy of a tensor's numbers.
func float64sOf(t *tensor.Dense) []float64 {
	out := make([]float64, t.Shape().TotalSize())
	if t.Dtype() == tensor.Float32 {
		kernel.Convert(out, op.Numbers[float32](t))
	} else {
		copy(out, op.Numbers[float64](t))
	}
	return out
}

// matrixOf returns numbers as a matrix of a dtype; in float64 it shares their memory.
func matrixOf(dtype tensor.Dtype, numbers []float64, rows, columns int) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(numbers))
	}
	out := make([]float32, len(numbers))
	kernel.Convert(out, numbers)
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(out))
}

package modernhopfield

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
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
// and the score ∇log p(ξ) is β(f(ξ) − ξ). It is also a harmonium, see RBM. With many modes, an exact sampler
// and an exact log Z it is something to hold samplers and estimators of log Z against.
//
// All arithmetic is in float64, whatever the dtype of the patterns, and the weights are kept as logarithms, so that only what
// overflows β|x|² itself is too large. A Mixture is never changed and is safe for concurrent use.
//
// Sources: the energy is eq. 2 of H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021; models of this kind with
// a tractable likelihood are in T. Ota, R. Karakida, "Attention in a family of Boltzmann machines emerging from modern Hopfield
// networks", 2022.
type Mixture struct {
	*patterns
	beta  float64
	dtype tensor.Dtype

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
	stored, err := newPatterns(patterns)
	if err != nil {
		return fail(err)
	}
	if err := checkBeta(beta); err != nil {
		return fail(err)
	}
	stored.x = slices.Clone(stored.x)
	m := &Mixture{patterns: stored, beta: beta, dtype: patterns.Dtype()}
	m.logWeights, m.upTo = make([]float64, m.n), make([]float64, m.n)
	for i := range m.n {
		half := kernel.SumSquares(m.row(i), 0) / 2
		m.halfLargest = max(m.halfLargest, half)
		m.logWeights[i] = beta * half
		if math.IsInf(m.logWeights[i], 0) {
			return fail(fmt.Errorf("β|x|²/2 of pattern %d overflows at β = %g: %w", i, beta, energy.ErrConfig))
		}
	}

	// Relative to the largest, β½M², which E has already taken off: Z = (2π/β)^(d/2) · (1/N) Σ_i exp(β(|x_i|² − M²)/2).
	sum := 0.0
	for i := range m.logWeights {
		m.logWeights[i] -= beta * m.halfLargest
		sum += math.Exp(m.logWeights[i])
	}
	m.logZ = float64(m.d)/2*math.Log(2*math.Pi/beta) + math.Log(sum) - math.Log(float64(m.n))
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
func (m *Mixture) LogWeights() []float64 { return slices.Clone(m.logWeights) }

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
	if m.n == 1 {
		return fail(fmt.Errorf("one stored pattern, want at least 2, the states of the hidden unit (twice the same has the same energy): %w", energy.ErrConfig))
	}
	r, err := layers.NewRBM(name, layers.RBMConfig{
		Visible: energy.FixedGaussian(m.d, 1/m.beta), Hidden: energy.OneHot(1, m.n), Dtype: m.dtype,
	})
	if err != nil {
		return fail(err)
	}
	w, c := make([]float64, m.d*m.n), make([]float64, m.n)
	for i := range m.n {
		for j, x := range m.row(i) {
			w[j*m.n+i] = m.beta * x
		}
		c[i] = -math.Log(float64(m.n)) - m.beta*m.halfLargest
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
	x, components := make([]float64, n*m.d), make([]int, n)
	deviation := 1 / math.Sqrt(m.beta)
	kernel.Parallel(n, kernel.RowGrain(m.d), func(lo, hi int) {
		u := make([]float64, 1)
		for k := lo; k < hi; k++ {
			row := x[k*m.d : (k+1)*m.d]
			rng.Uniform(draws.Row(k, 0).Part(0), u)
			// u is below 1, so u·total is below total and the search finds a pattern, whose weight is not zero.
			total := m.upTo[m.n-1]
			i := sort.Search(m.n, func(i int) bool { return m.upTo[i] > u[0]*total })
			components[k] = i
			rng.Normal(draws.Row(k, 0).Part(1), row)
			for j, x := range m.row(i) {
				row[j] = x + deviation*row[j]
			}
		}
	})
	return m.tensorOf(x), components, nil
}

// LogDensity returns log p(ξ) = −βE(ξ) − log Z of each row of (B, d) states, nats. Errors: ErrShape, ErrDtype, ErrNotFinite,
// ErrRange where β|ξ|² overflows. Cost: one (B×d)·(d×N) product.
func (m *Mixture) LogDensity(states *tensor.Dense) ([]float64, error) {
	all, err := m.read("LogDensity", states)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(all)/m.d)
	m.eachBlock(all, func(first int, x, fields []float64) {
		rows := len(x) / m.d
		lse := out[first : first+rows]
		kernel.RowLogSumExp(lse, fields, rows, m.n)
		for k := range lse {
			half := kernel.SumSquares(x[k*m.d:(k+1)*m.d], 0) / 2
			lse[k] += -m.beta*(half+m.halfLargest) - math.Log(float64(m.n)) - m.logZ
		}
	})
	return out, nil
}

// PosteriorMean returns the mean of the pattern that a state was drawn around given the state, Σ_i p(i|ξ) x_i with
// p(i|ξ) = softmax_i(βXξ), for each row of (B, d) states: one update f(ξ) of the network. It has the dtype of the patterns.
// Errors are LogDensity's. Cost: two (B×d)·(d×N) products.
func (m *Mixture) PosteriorMean(states *tensor.Dense) (*tensor.Dense, error) {
	all, err := m.read("PosteriorMean", states)
	if err != nil {
		return nil, err
	}
	return m.tensorOf(m.update(all)), nil
}

// Score returns ∇log p(ξ) = β(f(ξ) − ξ) for each row of (B, d) states, in the dtype of the patterns. Errors and cost are
// PosteriorMean's.
func (m *Mixture) Score(states *tensor.Dense) (*tensor.Dense, error) {
	all, err := m.read("Score", states)
	if err != nil {
		return nil, err
	}
	f := m.update(all)
	for i, x := range all {
		f[i] = m.beta * (f[i] - x)
	}
	return m.tensorOf(f), nil
}

func (m *Mixture) update(states []float64) []float64 {
	out := make([]float64, len(states))
	m.eachBlock(states, func(first int, x, fields []float64) {
		rows := len(x) / m.d
		kernel.RowSoftmax(fields, fields, rows, m.n)
		kernel.Gemm(false, false, rows, m.d, m.n, 1, fields, m.n, m.x, m.d, false, out[first*m.d:], m.d)
	})
	return out
}

// mixtureBlock is how many inputs βXξ are held at a time, 32 MB.
const mixtureBlock = 1 << 22

// eachBlock calls f with the inputs βXξ, (rows, N), of a few rows x of the states at a time.
func (m *Mixture) eachBlock(states []float64, f func(first int, x, fields []float64)) {
	rows := len(states) / m.d
	step := min(rows, max(1, mixtureBlock/m.n))
	fields := make([]float64, step*m.n)
	for first := 0; first < rows; first += step {
		n := min(step, rows-first)
		x := states[first*m.d : (first+n)*m.d]
		kernel.Gemm(false, true, n, m.n, m.d, m.beta, x, m.d, m.x, m.d, false, fields, m.n)
		f(first, x, fields[:n*m.n])
	}
}

// read returns the numbers of a batch of states, which no energy of the mixture overflows on.
func (m *Mixture) read(what string, states *tensor.Dense) ([]float64, error) {
	x, _, err := matrix.Of(states, m.d)
	if err == nil && states.Dtype() != m.dtype {
		err = fmt.Errorf("dtype %v, want %v as the patterns have: %w", states.Dtype(), m.dtype, energy.ErrDtype)
	}
	for k := 0; err == nil && k < len(x)/m.d; k++ {
		if math.IsInf(m.beta*kernel.SumSquares(x[k*m.d:(k+1)*m.d], 0), 0) {
			err = fmt.Errorf("β|ξ|² of row %d overflows: %w", k, energy.ErrRange)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Mixture: %s: states: %w", what, err)
	}
	return x, nil
}

func (m *Mixture) tensorOf(rows []float64) *tensor.Dense {
	return matrix.Tensor(m.dtype, rows, len(rows)/m.d, m.d)
}

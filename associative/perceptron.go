package associative

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Perceptron learns couplings and biases by perceptron steps from the conditions that stable patterns make: pattern after pattern and unit
// after unit, a unit i whose field is wrong, ξ_i h_i ≤ Margin, changes the weights that make it,
//
//	w_ij += ξ_i ξ_j        b_i += ξ_i
//
// until no unit of no pattern is wrong. If there is a network with ξ_i h_i ≥ κ|w| for all, that takes at most (2·Margin + n)/κ² steps, and
// the network found has at least κ·Margin/(2·Margin + n): half of the best, for a large Margin.
//
// The couplings are symmetric, one perceptron of n(n+1)/2 weights, unless each unit is a perceptron of its own. All numbers are whole, so
// that nothing is lost to rounding and fields of 0 are told from others. As n grows, random patterns can be stored up to 2n by a perceptron per
// unit. With symmetric couplings sets of 1.5 n were still stored at n = 100 and 200, after thousands of epochs.
//
// Sources: F. Rosenblatt, "Principles of Neurodynamics" (1962); R. Rojas, "Neural Networks" (1996), chapter 13, for the one perceptron;
// S. Diederich, M. Opper, Physical Review Letters 58 (1987); E. Gardner, Europhysics Letters 4 (1987), for the capacity.
type Perceptron struct {
	// PerUnit makes the weights of each unit a perceptron of its own. w_ij and w_ji then differ: the network is Asymmetric, has no energy that
	// recall lowers, and may run in cycles.
	PerUnit bool
	// NoBias learns couplings alone. A pattern and its negative are then stored together.
	NoBias bool
	// Margin is what the ξ_i h_i are to exceed, in steps of 1; at 0 no pattern is stable by a tie.
	Margin float64
	// Epochs are the passes over all patterns that are made at most; 0 means 1000.
	Epochs int
}

// String is "perceptron" or "perceptron per unit".
func (r Perceptron) String() string {
	if r.PerUnit {
		return "perceptron per unit"
	}
	return "perceptron"
}

// Learn makes the network. Patterns that cannot all be stored, or were not within the epochs, are no error: the network that fails the
// fewest conditions is returned, as Stable tells of it. Separate tells more.
//
// Errors: see Rule; those of context. Cost: an epoch has at most 3·P²·n multiplications, and PerUnit P times its steps.
func (r Perceptron) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	s, err := r.Separate(ctx, patterns)
	if err != nil {
		return nil, err
	}
	return s.Network, nil
}

// Separate makes the network and says whether the patterns, (P, n) of −1 and 1, are separable by one of its kind. If the context ends before,
// it returns its error and what there is. Errors and cost are those of Learn.
func (r Perceptron) Separate(ctx context.Context, patterns *tensor.Dense) (*Separation, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Epochs < 0:
		return nil, fmt.Errorf("associative: %v: Learn: Epochs is %d, want at least 1, or 0 for 1000: %w", r, r.Epochs, energy.ErrConfig)
	case !(r.Margin >= 0) || math.IsInf(r.Margin, 1):
		return nil, fmt.Errorf("associative: %v: Learn: Margin is %v, want a finite number of at least 0: %w", r, r.Margin, energy.ErrConfig)
	}
	epochs := r.Epochs
	if epochs == 0 {
		epochs = 1000
	}
	gram := overlaps(x, p, n)
	reason := contradiction(x, gram, p, n, !r.NoBias)
	if !r.NoBias {
		for k := range gram {
			gram[k]++ // the bias is the weight of a unit that is always 1
		}
	}
	var parts []outcome
	counts := make([]float64, p*n)
	if r.PerUnit {
		parts = perUnit(x, p, n, counts, func(y []float64) outcome {
			u := newUnit(y, gram)
			return u.run(ctx, epochs, r.Margin, func() int { return u.epoch(r.Margin) })
		})
	} else {
		c := &coupled{perceptron: newPerceptron(p * n), x: x, gram: gram, p: p, n: n}
		parts = []outcome{c.run(ctx, epochs, r.Margin, func() int { return c.epoch(r.Margin) })}
		copy(counts, parts[0].counts)
	}
	out := separation(parts, reason)
	if out.Network, err = counted(r, x, counts, p, n, r.PerUnit, !r.NoBias); err != nil {
		return nil, err
	}
	return out, ended(ctx, r)
}

// counted makes the network of the counts of updates, (P, n).
func counted(rule Rule, x, counts []float64, p, n int, perUnit, biases bool) (*Hopfield, error) {
	kernel.Multiply(counts, counts, x)
	m := make([]float64, n*n)
	kernel.Gemm(true, false, n, n, p, 1, x, n, counts, n, false, m, n)
	clearDiagonal(m, n)
	if !perUnit {
		for i := range n {
			for j := range i {
				m[i*n+j] += m[j*n+i]
				m[j*n+i] = m[i*n+j]
			}
		}
	}
	config := HopfieldConfig{Asymmetric: perUnit}
	if biases {
		config.Bias = make([]float64, n)
		kernel.ColSum(config.Bias, counts, p, n)
	}
	return found(rule, m, n, 1, config)
}

// unit is the perceptron of one unit, whose values in the patterns are y. With G = XXᵀ, and 1 more if there is a bias,
//
//	z_μ·z_ν = y_μ y_ν G_μν − 1        s_μ = y_μ f_μ − steps        f = Σ_ν c_ν y_ν G_ν
type unit struct {
	perceptron
	y, f, gram []float64
	steps      float64
}

func newUnit(y, gram []float64) *unit {
	return &unit{perceptron: newPerceptron(len(y)), y: y, f: make([]float64, len(y)), gram: gram}
}

func (u *unit) step(nu int) {
	u.counts[nu]++
	u.steps++
	kernel.Axpy(u.y[nu], u.gram[nu*len(u.y):(nu+1)*len(u.y)], u.f)
}

// value writes all s.
func (u *unit) value() {
	kernel.Multiply(u.values, u.y, u.f)
	kernel.ShiftScale(u.values, u.values, u.steps, 1)
}

func (u *unit) epoch(margin float64) (steps int) {
	for nu, y := range u.y {
		if y*u.f[nu]-u.steps <= margin {
			u.step(nu)
			steps++
		}
	}
	u.value()
	return steps
}

// perUnit trains units side by side, given the values each has in the patterns, and collects their counts.
func perUnit(x []float64, p, n int, counts []float64, train func(y []float64) outcome) []outcome {
	parts := make([]outcome, n)
	kernel.Parallel(n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y := make([]float64, p)
			for mu := range y {
				y[mu] = x[mu*n+i]
			}
			parts[i] = train(y)
			for mu, c := range parts[i].counts {
				counts[mu*n+i] = c
			}
		}
	})
	return parts
}

// coupled is the one perceptron of symmetric couplings, whose condition (μ, i) stands at μ·n + i. With t = ξ_μ∘ξ_ν and G as in unit,
//
//	z_μi·z_νk = t_i t_k  for i ≠ k        z_μi·z_νi = t_i G_μν − 1
type coupled struct {
	perceptron
	x, gram []float64
	p, n    int
}

const coupledBlock = 32 // patterns whose steps reach the other patterns by one product

func (c *coupled) epoch(margin float64) (steps int) {
	for lo := 0; lo < c.p; lo += coupledBlock {
		hi := min(lo+coupledBlock, c.p)
		made, count := c.within(lo, hi, margin)
		if count > 0 {
			c.spread(made, lo, hi)
			steps += count
		}
	}
	return steps
}

// within finds the steps of a block of patterns, 1 where one is made.
func (c *coupled) within(lo, hi int, margin float64) (made []float64, steps int) {
	n := c.n
	made, t := make([]float64, (hi-lo)*n), make([]float64, n)
	values := append([]float64(nil), c.values[lo*n:hi*n]...)
	var wrong []int
	for nu := lo; nu < hi; nu++ {
		wrong = wrong[:0]
		for i, s := range values[(nu-lo)*n : (nu-lo+1)*n] {
			if s+float64(len(wrong)) <= margin { // each step before has made it 1 more
				wrong = append(wrong, i)
				made[(nu-lo)*n+i] = 1
			}
		}
		steps += len(wrong)
		for mu := nu + 1; mu < hi && len(wrong) > 0; mu++ {
			kernel.Multiply(t, c.x[mu*n:(mu+1)*n], c.x[nu*n:(nu+1)*n])
			a, s := 0.0, values[(mu-lo)*n:(mu-lo+1)*n]
			for _, k := range wrong {
				a += t[k]
				s[k] += t[k]*c.gram[mu*c.p+nu] - 2
			}
			kernel.Axpy(a, t, s)
		}
	}
	return made, steps
}

// spread brings the values of all patterns up to date with the steps of a block: with D the steps, Z = D∘X_block,
//
//	S += X∘((XZᵀ)X_block + GZ) − 2·1ᵀD
func (c *coupled) spread(made []float64, lo, hi int) {
	n, p, block := c.n, c.p, hi-lo
	x := c.x[lo*n : hi*n]
	kernel.Axpy(1, made, c.counts[lo*n:hi*n])
	total := make([]float64, n)
	kernel.ColSum(total, made, block, n)
	kernel.Multiply(made, made, x)
	a, change := make([]float64, p*block), make([]float64, p*n)
	kernel.Gemm(false, true, p, block, n, 1, c.x, n, made, n, false, a, block)
	kernel.Gemm(false, false, p, n, block, 1, a, block, x, n, false, change, n)
	kernel.Gemm(true, false, p, n, block, 1, c.gram[lo*p:], p, made, n, true, change, n)
	kernel.MultiplyAdd(c.values, c.x, change, c.values)
	for mu := range p {
		kernel.Axpy(-2, total, c.values[mu*n:(mu+1)*n])
	}
}

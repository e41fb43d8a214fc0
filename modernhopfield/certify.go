package modernhopfield

import (
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// bound sets the ErrorBound of a retrieval.
func (s *numbers[T]) bound(r *Retrieval) {
	for i := range r.ErrorBound {
		r.ErrorBound[i] = math.Inf(1)
	}
	switch {
	case s.Similarity != energy.Dot:
	case s.Separation == energy.Softmax():
		s.certify(r)
	case !math.IsInf(s.Separation.Margin(), 1):
		s.exact(r)
	}
}

// exact finds the states that are fixed points to the last bit: those that an update with weight 1 for one pattern has left in
// their place.
func (s *numbers[T]) exact(r *Retrieval) {
	states := dataOf[T](r.States)
	for i, move := range r.Residual {
		if move != 0 {
			continue
		}
		s.weights(states[i*s.d:(i+1)*s.d], func(_ int, p []T) {
			if kernel.Max(p) == 1 && kernel.Sum(p) == 1 {
				r.ErrorBound[i] = 0
			}
		})
	}
}

// certify proves that states are near a fixed point, each by itself, in float64. Where k = β m_max² < 1 (lemma A3), f contracts
// all of space and a state is within ρ/(1−k) of the fixed point, ρ = |f(ξ) − ξ|. Else a contraction constant is looked for around
// each state that has settled:
//
// For a state ξ with the weights p, and ζ in the ball of radius R around it, the weights of ζ are
//
//	q_j = p_j exp(β(x_j − ξ)·(ζ − ξ)) / Σ_l p_l exp(β(x_l − ξ)·(ζ − ξ)) ≤ p_j exp(βR|x_j − ξ|) exp(βRρ),
//
// the denominator being at least exp(β(f(ξ) − ξ)·(ζ − ξ)) by Jensen's inequality. The Jacobian at ζ is β Var_q[x], so that
//
//	|J(ζ)| ≤ β Σ_j q_j |x_j − ξ|² ≤ k = β exp(βRρ) Σ_j p_j |x_j − ξ|² exp(βR|x_j − ξ|).
//
// If k < 1 and ρ ≤ (1−k)R, then f contracts the ball and maps it into itself, so that it holds one fixed point, and ξ is within
// ρ/(1−k) of it. The move before ξ was at least ρ/k, so R is twice that move.
//
// Cost: 2·N·d multiply-adds a state.
func (s *numbers[T]) certify(r *Retrieval) {
	var settled []int
	for i, ok := range r.Settled {
		if ok || s.everywhere() < 1 {
			settled = append(settled, i)
		}
	}
	chunks := (len(settled) + certifyChunk - 1) / certifyChunk
	kernel.Parallel(chunks, 1, func(lo, hi int) {
		c := s.certifiers.Get().(*certifier[T])
		defer s.certifiers.Put(c)
		for u := lo; u < hi; u++ {
			c.certify(r, settled[u*certifyChunk:min((u+1)*certifyChunk, len(settled))])
		}
	})
}

// everywhere is the contraction constant of lemma A3.
func (s *numbers[T]) everywhere() float64 { return s.beta * s.spread * s.spread }

// certifier is the scratch memory for a chunk of states against a block of patterns.
type certifier[T kernel.Float] struct {
	s                         *numbers[T]
	states, patterns, updated []float64 // (chunk, d), (block, d), (chunk, d)
	scores                    []float64 // (chunk, block)
	lengths, squares, far     []float64 // (block)
	radius, top, sum, moment  []float64 // of each state; moment is Σ_j exp(z_j − top + βR|x_j − ξ|)·|x_j − ξ|²
}

// States are taken by the chunk, patterns by the block, so that the scores of one for the other stay in the cache.
const certifyChunk, certifyBlock = 64, 256

func newCertifier[T kernel.Float](s *numbers[T]) *certifier[T] {
	numbers := func(n int) []float64 { return make([]float64, n) }
	return &certifier[T]{
		s:      s,
		states: numbers(certifyChunk * s.d), patterns: numbers(certifyBlock * s.d), updated: numbers(certifyChunk * s.d),
		scores:  numbers(certifyChunk * certifyBlock),
		lengths: numbers(certifyBlock), squares: numbers(certifyBlock), far: numbers(certifyBlock),
		radius: numbers(certifyChunk), top: numbers(certifyChunk), sum: numbers(certifyChunk), moment: numbers(certifyChunk),
	}
}

// certify sums over the patterns with the weights exp(z − top) of scores z, top being the largest so far: what was summed before is
// scaled when a larger one comes.
func (c *certifier[T]) certify(r *Retrieval, rows []int) {
	s, d := c.s, c.s.d
	n := len(rows)
	clear(c.updated)
	clear(c.sum)
	clear(c.moment)
	for a, i := range rows {
		kernel.Convert(c.states[a*d:(a+1)*d], dataOf[T](r.States)[i*d:(i+1)*d])
		c.radius[a] = max(2*r.Residual[i], s.tolerance()/16)
		c.top[a] = math.Inf(-1)
	}
	for from := 0; from < s.count(); from += certifyBlock {
		c.add(from, min(certifyBlock, s.count()-from), n)
	}
	for a, i := range rows {
		state := c.states[a*d : (a+1)*d]
		kernel.Scale(c.updated[a*d:(a+1)*d], c.updated[a*d:(a+1)*d], 1/c.sum[a])
		move := distance(state, c.updated[a*d:(a+1)*d])
		k := s.beta * math.Exp(s.beta*c.radius[a]*move) * c.moment[a] / c.sum[a]
		if k < 1 && move <= (1-k)*c.radius[a] {
			r.ErrorBound[i] = move / (1 - k)
		}
		if k := s.everywhere(); k < 1 {
			r.ErrorBound[i] = min(r.ErrorBound[i], move/(1-k))
		}
	}
}

// add takes a block of patterns into the sums.
func (c *certifier[T]) add(from, block, n int) {
	s, d := c.s, c.s.d
	patterns := c.patterns[:block*d]
	kernel.Convert(patterns, s.patterns[from*d:(from+block)*d])
	for j := range block {
		x := patterns[j*d : (j+1)*d]
		c.lengths[j] = kernel.Dot(x, x)
	}
	kernel.Gemm(false, true, n, block, d, 1, c.states, d, patterns, d, false, c.scores, block)
	for a := range n {
		z := c.scores[a*block : (a+1)*block]
		state := c.states[a*d : (a+1)*d]
		length := kernel.Dot(state, state)
		largest := kernel.Max(z) * s.beta
		if largest > c.top[a] {
			factor := math.Exp(c.top[a] - largest)
			c.top[a] = largest
			c.sum[a] *= factor
			c.moment[a] *= factor
			kernel.Scale(c.updated[a*d:(a+1)*d], c.updated[a*d:(a+1)*d], factor)
		}
		squares, far := c.squares[:block], c.far[:block]
		for j, product := range z {
			squares[j] = max(0, c.lengths[j]+length-2*product)
			z[j] = s.beta*product - c.top[a]
			far[j] = z[j] + s.beta*c.radius[a]*math.Sqrt(squares[j])
		}
		kernel.Exp(far, far)
		c.moment[a] += kernel.Dot(far, squares)
		kernel.Exp(z, z)
		c.sum[a] += kernel.Sum(z)
	}
	kernel.Gemm(false, false, n, d, block, 1, c.scores, block, patterns, d, true, c.updated, d)
}

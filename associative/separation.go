package associative

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Verdict is whether a network can have all patterns as stable states, none by a tie.
type Verdict int

const (
	// Unknown: neither was found before the epochs or updates were up, or the context ended.
	Unknown Verdict = iota
	// Separable: the network found does it.
	Separable
	// NotSeparable: it is proved that no network of the kind does it.
	NotSeparable
)

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Separable:
		return "separable"
	case NotSeparable:
		return "not separable"
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}

// Separation is what a rule finds that learns by the conditions which stable patterns make,
//
//	s_μi = ξ_μi h_i(ξ_μ) > 0        for all n units and P patterns
//
// Each is a half-space of the weights, s_μi = w·z_μi, so that stability is the linear separation of a perceptron's.
type Separation struct {
	// Network is the one that exceeds the margin everywhere. If none was found, it has the fewest conditions wrong of those that an epoch
	// ended with, and among these the largest Stability.
	Network *Hopfield
	Verdict Verdict
	// Reason is the proof of NotSeparable in words; otherwise "".
	Reason string
	// Epochs are the passes over the patterns that were made, of the unit that took the most; for MinOverlap, the updates.
	Epochs int
	// Wrong is how many of the n·P conditions the network fails. A field of 0 fails, also where Ties Keep makes the state stable.
	Wrong int
	// Stability is the least s_μi/|w| that the network reaches, w being the weights, with the biases, of the perceptron that has the
	// condition: of one unit, or of all.
	Stability float64
	// Bound is what no network of the kind can have more of as Stability: the smallest |Σ λ_μi z_μi| that was met, where λ are the shares of the
	// updates. It is 0 if the patterns are not separable, and +∞ if the context ended before anything was done.
	Bound float64
}

// outcome is the Separation of one perceptron.
type outcome struct {
	returned         bool // the weights came back: nothing separates
	rounds           int
	wrong            int
	stability, bound float64
	counts           []float64 // of updates by each condition, at the best weights
}

// perceptron learns from conditions z_k·w > 0 by steps w += z_k. It never looks at w = Σ c_k z_k: the counts c and the values s_k = z_k·w
// are whole numbers, and |w|² = Σ c_k s_k.
type perceptron struct {
	counts, values []float64
}

func newPerceptron(conditions int) perceptron {
	return perceptron{make([]float64, conditions), make([]float64, conditions)}
}

// run calls epoch, which makes steps for the conditions that do not exceed the margin, brings counts and values up to date and returns the
// number of steps, until all exceed it.
//
// Weights that come back to earlier ones prove that nothing separates: the steps between add up to nothing, Σ c_k z_k = 0 with c_k ≥ 0 not
// all 0, while a w of z_k·w > 0 for all k would make Σ c_k z_k·w > 0 (P. Gordan, 1873). Values that come back are weights that come back, for
// with d the difference of counts |Σ d_k z_k|² = Σ d_k (change of s_k).
func (q perceptron) run(ctx context.Context, epochs int, margin float64, epoch func() int) outcome {
	best := outcome{wrong: math.MaxInt, bound: math.Inf(1), counts: make([]float64, len(q.counts))}
	saved, savedAt, steps := make([]float64, len(q.values)), 0, 0 // at first the weights are 0
	for best.rounds < epochs && ctx.Err() == nil {
		steps += epoch()
		best.rounds++
		least, length := kernel.Min(q.values), math.Sqrt(kernel.Dot(q.counts, q.values))
		best.bound = min(best.bound, length/float64(steps))
		if length == 0 || slices.Equal(q.values, saved) {
			best.returned = true
		}
		best.offer(q, least/max(length, 1), least > margin)
		if least > margin || best.returned {
			break
		}
		if best.rounds >= 2*savedAt { // as in cycles
			copy(saved, q.values)
			savedAt = best.rounds
		}
	}
	if best.rounds == 0 {
		best.wrong, best.stability = len(q.values), 0
	}
	return best
}

func (q perceptron) wrong() (wrong int) {
	for _, s := range q.values {
		if s <= 0 {
			wrong++
		}
	}
	return wrong
}

// offer takes the weights of now if they are better, or the last.
func (o *outcome) offer(q perceptron, stability float64, last bool) {
	wrong := q.wrong()
	if last || wrong < o.wrong || wrong == o.wrong && stability > o.stability {
		o.wrong, o.stability = wrong, stability
		copy(o.counts, q.counts)
	}
}

// separation joins the outcomes of perceptrons, one or one a unit.
func separation(parts []outcome, contradiction string) *Separation {
	out := &Separation{Verdict: Separable, Stability: math.Inf(1), Bound: math.Inf(1), Reason: contradiction}
	for i, o := range parts {
		out.Epochs = max(out.Epochs, o.rounds)
		out.Wrong += o.wrong
		out.Stability = min(out.Stability, o.stability)
		out.Bound = min(out.Bound, o.bound)
		if o.returned && out.Reason == "" {
			out.Reason = "the weights came back to earlier ones"
			if len(parts) > 1 {
				out.Reason = fmt.Sprintf("the weights of unit %d came back to earlier ones", i)
			}
		}
	}
	switch {
	case out.Reason != "":
		out.Verdict, out.Bound = NotSeparable, 0
	case out.Wrong > 0:
		out.Verdict = Unknown
	}
	return out
}

// overlaps is XXᵀ.
func overlaps(x []float64, p, n int) []float64 {
	g := make([]float64, p*p)
	kernel.Gemm(false, true, p, p, n, 1, x, n, x, n, false, g, p)
	return g
}

// contradiction looks for two patterns that want a unit to do both in one field: they differ in that unit alone. Without biases, states
// of which one is the negative of the other have fields that are, and so patterns are in contradiction that agree in one unit alone.
func contradiction(x, overlaps []float64, p, n int, biases bool) string {
	for mu := range p {
		for nu := range mu {
			alike := overlaps[mu*p+nu]
			differ := alike == float64(n-2)
			if !differ && (biases || alike != float64(2-n)) {
				continue
			}
			for i := range n {
				if (x[mu*n+i] != x[nu*n+i]) == differ {
					word := "agree"
					if differ {
						word = "differ"
					}
					return fmt.Sprintf("patterns %d and %d %s in unit %d alone", nu, mu, word, i)
				}
			}
		}
	}
	return ""
}

package op

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/fault"
)

// AssociationConfig is what an association is, beside its nodes. The zero value is a softmax over dot products, of one head.
type AssociationConfig struct {
	Heads      int
	Similarity association.Similarity
	Rule       association.Rule
	Extra      int     // stored patterns at the end of every bag that masks leave alone
	Dropout    float64 // of the weights by which values are retrieved, while a machine trains; wants Noise
	Noise      *Noise
}

// AssociationNodes are the arguments of an association. Bags lie one behind the other; head h has the columns hD … hD+D−1.
type AssociationNodes struct {
	Q, K, V *G.Node // queries (ΣL, Heads·D), keys (ΣS, Heads·D), values (ΣS, Heads·E)
	Beta    *G.Node // (Heads)
	Excess  *G.Node // α − 1 of an entmax that learns it, (Heads), or nil

	Queries, Stored *G.Node // rows of each bag, (N), as in bags.go; both nil for a single bag

	// Without the extras: not 0 where a stored pattern is ignored, (N, S) or (ΣS); not 0 where a pair is forbidden, and what is added
	// to its score, (L, S) or (N·Heads, L, S) with index n·Heads + h. Or nil. No gradient flows to them.
	Ignored, Forbidden, Added *G.Node
}

// Associate builds softmax(β Q Kᵀ) V, what each query of Q retrieves from the values V stored under the keys K: AssociateBags of
// one head and one bag. q is (L, D), k (S, D), v (S, E) and beta (1); the result is (L, E).
func Associate(q, k, v, beta *G.Node) (*G.Node, error) {
	return AssociateBags(AssociationConfig{}, AssociationNodes{Q: q, K: k, V: v, Beta: beta})
}

// AssociateBags builds Σ_j p_ij v_j with weights p_i = separation(β·sim(q_i, k_j) + mask_ij), over the stored patterns of the query's
// bag: the result is (ΣL, Heads·E). Where the keys are the values, one node, its two gradients are computed as one. A query that
// sees no pattern, in an empty bag or behind masks, retrieves 0. Gradient flows to Q, K, V, Beta and Excess.
//
// The (L, S) matrix of scores is never held: see package association. A row of the result has the bits that its query would have
// alone. Cost for the softmax: L·S·(D + E) multiply-adds a head forward, and L·S·(3D + 2E) more backward where K and V are one
// node, else L·S·(4D + 2E). Other separation functions add a few passes of L·S·D.
//
// Source: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, equation 3 and section 3.
func AssociateBags(c AssociationConfig, n AssociationNodes) (*G.Node, error) {
	return newAssociation("Associate", c, n).build()
}

// AssociationConjugate builds Ω*(z_i) for the scores z_i of each query in each head, of which the weights are the gradient: the result
// is (ΣL, Heads). For the softmax it is the log-sum-exp; the energy of a continuous Hopfield network is made of it. V is not looked
// at. Gradient flows to Q, K and Beta; a learned α gets none.
func AssociationConjugate(c AssociationConfig, n AssociationNodes) (*G.Node, error) {
	n.V = nil
	return newAssociation("AssociationConjugate", c, n).build()
}

// AssociationWeights builds the weights, (N·Heads, L, S) with index n·Heads + h, for bags of equal lengths, the extras included. V is
// not looked at, dropout has no part, and no gradient flows. Cost: L·S·D multiply-adds a head, and the memory of the result.
func AssociationWeights(c AssociationConfig, n AssociationNodes) (*G.Node, error) {
	n.V = nil
	return newAssociation("AssociationWeights", c, n).build()
}

// SettleConfig says how often states are updated.
type SettleConfig struct {
	Steps     int     // updates at most; 0 for until they settle
	Tolerance float64 // a query of a head stops once an update has moved it by less, in the Euclidean norm; 0 for never
	Implicit  bool    // the gradient is that of the fixed point

	// HeadSteps and HeadTolerances are those of each head in place of Steps and Tolerance. In HeadSteps 0 is for no update, and −1
	// for until they settle.
	HeadSteps      []int
	HeadTolerances []float64
}

// settling is the configuration for every head.
func (s SettleConfig) settling(c AssociationConfig) (association.Settling, error) {
	heads := max(1, c.Heads)
	if s.Steps < 0 {
		return association.Settling{}, fmt.Errorf("op: Settle: %d steps, want at least 0: %w", s.Steps, fault.ErrConfig)
	}
	a := association.Settling{Steps: slices.Clone(s.HeadSteps), Tolerances: s.HeadTolerances, Implicit: s.Implicit}
	if a.Steps == nil {
		a.Steps = slices.Repeat([]int{s.Steps}, heads)
		if s.Steps == 0 {
			a.Steps = slices.Repeat([]int{-1}, heads)
		}
	}
	if a.Tolerances == nil {
		a.Tolerances = slices.Repeat([]float64{s.Tolerance}, heads)
	}
	if len(a.Steps) != heads || len(a.Tolerances) != heads {
		return a, fmt.Errorf("op: Settle: steps of %d heads and tolerances of %d, want %d: %w", len(a.Steps), len(a.Tolerances), heads, fault.ErrConfig)
	}
	for h, steps := range a.Steps {
		tolerance := a.Tolerances[h]
		if steps < -1 || !(tolerance >= 0) || steps == -1 && tolerance == 0 {
			return a, fmt.Errorf("op: Settle: %d steps and a tolerance of %g, want a positive number of one or of both: %w", max(0, steps), tolerance, fault.ErrConfig)
		}
		if s.Implicit && (steps != 0 && tolerance == 0 || c.Similarity != association.Dot && c.Similarity != association.Euclidean) {
			return a, fmt.Errorf("op: Settle: the implicit gradient wants a tolerance above 0, and the dot product or the Euclidean similarity: %w", fault.ErrConfig)
		}
		if steps == -1 {
			a.Steps[h] = mostSteps
		}
	}
	return a, nil
}

// mostSteps bounds the updates of states that never settle.
const mostSteps = 10_000

// Settle builds the queries after their updates ξ ← Σ_j p_ij k_j, the values being the keys, without dropout: the result is
// (ΣL, Heads·D). It stops for each query in each head by itself, or after 10,000 updates.
//
// Gradient flows to Q, K, Beta and Excess through every update; for it the states in between are kept, (ΣL, Heads·D) an update. With
// Implicit nothing is kept: the gradient is that of the fixed point, from (I − J)u = g by conjugate gradients, and none flows to Q,
// from whose start the fixed point does not depend. Queries that did not settle, or whose J does not contract, go back through their
// last 100 updates instead. It wants a Tolerance, and Dot or Euclidean, for which J is symmetric: else ErrConfig.
func Settle(c AssociationConfig, n AssociationNodes, s SettleConfig) (*G.Node, error) {
	n.V = nil
	settling, err := s.settling(c)
	if err != nil {
		return nil, err
	}
	a := newAssociation("Settle", c, n)
	a.settling = settling
	a.settings += fmt.Sprintf(", %v", a.settling)
	return a.build()
}

// associationOp is one of the ops of this file.
type associationOp struct {
	fused
	what     string
	settings string // the rest of the name
	config   AssociationConfig
	nodes    AssociationNodes
	settling association.Settling
	self     bool // the keys are the values

	args G.Nodes
	// where the optional arguments stand, −1 for none; Q and K come first
	v, beta, excess, queries, stored, ignored, forbidden, added int

	f3 *associationRun[float32]
	f6 *associationRun[float64]
}

var _ G.TrainModeOp = (*associationOp)(nil)

func newAssociation(what string, c AssociationConfig, n AssociationNodes) *associationOp {
	c.Heads = max(1, c.Heads)
	a := &associationOp{what: what, config: c, nodes: n, self: what == "Settle" || n.V == n.K && n.V != nil}
	a.settings = fmt.Sprintf("%d heads, %v, %v, %d", c.Heads, c.Similarity, c.Rule, c.Extra)
	if what == "Associate" && c.Dropout > 0 {
		a.settings += fmt.Sprintf(", %g of noise %d", c.Dropout, c.Noise.id)
	}
	a.take(n.Q, 2, true)
	a.take(n.K, 2, true)
	a.v = -1
	if what == "Associate" && !a.self {
		a.v = a.take(n.V, 2, true)
	}
	a.beta = a.take(n.Beta, 1, true)
	a.excess = a.option(n.Excess, what != "AssociationConjugate")
	a.queries, a.stored = a.option(n.Queries, false), a.option(n.Stored, false)
	a.ignored, a.forbidden, a.added = a.option(n.Ignored, false), a.option(n.Forbidden, false), a.option(n.Added, false)
	a.settings += fmt.Sprintf(", %v", []int{a.v, a.excess, a.queries, a.ignored, a.forbidden, a.added})
	return a
}

// take adds an argument and returns its place.
func (a *associationOp) take(n *G.Node, rank int, wrt bool) int {
	a.args, a.ranks = append(a.args, n), append(a.ranks, rank)
	a.wrt = append(a.wrt, wrt && a.what != "AssociationWeights")
	return len(a.args) - 1
}

// option adds an argument of any rank that may be nil.
func (a *associationOp) option(n *G.Node, wrt bool) int {
	if n == nil {
		return -1
	}
	return a.take(n, n.Dims(), wrt)
}

// named is the name of the op, or of one of its gradients.
func (a *associationOp) named(gradient string) string {
	return fmt.Sprintf("%s%s(%s)", a.what, gradient, a.settings)
}

func (a *associationOp) build() (*G.Node, error) {
	if (a.queries < 0) != (a.stored < 0) {
		return nil, fmt.Errorf("op: %s: lengths of queries and of stored patterns go together: %w", a.what, fault.ErrConfig)
	}
	a.name, a.rank = a.named(""), 2
	if a.what == "AssociationWeights" {
		a.rank = 3
	}
	a.shape = a.shapes
	a.f3, a.f6 = newAssociationRun[float32](a), newAssociationRun[float64](a)
	a.f32, a.f64 = a.f3.forward, a.f6.forward
	a.check32, a.check64 = a.f3.check, a.f6.check
	a.diff = a.grads
	return a.applyAs(a, a.args)
}

// SetTraining satisfies gorgonia.TrainModeOp: there is dropout only while a machine trains.
func (a *associationOp) SetTraining(training bool) error {
	a.f3.quiet, a.f6.quiet = !training, !training
	return nil
}

// shapes is the shape rule.
func (a *associationOp) shapes(out tensor.Shape, in []tensor.Shape) error {
	heads := a.config.Heads
	q, k := in[0], in[1]
	v := k
	if a.v >= 0 {
		v = in[a.v]
	}
	nothing := k[0] == 0 && a.queries < 0 // bags may be empty, and all of a batch
	if q[1] != k[1] || k[0] != v[0] || q[1]%heads != 0 || v[1]%heads != 0 || q[1] == 0 || nothing {
		return fmt.Errorf("queries %v, keys %v and values %v of %d heads do not fit, or there are none: %w", q, k, v, heads, ErrShape)
	}
	if in[a.beta][0] != heads || a.excess >= 0 && (len(in[a.excess]) != 1 || in[a.excess][0] != heads) {
		return fmt.Errorf("beta %v, or the α of its entmax, does not fit %d heads: %w", in[a.beta], heads, ErrShape)
	}
	bags := 1
	if a.queries >= 0 {
		if bags = in[a.queries][0]; len(in[a.queries]) != 1 || len(in[a.stored]) != 1 || in[a.stored][0] != bags {
			return fmt.Errorf("lengths of queries %v and of stored patterns %v are not of the same bags: %w", in[a.queries], in[a.stored], ErrShape)
		}
	}
	if err := a.maskShapes(in, bags); err != nil {
		return err
	}
	switch a.what {
	case "AssociationConjugate":
		return setShape(out, q[0], heads)
	case "AssociationWeights":
		if q[0]%bags != 0 || k[0]%bags != 0 {
			return fmt.Errorf("queries %v and keys %v are not of %d equal bags: %w", q, k, bags, ErrShape)
		}
		return setShape(out, bags*heads, q[0]/bags, k[0]/bags)
	}
	return setShape(out, q[0], v[1])
}

// maskShapes checks what can be known of masks before the lengths are: they want equal bags but for Ignored.
func (a *associationOp) maskShapes(in []tensor.Shape, bags int) error {
	stored := in[1][0] - bags*a.config.Extra
	if a.ignored >= 0 {
		s := in[a.ignored]
		if s.TotalSize() != stored || len(s) > 2 || len(s) == 2 && s[0] != bags {
			return fmt.Errorf("padding mask has shape %v, want (%d, patterns of a bag) or (%d): %w", s, bags, stored, ErrShape)
		}
	}
	for _, i := range []int{a.forbidden, a.added} {
		if i < 0 {
			continue
		}
		s, matrices := in[i], 1
		if len(s) == 3 {
			matrices = bags * a.config.Heads
		}
		n := len(s)
		if n != 2 && n != 3 || n == 3 && s[0] != matrices || s[n-2]*bags != in[0][0] || s[n-1]*bags != stored {
			return fmt.Errorf("association mask has shape %v, want (%d, %d) or (%d, %d, %d): %w", s, in[0][0]/bags, stored/bags,
				bags*a.config.Heads, in[0][0]/bags, stored/bags, ErrShape)
		}
	}
	return nil
}

// grads builds the gradients. One op computes that of the keys and, on the way, those of the queries, of beta and of α, which
// others then take; that of values of their own is computed by itself.
func (a *associationOp) grads(in G.Nodes, out, g *G.Node) (G.Nodes, error) {
	args := append(in[:len(in):len(in)], out, g)
	ranks := make([]int, len(args))
	for i, n := range args {
		ranks[i] = n.Dims()
	}
	a.f3.keep, a.f6.keep = true, true
	grads := make(G.Nodes, len(in))
	var err error
	grads[1], err = (&fused{
		name: a.named("GradK"), ranks: ranks, rank: 2, wrt: none(len(args)), shape: shapedAs(1), f32: a.f3.gradients, f64: a.f6.gradients,
	}).apply(args...)
	if err != nil {
		return nil, err
	}
	taken := func(i int, name string, f32 kernelFunc[float32], f64 kernelFunc[float64]) {
		if i < 0 || err != nil || !a.wrt[i] {
			return
		}
		rank := in[i].Dims()
		grads[i], err = (&fused{
			name: a.named(name), ranks: []int{rank, 2}, rank: rank, wrt: none(2), shape: shapedAs(0), f32: f32, f64: f64,
		}).apply(in[i], grads[1])
	}
	taken(0, "GradQ", a.f3.queryGrad, a.f6.queryGrad)
	taken(a.beta, "GradBeta", a.f3.betaGrad, a.f6.betaGrad)
	taken(a.excess, "GradExcess", a.f3.excessGrad, a.f6.excessGrad)
	if err != nil || a.v < 0 {
		return grads, err
	}
	grads[a.v], err = accumulator(fused{
		name: a.named("GradV"), ranks: ranks, rank: 2, wrt: none(len(args)), shape: shapedAs(a.v),
	}, a.f3.valueGrads, a.f6.valueGrads).apply(args...)
	return grads, err
}

package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// TAP is the negative phase of extended mean-field theory: means v and h that make the free energy of Thouless, Anderson and Palmer
// stationary. It is the expansion of −log Z at fixed means in powers of the couplings, here to the second or third,
//
//	F_TAP = −S(v) − S(h) − bᵀv − cᵀh − Σ_ij [ W_ij v_i h_j + ½ W_ij² κ₂(v_i)κ₂(h_j) + ⅙ W_ij³ κ₃(v_i)κ₃(h_j) ]
//
// with the entropies S and the cumulants κ₂ and κ₃ of a unit of that mean: m(1−m) and m(1−m)(1−2m) for Bernoulli units, 1−m² and
// −2m(1−m²) for Spin. The terms beyond the first are the reaction of a unit's neighbours to itself, Onsager's. Means go on from one update to the
// next as the chains of PCD do; each iteration sets h and then v to what they should be given the other,
//
//	h ← Γ′(c + vW + ½ κ₂′(h)·(κ₂(v)W²) + ⅙ κ₃′(h)·(κ₃(v)W³))
//
// with powers of W element by element, but for the share that Damping keeps. The cost has the gradient of F_TAP: training adds the covariances,
// see Means. The gradients of b and c are right to the order of F_TAP, those of W to one less. For strong couplings the expansion
// means little; there a solution stands for one mode, as many of them are found as chains end in.
//
// Source: M. Gabrié, E. Tramel, F. Krzakala, "Training Restricted Boltzmann Machines via the Thouless-Anderson-Palmer Free Energy", NIPS
// 2015, equations 7 to 11.
type TAP struct {
	Order      int     // 2 or 3; 0 means 2
	Iterations int     // between updates; 0 means 3
	Chains     int     // sets of means; 0 means 100
	Damping    float64 // share of the old means that an iteration keeps, below 1; 0 means 0.5
}

// String returns TAP2 or TAP3 and the rest of the setting.
func (c TAP) String() string {
	c = c.filled()
	return fmt.Sprintf("TAP%d with %d chains, %d iterations damped by %g", c.Order, c.Chains, c.Iterations, c.Damping)
}

func (c TAP) filled() TAP {
	if c.Order == 0 {
		c.Order = 2
	}
	if c.Iterations == 0 {
		c.Iterations = 3
	}
	if c.Chains == 0 {
		c.Chains = 100
	}
	if c.Damping == 0 {
		c.Damping = 0.5
	}
	return c
}

func (c TAP) check(m *layers.RBM) error {
	if m == nil {
		return fmt.Errorf("no model given: %w", energy.ErrConfig)
	}
	switch f := c.filled(); {
	case f.Order != 2 && f.Order != 3:
		return fmt.Errorf("Order is %d, want 2 or 3, or 0 for 2: %w", c.Order, energy.ErrConfig)
	case c.Iterations < 0 || c.Chains < 0:
		return fmt.Errorf("Iterations is %d and Chains %d, want none below 0: %w", c.Iterations, c.Chains, energy.ErrConfig)
	case !(f.Damping > 0 && f.Damping < 1):
		return fmt.Errorf("Damping is %g, want between 0 and 1, or 0 for 0.5: %w", c.Damping, energy.ErrConfig)
	}
	for _, u := range []energy.Units{m.Visible(), m.Hidden()} {
		for _, family := range u.Families() {
			if family != "Bernoulli" && family != "Spin" {
				return fmt.Errorf("RBM %q has %v units, want Bernoulli or Spin: %w", m.Name(), u, energy.ErrConfig)
			}
		}
	}
	return nil
}

// Start satisfies Negative. The means start at draws from the visible biases. It is an ErrConfig for other units than Bernoulli and Spin.
func (c TAP) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if err := c.check(m); err != nil {
		return nil, fmt.Errorf("sampling: TAP: %w", err)
	}
	c = c.filled()
	state, err := RandomState(m, c.Chains, seed)
	if err != nil {
		return nil, err
	}
	p := &tapPhase{TAP: c, model: m, state: state, weights: ones(c.Chains)}
	p.covariances = tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(m.Visible().Len(), m.Hidden().Len()))
	return p, nil
}

// FreeEnergy returns F_TAP, which stands for −log Z, in nats, after Iterations (now of more use in hundreds) from each of the rows of
// visible, (rows, visible). Chains has no part in it. Where several solutions are found, that of least F_TAP counts most.
// Errors: as of Start, and what the visible units' Check says of the rows.
func (c TAP) FreeEnergy(m *layers.RBM, visible *tensor.Dense) ([]float64, error) {
	if err := c.check(m); err != nil {
		return nil, fmt.Errorf("sampling: TAP: FreeEnergy: %w", err)
	}
	s, err := NewState(m, visible)
	if err != nil {
		return nil, fmt.Errorf("sampling: TAP: FreeEnergy: %w", err)
	}
	if m.Dtype() == tensor.Float32 {
		t, err := solve[float32](c.filled(), m, s)
		return t.freeEnergies(), err
	}
	t, err := solve[float64](c.filled(), m, s)
	return t.freeEnergies(), err
}

type tapPhase struct {
	TAP
	model       *layers.RBM
	state       *State // of means
	covariances *tensor.Dense
	weights     []float64
}

var _ Means = (*tapPhase)(nil)

func (p *tapPhase) Rows(int) int               { return len(p.weights) }
func (p *tapPhase) Chains() *tensor.Dense      { return p.state.Visible }
func (p *tapPhase) HiddenMeans() *tensor.Dense { return p.state.Hidden }
func (p *tapPhase) Covariances() *tensor.Dense { return p.covariances }

func (p *tapPhase) Next(*tensor.Dense, []float64, uint64) (*tensor.Dense, []float64, error) {
	if err := p.model.Visible().Check(p.state.Visible); err != nil { // it may have been written to
		return nil, nil, fmt.Errorf("sampling: TAP of RBM %q: Next: chains: %w", p.model.Name(), err)
	}
	var err error
	if p.model.Dtype() == tensor.Float32 {
		err = nextTAP[float32](p)
	} else {
		err = nextTAP[float64](p)
	}
	return p.state.Visible, p.weights, err
}

func nextTAP[T kernel.Float](p *tapPhase) error {
	t, err := solve[T](p.TAP, p.model, p.state)
	if err != nil {
		return err
	}
	t.covariances(op.Numbers[T](p.covariances))
	return nil
}

// tap is means under iteration.
type tap[T kernel.Float] struct {
	TAP
	plain  layers.Plain[T]
	n      int // rows
	v, h   tapSide[T]
	w2, w3 []T // powers of W
}

// tapSide is the means of one side, (rows, len), with their cumulants and the slopes of these.
type tapSide[T kernel.Float] struct {
	mean, k2, k3, d2, d3 []T
	spin                 []bool // of each column
}

// solve iterates from a state's visible means; its hidden ones are first those of naive mean-field theory.
func solve[T kernel.Float](c TAP, m *layers.RBM, s *State) (*tap[T], error) {
	plain, err := layers.PlainOf[T](m)
	if err != nil {
		return nil, err
	}
	side := func(mean *tensor.Dense, u energy.Units) tapSide[T] {
		x := tapSide[T]{mean: op.Numbers[T](mean), spin: u.Columns("Spin")}
		all := make([]T, 4*len(x.mean))
		for i, part := range []*[]T{&x.k2, &x.k3, &x.d2, &x.d3} {
			*part = all[i*len(x.mean) : (i+1)*len(x.mean)]
		}
		return x
	}
	t := &tap[T]{TAP: c, plain: plain, n: s.Visible.Shape()[0], v: side(s.Visible, m.Visible()), h: side(s.Hidden, m.Hidden())}
	t.w2, t.w3 = make([]T, len(plain.W)), make([]T, len(plain.W))
	kernel.Multiply(t.w2, plain.W, plain.W)
	kernel.Multiply(t.w3, t.w2, plain.W)
	plain.HiddenMean(t.h.mean, t.v.mean, t.n)
	t.v.cumulants()
	t.h.cumulants()
	in, part := make([]T, max(len(t.v.mean), len(t.h.mean))), make([]T, max(len(t.v.mean), len(t.h.mean)))
	for range c.Iterations {
		plain.HiddenInput(in[:len(t.h.mean)], t.v.mean, t.n)
		t.update(&t.h, t.v, in[:len(t.h.mean)], part[:len(t.h.mean)], false)
		plain.VisibleInput(in[:len(t.v.mean)], t.h.mean, t.n)
		t.update(&t.v, t.h, in[:len(t.v.mean)], part[:len(t.v.mean)], true)
	}
	return t, nil
}

// update adds the reaction terms to the inputs of a side, and moves its means to what they give.
func (t *tap[T]) update(to *tapSide[T], from tapSide[T], in, part []T, visible bool) {
	n, m := len(to.mean)/t.n, len(from.mean)/t.n
	react := func(cumulant, powers, slope []T, factor T) {
		ld := n
		if visible {
			ld = m
		}
		kernel.Gemm(false, visible, t.n, n, m, factor, cumulant, m, powers, ld, false, part, n)
		kernel.MultiplyAdd(in, part, slope, in)
	}
	react(from.k2, t.w2, to.d2, 0.5)
	if t.Order == 3 {
		react(from.k3, t.w3, to.d3, 1.0/6)
	}
	family, logVariance := t.plain.Hidden, t.plain.HiddenLogVariance
	if visible {
		family, logVariance = t.plain.Visible, t.plain.VisibleLogVariance
	}
	for i := range t.n {
		family.Mean(in[i*n:(i+1)*n], in[i*n:(i+1)*n], logVariance)
	}
	kernel.Combine(to.mean, to.mean, in, T(t.Damping), T(1-t.Damping), 0)
	to.cumulants()
}

// cumulants sets κ₂ and κ₃ of each mean, and their derivatives by it.
func (s *tapSide[T]) cumulants() {
	for i, m := range s.mean {
		if s.spin[i%len(s.spin)] {
			k2 := (1 - m) * (1 + m)
			s.k2[i], s.d2[i], s.k3[i], s.d3[i] = k2, -2*m, -2*m*k2, 4-6*k2
		} else {
			k2 := m * (1 - m)
			s.k2[i], s.d2[i], s.k3[i], s.d3[i] = k2, 1-2*m, k2*(1-2*m), 1-6*k2
		}
	}
}

// covariances sets dst to the mean over the rows of W∘κ₂κ₂ᵀ + ½ W²∘κ₃κ₃ᵀ.
func (t *tap[T]) covariances(dst []T) {
	n, m := t.plain.VisibleLen, t.plain.HiddenLen
	share := 1 / T(t.n)
	kernel.Gemm(true, false, n, m, t.n, share, t.v.k2, n, t.h.k2, m, false, dst, m)
	kernel.Multiply(dst, dst, t.plain.W)
	if t.Order == 3 {
		third := make([]T, len(dst))
		kernel.Gemm(true, false, n, m, t.n, share/2, t.v.k3, n, t.h.k3, m, false, third, m)
		kernel.MultiplyAdd(dst, third, t.w2, dst)
	}
}

// freeEnergies is F_TAP of each row.
func (t *tap[T]) freeEnergies() []float64 {
	if t == nil {
		return nil
	}
	n, m := t.plain.VisibleLen, t.plain.HiddenLen
	f, product := make([]float64, t.n), make([]T, t.n*m)
	pair := func(v, w, h []T, factor float64) { // factor·Σ_ij v_i w_ij h_j of each row
		kernel.Gemm(false, false, t.n, m, n, 1, v, n, w, m, false, product, m)
		for i := range f {
			f[i] -= factor * kernel.Dot(product[i*m:(i+1)*m], h[i*m:(i+1)*m])
		}
	}
	for i := range f {
		v, h := t.v.mean[i*n:(i+1)*n], t.h.mean[i*m:(i+1)*m]
		f[i] = -kernel.Dot(v, t.plain.B) - kernel.Dot(h, t.plain.C) - entropy(v, t.v.spin) - entropy(h, t.h.spin)
	}
	pair(t.v.mean, t.plain.W, t.h.mean, 1)
	pair(t.v.k2, t.w2, t.h.k2, 0.5)
	if t.Order == 3 {
		pair(t.v.k3, t.w3, t.h.k3, 1.0/6)
	}
	return f
}

// entropy is that of independent units of these means, in nats.
func entropy[T kernel.Float](mean []T, spin []bool) (s float64) {
	for i, m := range mean {
		p := float64(m)
		if spin[i] {
			p = (1 + p) / 2
		}
		for _, q := range []float64{p, 1 - p} {
			if q > 0 {
				s -= q * math.Log(q)
			}
		}
	}
	return s
}

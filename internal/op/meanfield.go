package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/units"
)

// MeanFieldConfig says how the means of units that are coupled among themselves are updated. Temperature is above 0.
type MeanFieldConfig struct {
	Units       units.Kind // Spin or Bernoulli: of independent units without a variance of their own
	Temperature float64
	Damping     float64 // share of the old mean that an update keeps, at least 0 and less than 1
	FromState   bool    // x is the state to start from; else it is added to b

	Steps     int     // updates; 0 for until they settle
	Tolerance float64 // where Steps is 0, a row has settled once an update asks for no larger change of any mean
	MaxSteps  int     // where Steps is 0, the most updates
}

// name tells configurations apart.
func (c MeanFieldConfig) name() string {
	return fmt.Sprintf("%s,%x,%x,%v,%d,%x,%d", c.Units.Name, math.Float64bits(c.Temperature), math.Float64bits(c.Damping), c.FromState,
		c.Steps, math.Float64bits(c.Tolerance), c.MaxSteps)
}

// MeanField builds the means of coupled units after their updates, all units of a row at once:
//
//	m ← d·m + (1−d)·Γ'((Wm + b + x)/T)
//
// x is (B, n), W (n, n) and symmetric, b (n); the result is (B, n). The updates start from the means Γ'((b + x)/T) of uncoupled units,
// or, where FromState is set, from x, which is no field then. A row has the bits that it would have alone.
//
// With Steps, gradient flows to x, W and b through every update, for which states and inputs are kept, 2·B·n numbers an update; it
// is exact for every W, symmetric or not.
//
// Without, a row is updated until it has settled. Where an update takes back four fifths of the one before, the row's step 1−d is halved
// for good. So it ends in a fixed point also where the undamped updates of all units at once would go to and fro between two states
// for ever. The gradient is that of the fixed point, by the implicit function theorem, and nothing is kept: with D = diag(Γ”/T) there
//
//	(I − D^½WD^½) z = D^½g,   u = D^½z,   dx = u,   db = Σ u,   dW = Σ m uᵀ
//
// by conjugate gradients. The matrix is positive definite where the fixed point is a strict minimum of the mean-field free energy,
// whose Hessian is D⁻¹ − W. A row that has not settled, or whose matrix is seen not to be so, goes back through its last 100 updates
// instead. None flows to a state that the updates start from.
//
// Cost: B·n² multiply-adds an update. Backward it is twice that an update, or once for each step of the conjugate gradients.
//
// Source: D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985), for the units; C. Peterson, J. Anderson, Complex Systems 1
// (1987), for their means; C. Marcus, R. Westervelt, Phys. Rev. A 40 (1989), for when they settle; S. Bai, J. Z. Kolter, V. Koltun,
// "Deep Equilibrium Models", NeurIPS 2019, for the gradient.
func MeanField(c MeanFieldConfig, x, w, b *G.Node) (*G.Node, error) {
	name := fmt.Sprintf("MeanField(%s)", c.name())
	r3, r6 := newMeanFieldRun[float32](c), newMeanFieldRun[float64](c)
	o := &fused{
		name:  name,
		ranks: []int{2, 2, 1}, rank: 2, wrt: []bool{true, true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			n := in[0][1]
			if in[1][0] != n || in[1][1] != n || in[2][0] != n {
				return fmt.Errorf("x %v, W %v and b %v do not fit: %w", in[0], in[1], in[2], ErrShape)
			}
			copy(out, in[0])
			return nil
		},
		f32: r3.forward, f64: r6.forward,
	}
	// One op computes the gradient of W and, on the way, the others, which two more then take.
	o.diff = func(in G.Nodes, out, g *G.Node) (G.Nodes, error) {
		r3.keep, r6.keep = true, true
		dw, err := (&fused{
			name: name + "GradW", ranks: []int{2, 2, 1, 2, 2}, rank: 2, wrt: none(5), shape: shapedAs(1), f32: r3.gradients, f64: r6.gradients,
		}).apply(in[0], in[1], in[2], out, g)
		if err != nil {
			return nil, err
		}
		dx, err := (&fused{
			name: name + "GradX", ranks: []int{2, 2}, rank: 2, wrt: none(2), shape: shapedAs(0), f32: r3.inputGrad, f64: r6.inputGrad,
		}).apply(in[0], dw)
		if err != nil {
			return nil, err
		}
		db, err := (&fused{
			name: name + "GradB", ranks: []int{1, 2}, rank: 1, wrt: none(2), shape: shapedAs(0), f32: r3.biasGrad, f64: r6.biasGrad,
		}).apply(in[2], dw)
		return G.Nodes{dx, dw, db}, err
	}
	return o.apply(x, w, b)
}

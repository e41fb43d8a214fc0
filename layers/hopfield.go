package layers

import (
	"errors"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
)

// HopfieldConfig describes a Hopfield layer. Units must be given; with nothing else the layer gives the fixed point of its means at
// temperature 1, with its input as a field.
type HopfieldConfig struct {
	// Units are energy.Spin(n) or energy.Bernoulli(n).
	Units energy.Units `json:"units"`
	// Temperature is T; 0 means 1.
	Temperature float64 `json:"temperature,omitempty"`
	// InputIsState makes x the state that the updates start from, as in recall: then it is no field, and Steps must be given, as a fixed
	// point does not depend on where the updates that led there began.
	InputIsState bool `json:"input_is_state,omitempty"`

	// Steps is how many updates there are, and the gradient flows through each; 0 means until the means settle in a fixed point.
	Steps int `json:"steps,omitempty"`
	// Tolerance ends the updates of a row once no mean of it would change by more; 0 means 1e-5 in float32 and 1e-10 in float64. Only
	// for fixed points.
	Tolerance float64 `json:"tolerance,omitempty"`
	// MaxSteps bounds the updates of a row that does not settle; 0 means 1000. Only for fixed points.
	MaxSteps int `json:"max_steps,omitempty"`
	// Damping is the share d of the old means that an update keeps, 0 ≤ d < 1. Fixed points stay where they are.
	Damping float64 `json:"damping,omitempty"`

	// Seed of the initial couplings: together with the layer's name it fixes them.
	Seed uint64 `json:"seed"`
	// InitDeviation is the standard deviation of the initial couplings; 0 means T/(4√n). Then the largest eigenvalue of W is near T/2 for
	// large n (Wigner's semicircle), so that there is one fixed point and every update comes nearer to it.
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

// Hopfield is a Hopfield network, or Boltzmann machine without hidden units, in the mean-field approximation: n units coupled among
// themselves, E(s) = −bᵀs − ½ sᵀWs at temperature T, whose means are updated all at once,
//
//	m ← d·m + (1−d)·tanh((Wm + b + x)/T)     for Spin units, and σ for Bernoulli
//
// so often as is asked, or to the fixed point. As a layer it is m, differentiable in W, b and the input x; with W = 0 it is tanh((b + x)/T).
// Parameters: W (n, n), symmetric with a zero diagonal, and b (n).
//
// W stays of its form. The gradient is symmetric with a zero diagonal, so each solver of package training leaves W so, bit for bit;
// Param.Set and files with another W are refused with ErrConfig.
//
// Fixed points are the stationary points of the mean-field free energy, see FreeEnergy. Damping is for networks whose W has a negative
// eigenvalue λ below −T for Spin units, or −4T for Bernoulli: updates of all units at once may then go to and fro between two states
// for ever. Each update lowers the free energy, until it stops, if
//
//	1 − d < 2T'/(T' + |λ|),   T' = T for Spin, 4T for Bernoulli
//
// Without Steps the layer halves 1 − d by itself, row by row, where an update turns back, so Damping is rarely needed. Below a critical
// temperature there are several fixed points, of which the layer gives one that the field pulls to, and between them it jumps. A gradient
// does not see jumps, and training that has pushed W there may stay there: then a few Steps are the better choice.
//
// Source: J. J. Hopfield, PNAS 81 (1984); C. Peterson, J. Anderson, Complex Systems 1 (1987); C. Marcus, R. Westervelt, Phys. Rev. A 40
// (1989), whose condition for synchronous updates to settle is the above with d = 0.
type Hopfield struct {
	name   string
	config HopfieldConfig
	w, b   *Param
}

// NewHopfield makes a Hopfield layer with small random couplings and zero biases. Errors: ErrConfig, ErrDtype.
func NewHopfield(name string, config HopfieldConfig) (*Hopfield, error) {
	return newHopfield(name, config, nil)
}

func newHopfield(name string, config HopfieldConfig, file *modelfile.File) (*Hopfield, error) {
	m := NewMaker("layers: Hopfield", name, config.Dtype, file)
	if m.err != nil {
		return nil, m.err
	}
	if err := config.Units.Validate(); err != nil {
		return nil, fmt.Errorf("layers: Hopfield %q: Units: %w", name, err)
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("layers: Hopfield %q: %w: %w", name, err, energy.ErrConfig)
	}
	config.Dtype = m.dtype
	h := &Hopfield{name: name, config: config}
	n := config.Units.Len()
	deviation := config.InitDeviation
	if deviation == 0 {
		deviation = h.temperature() / (4 * math.Sqrt(float64(n)))
	}
	h.w = m.Param("W", true, couplingsOf(m.Normal(config.Seed, "W", deviation, n*n), n), n, n)
	h.b = m.Param("b", true, nil, n)
	if m.err == nil && file != nil {
		m.err = checkCouplings(h.w.Float64s(), n)
	}
	if m.err != nil {
		return nil, fmt.Errorf("layers: Hopfield %q: %w", name, m.err)
	}
	h.w.check = func(values []float64) error { return checkCouplings(values, n) }
	return h, nil
}

// check says what is wrong with a configuration.
func (c HopfieldConfig) check() error {
	if f := c.Units.Families(); len(f) != 1 || f[0] != "Spin" && f[0] != "Bernoulli" {
		return fmt.Errorf("Units are %v, want Spin or Bernoulli", c.Units)
	}
	bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) || x < 0 }
	switch {
	case bad(c.Temperature) || c.Temperature > 0 && (c.Temperature < 1e-30 || c.Temperature > 1e30):
		return fmt.Errorf("Temperature is %g, want 1e-30 to 1e30, or 0 for 1", c.Temperature)
	case c.Steps < 0 || c.Steps > maxUpdates:
		return fmt.Errorf("Steps is %d, want 1 to 2^20, or 0 for the fixed point", c.Steps)
	case c.InputIsState && c.Steps == 0:
		return errors.New("InputIsState wants Steps: a fixed point does not depend on the state that the updates started from")
	case bad(c.Tolerance):
		return fmt.Errorf("Tolerance is %g, want a positive number, or 0 for that of the dtype", c.Tolerance)
	case c.MaxSteps < 0 || c.MaxSteps > maxUpdates:
		return fmt.Errorf("MaxSteps is %d, want 1 to 2^20, or 0 for 1000", c.MaxSteps)
	case c.Steps > 0 && (c.Tolerance != 0 || c.MaxSteps != 0):
		return fmt.Errorf("Tolerance is %g and MaxSteps %d, which are for fixed points, but Steps is %d", c.Tolerance, c.MaxSteps, c.Steps)
	case !(c.Damping >= 0 && c.Damping < 1):
		return fmt.Errorf("Damping is %g, want at least 0 and less than 1", c.Damping)
	case bad(c.InitDeviation):
		return fmt.Errorf("InitDeviation is %g, want a positive number, or 0 for T/(4√n)", c.InitDeviation)
	}
	return nil
}

// maxUpdates bounds numbers of updates: of each the states are kept.
const maxUpdates = 1 << 20

// couplingsOf gives both places of a pair the number of the upper one, and the diagonal 0.
func couplingsOf(number func(i int) float64, n int) func(i int) float64 {
	if number == nil {
		return nil
	}
	return func(at int) float64 {
		i, j := at/n, at%n
		if i == j {
			return 0
		}
		return number(min(i, j)*n + max(i, j))
	}
}

// checkCouplings refuses a matrix that is not symmetric or has anything on its diagonal.
func checkCouplings(w []float64, n int) error {
	for i := range n {
		if w[i*n+i] != 0 {
			return fmt.Errorf("W has %v at row %d of its diagonal, want 0: %w", w[i*n+i], i, energy.ErrConfig)
		}
		for j := range i {
			if w[i*n+j] != w[j*n+i] {
				return fmt.Errorf("W has %v at row %d, column %d, and %v at row %d, column %d, want a symmetric matrix: %w",
					w[i*n+j], i, j, w[j*n+i], j, i, energy.ErrConfig)
			}
		}
	}
	return nil
}

// Name returns the layer's name.
func (h *Hopfield) Name() string { return h.name }

// Config returns the configuration as it was given, with the dtype filled in.
func (h *Hopfield) Config() HopfieldConfig { return h.config }

// Params lists W and b.
func (h *Hopfield) Params() []*Param { return []*Param{h.w, h.b} }

// Param returns the parameter of a short name ("W", "b"), or nil.
func (h *Hopfield) Param(name string) *Param {
	switch name {
	case "W":
		return h.w
	case "b":
		return h.b
	}
	return nil
}

func (h *Hopfield) temperature() float64 {
	if h.config.Temperature == 0 {
		return 1
	}
	return h.config.Temperature
}

// updates is what the op is to do.
func (h *Hopfield) updates() op.MeanFieldConfig {
	c := op.MeanFieldConfig{
		Units: h.config.Units.Kind(), Temperature: h.temperature(), Damping: h.config.Damping, FromState: h.config.InputIsState,
		Steps: h.config.Steps, Tolerance: h.config.Tolerance, MaxSteps: h.config.MaxSteps,
	}
	if c.Steps > 0 {
		return c
	}
	if c.MaxSteps == 0 {
		c.MaxSteps = 1000
	}
	switch {
	case c.Tolerance != 0:
	case h.config.Dtype == tensor.Float32:
		c.Tolerance = 1e-5
	default:
		c.Tolerance = 1e-10
	}
	return c
}

// Forward builds the means of the units: x (B, n) gives (B, n), and (B, T, n) gives (B, T, n), each instance being a row. They lie in
// [−1, 1] for Spin units and in [0, 1] for Bernoulli. A row has the bits that it would have alone.
//
// Gradient flows to x, W and b. With Steps it goes back through every update, whose states are kept: 2·n numbers an update and a row.
// At a fixed point it is that of the implicit function theorem, and nothing is kept; rows that did not settle within MaxSteps, or
// settled where the free energy has no strict minimum, go back through their last 100 updates.
//
// Errors: ErrShape, ErrDtype. Cost: n² multiply-adds a row and an update, and twice that backward; at a fixed point backward costs as
// much for each step of the conjugate gradients, of which a few tens are common.
func (h *Hopfield) Forward(x *G.Node) (*G.Node, error) {
	what := fmt.Sprintf("layers: Hopfield %q: Forward", h.name)
	return onRows(what, x, h.config.Units.Len(), h.Params(), func(x *G.Node, params []*G.Node) (*G.Node, error) {
		w, err := op.Couplings(params[0], nil)
		if err != nil {
			return nil, err
		}
		return op.MeanField(h.updates(), x, w, params[1])
	})
}

// Bind returns the energy of the network over its parameter nodes in g.
func (h *Hopfield) Bind(g *G.ExprGraph) (energy.Quadratic, error) {
	e := energy.Quadratic{Units: h.config.Units}
	w, err := h.w.Node(g)
	if err != nil {
		return e, err
	}
	if e.B, err = h.b.Node(g); err != nil {
		return e, err
	}
	e.W, err = op.Couplings(w, nil)
	return e, err
}

// Energy builds E(s) = −bᵀs − ½ sᵀWs of states: (B, n) gives (B). Means are taken as well; p(s) ∝ exp(−E(s)/T). Gradient flows to s, W and b.
// Errors: ErrShape, ErrDtype. Cost: one (B×n)·(n×n) product.
func (h *Hopfield) Energy(s *G.Node) (*G.Node, error) {
	n, err := h.energy(s)
	return h.named("Energy", n, err)
}

func (h *Hopfield) energy(s *G.Node) (*G.Node, error) {
	g, err := graphOf(s)
	if err != nil {
		return nil, err
	}
	e, err := h.Bind(g)
	if err != nil {
		return nil, err
	}
	return e.Energy(s)
}

// FreeEnergy builds the mean-field free energy of means m, with x as a field as in Forward, or without where x is nil:
//
//	F(m) = E(m) − xᵀm − T·H(m),   H(m) = −Σ p log p + (1−p) log(1−p),   p = (1+m)/2 for Spin, m for Bernoulli
//
// (B, n) and (B, n) give (B). It is no less than −T log Z of the network in that field (Gibbs, Bogoliubov, Feynman). Its stationary
// points are the fixed points of Forward, and an update of one unit alone goes to the minimum over that unit, so it never raises F.
//
// A mean that the units cannot have gives NaN. Gradient flows to m, x, W and b; with regard to m it is T·Γ'⁻¹(m) − Wm − b − x. At the
// ends of the range it is that of the nearest number within. Errors: ErrShape, ErrDtype. Cost: one (B×n)·(n×n) product and 2n
// logarithms a row.
func (h *Hopfield) FreeEnergy(m, x *G.Node) (*G.Node, error) {
	n, err := h.freeEnergy(m, x)
	return h.named("FreeEnergy", n, err)
}

func (h *Hopfield) freeEnergy(m, x *G.Node) (*G.Node, error) {
	nodes := []*G.Node{m}
	if x != nil {
		nodes = append(nodes, x)
	}
	if _, err := graphOf(nodes...); err != nil {
		return nil, err
	}
	var sum op.Terms
	sum.Add(1)(h.energy(m))
	if x != nil {
		sum.Add(-1)(op.RowDot(x, m))
	}
	sum.Add(h.temperature())(op.NegativeEntropy(h.config.Units.Kind(), m))
	return sum.Build()
}

func (h *Hopfield) named(what string, n *G.Node, err error) (*G.Node, error) {
	if err != nil {
		return nil, fmt.Errorf("layers: Hopfield %q: %s: %w", h.name, what, err)
	}
	return n, nil
}

// Save writes the layer to a file; see Save.
func (h *Hopfield) Save(path string) error { return Save(path, h) }

// Spec describes the layer for a file.
func (h *Hopfield) Spec() (kind string, config any) {
	return "hopfield_mean_field", Typed[HopfieldConfig]{h.config, h.config.Dtype}
}

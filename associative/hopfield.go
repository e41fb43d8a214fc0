package associative

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Ties is what a unit does whose field is 0. Sums of couplings that are not whole numbers are rounded, so a field within 2^-44 of the sizes
// that it is summed of is taken as 0.
type Ties int

const (
	// Keep leaves the unit as it is: no update changes a state without lowering its energy, so every asynchronous recall ends.
	Keep Ties = iota
	// Minus makes the unit −1 (0 for binary units), Θ(0) = −1 of the lectures. A state and its negative are then no longer alike.
	Minus
)

// String names the setting.
func (t Ties) String() string {
	switch t {
	case Keep:
		return "Keep"
	case Minus:
		return "Minus"
	}
	return fmt.Sprintf("Ties(%d)", int(t))
}

// HopfieldConfig says what of a Hopfield network is not its couplings.
type HopfieldConfig struct {
	// Bias is b, one number a unit; nil means 0. A threshold θ_i is a bias of −θ_i.
	Bias []float64
	// Binary units are 0 and 1 instead of −1 and 1.
	Binary bool
	// Ties is what a unit does whose field is 0; the zero value is Keep.
	Ties Ties
	// SelfCoupling permits a diagonal of W other than 0. A unit with w_ii < 0 may then oscillate for ever, and one with w_ii > 0 holds
	// on to its state: networks whose diagonal is positive have more stable states, and fewer that anything is drawn to.
	SelfCoupling bool
	// Asymmetric permits w_ij ≠ w_ji. The network then has no energy that recall lowers, and may run in cycles of any length.
	Asymmetric bool
}

// Hopfield is a network of n bipolar or binary units with couplings W and biases b,
//
//	E(x) = −½ xᵀWx − bᵀx        h = xW + b        x_i ← sgn(h_i)
//
// w_ji is the weight of unit j in the field of unit i. W is symmetric with a zero diagonal, so that an update of one unit never raises the
// energy, unless the configuration permits something else.
//
// A Hopfield does not change; several goroutines may use it at once.
//
// Source: J. J. Hopfield, "Neural networks and physical systems with emergent collective computational abilities", PNAS 79 (1982),
// eq. 1 and 7.
type Hopfield struct {
	n      int
	config HopfieldConfig
	// W = scale·m. Rules that count keep whole numbers in m, whose sums are exact.
	m     []float64 // (n, n)
	scale float64
	// remembers is what Hebb keeps instead of m; else nil. Who changes a copy takes it away.
	remembers *remembered
	// tie is how far from 0 rounding can bring the field of unit i that is 0.
	tie []float64
}

// NewHopfield makes a network with couplings W, an (n, n) tensor of float32 or float64.
//
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrConfig for couplings that are not symmetric or have a diagonal, unless the configuration
// permits them, and for unknown Ties; ErrNotFinite where fields or energies could overflow. Cost: a copy of W in float64.
func NewHopfield(w *tensor.Dense, config HopfieldConfig) (*Hopfield, error) {
	values, n, err := matrix.Of(w, 0)
	if err == nil && len(values) != n*n {
		err = fmt.Errorf("shape %v, want (n, n): %w", w.Shape(), energy.ErrShape)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: NewHopfield: couplings: %w", err)
	}
	h, err := newHopfield(slices.Clone(values), n, 1, config)
	if err != nil {
		return nil, fmt.Errorf("associative: NewHopfield: %w", err)
	}
	return h, nil
}

// newHopfield keeps m.
func newHopfield(m []float64, n int, scale float64, config HopfieldConfig) (*Hopfield, error) {
	if config.Ties != Keep && config.Ties != Minus {
		return nil, fmt.Errorf("%v is not known, want Keep or Minus: %w", config.Ties, energy.ErrConfig)
	}
	if config.Bias != nil {
		if len(config.Bias) != n {
			return nil, fmt.Errorf("Bias has %d numbers for %d units: %w", len(config.Bias), n, energy.ErrShape)
		}
		for i, b := range config.Bias {
			if b-b != 0 {
				return nil, fmt.Errorf("Bias %d is %v, want a finite number: %w", i, b, energy.ErrNotFinite)
			}
		}
		config.Bias = slices.Clone(config.Bias)
	}
	for i := range n {
		if d := m[i*n+i]; d != 0 && !config.SelfCoupling {
			return nil, fmt.Errorf("couplings: unit %d is coupled to itself by %g, want 0: with such a unit the energy may rise and recall may not end "+
				"(SelfCoupling permits it): %w", i, scale*d, energy.ErrConfig)
		}
		for j := 0; j < i && !config.Asymmetric; j++ {
			if a, b := m[i*n+j], m[j*n+i]; a != b {
				return nil, fmt.Errorf("couplings: w(%d,%d) is %g and w(%d,%d) is %g, want them equal: without symmetry there is no energy, and recall "+
					"may not end (Asymmetric permits it): %w", i, j, scale*a, j, i, scale*b, energy.ErrConfig)
			}
		}
	}
	h := &Hopfield{n: n, config: config, m: m, scale: scale}
	if h.bound(); math.IsInf(kernel.Sum(h.tie)*0x1p48, 1) { // 16 times the sizes that an energy is summed of: also Binary has room
		return nil, fmt.Errorf("couplings and biases are so large that fields or energies are too large for float64: %w", energy.ErrNotFinite)
	}
	return h, nil
}

// bound finds out how far rounding reaches.
func (h *Hopfield) bound() { h.tie = reachOf(h.m, h.n, h.scale, h.config.Bias) }

// reachOf returns how far from 0 rounding can bring fields scale·xM + bias that are 0, for x of ±1 and M (n, k). A bias of nil is 0.
func reachOf(m []float64, k int, scale float64, bias []float64) []float64 {
	reach := make([]float64, k)
	for i, v := range m {
		reach[i%k] += math.Abs(v) * 0x1p-44 // before the sum, which might overflow
	}
	for j, sum := range reach {
		reach[j] = math.Abs(scale) * sum
		if bias != nil {
			reach[j] += math.Abs(bias[j]) * 0x1p-44
		}
	}
	return reach
}

// weights returns m.
func (h *Hopfield) weights() []float64 {
	if h.remembers != nil {
		return h.remembers.weights()
	}
	return h.m
}

// Len returns the number of units.
func (h *Hopfield) Len() int { return h.n }

// Config returns the configuration; its Bias is a copy.
func (h *Hopfield) Config() HopfieldConfig {
	config := h.config
	config.Bias = slices.Clone(config.Bias)
	return config
}

// WithTies returns a network that differs in what units do whose field is 0; it shares the couplings.
func (h *Hopfield) WithTies(ties Ties) (*Hopfield, error) {
	if ties != Keep && ties != Minus {
		return nil, fmt.Errorf("associative: Hopfield: WithTies: %v is not known, want Keep or Minus: %w", ties, energy.ErrConfig)
	}
	other := *h
	other.config.Ties = ties
	return &other, nil
}

// Couplings returns a copy of W, (n, n), in float64.
func (h *Hopfield) Couplings() *tensor.Dense {
	w := slices.Clone(h.weights())
	kernel.Scale(w, w, h.scale)
	return matrix.Tensor(tensor.Float64, w, h.n, h.n)
}

// low is the smaller of a unit's two values; the other is 1.
func (h *Hopfield) low() float64 {
	if h.config.Binary {
		return 0
	}
	return -1
}

// states reads a batch of states.
func (h *Hopfield) states(what string, states *tensor.Dense) ([]float64, error) {
	read := matrix.Spins
	if h.config.Binary {
		read = matrix.Bits
	}
	x, _, err := read(states, h.n)
	if err != nil {
		return nil, fmt.Errorf("associative: Hopfield: %s: states: %w", what, err)
	}
	return x, nil
}

// fieldsOf writes xM for rows of x, without scale and bias: what stays exact where m counts.
func (h *Hopfield) fieldsOf(dst, x []float64) {
	kernel.Gemm(false, false, len(x)/h.n, h.n, h.n, 1, x, h.n, h.weights(), h.n, false, dst, h.n)
}

// field is h_i, given (xM)_i.
func (h *Hopfield) field(i int, sum float64) float64 {
	return h.scale*sum + h.bias(i)
}

// next is the value that unit i of value x takes in a field.
func (h *Hopfield) next(i int, x, field float64) float64 {
	switch {
	case field > h.tie[i]:
		return 1
	case field < -h.tie[i] || h.config.Ties == Minus:
		return h.low()
	}
	return x // also for a field of NaN, which finite couplings that overflow can have
}

// energy of one state, given its xM.
func (h *Hopfield) energy(x, sums []float64) float64 {
	e := -h.scale * kernel.Dot(x, sums) / 2
	if h.config.Bias != nil {
		e -= kernel.Dot(x, h.config.Bias)
	}
	return e + 0 // not −0
}

// Fields returns h = xW + b of states (B, n) of the units' values, (B, n) in the dtype of the states.
// Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: B·n².
func (h *Hopfield) Fields(states *tensor.Dense) (*tensor.Dense, error) {
	x, err := h.states("Fields", states)
	if err != nil {
		return nil, err
	}
	fields := make([]float64, len(x))
	h.fieldsOf(fields, x)
	for k, sum := range fields {
		fields[k] = h.field(k%h.n, sum)
	}
	return matrix.Tensor(states.Dtype(), fields, len(x)/h.n, h.n), nil
}

// Energy returns E(x) of each of the states, (B, n) of the units' values, in the unit of the couplings (nats at temperature 1).
// Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: B·n².
func (h *Hopfield) Energy(states *tensor.Dense) ([]float64, error) {
	x, err := h.states("Energy", states)
	if err != nil {
		return nil, err
	}
	sums, e := make([]float64, len(x)), make([]float64, len(x)/h.n)
	h.fieldsOf(sums, x)
	for k := range e {
		e[k] = h.energy(x[k*h.n:(k+1)*h.n], sums[k*h.n:(k+1)*h.n])
	}
	return e, nil
}

// Stable reports for each of the states, (B, n) of the units' values, whether no unit would change: whether it is a fixed point of every
// recall at temperature 0. Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: B·n².
func (h *Hopfield) Stable(states *tensor.Dense) ([]bool, error) {
	x, err := h.states("Stable", states)
	if err != nil {
		return nil, err
	}
	sums, stable := make([]float64, len(x)), make([]bool, len(x)/h.n)
	h.fieldsOf(sums, x)
	for k := range stable {
		stable[k] = h.stable(x[k*h.n:(k+1)*h.n], sums[k*h.n:(k+1)*h.n], nil)
	}
	return stable, nil
}

// stable reports whether no unit that is free would change.
func (h *Hopfield) stable(x, sums []float64, clamped []bool) bool {
	for i, v := range x {
		if (clamped == nil || !clamped[i]) && h.next(i, v, h.field(i, sums[i])) != v {
			return false
		}
	}
	return true
}

// Stabilities returns how firmly the units of each state, (B, n) of the units' values, hold their values,
//
//	κ_i = s_i h_i / |w_i|        s_i = 1 where x_i = 1, and −1 otherwise
//
// where |w_i| is the length of the weights that unit i receives: (B, n) in the dtype of the states. All are positive for a state that is
// stable whatever ties do. A unit that receives nothing has the sign of its bias as κ, times ∞. The least κ of all patterns is what
// MinOverlap makes as large as it can be. Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: B·n².
func (h *Hopfield) Stabilities(states *tensor.Dense) (*tensor.Dense, error) {
	x, err := h.states("Stabilities", states)
	if err != nil {
		return nil, err
	}
	lengths := make([]float64, h.n)
	for k, v := range h.weights() {
		lengths[k%h.n] += v * v
	}
	for i, square := range lengths {
		lengths[i] = math.Abs(h.scale) * math.Sqrt(square)
	}
	kappa := make([]float64, len(x))
	h.fieldsOf(kappa, x)
	for k, sum := range kappa {
		field, length := h.field(k%h.n, sum), lengths[k%h.n]
		if x[k] != 1 {
			field = -field
		}
		if kappa[k] = field / length; field == 0 {
			kappa[k] = 0
		}
	}
	return matrix.Tensor(states.Dtype(), kappa, len(x)/h.n, h.n), nil
}

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

// Bond couples two spins A and B, two different ones, with strength J: above 0 it wants them equal.
type Bond struct {
	A, B int
	J    float64
}

// Ising is a model of n spins s_i, −1 or 1, on the bonds of a graph,
//
//	E(s) = −Σ_<ij> J_ij s_i s_j − Σ_i h_i s_i        p(s) ∝ exp(−E(s)/T)
//
// a Hopfield network that keeps its bonds instead of a matrix: W = J, b = h. Two spins may have several bonds, which add up.
//
// An Ising does not change; several goroutines may use it at once.
//
// Sources: E. Ising, Zeitschrift für Physik 31 (1925); J. J. Hopfield, PNAS 79 (1982), eq. 7, for the isomorphism.
type Ising struct {
	n     int
	bonds []Bond
	field []float64 // nil for 0
}

// maxSpins bounds a model so that its graph is numbered in 32 bits.
const maxSpins = math.MaxInt32 - 1

// NewIsing makes a model of n spins. field is h, one number a spin; nil means 0.
//
// Errors: ErrConfig for no spins, for 2³⁰ bonds and more, and for a bond of a spin with itself (a constant of the energy), ErrRange for a bond to a spin that is not
// there, ErrShape for a field that is not one number a spin, ErrNotFinite for numbers that are not finite or whose sizes add up to such.
func NewIsing(n int, bonds []Bond, field []float64) (*Ising, error) {
	if n < 1 {
		return nil, fmt.Errorf("associative: NewIsing: %d spins, want at least 1: %w", n, energy.ErrConfig)
	}
	if field != nil && len(field) != n {
		return nil, fmt.Errorf("associative: NewIsing: %d fields for %d spins: %w", len(field), n, energy.ErrShape)
	}
	if n > maxSpins || len(bonds) > maxSpins/2 {
		return nil, fmt.Errorf("associative: NewIsing: %d spins and %d bonds, want at most %d and %d: %w", n, len(bonds), maxSpins, maxSpins/2, energy.ErrConfig)
	}
	most := 0.0
	for k, b := range bonds {
		switch {
		case b.A < 0 || b.A >= n || b.B < 0 || b.B >= n:
			return nil, fmt.Errorf("associative: NewIsing: bond %d joins spins %d and %d, want 0 to %d: %w", k, b.A, b.B, n-1, energy.ErrRange)
		case b.A == b.B:
			return nil, fmt.Errorf("associative: NewIsing: bond %d joins spin %d to itself, want two spins: %w", k, b.A, energy.ErrConfig)
		}
		most += math.Abs(b.J)
	}
	for _, h := range field {
		most += math.Abs(h)
	}
	if most *= 16; most-most != 0 { // room for sums, and for Hopfield and its Binary
		return nil, fmt.Errorf("associative: NewIsing: the sizes of bonds and fields, 16 times, add up to %v, want a finite number: %w", most, energy.ErrNotFinite)
	}
	return &Ising{n: n, bonds: slices.Clone(bonds), field: slices.Clone(field)}, nil
}

// IsingOf returns the Ising model of a network, with J_ij = w_ij for each pair that is coupled and h_i = b_i,
//
//	E_Ising(s) = E(x) + shift        s = x    bipolar        s = 2x − 1    binary
//
// For bipolar units the shift is ½ Σ w_ii, the self-couplings' constant share of the energy, 0 where there are none: energies and
// distributions agree for all networks, recall for those without self-couplings. Binary units are first made bipolar (see Bipolar), which
// adds its own shift. What units do at ties is not part of the model. Errors: ErrConfig for couplings that are not symmetric, which have no
// energy. Cost: n².
//
// Ising.Hopfield is the way back: it returns the couplings and biases of a bipolar network without a diagonal as they were.
func IsingOf(h *Hopfield) (model *Ising, shift float64, err error) {
	if h == nil {
		return nil, 0, fmt.Errorf("associative: IsingOf: no network given: %w", energy.ErrConfig)
	}
	bipolar, shift := h.Bipolar()
	n := h.n
	var bonds []Bond
	for i := range n {
		shift += bipolar.scale * bipolar.weights()[i*n+i] / 2
		for j := i + 1; j < n; j++ {
			w, back := bipolar.scale*bipolar.weights()[i*n+j], bipolar.scale*bipolar.weights()[j*n+i]
			if w != back {
				return nil, 0, fmt.Errorf("associative: IsingOf: w(%d,%d) is %g and w(%d,%d) is %g, want them equal: without symmetry there is no energy: %w",
					i, j, h.scale*h.weights()[i*n+j], j, i, h.scale*h.weights()[j*n+i], energy.ErrConfig)
			}
			if w != 0 {
				bonds = append(bonds, Bond{i, j, w})
			}
		}
	}
	model, err = NewIsing(n, bonds, bipolar.config.Bias)
	if err != nil {
		return nil, 0, fmt.Errorf("associative: IsingOf: %w", err)
	}
	return model, shift, nil
}

// Hopfield returns the bipolar network with the same energy: w_ij = w_ji = J_ij and b = h. Gibbs at temperature T then draws from the
// model. For binary units x = (1 + s)/2 go on with its Binary, which tells by how much the energies differ.
//
// Cost: the network holds n² numbers. Models of very many spins are better kept as they are.
func (g *Ising) Hopfield() *Hopfield {
	m := make([]float64, g.n*g.n)
	for _, b := range g.bonds {
		m[b.A*g.n+b.B] += b.J
		m[b.B*g.n+b.A] = m[b.A*g.n+b.B]
	}
	h := &Hopfield{n: g.n, config: HopfieldConfig{Bias: slices.Clone(g.field)}, m: m, scale: 1}
	h.bound()
	return h
}

// Len returns the number of spins.
func (g *Ising) Len() int { return g.n }

// Bonds returns a copy of the bonds.
func (g *Ising) Bonds() []Bond { return slices.Clone(g.bonds) }

// Field returns a copy of h, or nil where there is none.
func (g *Ising) Field() []float64 { return slices.Clone(g.field) }

// Energy returns E(s) of each of the states, (B, n) of ±1, in the unit of the couplings (nats at temperature 1).
// Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite. Cost: a multiplication a bond for each state.
func (g *Ising) Energy(states *tensor.Dense) ([]float64, error) {
	s, err := g.states("Energy", states)
	if err != nil {
		return nil, err
	}
	e := make([]float64, len(s)/g.n)
	kernel.Parallel(len(e), 1+1<<14/(g.n+len(g.bonds)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			e[k] = g.energy(s[k*g.n : (k+1)*g.n])
		}
	})
	return e, nil
}

func (g *Ising) energy(s []float64) float64 {
	sum := 0.0
	for _, b := range g.bonds {
		sum += b.J * s[b.A] * s[b.B]
	}
	for i, h := range g.field {
		sum += h * s[i]
	}
	return 0 - sum // not −0
}

// Magnetisation returns m = (1/n) Σ_i s_i of each of the states, (B, n) of ±1.
// Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite.
func (g *Ising) Magnetisation(states *tensor.Dense) ([]float64, error) {
	s, err := g.states("Magnetisation", states)
	if err != nil {
		return nil, err
	}
	m := make([]float64, len(s)/g.n)
	for k := range m {
		m[k] = kernel.Total(s[k*g.n:(k+1)*g.n]) / float64(g.n)
	}
	return m, nil
}

func (g *Ising) states(what string, states *tensor.Dense) ([]float64, error) {
	s, _, err := matrix.Spins(states, g.n)
	if err != nil {
		return nil, fmt.Errorf("associative: Ising: %s: states: %w", what, err)
	}
	return s, nil
}

// neighbour is a bond as one of its spins sees it.
type neighbour struct {
	spin int
	j    float64
}

// neighbours of each spin, in the order of the bonds.
func (g *Ising) neighbours() [][]neighbour {
	near := make([][]neighbour, g.n)
	for _, b := range g.bonds {
		near[b.A] = append(near[b.A], neighbour{b.B, b.J})
		near[b.B] = append(near[b.B], neighbour{b.A, b.J})
	}
	return near
}

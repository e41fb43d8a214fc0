package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// DenseConfig describes a DenseMemory.
type DenseConfig struct {
	// Interaction is F; the zero value means energy.Exponential(), which stores the most.
	Interaction energy.Interaction
}

// DenseMemory is a dense associative memory of N spins with K stored patterns,
//
//	E(σ) = −Σ_μ F(ξ_μ·σ),
//
// off the graph; energy.Dense builds its energy as a graph. Overlaps of spins are whole numbers, and what is computed of them is exact
// where it can be: sums of powers are taken in 64-bit integers while K·N^n is below 2⁶¹; beyond that, and for the exponential, the
// patterns are counted by their overlap, and of the at most N+1 counts a sum of float64 is taken, each term relative to the largest, so
// that nothing overflows or is cut off.
//
// A DenseMemory does not change; it may be used by several goroutines at once.
//
// Sources: D. Krotov, J. J. Hopfield, "Dense Associative Memory for Pattern Recognition", NIPS 2016, eq. 2 and 3; M. Demircigil et al.,
// "On a Model of Associative Memory with Huge Storage Capacity", J. Stat. Phys. 168 (2017).
type DenseMemory struct {
	interaction     energy.Interaction
	units, patterns int

	rows    []uint64 // patterns, a bit a unit, for Hamming distances
	columns []uint8  // (N, K): 1 where a pattern has +1

	powers []int64 // F of each number of units that agree, 0 … N; nil where sums could leave 64 bits
	gains  []int64 // what a flip adds to Σ F: at 2a that of a unit that disagrees in a pattern with a agreements, at 2a+1 that of one that agrees
}

// NewDenseMemory stores patterns, (K, N) of ±1, float32 or float64. Errors: ErrShape, ErrDtype, ErrRange, ErrConfig. Cost: K·N bytes.
func NewDenseMemory(patterns *tensor.Dense, config DenseConfig) (*DenseMemory, error) {
	fail := func(err error) (*DenseMemory, error) {
		return nil, fmt.Errorf("modernhopfield: NewDenseMemory: %w", err)
	}
	m := &DenseMemory{interaction: config.Interaction}
	if m.interaction == (energy.Interaction{}) {
		m.interaction = energy.Exponential()
	}
	if err := m.interaction.Validate(); err != nil {
		return fail(err)
	}
	if patterns == nil || patterns.Dims() != 2 {
		return fail(fmt.Errorf("patterns are no matrix, want (patterns, units): %w", energy.ErrShape))
	}
	m.units = patterns.Shape()[1]
	signs, err := spinsOf(patterns, m.units)
	if err != nil {
		return fail(fmt.Errorf("patterns: %w", err))
	}
	m.patterns = len(signs) / m.units
	m.columns = make([]uint8, len(signs))
	for mu := range m.patterns {
		for i, s := range signs[mu*m.units : (mu+1)*m.units] {
			m.columns[i*m.patterns+mu] = s
		}
	}
	m.rows = m.packed(signs)
	m.tabulate()
	return m, nil
}

// spinsOf reads a batch of ±1 as 1 and 0.
func spinsOf(x *tensor.Dense, units int) ([]uint8, error) {
	if err := energy.Spin(units).Check(x); err != nil {
		return nil, err
	}
	signs := make([]uint8, x.Shape().TotalSize())
	at := -1
	switch data := x.Data().(type) {
	case []float32:
		at = readSpins(signs, data)
	case []float64:
		at = readSpins(signs, data)
	}
	if at >= 0 {
		return nil, fmt.Errorf("row %d, column %d is neither −1 nor 1: %w", at/units, at%units, energy.ErrRange)
	}
	return signs, nil
}

// readSpins returns where the first number that is no spin stands, −1 for nowhere.
func readSpins[T kernel.Float](dst []uint8, x []T) int {
	for i, v := range x {
		switch v {
		case 1:
			dst[i] = 1
		case -1:
		default:
			return i
		}
	}
	return -1
}

// packed puts every row of signs into words.
func (m *DenseMemory) packed(signs []uint8) []uint64 {
	words := (m.units + 63) / 64
	rows := make([]uint64, len(signs)/m.units*words)
	for i, s := range signs {
		row, unit := i/m.units, i%m.units
		rows[row*words+unit/64] |= uint64(s) << (unit % 64)
	}
	return rows
}

// tabulate makes the tables of exact sums.
func (m *DenseMemory) tabulate() {
	n := m.units
	if m.interaction.Exponential() || float64(m.patterns)*math.Pow(float64(n), float64(m.interaction.Degree())) >= 1<<61 {
		return
	}
	m.powers, m.gains = make([]int64, n+1), make([]int64, 2*n+2)
	for a := range m.powers {
		overlap := int64(2*a - n)
		if overlap < 0 && m.interaction.Rectified() {
			continue
		}
		m.powers[a] = 1
		for range m.interaction.Degree() {
			m.powers[a] *= overlap
		}
	}
	for a := range n {
		m.gains[2*a] = m.powers[a+1] - m.powers[a]
		m.gains[2*a+3] = m.powers[a] - m.powers[a+1]
	}
}

// Len returns the number of patterns and of units.
func (m *DenseMemory) Len() (patterns, units int) { return m.patterns, m.units }

// Interaction returns F.
func (m *DenseMemory) Interaction() energy.Interaction { return m.interaction }

// Overlaps returns ξ_μ·σ of each state, (B, N) of ±1, with each pattern. Errors: ErrShape, ErrDtype, ErrRange.
func (m *DenseMemory) Overlaps(states *tensor.Dense) ([][]int, error) {
	signs, err := m.states("Overlaps", states)
	if err != nil {
		return nil, err
	}
	overlaps := make([][]int, len(signs)/m.units)
	words := m.packed(signs)
	for i := range overlaps {
		overlaps[i] = make([]int, m.patterns)
		m.hammings(overlaps[i], words, i)
		for mu, d := range overlaps[i] {
			overlaps[i][mu] = m.units - 2*d
		}
	}
	return overlaps, nil
}

func (m *DenseMemory) hammings(dst []int, states []uint64, row int) {
	words := (m.units + 63) / 64
	kernel.Hammings(dst, states[row*words:(row+1)*words], m.rows)
}

func (m *DenseMemory) states(what string, x *tensor.Dense) ([]uint8, error) {
	signs, err := spinsOf(x, m.units)
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: DenseMemory: %s: states: %w", what, err)
	}
	return signs, nil
}

// Energy returns the energy of each state, (B, N) of ±1: E for powers, rounded to float64, where −Inf stands for what is beyond it;
// for the exponential −log(−E), which orders states alike and never is (energy.Dense.LogEnergy). Errors: ErrShape, ErrDtype, ErrRange.
func (m *DenseMemory) Energy(states *tensor.Dense) ([]float64, error) {
	signs, err := m.states("Energy", states)
	if err != nil {
		return nil, err
	}
	e := make([]float64, len(signs)/m.units)
	words := m.packed(signs)
	kernel.Parallel(len(e), m.grain(), func(lo, hi int) {
		s := m.newDenseSearch()
		for i := lo; i < hi; i++ {
			s.begin(signs[i*m.units:(i+1)*m.units], words, i)
			e[i] = s.energy()
		}
	})
	return e, nil
}

// grain is how many states are worth a goroutine.
func (m *DenseMemory) grain() int { return 1 + (1<<16)/(m.units*m.patterns) }

package samplertest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

var _ Target = (*Enumeration)(nil)

// Enumeration is a distribution over finitely many rows. Make one with NewEnumeration or Enumerate.
type Enumeration struct {
	states [][]float64
	p      []float64
	upTo   []float64 // Σ_{k≤i} p_k
	index  map[string]int
}

// NewEnumeration makes the distribution over the given rows, no two of them alike, from their log-probabilities up to a common
// constant; −Inf is probability 0. Numbers have to be exact in the dtype of the states. Errors: ErrShape for rows that do not fit together, ErrConfig for a row that is there twice
// or for fewer than two rows that are possible, ErrNotFinite for a NaN or +Inf.
func NewEnumeration(states [][]float64, logP []float64) (*Enumeration, error) {
	fail := func(err error) (*Enumeration, error) { return nil, fmt.Errorf("samplertest: NewEnumeration: %w", err) }
	if len(states) == 0 || len(states) != len(logP) {
		return fail(fmt.Errorf("%d states and %d log-probabilities, want as many of each: %w", len(states), len(logP), energy.ErrShape))
	}
	e := &Enumeration{index: make(map[string]int)}
	for i, x := range states {
		if len(x) != len(states[0]) || len(x) == 0 {
			return fail(fmt.Errorf("state %d has %d columns, want %d as state 0 has, and at least 1: %w", i, len(x), len(states[0]), energy.ErrShape))
		}
		if math.IsNaN(logP[i]) || math.IsInf(logP[i], 1) {
			return fail(fmt.Errorf("log-probability %d is %v, want a finite number or -Inf: %w", i, logP[i], energy.ErrNotFinite))
		}
		key := keyOf(x)
		if first, twice := e.index[key]; twice {
			return fail(fmt.Errorf("state %d is state %d, want each once: %w", i, first, energy.ErrConfig))
		}
		e.index[key] = i
		e.states = append(e.states, slices.Clone(x))
	}
	top, total, possible := slices.Max(logP), 0.0, 0
	for _, l := range logP {
		if !math.IsInf(l, -1) {
			possible++
		}
	}
	if possible < 2 {
		return fail(fmt.Errorf("%d states of a probability above 0, want at least 2, between which a kernel can be wrong: %w", possible, energy.ErrConfig))
	}
	for _, l := range logP {
		total += math.Exp(l - top)
	}
	sum := 0.0
	for _, l := range logP {
		p := math.Exp(l-top) / total
		sum += p
		e.p, e.upTo = append(e.p, p), append(e.upTo, sum)
	}
	return e, nil
}

// Enumerate makes p(x) ∝ exp(−E(x)/T) over all joint states of some units, of which energy gives E(x); it must not keep x. Units of
// two sides are joined, energy.Join(visible, hidden). An energy of +Inf makes a state impossible: so is the distribution given some
// columns enumerated. Errors: ErrConfig for a temperature that is not positive and for units that cannot be enumerated, and those
// of NewEnumeration.
func Enumerate(units energy.Units, e func(x []float64) float64, temperature float64) (*Enumeration, error) {
	if !(temperature > 0) || math.IsInf(temperature, 0) {
		return nil, fmt.Errorf("samplertest: Enumerate: temperature is %g, want a positive number: %w", temperature, energy.ErrConfig)
	}
	count, err := units.StateCount()
	if err != nil {
		return nil, fmt.Errorf("samplertest: Enumerate: %w", err)
	}
	states, logP := make([][]float64, count), make([]float64, count)
	for i := range states {
		states[i] = make([]float64, units.Len())
		units.State(i, states[i])
		logP[i] = -e(slices.Clone(states[i])) / temperature
	}
	return NewEnumeration(states, logP)
}

// Probabilities returns all states with their probabilities. They are the Enumeration's own.
func (e *Enumeration) Probabilities() (states [][]float64, p []float64) { return e.states, e.p }

// Draw satisfies Target.
func (e *Enumeration) Draw(r *rand.Rand) []float64 {
	// u is below 1, so u·total is below the total and the search finds a state, whose probability is not 0.
	u := r.Float64() * e.upTo[len(e.upTo)-1]
	return slices.Clone(e.states[sort.Search(len(e.upTo), func(i int) bool { return e.upTo[i] > u })])
}

// Check satisfies Target: every row is a state of a probability above 0, and neither the total variation nor χ² exceeds its limit.
func (e *Enumeration) Check(rows [][]float64, alpha float64) error {
	counts := make([]int, len(e.states))
	for _, x := range rows {
		i, ok := e.index[keyOf(x)]
		if !ok {
			return fmt.Errorf("%v is none of the %d states", x, len(e.states))
		}
		counts[i]++
	}
	if err := stattest.Distribution(counts, e.p, alpha/2); err != nil {
		return err
	}
	return stattest.ChiSquare(counts, e.p, alpha/2)
}

// keyOf tells rows apart by their bits.
func keyOf(x []float64) string {
	key := make([]byte, 0, 8*len(x))
	for _, v := range x {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v+0)) // −0 is 0
	}
	return string(key)
}

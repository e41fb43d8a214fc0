package exact

import (
	"fmt"
	"math"
	"slices"
)

// Quadratic is a fully visible Boltzmann machine, Ising model or Hopfield net, E(x) = −½ xᵀWx − bᵀx, with p(x) ∝ exp(−E(x)/T).
// A diagonal of W counts as the formula says.
type Quadratic struct {
	Units Side      // Bernoulli, Spin or OneHot
	W     []float64 // (units, units), row major
	B     []float64
}

// Energy is E(x) of one state.
func (q *Quadratic) Energy(x []float64) float64 {
	var e float64
	for i, xi := range x {
		e -= q.B[i] * xi
		for j, xj := range x {
			e -= xi * q.W[i*len(x)+j] * xj / 2
		}
	}
	return e
}

// enumerate lists the states that agree with the clamped units, their probabilities and the logarithm of the sum of exp(−E/T).
func (q *Quadratic) enumerate(temperature float64, clamped map[int]float64) (states [][]float64, p []float64, logZ float64, err error) {
	if err := q.Units.check(); err != nil {
		return nil, nil, 0, err
	}
	if err := checkNumbers("W", q.W, q.Units.Units*q.Units.Units); err != nil {
		return nil, nil, 0, err
	}
	if err := checkNumbers("B", q.B, q.Units.Units); err != nil {
		return nil, nil, 0, err
	}
	if !(temperature > 0) || math.IsInf(temperature, 1) {
		return nil, nil, 0, fmt.Errorf("temperature is %v, want a positive number", temperature)
	}
	if q.Units.Family == Binomial {
		return nil, nil, 0, fmt.Errorf("%v units have an energy of their own, which E(x) leaves out", q.Units.Family)
	}
	if _, err := q.Units.listable(maxStates); err != nil {
		return nil, nil, 0, err
	}
	for x := range q.Units.each() {
		if agrees(x, clamped) {
			states = append(states, slices.Clone(x))
			p = append(p, -q.Energy(x)/temperature)
		}
	}
	if len(states) == 0 {
		return nil, nil, 0, fmt.Errorf("no state agrees with the clamped units %v", clamped)
	}
	logZ = normalise(p)
	return states, p, logZ, nil
}

func agrees(x []float64, clamped map[int]float64) bool {
	for i, value := range clamped {
		if i < 0 || i >= len(x) || x[i] != value {
			return false
		}
	}
	return true
}

// LogPartition is log Σ_x exp(−E(x)/T); the Helmholtz free energy is −T times it.
func (q *Quadratic) LogPartition(temperature float64) (float64, error) {
	_, _, logZ, err := q.enumerate(temperature, nil)
	if err != nil {
		return 0, fmt.Errorf("exact: Quadratic.LogPartition: %w", err)
	}
	return logZ, nil
}

// Probabilities lists every state with its probability.
func (q *Quadratic) Probabilities(temperature float64) (states [][]float64, p []float64, err error) {
	states, p, _, err = q.enumerate(temperature, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("exact: Quadratic.Probabilities: %w", err)
	}
	return states, p, nil
}

// Moments are E[x_i] and E[x_i x_j], the second (units, units) row major.
func (q *Quadratic) Moments(temperature float64) (mean, second []float64, err error) {
	states, p, _, err := q.enumerate(temperature, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("exact: Quadratic.Moments: %w", err)
	}
	n := q.Units.Units
	mean, second = make([]float64, n), make([]float64, n*n)
	for k, x := range states {
		for i, xi := range x {
			mean[i] += p[k] * xi
			for j, xj := range x {
				second[i*n+j] += p[k] * xi * xj
			}
		}
	}
	return mean, second, nil
}

// ConditionalMean is E[x_i] of every unit given the values of the clamped ones, by their index.
func (q *Quadratic) ConditionalMean(temperature float64, clamped map[int]float64) ([]float64, error) {
	states, p, _, err := q.enumerate(temperature, clamped)
	if err != nil {
		return nil, fmt.Errorf("exact: Quadratic.ConditionalMean: %w", err)
	}
	mean := make([]float64, q.Units.Units)
	for k, x := range states {
		for i, xi := range x {
			mean[i] += p[k] * xi
		}
	}
	return mean, nil
}

// InternalEnergy is E[E(x)].
func (q *Quadratic) InternalEnergy(temperature float64) (float64, error) {
	states, p, _, err := q.enumerate(temperature, nil)
	if err != nil {
		return 0, fmt.Errorf("exact: Quadratic.InternalEnergy: %w", err)
	}
	var u float64
	for k, x := range states {
		u += p[k] * q.Energy(x)
	}
	return u, nil
}

// Entropy is −Σ_x p(x) log p(x), in nats.
func (q *Quadratic) Entropy(temperature float64) (float64, error) {
	_, p, _, err := q.enumerate(temperature, nil)
	if err != nil {
		return 0, fmt.Errorf("exact: Quadratic.Entropy: %w", err)
	}
	var h float64
	for _, pk := range p {
		if pk > 0 {
			h -= pk * math.Log(pk)
		}
	}
	return h, nil
}

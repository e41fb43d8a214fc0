package associative

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Equilibrium is what an Ising model of n spins is on average at a temperature T, with m = (1/n) Σ_i s_i.
type Equilibrium struct {
	LogZ         float64 // log Σ_s exp(−E(s)/T), nats
	Energy       float64 // ⟨E⟩ of all spins, = T² ∂ log Z/∂T
	SpecificHeat float64 // (⟨E²⟩ − ⟨E⟩²)/(nT²), a spin, = (1/n) ∂⟨E⟩/∂T

	Magnetisation       float64 // ⟨m⟩, 0 without a field
	MagnetisationAbs    float64 // ⟨|m|⟩
	MagnetisationSquare float64 // ⟨m²⟩
	MagnetisationFourth float64 // ⟨m⁴⟩, for Binder's 1 − ⟨m⁴⟩/(3⟨m²⟩²)
	Susceptibility      float64 // n(⟨m²⟩ − ⟨m⟩²)/T, a spin, = ∂⟨m⟩/∂h in a field h of all spins
}

// Exact sums over all states at temperature T, to rounding. Errors: ErrConfig for a temperature that is not above 0, and for more than
// 22 spins. Cost: 2^n states, each of as many additions as a spin has neighbours, and one exponential; 16 bytes a state.
func (g *Ising) Exact(temperature float64) (Equilibrium, error) {
	if err := validTemperature("temperature", temperature); err != nil {
		return Equilibrium{}, fmt.Errorf("associative: Ising: Exact: %w", err)
	}
	if err := validEnumeration(g.n); err != nil {
		return Equilibrium{}, fmt.Errorf("associative: Ising: Exact: %w", err)
	}
	energies := g.energies()
	least := slices.Min(energies)
	p := make([]float64, len(energies))
	for k, e := range energies {
		p[k] = math.Exp((least - e) / temperature)
	}
	z := kernel.Total(p)
	kernel.Scale(p, p, 1/z)

	n := float64(g.n)
	out := Equilibrium{LogZ: math.Log(z) - least/temperature, Energy: kernel.Dot(p, energies)}
	ups := make([]float64, g.n+1) // the probability of so many spins up
	squares := 0.0
	for k, e := range energies {
		d := (e - out.Energy) / temperature // first, so that no square overflows
		squares += p[k] * d * d
		ups[bits.OnesCount(uint(k))] += p[k]
	}
	out.SpecificHeat = squares / n
	for up, q := range ups {
		m := float64(2*up-g.n) / n
		out.Magnetisation += q * m
		out.MagnetisationAbs += q * math.Abs(m)
		out.MagnetisationSquare += q * m * m
		out.MagnetisationFourth += q * m * m * m * m
	}
	for up, q := range ups {
		m := float64(2*up-g.n)/n - out.Magnetisation
		out.Susceptibility += q * m * m * n / temperature
	}
	return out, nil
}

// energies of all states, the last spin fastest. Each is that of a state with one spin less up, plus what that spin changes, so that no
// energy is more than n additions away from the first.
func (g *Ising) energies() []float64 {
	near, e := g.neighbours(), make([]float64, 1<<g.n)
	down := make([]float64, g.n)
	for i := range down {
		down[i] = -1
	}
	e[0] = g.energy(down)
	for k := 1; k < len(e); k++ {
		before := k & (k - 1)
		i := g.n - 1 - bits.TrailingZeros(uint(k))
		felt := 0.0
		if g.field != nil {
			felt = g.field[i]
		}
		for _, b := range near[i] {
			if before>>(g.n-1-b.spin)&1 == 1 {
				felt += b.j
			} else {
				felt -= b.j
			}
		}
		e[k] = e[before] - 2*felt
	}
	return e
}

// SpecificHeat estimates the specific heat a spin, Var(E)/(nT²), from the energies of states of n spins drawn at temperature T. The
// variance is that with a division by one less than the number of draws: without bias where they are independent.
// Errors: ErrShape for less than two energies, ErrConfig for n below 1 and a temperature that is not above 0, ErrNotFinite.
func SpecificHeat(energies []float64, n int, temperature float64) (float64, error) {
	v, err := variance("SpecificHeat", energies, n, temperature)
	return v / (float64(n) * temperature * temperature), err
}

// Susceptibility estimates the magnetic susceptibility a spin, n·Var(m)/T, from the magnetisations a spin (see Ising.Magnetisation) of
// states of n spins drawn at temperature T. In a small lattice below its critical temperature m goes over from one sign to the other, and
// the absolute values are given instead. Variance and errors: as for SpecificHeat.
func Susceptibility(magnetisations []float64, n int, temperature float64) (float64, error) {
	v, err := variance("Susceptibility", magnetisations, n, temperature)
	return v * float64(n) / temperature, err
}

// MeanAbsolute returns (1/B) Σ |m| of magnetisations, the order parameter of a lattice without a field; NaN of none.
func MeanAbsolute(magnetisations []float64) float64 {
	sum := 0.0
	for _, m := range magnetisations {
		sum += math.Abs(m)
	}
	return sum / float64(len(magnetisations))
}

func variance(what string, draws []float64, n int, temperature float64) (float64, error) {
	err := validTemperature("temperature", temperature)
	switch {
	case err != nil:
	case n < 1:
		err = fmt.Errorf("n is %d, want at least 1 spin: %w", n, energy.ErrConfig)
	case len(draws) < 2:
		err = fmt.Errorf("%d draws, want at least 2, which have a variance: %w", len(draws), energy.ErrShape)
	}
	mean := kernel.Total(draws) / float64(len(draws))
	if err == nil && mean-mean != 0 {
		err = fmt.Errorf("the mean of the draws is %v, want a finite number: %w", mean, energy.ErrNotFinite)
	}
	if err != nil {
		return math.NaN(), fmt.Errorf("associative: %s: %w", what, err)
	}
	return kernel.SumSquares(draws, mean) / float64(len(draws)-1), nil
}

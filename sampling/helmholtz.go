package sampling

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// Helmholtz estimates the Helmholtz free energy F = U − TH of a Boltzmann machine of any size by sampling: log Z by annealed importance sampling from
// the machine's units without couplings, whose Z is a product, to the machine, the couplings growing in equal steps at temperature T,
//
//	E_β(x) = U(x) − bᵀx − β/2 xᵀWx        β = 0 … 1        w = Π exp((β_{k+1} − β_k)·½x_kᵀWx_k/T)        Z = Z_0·E[w]
//
// and the internal energy U as the mean of E(x) over where the chains end, weighted by w. F = −T log Z, and H = (U − F)/T. Small
// machines have layers.Boltzmann.Equilibrium.
//
// The estimate of log Z lies below the true one in expectation, and far below it where chains do not get from one mode to another: an
// interval says how much the chains differ, not what none of them saw. Package likelihood certifies RBMs from both sides.
//
// Source: R. Neal, "Annealed importance sampling", Statistics and Computing 11 (2001).
type Helmholtz struct {
	Model       *layers.Boltzmann
	Temperature float64 // T; 0 means 1
	Chains      int     // 0 means 100; at least 2
	Steps       int     // from no couplings to all; 0 means 1000
	Seed        uint64
}

// HelmholtzEstimate is a Helmholtz free energy and what it is made of, with a standard error each.
type HelmholtzEstimate struct {
	LogPartition, InternalEnergy, Entropy, HelmholtzFreeEnergy                     float64
	LogPartitionError, InternalEnergyError, EntropyError, HelmholtzFreeEnergyError float64
	// EffectiveChains is (Σw)²/Σw²: how many of the chains count.
	EffectiveChains float64
}

// Estimate runs the chains. When ctx ends it returns ctx's error. Errors: ErrConfig for settings that cannot be, ErrNotFinite for parameters that are
// not finite. Cost: Steps sweeps of all chains, and n² for the couplings of each step.
func (e Helmholtz) Estimate(ctx context.Context) (HelmholtzEstimate, error) {
	var none HelmholtzEstimate
	if e.Model == nil {
		return none, fmt.Errorf("sampling: Helmholtz: no model given: %w", energy.ErrConfig)
	}
	fail := func(err error) (HelmholtzEstimate, error) {
		return none, fmt.Errorf("sampling: Helmholtz of Boltzmann %q: %w", e.Model.Name(), err)
	}
	if e.Chains == 0 {
		e.Chains = 100
	}
	if e.Steps == 0 {
		e.Steps = 1000
	}
	e.Temperature = orOneTemperature(e.Temperature)
	if err := checkTemperature(e.Temperature, e.Model.Dtype()); err != nil {
		return fail(err)
	}
	if e.Chains < 2 || e.Steps < 1 {
		return fail(fmt.Errorf("Chains is %d and Steps %d, want at least 2 chains, or 0 for 100, and 1 step, or 0 for 1000: %w", e.Chains, e.Steps, energy.ErrConfig))
	}
	var got HelmholtzEstimate
	var err error
	if e.Model.Dtype() == tensor.Float32 {
		got, err = estimateFreeEnergy[float32](ctx, e)
	} else {
		got, err = estimateFreeEnergy[float64](ctx, e)
	}
	if err != nil {
		return fail(err)
	}
	return got, nil
}

func estimateFreeEnergy[T kernel.Float](ctx context.Context, e Helmholtz) (HelmholtzEstimate, error) {
	var none HelmholtzEstimate
	target, err := layers.PlainBoltzmannOf[T](e.Model)
	if err != nil {
		return none, err
	}
	for _, p := range e.Model.Params() {
		if !p.Finite() {
			return none, fmt.Errorf("parameter %q: %w", p.Name(), energy.ErrNotFinite)
		}
	}
	path, err := layers.NewBoltzmann(e.Model.Name(), e.Model.Config()) // a copy, whose couplings grow
	if err != nil {
		return none, err
	}
	for i, p := range e.Model.Params() {
		if err := path.Params()[i].Set(p.Float64s()); err != nil {
			return none, err
		}
	}
	if err := scaleCouplings(e.Model, path, 0); err != nil {
		return none, err
	}
	chains := newSweepsAt(path, e.Seed, e.Temperature)
	s, err := RandomBoltzmannState(path, e.Chains, e.Seed)
	if err == nil {
		err = chains(s) // exact draws at temperature T: there are no couplings
	}
	if err != nil {
		return none, err
	}
	n := target.Len()
	x, field, logW := make([]T, e.Chains*n), make([]T, e.Chains*n), make([]float64, e.Chains)
	for k := 1; k <= e.Steps; k++ {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		x = gatherAll(x, s, n)
		target.Input(field, x, e.Chains)
		for i := range logW {
			row := x[i*n : (i+1)*n]
			logW[i] += (kernel.Dot(row, field[i*n:(i+1)*n]) - kernel.Dot(row, target.B)) / 2 / float64(e.Steps) / e.Temperature
		}
		if err := scaleCouplings(e.Model, path, float64(k)/float64(e.Steps)); err != nil {
			return none, err
		}
		if err := chains(s); err != nil {
			return none, err
		}
	}
	x = gatherAll(x, s, n)
	return freeEnergyOf(logW, target.Energy(x, e.Chains), logPartitionWithoutCouplings(e.Model.Units().Kind(), target, e.Temperature), e.Temperature), nil
}

// scaleCouplings sets the couplings of a copy to a multiple of the model's.
func scaleCouplings(m, to *layers.Boltzmann, factor float64) error {
	w := m.Param("W").Float64s()
	for i := range w {
		w[i] *= factor
	}
	return to.Param("W").Set(w)
}

func newSweepsAt(m *layers.Boltzmann, seed uint64, temperature float64) func(s *State) error {
	var k Kernel = &SingleSite{Model: m, Seed: seed, Temperature: temperature}
	if m.Config().Edges != nil {
		k = &ColourBlocks{Model: m, Seed: seed, Temperature: temperature}
	}
	return func(s *State) error {
		_, err := k.Step(s)
		return err
	}
}

// logPartitionWithoutCouplings is Γ(b/T), the own energies of real units being over T, too.
func logPartitionWithoutCouplings[T kernel.Float](kind units.Kind, p layers.PlainBoltzmann[T], temperature float64) float64 {
	b, logVariance := make([]float64, len(p.B)), make([]float64, len(p.B))
	for i := range b {
		b[i] = float64(p.B[i]) / temperature
		if p.LogVariance != nil {
			logVariance[i] = float64(p.LogVariance[i])
		}
		logVariance[i] += math.Log(temperature)
	}
	return kind.F64.CGF(b, logVariance)
}

// freeEnergyOf makes the estimates of the chains' weights and energies, with deviations by the delta method.
func freeEnergyOf(logW, energies []float64, base, temperature float64) HelmholtzEstimate {
	chains := float64(len(logW))
	most := logW[0]
	for _, l := range logW {
		most = max(most, l)
	}
	sum, squares, energySum := 0.0, 0.0, 0.0
	w := make([]float64, len(logW))
	for i, l := range logW {
		w[i] = math.Exp(l - most)
		sum += w[i]
		squares += w[i] * w[i]
		energySum += w[i] * energies[i]
	}
	f := HelmholtzEstimate{LogPartition: base + most + math.Log(sum/chains), InternalEnergy: energySum / sum, EffectiveChains: sum * sum / squares}
	f.HelmholtzFreeEnergy = -temperature * f.LogPartition
	f.Entropy = (f.InternalEnergy - f.HelmholtzFreeEnergy) / temperature
	// with shares v_i = w_i·chains/Σw of mean 1: log Z varies as v, U as v·(E − U), H as their sum
	var z, u, h float64
	for i := range w {
		v := w[i] * chains / sum
		dz, du := v-1, v*(energies[i]-f.InternalEnergy)
		z += dz * dz
		u += du * du
		h += (du/temperature + dz) * (du/temperature + dz)
	}
	scale := 1 / (chains * (chains - 1))
	f.LogPartitionError, f.InternalEnergyError, f.EntropyError = math.Sqrt(z*scale), math.Sqrt(u*scale), math.Sqrt(h*scale)
	f.HelmholtzFreeEnergyError = temperature * f.LogPartitionError
	return f
}

package likelihood

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// AIS is annealed importance sampling of log Z: chains walk from independent units, whose Z₀ is known, to the model, and are weighted by
// what the free energy of each changes at each change of temperature.
//
//	log w = Σ_k F_{β_{k−1}}(v_{k−1}) − F_{β_k}(v_{k−1}),  v_k drawn by a Gibbs step at β_k        E[w] = Z/Z₀
//
// The models on the way have the energies U(v) + U(h) − ((1−β)a + βb)ᵀv − β(cᵀh + vᵀWh), with the base biases a. Z of a centered machine is
// that of layers.RBM.FreeEnergy.
//
// E[Ẑ] = Z, so log Ẑ is low in expectation, and P(log Ẑ > log Z + t) ≤ e^−t by Markov's inequality: it is a stochastic lower bound. It can be
// far too low without any sign of it, where chains hardly ever reach what carries the mass; Certify looks from the other side too.
//
// Sources: R. Neal, "Annealed importance sampling", Stat. Comput. 11 (2001); R. Salakhutdinov, I. Murray, ICML 2008, section 4.1.
type AIS struct {
	Chains       int       // 0 means 100
	Temperatures int       // steps of the ladder, evenly laid from 0 to 1; 0 means 10,000
	Betas        []float64 // a ladder of your own instead, rising from 0 to 1
	Base         []float64 // a, one number a visible unit, see FitBase; nil means 0
	Seed         uint64
}

// LogPartition estimates log Z. When ctx ends it returns ctx's error. Other errors: ErrConfig and ErrShape for settings that cannot be,
// ErrNotFinite. Cost of a temperature: two (chains×visible)·(visible×hidden) products. Chains are of the machine's dtype, weights are
// float64.
func (a AIS) LogPartition(ctx context.Context, m *layers.RBM) (Estimate, error) {
	return a.run(ctx, m, nil)
}

// Reverse estimates log Z by the way back from samples of the model, (rows, visible) of the machine's dtype, to the base: E[1/w] = Z₀/Z.
// Chains start at the rows in turn; Chains 0 means as many as there are rows.
//
// If the samples have the distribution of the model, log Ẑ is high in expectation, and P(log Ẑ < log Z − t) ≤ e^−t: a stochastic upper
// bound. From samples that miss a part of the mass it is not.
//
// Source: R. Grosse, Z. Ghahramani, R. Adams, "Sandwiching the marginal likelihood using bidirectional Monte Carlo", 2015.
func (a AIS) Reverse(ctx context.Context, m *layers.RBM, samples *tensor.Dense) (Estimate, error) {
	err := checkModel(m)
	switch {
	case err != nil:
	case samples == nil:
		err = fmt.Errorf("no samples given: %w", energy.ErrConfig)
	default:
		err = m.Visible().Check(samples)
	}
	if err != nil {
		return Estimate{}, named(m, "reverse AIS", err)
	}
	if a.Chains == 0 {
		a.Chains = samples.Shape()[0]
	}
	return a.run(ctx, m, samples)
}

func (a AIS) run(ctx context.Context, m *layers.RBM, samples *tensor.Dense) (Estimate, error) {
	err := checkModel(m)
	if err == nil {
		a, err = a.withDefaults(m)
	}
	if err == nil {
		var e Estimate
		if m.Dtype() == tensor.Float32 {
			e, err = runAIS[float32](ctx, a, m, samples)
		} else {
			e, err = runAIS[float64](ctx, a, m, samples)
		}
		if err == nil {
			return e, nil
		}
	}
	return Estimate{}, named(m, "AIS", err)
}

func runAIS[T kernel.Float](ctx context.Context, a AIS, m *layers.RBM, samples *tensor.Dense) (Estimate, error) {
	direction := "AIS"
	if samples != nil {
		direction = "reverse AIS"
	}
	w, err := newWalk[T](m, a.Base, a.Chains, rng.New(a.Seed, direction).Uint64(0))
	if err != nil {
		return Estimate{}, err
	}
	if samples == nil {
		if err := w.up(ctx, a.Betas); err != nil {
			return Estimate{}, err
		}
		return newEstimate(direction, 1, w.estimates(constant(m)), len(a.Betas)-1)
	}
	rows, err := readRows[T](m, samples, AsIs, 0)
	if err != nil {
		return Estimate{}, err
	}
	w.place(rows)
	if err := w.down(ctx, a.Betas); err != nil {
		return Estimate{}, err
	}
	return newEstimate(direction, -1, w.estimates(constant(m)), len(a.Betas)-1)
}

func (a AIS) withDefaults(m *layers.RBM) (AIS, error) {
	switch {
	case a.Chains < 0 || a.Temperatures < 0:
		return a, fmt.Errorf("Chains is %d and Temperatures %d, want positive numbers, or 0 for 100 and 10,000: %w", a.Chains, a.Temperatures, energy.ErrConfig)
	case a.Betas != nil && a.Temperatures != 0:
		return a, fmt.Errorf("Temperatures is %d, which cannot take effect beside Betas: %w", a.Temperatures, energy.ErrConfig)
	case a.Betas != nil:
		if err := checkBetas(a.Betas); err != nil {
			return a, err
		}
	default:
		if a.Temperatures == 0 {
			a.Temperatures = 10_000
		}
		a.Betas = even().betas(a.Temperatures)
	}
	if a.Chains == 0 {
		a.Chains = 100
	}
	if a.Base == nil {
		a.Base = make([]float64, m.Visible().Len())
	}
	return a, nil
}

func checkBetas(betas []float64) error {
	if len(betas) < 2 || betas[0] != 0 || betas[len(betas)-1] != 1 {
		return fmt.Errorf("Betas must go from 0 to 1: %w", energy.ErrConfig)
	}
	for k, b := range betas[1:] {
		if !(b > betas[k]) {
			return fmt.Errorf("Betas must rise: number %d is %g after %g: %w", k+1, b, betas[k], energy.ErrConfig)
		}
	}
	return nil
}

// FitBase returns the biases of the independent units that fit data best, for AIS.Base: log-odds of the mean of each unit and the like, of means
// drawn a little towards the middle of their range. data is (rows, visible); grey values count as they are. Errors: what the visible units'
// Check says of the data.
func FitBase(m *layers.RBM, data *tensor.Dense) ([]float64, error) {
	err := checkModel(m)
	if err == nil {
		var rows []float64
		if rows, err = readRows[float64](m, data, AsIs, 0); err == nil {
			var base []float64
			if base, err = fitBase(m, rows); err == nil {
				return base, nil
			}
		}
	}
	return nil, named(m, "FitBase", err)
}

func fitBase[T kernel.Float](m *layers.RBM, rows []T) ([]float64, error) {
	means := make([]float64, m.Visible().Len())
	n := len(rows) / len(means)
	for i, x := range rows {
		means[i%len(means)] += float64(x)
	}
	kernel.Scale(means, means, 1/float64(n))
	return annealed.BaseOf(m, means)
}

// constant is what a machine's energy has more than that of its plain form: bᵀμ + cᵀλ − μᵀWλ, 0 without offsets.
func constant(m *layers.RBM) float64 {
	mu, lambda := m.Param("visible_offset"), m.Param("hidden_offset")
	if mu == nil {
		return 0
	}
	w, b, c, total := m.Param("W").Float64s(), m.Param("b").Float64s(), m.Param("c").Float64s(), 0.0
	l := lambda.Float64s()
	for i, offset := range mu.Float64s() {
		total += offset * (b[i] - kernel.Dot(w[i*len(l):(i+1)*len(l)], l))
	}
	return total + kernel.Dot(c, l)
}

package sampling

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Persistent is a phase whose chains go on from one update to the next, and which can tell how long they take to mix. Training watches
// over one, see training.Epoch.
type Persistent interface {
	// StepsPerUpdate is how many steps k the chains make between two updates.
	StepsPerUpdate() int

	// MixingTime estimates the autocorrelation time of the chains, in steps, and its standard error, for the model as it is now: copies
	// of them make 100 steps with draws of their own, and the phase stays as it is. It is +Inf where so many steps
	// cannot tell, beyond 100 times the number of chains; and NaN for fewer than 10 chains, or where nothing varies.
	MixingTime(seed uint64) (steps, standardError float64, err error)
}

var _ Persistent = (*pcdPhase)(nil)

const (
	mixingSteps  = 100 // that copies of the chains make
	mixingChains = 100 // that are copied at most
	mixingWidth  = 256 // hidden units that are looked at, at most
	leastChains  = 10
)

func (p *pcdPhase) StepsPerUpdate() int { return p.steps.count() }

// MixingTime satisfies Persistent. What is followed are the means of the hidden units given the visible ones, which a Gibbs step
// computes anyway: at most 256 of them, in at most 100 chains. Cost: 100 Gibbs steps.
func (p *pcdPhase) MixingTime(seed uint64) (steps, standardError float64, err error) {
	if p.gibbs.Model.Dtype() == tensor.Float32 {
		return followPCD[float32](p, seed)
	}
	return followPCD[float64](p, seed)
}

func followPCD[T kernel.Float](p *pcdPhase, seed uint64) (steps, standardError float64, err error) {
	m := p.gibbs.Model
	chains, units := min(len(p.weights), mixingChains), m.Hidden().Len()
	if chains < leastChains {
		return math.NaN(), math.NaN(), nil
	}
	plain, err := layers.PlainOf[T](m)
	if err != nil {
		return 0, 0, err
	}
	s := &State{
		Visible: tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, m.Visible().Len())),
		Hidden:  tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, units)),
	}
	copy(op.Numbers[T](s.Hidden), op.Numbers[T](p.state.Hidden))
	gibbs, inputs := Gibbs{Model: m, Seed: seed}, s.Hidden.Clone().(*tensor.Dense)
	if err := gibbs.step(s, visibleFirst, inputs); err != nil { // the state of the chains is their hidden units
		return 0, 0, err
	}
	width := min(units, mixingWidth)
	mean := make([]T, units)
	return mixingTime(chains, width, func(dst []T) error {
		if err := gibbs.step(s, hiddenFirst, inputs); err != nil {
			return err
		}
		for i := range chains {
			plain.Hidden.Mean(mean, op.Numbers[T](inputs)[i*units:(i+1)*units], plain.HiddenLogVariance)
			for j := range width {
				dst[i*width+j] = mean[j*units/width] // spread over all
			}
		}
		return nil
	})
}

// mixingTime estimates the integrated autocorrelation time of quantities of chains, (chains, width), which next sets at each of mixingSteps
// steps: τ = 1 + 2 Σ ρ(t) with
//
//	ρ(t) = Σ_j C_j(t) / Σ_j C_j(0)
//
// C_j being the autocovariance of quantity j over all chains, about its mean over all of them. Where Sokal's window (see
// AutocorrelationTime) closes within half of the steps it ends the sum. Otherwise the sums A and B over the first and the second half of those lags
// are taken for the first terms of a geometric series, as they are for an exponential decay of ρ:
//
//	τ = 1 + 2 (A + B/(1 − B/A))
//
// which errs to the low side where something is forgotten fast and the rest slowly, and is +Inf where B ≥ A, or where τ is beyond the steps of all chains together.
func mixingTime[T kernel.Float](chains, width int, next func(dst []T) error) (tau, standardError float64, err error) {
	const half = mixingSteps / 2
	wide := chains * width
	x := make([]T, mixingSteps*wide) // sample after sample
	for s := range mixingSteps {
		if err := next(x[s*wide : (s+1)*wide]); err != nil {
			return 0, 0, err
		}
	}
	shift := make([]T, width)
	kernel.ColSum(shift, x, len(x)/width, width)
	for j := range shift {
		shift[j] *= T(-1 / float64(len(x)/width))
	}
	for at := 0; at < len(x); at += width {
		kernel.Axpy(1, shift, x[at:at+width])
	}
	covariance := func(t int) float64 { // of width quantities, so that they count by their variances
		return kernel.Dot(x[:len(x)-t*wide], x[t*wide:]) / float64(mixingSteps-t)
	}
	variance := covariance(0)
	if variance <= 1e-12*float64(wide)*float64(kernel.SumSquares(shift, 0))/float64(width) { // rounding of numbers that do not vary
		return math.NaN(), math.NaN(), nil
	}
	samples := float64(mixingSteps * chains)
	relative := func(times float64) float64 { return math.Sqrt(2 * times / samples) } // of a time that so many samples tell of
	tau = 1
	first, second := 0.0, 0.0
	for w := 1; w <= half; w++ {
		rho := covariance(w) / variance
		tau += 2 * rho
		if w <= half/2 {
			first += rho
		} else {
			second += rho
		}
		if w%2 == 0 && float64(w) >= windowTimes*max(tau, 1) {
			return tau, tau * relative(2*float64(w)+1), nil
		}
	}
	if second > 0 {
		tau = 1 + 2*(first+second/(1-second/first))
	}
	if second >= first || tau > samples {
		return math.Inf(1), math.Inf(1), nil
	}
	return tau, tau * relative(2*half+1+tau), nil
}

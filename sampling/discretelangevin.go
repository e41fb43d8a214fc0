package sampling

import (
	"cmp"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

var _ Kernel = (*DiscreteLangevin)(nil)

// DiscreteLangevin samples discrete units under any energy that has a gradient, all units at once. Each unit draws its value x′_u, its
// old one among them, from
//
//	q(x′_u|x) ∝ exp(−½ ∂E/∂x_u·(x′_u − x_u)/T − |x′_u − x_u|²/(2α))
//
// the Langevin proposal restricted to values that units have, which factorises over the units, so that one gradient serves for all. A small
// α moves few units a step. Without adjustment (DULA) the stationary distribution is off by what the energy is off from linear.
// Adjusted (DMALA) accepts with probability
//
//	min(1, exp(−(E(x′) − E(x))/T) q(x|x′)/q(x′|x))
//
// and leaves p(x) ∝ exp(−E(x)/T) as it is; TuneStepSize finds an α of which most steps are accepted.
//
// Only State.Visible moves. Energy is built and differentiated once for each number of chains, in the dtype of the state, at x as
// for real numbers; Units are read once. A step costs the energy and its gradient for all chains, twice for an adjusted one, and
// allocates nothing if the energy is of the library's ops. A DiscreteLangevin keeps buffers between steps: chains that run at the
// same time take one each, and a copy must not run beside its original.
//
// Source: R. Zhang, X. Liu, Q. Liu, "A Langevin-like Sampler for Discrete Distributions", ICML 2022, eqs. 2–4, algorithm 1.
type DiscreteLangevin struct {
	Energy energy.Func
	// Units are what the columns of the state are. Those that are not Bernoulli, Spin or OneHot have to be clamped.
	Units energy.Units
	// StepSize is α, above 0. |x′_u − x_u|² is 1 for a Bernoulli unit, 4 for a Spin unit and 2 for a OneHot unit that changes.
	StepSize float64
	// Adjusted accepts or refuses each step, so that p is left as it is.
	Adjusted bool
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Clamp marks the columns that stay as they are; nil holds none. A OneHot group is clamped whole.
	Clamp []bool

	work any // *dlpWork of the state's dtype
}

// Step takes one step of every chain. Info counts the chains of an adjusted step as proposals, none where all columns are clamped, and is
// zero for others. A proposal whose energy or gradient is not finite is refused. Errors: ErrConfig for a sampler that cannot be and
// for an energy that cannot be built or differentiated, ErrShape and ErrDtype for a state or an energy that does not fit, ErrRange
// for a free unit that has none of its values (means are none), ErrNotFinite for an energy or a gradient of where a chain stands that
// is not finite. The state is then as it was.
func (d *DiscreteLangevin) Step(s *State) (Info, error) {
	g := gradientSettings{"DiscreteLangevin", d.Energy, d.Temperature, d.Clamp}
	if err := g.check(s); err != nil {
		return Info{}, g.fail(err)
	}
	if err := checkPositive("StepSize", d.StepSize, s.Visible.Dtype(), ""); err != nil {
		return Info{}, g.fail(err)
	}
	var info Info
	var err error
	if s.Visible.Dtype() == tensor.Float32 {
		info, err = dlpStep[float32](d, s)
	} else {
		info, err = dlpStep[float64](d, s)
	}
	if err != nil {
		return Info{}, g.fail(err)
	}
	return info, nil
}

// dlpWork is the memory of a sampler and the step under way.
type dlpWork[T kernel.Float] struct {
	graphs             energyGraphs[T]
	standing, proposed point[T]
	units              discreteUnits
	uniforms           []float64 // (chains, units)
	odds, shares       []T       // log-odds of flipping each binary unit, and σ of them, (chains, n)
	weights            []float64 // of the values of a OneHot unit, (chains, n)
	forth              []float64 // log q(x′|x), (chains)
	propose, returns   func(lo, hi int)
	n                  int
	adjusted           bool
	half               float64 // −1/(2T)
	stiffness          float64 // 1/(2α)
	draws              rng.Stream
	step               uint64
	uniform            [1]float64
}

func dlpStep[T kernel.Float](d *DiscreteLangevin, s *State) (Info, error) {
	w, ok := d.work.(*dlpWork[T])
	if !ok {
		w = new(dlpWork[T])
		if err := w.units.read(d.Units); err != nil {
			return Info{}, err
		}
		w.propose = func(lo, hi int) { // closures for each step would be allocations
			for i := lo; i < hi; i++ {
				w.proposeRow(i)
			}
		}
		w.returns = func(lo, hi int) {
			for i := lo; i < hi; i++ {
				w.fillOdds(&w.proposed, i)
				w.forth[i] = w.logProposal(&w.proposed, &w.standing, i) - w.forth[i]
			}
		}
		d.work = w
	}
	if err := w.units.check(d.Clamp, s.Visible); err != nil {
		return Info{}, err
	}
	chains := s.Visible.Shape()[0]
	w.standing.place(s.Visible)
	w.proposed.placeBeside(s.Visible)
	if err := w.graphs.evaluateState(d.Energy, &w.standing); err != nil {
		return Info{}, err
	}
	if !w.units.any {
		s.Step++
		return Info{}, nil
	}
	w.n = s.Visible.Shape()[1]
	if len(w.weights) != chains*w.n || len(w.forth) != chains {
		w.uniforms, w.weights = make([]float64, chains*len(w.units.units)), make([]float64, chains*w.n)
		w.odds, w.shares, w.forth = make([]T, chains*w.n), make([]T, chains*w.n), make([]float64, chains)
	}
	t := cmp.Or(d.Temperature, 1.0)
	w.half, w.stiffness, w.adjusted = -0.5/t, 1/(2*d.StepSize), d.Adjusted
	w.draws, w.step = rng.New(d.Seed, "discrete langevin"), s.Step
	grain := kernel.RowGrain(w.n)
	kernel.Parallel(chains, grain, w.propose)
	if !d.Adjusted {
		copy(w.standing.values, w.proposed.values)
		s.Step++
		return Info{}, nil
	}
	if err := w.graphs.evaluate(d.Energy, &w.proposed); err != nil {
		return Info{}, err
	}
	kernel.Parallel(chains, grain, w.returns)
	info := Info{Proposed: chains}
	for i := range chains {
		// forth holds log q(x|x′) − log q(x′|x) now.
		logRatio := w.forth[i] + (float64(w.standing.energies[i])-float64(w.proposed.energies[i]))/t
		if accepts(w.draws.Row(i, w.step).Part(1), logRatio, w.uniform[:]) {
			copy(row(w.standing.values, i, w.n), row(w.proposed.values, i, w.n))
			info.Accepted++
		}
	}
	s.Step++
	return info, nil
}

// proposeRow draws x′ of chain i and notes log q(x′|x).
func (w *dlpWork[T]) proposeRow(i int) {
	x, slopes, to := row(w.standing.values, i, w.n), row(w.standing.slopes, i, w.n), row(w.proposed.values, i, w.n)
	copy(to, x)
	w.fillOdds(&w.standing, i)
	shares := row(w.shares, i, w.n)
	kernel.Sigmoid(shares, row(w.odds, i, w.n))
	uniforms := row(w.uniforms, i, len(w.units.units))
	rng.Uniform(w.draws.Row(i, w.step).Part(0), uniforms)
	for k := range w.units.units {
		unit := &w.units.units[k]
		switch {
		case !w.units.free[k]:
		case unit.width == 1:
			if uniforms[k] < float64(shares[unit.lo]) {
				to[unit.lo] += change(unit, x)
			}
		default:
			weights, total := w.values(unit, i, x, slopes)
			if j := drawn(weights, uniforms[k]*total); j >= 0 {
				to[hot(unit, x)] = 0
				to[unit.lo+j] = 1
			}
		}
	}
	if w.adjusted {
		w.forth[i] = w.logProposal(&w.standing, &w.proposed, i)
	}
}

// fillOdds writes the log-odds of flipping each binary unit of chain i at a point, −Inf in columns of other units and of those that stay.
func (w *dlpWork[T]) fillOdds(at *point[T], i int) {
	x, slopes, odds := row(at.values, i, w.n), row(at.slopes, i, w.n), row(w.odds, i, w.n)
	half, stiffness := T(w.half), T(w.stiffness)
	for k := range w.units.units {
		unit := &w.units.units[k]
		if unit.width == 1 && w.units.free[k] {
			c := change(unit, x)
			odds[unit.lo] = half*slopes[unit.lo]*c - stiffness*c*c
			continue
		}
		for j := unit.lo; j < unit.lo+unit.width; j++ {
			odds[j] = T(math.Inf(-1))
		}
	}
}

// values returns the weights of the states of a OneHot unit, relative to the largest; their sum is total.
func (w *dlpWork[T]) values(unit *discreteUnit, i int, x, slopes []T) (weights []float64, total float64) {
	weights = row(w.weights, i, w.n)[unit.lo : unit.lo+unit.width]
	h, top := hot(unit, x), 0.0
	for j := range weights {
		weights[j] = 0
		if unit.lo+j != h {
			weights[j] = w.half*float64(slopes[unit.lo+j]-slopes[h]) - 2*w.stiffness
		}
		top = max(top, weights[j]) // which is not below that of staying, 0
	}
	for j, v := range weights {
		weights[j] = math.Exp(v - top)
		total += weights[j]
	}
	return weights, total
}

// logProposal is log q(to|from) of chain i, of which odds holds the log-odds at from. It leaves other numbers there.
func (w *dlpWork[T]) logProposal(from, to *point[T], i int) (sum float64) {
	x, slopes, y := row(from.values, i, w.n), row(from.slopes, i, w.n), row(to.values, i, w.n)
	odds := row(w.odds, i, w.n)
	for k := range w.units.units {
		unit := &w.units.units[k]
		switch {
		case !w.units.free[k]:
		case unit.width > 1:
			weights, total := w.values(unit, i, x, slopes)
			sum += math.Log(weights[hot(unit, y)-unit.lo] / total)
		case x[unit.lo] != y[unit.lo]:
			odds[unit.lo] = -odds[unit.lo]
		}
	}
	return sum - kernel.SumSoftplus(odds) // log σ of the odds of a flip, or of minus those
}

package sampling

import (
	"cmp"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

var _ Kernel = (*GibbsWithGradients)(nil)

// GibbsWithGradients samples discrete units under any energy that has a gradient. The move of one unit (a Bernoulli or Spin unit to
// its other value, a OneHot unit to another state) changes −E/T by about
//
//	d_m = −∂E/∂x · (x_m − x)/T
//
// where x_m is the state after move m. One gradient gives it for all moves, and a step draws the one to propose from
//
//	q(m|x) ∝ exp(d_m/2)
//
// so that units that are likely to change are tried, and accepts with probability min(1, exp(−(E(x′) − E(x))/T) q(m′|x′)/q(m|x)), m′ being
// the move back: p(x) ∝ exp(−E(x)/T) is left as it is whatever the energy does between its states. For energies that are nearly linear
// from a state to its neighbours, as those of Boltzmann machines are, acceptance is high.
//
// With Flips above 1 a step proposes from 1 to that many moves, each number as likely, drawn independently from q(·|x) and made one after
// the other; the way back is the same moves back in the reverse order, each drawn from q(·|x′). (Were the number fixed, a unit that all
// draws agree on would be moved and moved back.)
//
// Only State.Visible moves. Energy is built and differentiated once for each number of chains, in the dtype of the state, at x as
// for real numbers; Units are read once. A step costs twice the energy and its gradient for all chains and allocates nothing if the
// energy is of the library's ops. A GibbsWithGradients keeps buffers between steps: chains that run at the same time take one
// each, and a copy must not run beside its original.
//
// Source: W. Grathwohl et al., "Oops I Took A Gradient: Scalable Sampling for Discrete Distributions", ICML 2021, eqs. 4–6, algorithm 1.
type GibbsWithGradients struct {
	Energy energy.Func
	// Units are what the columns of the state are. Those that are not Bernoulli, Spin or OneHot have to be clamped.
	Units energy.Units
	// Flips is how many moves a step proposes at most; 0 means 1.
	Flips int
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Clamp marks the columns that stay as they are; nil holds none. A OneHot group is clamped whole.
	Clamp []bool

	work any // *gwgWork of the state's dtype
}

// Step takes one step of every chain. Info counts the chains as proposals, none where all columns are clamped. A proposal whose energy or
// gradient is not finite is refused. Errors: ErrConfig for a sampler that cannot be and for an energy that cannot be built or
// differentiated, ErrShape and ErrDtype for a state or an energy that does not fit, ErrRange for a free unit that has none of its
// values (means are none), ErrNotFinite for an energy or a gradient of where a chain stands that is not finite. The state is then
// as it was.
func (k *GibbsWithGradients) Step(s *State) (Info, error) {
	g := gradientSettings{"GibbsWithGradients", k.Energy, k.Temperature, k.Clamp}
	if err := g.check(s); err != nil {
		return Info{}, g.fail(err)
	}
	if k.Flips < 0 {
		return Info{}, g.fail(fmt.Errorf("Flips is %d, want at least 1, or 0 for 1: %w", k.Flips, energy.ErrConfig))
	}
	var info Info
	var err error
	if s.Visible.Dtype() == tensor.Float32 {
		info, err = gwgStep[float32](k, s)
	} else {
		info, err = gwgStep[float64](k, s)
	}
	if err != nil {
		return Info{}, g.fail(err)
	}
	return info, nil
}

// gwgWork is the memory of a sampler and the step under way.
type gwgWork[T kernel.Float] struct {
	graphs             energyGraphs[T]
	standing, proposed point[T]
	units              discreteUnits
	unitOf             []int     // of each column
	scores, weights    []T       // ½d of every move, by column, and exp of it but for a factor; (chains, n)
	uniforms           []float64 // for the number of moves and for each, (chains, flips + 1)
	back               []int     // the columns whose moves lead back, (chains, flips)
	moves              []int     // how many there are, (chains)
	forth              []float64 // log q of the moves, (chains)
	propose, returns   func(lo, hi int)
	n, flips           int
	half               T // −1/(2T)
	draws              rng.Stream
	step               uint64
	uniform            [1]float64
}

func gwgStep[T kernel.Float](k *GibbsWithGradients, s *State) (Info, error) {
	w, ok := k.work.(*gwgWork[T])
	if !ok {
		w = new(gwgWork[T])
		if err := w.units.read(k.Units); err != nil {
			return Info{}, err
		}
		for i, unit := range w.units.units {
			for range unit.width {
				w.unitOf = append(w.unitOf, i)
			}
		}
		w.propose = func(lo, hi int) { // closures for each step would be allocations
			for i := lo; i < hi; i++ {
				w.proposeRow(i)
			}
		}
		w.returns = func(lo, hi int) {
			for i := lo; i < hi; i++ {
				w.returnRow(i)
			}
		}
		k.work = w
	}
	if err := w.units.check(k.Clamp, s.Visible); err != nil {
		return Info{}, err
	}
	chains := s.Visible.Shape()[0]
	w.standing.place(s.Visible)
	w.proposed.placeBeside(s.Visible)
	if err := w.graphs.evaluateState(k.Energy, &w.standing); err != nil {
		return Info{}, err
	}
	if !w.units.any {
		s.Step++
		return Info{}, nil
	}
	w.n, w.flips = s.Visible.Shape()[1], max(1, k.Flips)
	if len(w.scores) != chains*w.n || len(w.back) != chains*w.flips {
		w.scores, w.weights = make([]T, chains*w.n), make([]T, chains*w.n)
		w.uniforms, w.back = make([]float64, chains*(w.flips+1)), make([]int, chains*w.flips)
		w.moves, w.forth = make([]int, chains), make([]float64, chains)
	}
	t := cmp.Or(k.Temperature, 1.0)
	w.half, w.draws, w.step = T(-0.5/t), rng.New(k.Seed, "gibbs with gradients"), s.Step
	grain := kernel.RowGrain(w.n)
	kernel.Parallel(chains, grain, w.propose)
	if err := w.graphs.evaluate(k.Energy, &w.proposed); err != nil {
		return Info{}, err
	}
	kernel.Parallel(chains, grain, w.returns)
	info := Info{Proposed: chains}
	for i := range chains {
		// forth holds log q(back) − log q(forth) now.
		logRatio := w.forth[i] + (float64(w.standing.energies[i])-float64(w.proposed.energies[i]))/t
		if accepts(w.draws.Row(i, w.step).Part(1), logRatio, w.uniform[:]) {
			copy(row(w.standing.values, i, w.n), row(w.proposed.values, i, w.n))
			info.Accepted++
		}
	}
	s.Step++
	return info, nil
}

// score writes ½d of every move of chain i at a point, −Inf where there is none, and the weights exp(score − top); their sum is
// total.
func (w *gwgWork[T]) score(at *point[T], i int) (scores, weights []T, top T, total float64) {
	x, slopes := row(at.values, i, w.n), row(at.slopes, i, w.n)
	scores, weights = row(w.scores, i, w.n), row(w.weights, i, w.n)
	for k := range w.units.units {
		unit := &w.units.units[k]
		of := scores[unit.lo : unit.lo+unit.width]
		switch {
		case !w.units.free[k]:
			for j := range of {
				of[j] = T(math.Inf(-1))
			}
		case unit.width == 1:
			of[0] = w.half * slopes[unit.lo] * change(unit, x)
		default:
			h := hot(unit, x)
			for j := range of {
				of[j] = w.half * (slopes[unit.lo+j] - slopes[h])
			}
			scores[h] = T(math.Inf(-1))
		}
	}
	top = kernel.Max(scores)
	return scores, weights, top, kernel.ExpSum(weights, scores, top)
}

// proposeRow draws the moves of chain i, makes them, and notes the log-probability of the draws.
func (w *gwgWork[T]) proposeRow(i int) {
	to := row(w.proposed.values, i, w.n)
	copy(to, row(w.standing.values, i, w.n))
	scores, weights, top, total := w.score(&w.standing, i)
	uniforms, back := row(w.uniforms, i, w.flips+1), row(w.back, i, w.flips)
	rng.Uniform(w.draws.Row(i, w.step).Part(0), uniforms)
	w.moves[i] = 1 + int(uniforms[w.flips]*float64(w.flips)) // at most flips, u being below 1
	w.forth[i] = 0
	for k, u := range uniforms[:w.moves[i]] {
		column := drawn(weights, u*total)
		if column < 0 { // scores that overflow: NaN, which no draw accepts
			w.forth[i] = math.NaN()
			return
		}
		back[k] = move(&w.units.units[w.unitOf[column]], to, column)
		w.forth[i] += float64(scores[column]-top) - math.Log(total)
	}
}

// returnRow makes forth of chain i what log q(back) is more than log q(forth).
func (w *gwgWork[T]) returnRow(i int) {
	if math.IsNaN(w.forth[i]) {
		return
	}
	scores, _, top, total := w.score(&w.proposed, i)
	var back float64
	for _, column := range row(w.back, i, w.flips)[:w.moves[i]] {
		back += float64(scores[column]-top) - math.Log(total)
	}
	w.forth[i] = back - w.forth[i]
}

// drawn returns the first index up to which the weights sum to more than u, or the last of a weight above 0 where rounding leaves
// none, or −1 where none is above 0.
func drawn[T kernel.Float](weights []T, u float64) int {
	sum, last := 0.0, -1
	for j, v := range weights {
		if v > 0 {
			last = j
			if sum += float64(v); sum > u {
				return j
			}
		}
	}
	return last
}

package sampling

import (
	"fmt"
	"math"
	"sync/atomic"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*Metropolis)(nil)

// Metropolis changes one unit of a Boltzmann machine at a time: a unit drawn at random is proposed another state, which is taken with probability
// min(1, exp(−ΔE/T)). A unit of two states is proposed the other one, a OneHot unit one of its others, all alike, a real unit a step of a random
// walk, x + Width·√T·σ·z with z standard normal. p(x) ∝ exp(−E(x)/T) is stationary. SingleSite draws a unit from all its states at once and is
// faster; Metropolis assumes least, and is what others are compared with.
//
// A Metropolis keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its
// original.
//
// Source: N. Metropolis, A. Rosenbluth, M. Rosenbluth, A. Teller, E. Teller, J. Chem. Phys. 21 (1953).
type Metropolis struct {
	Model *layers.Boltzmann
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Width is how far real units are proposed to go, in units of their standard deviation given the others; 0 means 2.4. It is for machines
	// with real units.
	Width float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state: one mark a column for all chains, or
	// chains × columns, row by row, for a clamp of each chain. nil holds none. A OneHot unit is clamped whole.
	VisibleClamp, HiddenClamp []bool

	work any // *metropolisWork of the model's dtype: what is kept between steps, so that they allocate nothing
}

// Step makes as many proposals in every chain as there are units; those for clamped units come to nothing and do not count. Errors: ErrConfig
// for a sampler that cannot be, ErrShape and ErrDtype for a state that is not the model's, ErrRange for means in place of states of units that
// are not real, ErrNotFinite; the state is then as it was. Cost, dense: (chains×n)·(n×n) multiply-adds and n for each change; with Edges: a
// multiply-add for each edge of a unit that is proposed to change.
func (g *Metropolis) Step(s *State) (Info, error) {
	common := boltzmannKernel{"Metropolis", g.Model, g.Temperature, g.VisibleClamp, g.HiddenClamp}
	if err := common.check(s); err != nil {
		return Info{}, err
	}
	if !(g.Width >= 0) || math.IsInf(g.Width, 0) {
		return Info{}, common.fail(fmt.Errorf("Width is %g, want a positive number, or 0 for 2.4: %w", g.Width, energy.ErrConfig))
	}
	if g.Model.Dtype() == tensor.Float32 {
		return metropolisStep[float32](g, common, s)
	}
	return metropolisStep[float64](g, common, s)
}

// metropolisWork is the memory of a sampler and the step under way.
type metropolisWork[T kernel.Float] struct {
	model *layers.Boltzmann
	units []discreteUnit // those of another family are real
	real  bool           // some are

	plain        layers.PlainBoltzmann[T]
	rows, fields []T
	words        []uint64 // two for each proposal
	normals      []T
	clamp, held  []bool

	temperature, width float64
	draws, walk        rng.Stream
	step               uint64
	proposed, accepted atomic.Int64
	move               func(lo, hi int) // made once: a closure a step would be an allocation
}

func metropolisStep[T kernel.Float](g *Metropolis, common boltzmannKernel, s *State) (Info, error) {
	w, ok := g.work.(*metropolisWork[T])
	if !ok || w.model != g.Model {
		w = newMetropolis[T](g.Model)
		g.work = w
	}
	if g.Width > 0 && !w.real {
		return Info{}, common.fail(fmt.Errorf("Width is %g, which cannot take effect without real units: %w", g.Width, energy.ErrConfig))
	}
	var err error
	if w.plain, err = layers.PlainBoltzmannOf[T](g.Model); err != nil {
		return Info{}, common.fail(err)
	}
	n, chains := w.plain.Len(), s.Visible.Shape()[0]
	w.rows = gatherAll(w.rows, s, n)
	if err := w.check(); err != nil {
		return Info{}, common.fail(err)
	}
	w.clamp, w.held = joinClamps(w.held, g.Model, chains, g.VisibleClamp, g.HiddenClamp)
	if len(w.fields) < len(w.rows) {
		w.fields, w.normals, w.words = make([]T, len(w.rows)), make([]T, len(w.rows)), make([]uint64, 2*len(w.rows))
	}
	if w.plain.Bonds == nil {
		w.plain.Input(w.fields[:len(w.rows)], w.rows, chains)
	}
	if !kernel.AllFinite(w.fields[:len(w.rows)]) || !kernel.AllFinite(w.plain.B) || w.plain.Bonds != nil && !kernel.AllFinite(w.plain.W) {
		return Info{}, common.fail(fmt.Errorf("W, b or fields: %w", energy.ErrNotFinite))
	}
	w.temperature, w.width, w.step = orOneTemperature(g.Temperature), g.Width, s.Step
	if w.width == 0 {
		w.width = 2.4
	}
	w.draws, w.walk = rng.New(g.Seed, "metropolis"), rng.New(g.Seed, "metropolis walk")
	w.proposed.Store(0)
	w.accepted.Store(0)
	kernel.Parallel(chains, kernel.RowGrain(n), w.move)
	scatterAll(s, w.rows, n)
	s.Step++
	return Info{int(w.proposed.Load()), int(w.accepted.Load())}, nil
}

func newMetropolis[T kernel.Float](m *layers.Boltzmann) *metropolisWork[T] {
	w := &metropolisWork[T]{model: m}
	lo := 0
	for _, one := range m.Units().Split() {
		u := discreteUnit{lo: lo, width: one.Len()}
		switch one.Families()[0] {
		case "Spin":
			u.low = -1
		case "Gaussian":
			u.other, w.real = "Gaussian", true
		}
		w.units = append(w.units, u)
		lo += u.width
	}
	w.move = func(lo, hi int) {
		for chain := lo; chain < hi; chain++ {
			w.sweep(chain)
		}
	}
	return w
}

// check returns an error for a mean in place of a state.
func (w *metropolisWork[T]) check() error {
	n := w.plain.Len()
	for lo := 0; lo < len(w.rows); lo += n {
		for _, u := range w.units {
			for i := u.lo; i < u.lo+u.width; i++ {
				if x := w.rows[lo+i]; u.other == "" && x != 1 && x != T(u.low) {
					return fmt.Errorf("chain %d, column %d of all units is %v, want a state, no mean: %w", lo/n, i, x, energy.ErrRange)
				}
			}
		}
	}
	return nil
}

// sweep makes as many proposals in a chain as there are units.
func (w *metropolisWork[T]) sweep(chain int) {
	n := w.plain.Len()
	x, words := w.rows[chain*n:(chain+1)*n], w.words[chain*2*n:][:2*len(w.units)]
	normals := w.normals[chain*n:][:len(w.units)]
	rng.Words(w.draws.Row(chain, w.step), words)
	if w.real {
		rng.Normal(w.walk.Row(chain, w.step), normals)
	}
	clamp := rowOfClamp(w.clamp, chain, n)
	proposed, accepted := 0, 0
	for k := range w.units {
		which, other := words[2*k]>>32, words[2*k]&math.MaxUint32
		u := w.units[which*uint64(len(w.units))>>32]
		if clamp != nil && clamp[u.lo] {
			continue
		}
		proposed++
		var to T
		from, i, change := u.lo, u.lo, 0.0 // change is that of the energy
		switch {
		case u.other != "":
			variance := 1.0
			if w.plain.LogVariance != nil {
				variance = math.Exp(float64(w.plain.LogVariance[i]))
			}
			to = x[i] + T(w.width*math.Sqrt(w.temperature*variance)*float64(normals[k]))
			was, is := float64(x[i]), float64(to)
			change = (is-was)*(is+was)/(2*variance) - (is-was)*float64(w.field(chain, i, x))
		case u.width > 1:
			for x[from] != 1 {
				from++
			}
			if i += int(other * uint64(u.width-1) >> 32); i >= from {
				i++
			}
			to = 1
			change = float64(w.field(chain, from, x)) - float64(w.field(chain, i, x))
		default:
			to = T(1+u.low) - x[i]
			change = -float64(to-x[i]) * float64(w.field(chain, i, x))
		}
		if uniform := float64(words[2*k+1]>>11) * 0x1p-53; change > 0 && uniform >= math.Exp(-change/w.temperature) {
			continue
		}
		accepted++
		if from != i {
			w.set(chain, from, 0, x)
		}
		w.set(chain, i, to, x)
	}
	w.proposed.Add(int64(proposed))
	w.accepted.Add(int64(accepted))
}

// field is b + Wx of a column: kept up to date where W is dense, summed where there are few neighbours.
func (w *metropolisWork[T]) field(chain, i int, x []T) T {
	g := w.plain.Bonds
	if g == nil {
		return w.fields[chain*len(x)+i]
	}
	f := w.plain.B[i]
	for at := g.Start[i]; at < g.Start[i+1]; at++ {
		f += w.plain.W[g.Edge[at]] * x[g.Near[at]]
	}
	return f
}

func (w *metropolisWork[T]) set(chain, i int, to T, x []T) {
	n := len(x)
	if w.plain.Bonds == nil {
		kernel.Axpy(to-x[i], w.plain.W[i*n:(i+1)*n], w.fields[chain*n:(chain+1)*n])
	}
	x[i] = to
}

// SetTemperature satisfies Tempered.
func (g *Metropolis) SetTemperature(t float64) error {
	return setTemperature(&g.Temperature, t, "Metropolis")
}

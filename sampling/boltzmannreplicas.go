package sampling

import (
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// boltzmannReplicas are replicas of a Boltzmann machine, which change places on all units.
type boltzmannReplicas[T kernel.Float] struct {
	onLadder
	machine *layers.Boltzmann
	path    *annealed.BoltzmannPath[T]
	rows    *annealed.BoltzmannChains[T]

	slopes      []float64 // E′ of each row
	b           []T       // the parameter b of the machine
	base        []float64 // scratch of it
	row, held   []T       // scratch of one row
	clamped     []bool
	clampedKept []bool
}

func newBoltzmannReplicas[T kernel.Float](p *ParallelTempering, n int) (replicas, error) {
	w := &boltzmannReplicas[T]{onLadder: newOnLadder(p, p.Boltzmann, n), machine: p.Boltzmann, b: op.Numbers[T](p.Boltzmann.Param("b").Value())}
	w.base = make([]float64, len(w.b))
	var err error
	if w.path, err = annealed.NewBoltzmann[T](p.Boltzmann, baseOf(p, w.b, w.base), p.Seed); err != nil {
		return nil, err
	}
	w.rows, w.slopes = w.path.NewChains(len(w.beta)), make([]float64, len(w.beta))
	w.row, w.held = make([]T, len(w.b)), make([]T, len(w.b))
	w.clamp(p)
	return w, nil
}

func (w *boltzmannReplicas[T]) read(p *ParallelTempering) error {
	if err := w.path.Read(p.Boltzmann); err != nil {
		return err
	}
	w.clamp(p)
	return w.path.SetBase(baseOf(p, w.b, w.base))
}

func (w *boltzmannReplicas[T]) clamp(p *ParallelTempering) {
	var all []bool
	all, w.clamped = joinClamps(w.clamped, w.machine, w.n, p.VisibleClamp, p.HiddenClamp)
	w.path.Clamp, w.clampedKept = w.clampOf(w.clampedKept, all, len(w.b))
}

func (w *boltzmannReplicas[T]) take(s *State, fresh bool) {
	for i := range w.n {
		gather(w.row, s, i)
		takeChain(&w.onLadder, w.rows.X, i, w.row, w.path.Clamp, fresh)
	}
	if fresh {
		w.path.DrawBase(w.rows, s.Step)
		w.take(s, false)
	}
}

func (w *boltzmannReplicas[T]) give(s *State) {
	for i := range w.n {
		scatter(s, i, w.rows.X[i*len(w.ladder)*len(w.b):][:len(w.b)])
	}
}

func (w *boltzmannReplicas[T]) step(seen *swaps, number, turn uint64) Info {
	w.path.Refresh(w.rows)
	w.path.Slope(w.slopes, w.rows)
	info := w.exchange(seen, number, int(turn%2), w)
	w.path.Step(w.rows, w.beta, number)
	return info
}

func (w *boltzmannReplicas[T]) ratio(r int) float64 {
	return (w.beta[r] - w.beta[r+1]) * (w.slopes[r] - w.slopes[r+1])
}

func (w *boltzmannReplicas[T]) swap(r int) {
	swapRows(w.rows.X, r, len(w.b), w.held)
	swapRows(w.rows.Fields, r, len(w.b), w.held)
}

func (w *boltzmannReplicas[T]) save() *State {
	s := &State{Visible: tensor.New(tensor.Of(w.machine.Dtype()), tensor.WithShape(w.rows.N, w.machine.Visible().Len()))}
	if hidden := w.machine.Hidden().Len(); hidden > 0 {
		s.Hidden = tensor.New(tensor.Of(w.machine.Dtype()), tensor.WithShape(w.rows.N, hidden))
	}
	scatterAll(s, w.rows.X, len(w.b))
	return s
}

func (w *boltzmannReplicas[T]) restore(s *State) { gatherAll(w.rows.X[:0], s, len(w.b)) }

func (w *boltzmannReplicas[T]) follow(others replicas, rung []int) {
	from := others.(*boltzmannReplicas[T])
	followRows(&w.onLadder, &from.onLadder, w.rows.X, from.rows.X, len(w.b), rung)
}

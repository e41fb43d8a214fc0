package sampling

import (
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
)

// rbmReplicas are replicas of an RBM. They change places on the visible units alone, or on all where there is a hidden clamp.
type rbmReplicas[T kernel.Float] struct {
	onLadder
	path *annealed.Path[T]
	rows *annealed.Chains[T]

	joint       bool
	partner     []float64 // β of the row that a row may change places with
	own, other  []float64 // F of each row at its β and at its partner's; or E′
	b           []T       // the parameter b of the model
	base        []float64 // scratch of it
	held        []T
	visibleKept []bool
	hiddenKept  []bool
}

func newRBMReplicas[T kernel.Float](p *ParallelTempering, n int) (replicas, error) {
	w := &rbmReplicas[T]{onLadder: newOnLadder(p, p.Model, n), b: op.Numbers[T](p.Model.Param("b").Value())}
	w.base = make([]float64, len(w.b))
	var err error
	if w.path, err = annealed.New[T](p.Model, baseOf(p, w.b, w.base), p.Seed); err != nil {
		return nil, err
	}
	rows := len(w.beta)
	w.rows = w.path.NewChains(rows)
	w.partner, w.own, w.other = make([]float64, rows), make([]float64, rows), make([]float64, rows)
	w.held = make([]T, max(p.Model.Visible().Len(), p.Model.Hidden().Len()))
	w.clamp(p)
	return w, nil
}

// baseOf is the biases at β = 0 as they are now.
func baseOf[T kernel.Float](p *ParallelTempering, b []T, scratch []float64) []float64 {
	if p.Base != nil {
		return p.Base
	}
	kernel.Convert(scratch, b)
	return scratch
}

func (w *rbmReplicas[T]) read(p *ParallelTempering) error {
	if err := w.path.Read(p.Model); err != nil {
		return err
	}
	w.clamp(p)
	return w.path.SetBase(baseOf(p, w.b, w.base))
}

func (w *rbmReplicas[T]) clamp(p *ParallelTempering) {
	w.joint = p.HiddenClamp != nil
	w.path.VisibleClamp, w.visibleKept = w.clampOf(w.visibleKept, p.VisibleClamp, p.Model.Visible().Len())
	w.path.HiddenClamp, w.hiddenKept = w.clampOf(w.hiddenKept, p.HiddenClamp, p.Model.Hidden().Len())
}

// columns are the numbers of visible and hidden units.
func (w *rbmReplicas[T]) columns() (nv, nh int) {
	return len(w.rows.V) / w.rows.N, len(w.rows.H) / w.rows.N
}

func (w *rbmReplicas[T]) take(s *State, fresh bool) {
	v, h := op.Numbers[T](s.Visible), op.Numbers[T](s.Hidden)
	nv, nh := w.columns()
	for i := range w.n {
		takeChain(&w.onLadder, w.rows.V, i, v[i*nv:(i+1)*nv], w.path.VisibleClamp, fresh)
		takeChain(&w.onLadder, w.rows.H, i, h[i*nh:(i+1)*nh], w.path.HiddenClamp, fresh)
	}
	if fresh {
		w.path.DrawBase(w.rows, s.Step)
		w.take(s, false)
	}
}

func (w *rbmReplicas[T]) give(s *State) {
	w.giveRows(op.Numbers[T](s.Visible), w.rows.V)
	w.giveRows(op.Numbers[T](s.Hidden), w.rows.H)
}

// giveRows sets a matrix of chains to the replicas at β = 1.
func (w *rbmReplicas[T]) giveRows(dst, rows []T) {
	n, rungs := len(dst)/w.n, len(w.ladder)
	for i := range w.n {
		copy(dst[i*n:(i+1)*n], rows[i*rungs*n:])
	}
}

// step draws each unit once. Visible units change places before the hidden ones are drawn, all units before the visible ones are redrawn.
func (w *rbmReplicas[T]) step(seen *swaps, number, turn uint64) (info Info) {
	first := int(turn % 2)
	w.path.Refresh(w.rows)
	if w.joint {
		w.path.DrawHidden(w.rows, w.beta, number)
		w.path.Slope(w.own, w.rows)
		info = w.exchange(seen, number, first, w)
	} else {
		for i := range w.partner {
			w.partner[i] = w.beta[w.partnerOf(i, first)]
		}
		w.path.FreeEnergy(w.own, w.rows, w.beta)
		w.path.FreeEnergy(w.other, w.rows, w.partner)
		info = w.exchange(seen, number, first, w)
		w.path.DrawHidden(w.rows, w.beta, number)
	}
	w.path.SampleVisible(w.rows, w.beta, number)
	return info
}

func (w *rbmReplicas[T]) ratio(r int) float64 {
	if w.joint {
		return (w.beta[r] - w.beta[r+1]) * (w.own[r] - w.own[r+1])
	}
	return w.own[r] + w.own[r+1] - w.other[r] - w.other[r+1]
}

// swap moves what is seen of the change: where the hidden units are drawn next, their inputs, and where the visible ones are, the hidden ones.
func (w *rbmReplicas[T]) swap(r int) {
	_, nh := w.columns()
	if w.joint {
		swapRows(w.rows.H, r, nh, w.held)
	} else {
		swapRows(w.rows.Inputs, r, nh, w.held)
	}
}

func (w *rbmReplicas[T]) save() *State {
	nv, nh := w.columns()
	return &State{
		Visible: tensor.New(tensor.WithShape(w.rows.N, nv), tensor.WithBacking(slices.Clone(w.rows.V))),
		Hidden:  tensor.New(tensor.WithShape(w.rows.N, nh), tensor.WithBacking(slices.Clone(w.rows.H))),
	}
}

func (w *rbmReplicas[T]) restore(s *State) {
	copy(w.rows.V, op.Numbers[T](s.Visible))
	copy(w.rows.H, op.Numbers[T](s.Hidden))
}

func (w *rbmReplicas[T]) follow(others replicas, rung []int) {
	from := others.(*rbmReplicas[T])
	nv, nh := w.columns()
	followRows(&w.onLadder, &from.onLadder, w.rows.V, from.rows.V, nv, rung)
	followRows(&w.onLadder, &from.onLadder, w.rows.H, from.rows.H, nh, rung)
}

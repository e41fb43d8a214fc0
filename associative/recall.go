package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Dynamics is how the units of a network follow their fields: Asynchronous, Synchronous or Block at temperature 0, Gibbs or Annealing
// above it.
type Dynamics interface {
	validate(n int) error
	// run carries each of the rows to its end. Rows do not depend on each other.
	run(h *Hopfield, rows []*row)
}

// Recalled is what a recall ends with, for each row.
type Recalled struct {
	States *tensor.Dense // (B, n) of the units' values, in the dtype of the states given
	// Means are the averages over the last sweeps whose signs the states are, where Gibbs or Annealing were asked to Average; else nil.
	Means  *tensor.Dense
	Sweeps []int // made; a sweep updates every unit once
	// Cycle is the length of the cycle that the row has run into: 1 is a fixed point, 2 two states in turn. It is 0 where neither was found
	// before the sweeps ended, and for Gibbs and Annealing where the last state is not a fixed point.
	Cycle  []int
	Energy []float64 // of States
	// Trace is the energy before the first sweep and after each.
	Trace [][]float64
}

// row is one state under recall, with what its fields are summed from.
type row struct {
	number int
	x      []float64 // the state
	sums   []float64 // xM
	sweeps int
	cycle  int
	means  []float64 // nil where nothing is averaged
	trace  []float64
}

// Recall lets states, (B, n) of the units' values, follow their fields until they are at rest or the sweeps are up. A row is recalled in a
// batch as it is alone, whatever the number of processors, but for Gibbs and Annealing, whose draws are of the row's number, too.
//
// Errors: ErrShape, ErrDtype, ErrRange and ErrNotFinite for the states, ErrConfig and ErrShape for the settings.
// Cost: the first fields are one product, B·n²; from there a flip costs n. Where Hebb learned few patterns, that of PackedHopfield.Recall.
func (h *Hopfield) Recall(states *tensor.Dense, d Dynamics) (*Recalled, error) {
	if h.throughPatterns(d) {
		return h.recallPatterns(states, d)
	}
	x, err := h.states("Recall", states)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fmt.Errorf("associative: Hopfield: Recall: no dynamics given, want Asynchronous{}, say: %w", energy.ErrConfig)
	}
	if err := d.validate(h.n); err != nil {
		return nil, fmt.Errorf("associative: Hopfield: Recall: %T: %w", d, err)
	}
	own := make([]float64, len(x))
	copy(own, x)
	rows := h.rows(own)
	d.run(h, rows)

	out := &Recalled{
		States: matrix.Tensor(states.Dtype(), own, len(rows), h.n), Sweeps: make([]int, len(rows)), Cycle: make([]int, len(rows)),
		Energy: make([]float64, len(rows)), Trace: make([][]float64, len(rows)),
	}
	for k, r := range rows {
		out.Sweeps[k], out.Cycle[k], out.Energy[k], out.Trace[k] = r.sweeps, r.cycle, r.energy(h), r.trace
	}
	if rows[0].means != nil {
		means := make([]float64, 0, len(own))
		for _, r := range rows {
			means = append(means, r.means...)
		}
		out.Means = matrix.Tensor(states.Dtype(), means, len(rows), h.n)
	}
	return out, nil
}

// rows prepares states for recall, which changes them.
func (h *Hopfield) rows(x []float64) []*row {
	sums := make([]float64, len(x))
	h.fieldsOf(sums, x)
	rows := make([]*row, len(x)/h.n)
	for k := range rows {
		rows[k] = &row{number: k, x: x[k*h.n : (k+1)*h.n], sums: sums[k*h.n : (k+1)*h.n]}
		rows[k].note(h)
	}
	return rows
}

func (r *row) energy(h *Hopfield) float64 { return h.energy(r.x, r.sums) }

// note adds the energy to the trace.
func (r *row) note(h *Hopfield) { r.trace = append(r.trace, r.energy(h)) }

// set gives unit i a value and moves the fields with it.
func (r *row) set(h *Hopfield, i int, value float64) {
	kernel.Axpy(value-r.x[i], h.weights()[i*h.n:(i+1)*h.n], r.sums)
	r.x[i] = value
}

// each runs rows side by side.
func each(h *Hopfield, rows []*row, f func(r *row)) {
	kernel.Parallel(len(rows), 1+1<<14/h.n, func(lo, hi int) {
		for _, r := range rows[lo:hi] {
			f(r)
		}
	})
}

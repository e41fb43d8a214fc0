package associative

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// BAMRecall says how a BAM recalls. The zero value updates one side after the other, for at most 100 sweeps.
type BAMRecall struct {
	// Asynchronous updates unit after unit of both sides, in a random order for each sweep. Otherwise all units of a side are updated at
	// once, which are no neighbours of each other: first y, then x.
	Asynchronous bool
	// InOrder visits the units of an asynchronous sweep in their order, those of x first.
	InOrder bool
	Seed    uint64 // of the random orders, which are the same for every row: a row of a batch is recalled as it is alone
	// MaxSweeps ends a recall that has not settled; 0 means 100. A sweep updates every unit of both sides once.
	MaxSweeps int
	// Trace asks for the energies on the way.
	Trace bool
}

// BAMRecalled is what a recall ends with, for each row.
type BAMRecalled struct {
	X, Y    *tensor.Dense // (B, n) and (B, k) of ±1, in the dtype of what was given
	Sweeps  []int         // made, of which the last changed nothing where it settled
	Settled []bool        // no unit would change: a fixed pair, a local minimum of the energy
	Energy  []float64     // of the pair, see BAM.Energy
	// Trace is the energies of a row, nil unless asked for: of the start, after each half of a synchronous sweep, and after each
	// flip of an asynchronous one.
	Trace [][]float64
}

// Recall lets pairs of states fall to a minimum of the energy. x is (B, n) and y (B, k), of ±1; one of them may be nil: it then starts
// as the signs of its fields from the other, −1 where a field is 0.
//
//	y ← sgn(xW + c)        x ← sgn(yWᵀ + b)
//
// A unit whose field is 0 keeps its state. Each flip lowers the energy by 2|field| and a half sweep finds the least energy that one
// side can have while the other stands, as the units of a side are not coupled: so no state comes twice, and as states are finitely
// many, recall ends in a fixed pair, for every W. Sums of numbers that are not whole are rounded, so a field within
// 2⁻⁴⁴ of the sizes that it is summed of is taken as 0, see Ties: no flip is made for rounding's sake.
//
// Rows do not depend on each other. Errors: ErrShape, ErrDtype, ErrRange, ErrNotFinite, ErrConfig. Cost: 2nk a sweep of a row, and in
// asynchronous ones n or k more for a flip.
func (m *BAM) Recall(x, y *tensor.Dense, r BAMRecall) (*BAMRecalled, error) {
	fail := func(err error) (*BAMRecalled, error) { return nil, fmt.Errorf("associative: BAM: Recall: %w", err) }
	if err := r.validate(); err != nil {
		return fail(err)
	}
	if r.MaxSweeps == 0 {
		r.MaxSweeps = 100
	}
	xs, ys, err := m.start(x, y)
	if err != nil {
		return fail(err)
	}
	given := x
	if given == nil {
		given = y
	}
	out, finalX, finalY := m.fall(xs, ys, r)
	out.X = matrix.Tensor(given.Dtype(), finalX, len(finalX)/m.n, m.n)
	out.Y = matrix.Tensor(given.Dtype(), finalY, len(finalY)/m.k, m.k)
	return out, nil
}

func (r BAMRecall) validate() error {
	switch {
	case r.InOrder && !r.Asynchronous:
		return fmt.Errorf("InOrder is set for synchronous updates, which have no order: %w", energy.ErrConfig)
	case r.Seed != 0 && (!r.Asynchronous || r.InOrder):
		return fmt.Errorf("Seed is %d, but nothing is drawn where updates are synchronous or in order: %w", r.Seed, energy.ErrConfig)
	case r.MaxSweeps < 0:
		return fmt.Errorf("MaxSweeps is %d, want at least 1, or 0 for 100: %w", r.MaxSweeps, energy.ErrConfig)
	}
	return nil
}

// start reads the pairs, in memory that may be written to, and fills in a side that is not given.
func (m *BAM) start(x, y *tensor.Dense) (xs, ys []float64, err error) {
	if x == nil && y == nil {
		return nil, nil, fmt.Errorf("neither x nor y is given: %w", energy.ErrShape)
	}
	if x != nil {
		if xs, _, err = matrix.Spins(x, m.n); err != nil {
			return nil, nil, fmt.Errorf("x: %w", err)
		}
		xs = slices.Clone(xs)
	}
	if y != nil {
		if ys, _, err = matrix.Spins(y, m.k); err != nil {
			return nil, nil, fmt.Errorf("y: %w", err)
		}
		ys = slices.Clone(ys)
	}
	switch {
	case x == nil:
		xs = m.backward(ys)
		for rest := xs; len(rest) > 0; rest = rest[m.n:] {
			toSigns(rest[:m.n], rest[:m.n], m.reachX, Minus)
		}
	case y == nil:
		ys = m.forward(xs)
		for rest := ys; len(rest) > 0; rest = rest[m.k:] {
			toSigns(rest[:m.k], rest[:m.k], m.reachY, Minus)
		}
	case len(xs)/m.n != len(ys)/m.k:
		return nil, nil, fmt.Errorf("%d rows of x and %d of y, want as many: %w", len(xs)/m.n, len(ys)/m.k, energy.ErrShape)
	}
	return xs, ys, nil
}

// fall sweeps until every row has settled or made its sweeps. It uses up the states it is given.
func (m *BAM) fall(xs, ys []float64, r BAMRecall) (out *BAMRecalled, finalX, finalY []float64) {
	rows := len(xs) / m.n
	finalX, finalY = make([]float64, len(xs)), make([]float64, len(ys))
	out = &BAMRecalled{Sweeps: make([]int, rows), Settled: make([]bool, rows)}
	if r.Trace {
		out.Trace = make([][]float64, rows)
		for row, e := range m.energies(xs, ys) {
			out.Trace[row] = []float64{e}
		}
	}
	changed := make([]bool, rows)
	moving, orders := newMoving(rows), newOrders(r.Seed, m.n+m.k, r.InOrder)
	for sweep := 1; len(moving.rows) > 0; sweep++ {
		if r.Asynchronous {
			m.unitByUnit(xs, ys, orders.at(sweep-1), moving, changed, out.Trace)
		} else {
			m.sideBySide(xs, ys, moving, changed, out.Trace)
		}
		moving.each(m.n+m.k, func(at, row int) (stays bool) {
			out.Sweeps[row], out.Settled[row] = sweep, !changed[row]
			if changed[row] && sweep < r.MaxSweeps {
				return true
			}
			copy(finalX[row*m.n:(row+1)*m.n], xs[at*m.n:(at+1)*m.n])
			copy(finalY[row*m.k:(row+1)*m.k], ys[at*m.k:(at+1)*m.k])
			return false
		})
		xs, ys = moving.drop(xs, m.n), moving.drop(ys, m.k)
		moving.end()
	}
	out.Energy = m.energies(finalX, finalY)
	return out, finalX, finalY
}

// sideBySide makes a synchronous sweep of the rows that move: y, then x.
func (m *BAM) sideBySide(xs, ys []float64, moving *moving, changed []bool, trace [][]float64) {
	fields := m.forward(xs)
	moving.each(m.k, func(at, row int) bool {
		y, field := ys[at*m.k:(at+1)*m.k], fields[at*m.k:(at+1)*m.k]
		changed[row] = toSigns(y, field, m.reachY, Keep)
		if trace != nil {
			x := xs[at*m.n : (at+1)*m.n]
			trace[row] = append(trace[row], -kernel.Dot(y, field)-kernel.Dot(x, m.biasX))
		}
		return true
	})
	fields = m.backward(ys)
	moving.each(m.n, func(at, row int) bool {
		x, field := xs[at*m.n:(at+1)*m.n], fields[at*m.n:(at+1)*m.n]
		changed[row] = toSigns(x, field, m.reachX, Keep) || changed[row]
		if trace != nil {
			y := ys[at*m.k : (at+1)*m.k]
			trace[row] = append(trace[row], -kernel.Dot(x, field)-kernel.Dot(y, m.biasY))
		}
		return true
	})
}

// unitByUnit makes an asynchronous sweep of the rows that move: units 0 … n−1 are those of x, the others those of y. The fields are
// computed at its start and kept up to date by what each flip changes, a row of W or of Wᵀ.
func (m *BAM) unitByUnit(xs, ys []float64, order []int, moving *moving, changed []bool, trace [][]float64) {
	fieldsX, fieldsY := m.backward(ys), m.forward(xs)
	moving.each(m.n+m.k, func(at, row int) bool {
		x, fieldX := xs[at*m.n:(at+1)*m.n], fieldsX[at*m.n:(at+1)*m.n]
		y, fieldY := ys[at*m.k:(at+1)*m.k], fieldsY[at*m.k:(at+1)*m.k]
		changed[row] = false
		for _, unit := range order {
			side, field, others, couplings, reach := x, fieldX, fieldY, m.w, m.reachX
			if unit >= m.n {
				unit -= m.n
				side, field, others, couplings, reach = y, fieldY, fieldX, m.back, m.reachY
			}
			pull := side[unit] * field[unit]
			if pull >= -reach[unit] {
				continue
			}
			side[unit] = -side[unit]
			kernel.Axpy(2*side[unit], couplings[unit*len(others):(unit+1)*len(others)], others)
			changed[row] = true
			if trace != nil {
				trace[row] = append(trace[row], trace[row][len(trace[row])-1]+2*pull)
			}
		}
		return true
	})
}

package associative

import (
	"cmp"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// BAMRecalled is what a recall of a BAM ends with, for each row: see Recalled.
type BAMRecalled struct {
	X, Y   *tensor.Dense // (B, n) and (B, k) of ±1, in the dtype of what was given
	Sweeps []int         // made; a sweep updates every unit of both sides once
	// Cycle is 1 for a fixed pair, a local minimum of the energy, and 0 where the sweeps ended before one was found. There are no other cycles.
	Cycle  []int
	Energy []float64 // of the pair, see BAM.Energy
	// Trace is the energy of the start, after each half of a synchronous sweep, and after each flip of an asynchronous one.
	Trace [][]float64
}

// Recall lets pairs of states fall to a minimum of the energy. x is (B, n) and y (B, k), of ±1; one of them may be nil: it then starts
// as the signs of its fields from the other, −1 where a field is 0.
//
//	y ← sgn(xW + c)        x ← sgn(yWᵀ + b)
//
// In a sweep that is Synchronous all units of a side, which are no neighbours of each other, are updated at once: first y, then x. One that
// is Asynchronous updates unit after unit of both sides, in a random order, or InOrder those of x first. Units cannot be Clamped.
//
// A unit whose field is 0 keeps its state. Each flip lowers the energy by 2|field| and a half sweep finds the least energy that one
// side can have while the other stands, as the units of a side are not coupled: so no state comes twice, and as states are finitely
// many, recall ends in a fixed pair, for every W. Sums of numbers that are not whole are rounded, so a field within
// 2⁻⁴⁴ of the sizes that it is summed of is taken as 0, see Ties: no flip is made for rounding's sake.
//
// Rows do not depend on each other. Errors: ErrShape, ErrDtype, ErrRange and ErrNotFinite for the states; ErrConfig for the settings and for
// other dynamics. Cost: 2nk a sweep of a row, and in
// asynchronous ones n or k more for a flip.
func (m *BAM) Recall(x, y *tensor.Dense, d Dynamics) (*BAMRecalled, error) {
	fail := func(err error) (*BAMRecalled, error) { return nil, fmt.Errorf("associative: BAM: Recall: %w", err) }
	if d == nil {
		return fail(fmt.Errorf("no dynamics given, want Synchronous{}, say: %w", energy.ErrConfig))
	}
	if err := m.validate(d); err != nil {
		return fail(fmt.Errorf("%T: %w", d, err))
	}
	xs, ys, err := m.start(x, y)
	if err != nil {
		return fail(err)
	}
	given := x
	if given == nil {
		given = y
	}
	out, finalX, finalY := m.fall(xs, ys, d)
	out.X = matrix.Tensor(given.Dtype(), finalX, len(finalX)/m.n, m.n)
	out.Y = matrix.Tensor(given.Dtype(), finalY, len(finalY)/m.k, m.k)
	return out, nil
}

func (m *BAM) validate(d Dynamics) error {
	var clamped []bool
	switch d := d.(type) {
	case Synchronous:
		clamped = d.Clamped
	case Asynchronous:
		clamped = d.Clamped
	default:
		return fmt.Errorf("want Synchronous or Asynchronous: %w", energy.ErrConfig)
	}
	if clamped != nil {
		return fmt.Errorf("Clamped is set, want nil: units of a BAM cannot be held: %w", energy.ErrConfig)
	}
	return d.validate(m.n + m.k)
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
func (m *BAM) fall(xs, ys []float64, d Dynamics) (out *BAMRecalled, finalX, finalY []float64) {
	rows := len(xs) / m.n
	finalX, finalY = make([]float64, len(xs)), make([]float64, len(ys))
	out = &BAMRecalled{Sweeps: make([]int, rows), Cycle: make([]int, rows), Trace: make([][]float64, rows)}
	for row, e := range m.energies(xs, ys) {
		out.Trace[row] = []float64{e}
	}
	changed, moving := make([]bool, rows), newMoving(rows)
	var most int
	var sweepAt func(sweep int)
	switch d := d.(type) {
	case Synchronous:
		most = d.MaxSweeps
		sweepAt = func(int) { m.sideBySide(xs, ys, moving, changed, out.Trace) }
	case Asynchronous:
		most = d.MaxSweeps
		orders := newOrders(d.Seed, m.n+m.k, d.InOrder)
		sweepAt = func(sweep int) { m.unitByUnit(xs, ys, orders.at(sweep), moving, changed, out.Trace) }
	}
	most = cmp.Or(most, defaultSweeps)
	for sweep := 1; len(moving.rows) > 0; sweep++ {
		sweepAt(sweep - 1)
		moving.each(m.n+m.k, func(at, row int) (stays bool) {
			out.Sweeps[row] = sweep
			if changed[row] && sweep < most {
				return true
			}
			if !changed[row] {
				out.Cycle[row] = 1
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
		trace[row] = append(trace[row], -kernel.Dot(y, field)-kernel.Dot(xs[at*m.n:(at+1)*m.n], m.biasX))
		return true
	})
	fields = m.backward(ys)
	moving.each(m.n, func(at, row int) bool {
		x, field := xs[at*m.n:(at+1)*m.n], fields[at*m.n:(at+1)*m.n]
		changed[row] = toSigns(x, field, m.reachX, Keep) || changed[row]
		trace[row] = append(trace[row], -kernel.Dot(x, field)-kernel.Dot(ys[at*m.k:(at+1)*m.k], m.biasY))
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
			trace[row] = append(trace[row], trace[row][len(trace[row])-1]+2*pull)
		}
		return true
	})
}

package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// summation is an enumeration of a Boltzmann machine. The columns of its units are of three sorts: known ones; listed ones, whose joint states
// are gone through; and summed ones, which are independent given the others. Couplings and biases of the latter two are over T.
type summation struct {
	machine     energy.Units
	temperature float64
	w, b        []float64 // of all columns, w dense
	logVariance []float64 // 0 where there is none
	x           []float64 // the known columns, with 0 elsewhere
	known       []bool
	units       []span
	gaussian    []bool // the columns of real units

	listed, summed   energy.Units
	states           int       // of the listed units
	columns          []int     // of the listed and then of the summed units
	listedW, summedW []float64 // of the listed units among themselves and to the summed ones
	listedB, summedB []float64 // the fields of the known units are in them
	variance         []float64 // log Tσ² of the summed columns
	knownWeight      float64   // −E/T of the known units alone
	weights          []float64 // log p of the states

	block []float64 // the listed and summed columns of the states at hand, with means for the latter
	input []float64 // of the summed ones
}

// summationBlock is how many states are gone through at a time.
const summationBlock = 1 << 11

func newSummation(bm *Boltzmann, temperature float64, x []float64, known []bool) (*summation, error) {
	n := bm.joint.Len()
	s := &summation{
		machine: bm.joint, temperature: temperature, w: bm.denseW(), b: bm.b.Float64s(), logVariance: make([]float64, n), x: make([]float64, n), known: known,
		units: spansOf(bm.joint), gaussian: bm.joint.Columns("Gaussian"),
	}
	if bm.logVariance != nil {
		s.logVariance = bm.logVariance.Float64s()
	}
	for i, is := range known {
		if is {
			s.x[i] = x[i]
		}
	}
	summed := s.independent(bm.config.Visible.Len())
	listed := make([]bool, n)
	for i := range listed {
		listed[i] = !known[i] && !summed[i]
	}
	s.listed, s.summed = s.machine.Select(listed), s.machine.Select(summed)
	var err error
	if s.states, err = s.listed.StateCount(); err == nil && s.states > maxEquilibriumStates {
		err = fmt.Errorf("%d joint states of units that are coupled among themselves, want at most %d: %w", s.states, maxEquilibriumStates, energy.ErrConfig)
	}
	if err != nil {
		return nil, err
	}
	first, then := indices(listed), indices(summed)
	s.columns = slices.Concat(first, then)
	field := make([]float64, n)
	kernel.Gemm(false, false, 1, n, n, 1, s.x, n, s.w, n, false, field, n)
	s.knownWeight = (kernel.Dot(s.b, s.x) + kernel.Dot(field, s.x)/2 - s.machine.Kind().F64.Energy(s.x, s.logVariance)) / temperature
	for i := range field {
		field[i] = (field[i] + s.b[i]) / temperature
	}
	s.listedB, s.summedB, s.variance = gather(field, first), gather(field, then), gather(s.logVariance, then)
	for i := range s.variance {
		s.variance[i] += math.Log(temperature)
	}
	s.listedW, s.summedW = s.couplings(first, first), s.couplings(first, then)
	s.weights = make([]float64, s.states)
	rows := min(s.states, summationBlock)
	s.block, s.input = make([]float64, rows*len(s.columns)), make([]float64, rows*len(then))
	return s, nil
}

// denseW is W of all pairs of columns.
func (bm *Boltzmann) denseW() []float64 {
	w := bm.w.Float64s()
	if bm.bonds == nil {
		return w
	}
	n := bm.joint.Len()
	dense := make([]float64, n*n)
	for k, e := range bm.bonds.Edges {
		dense[e[0]*n+e[1]], dense[e[1]*n+e[0]] = w[k], w[k]
	}
	return dense
}

// span is the columns of a unit, from lo to before hi: as many as it has states for a OneHot unit, and one for any other.
type span struct{ lo, hi int }

func spansOf(u energy.Units) (spans []span) {
	for i, unit := range unitsOf(u) {
		if unit == len(spans) {
			spans = append(spans, span{lo: i})
		}
		spans[unit].hi = i + 1
	}
	return spans
}

// independent marks the columns of units that are neither known nor coupled among themselves: all real ones, and then those that a pass through
// the others finds, hidden units first or visible ones first, whichever leaves fewer states.
func (s *summation) independent(visible int) []bool {
	n := len(s.x)
	find := func(order []span) (marks []bool, left float64) {
		marks = make([]bool, n)
		seen := slices.Clone(s.known) // and what is coupled to those that were found
		for _, u := range order {
			if slices.Contains(seen[u.lo:u.hi], true) {
				if !s.known[u.lo] {
					left += math.Log(max(2, float64(u.hi-u.lo)))
				}
				continue
			}
			for i := u.lo; i < u.hi; i++ {
				marks[i] = true
				for j, w := range s.w[i*n : (i+1)*n] {
					seen[j] = seen[j] || w != 0
				}
			}
		}
		return marks, left
	}
	var reals, seen, unseen []span
	for _, u := range s.units {
		switch {
		case s.gaussian[u.lo]:
			reals = append(reals, u)
		case u.lo < visible:
			seen = append(seen, u)
		default:
			unseen = append(unseen, u)
		}
	}
	a, statesOfA := find(slices.Concat(reals, unseen, seen))
	b, statesOfB := find(slices.Concat(reals, seen, unseen))
	if statesOfB < statesOfA {
		return b
	}
	return a
}

// couplings is W of some columns to others, over T.
func (s *summation) couplings(from, to []int) []float64 {
	n, w := len(s.x), make([]float64, 0, len(from)*len(to))
	for _, i := range from {
		for _, j := range to {
			w = append(w, s.w[i*n+j]/s.temperature)
		}
	}
	return w
}

// each goes through the states block by block and hands on which they are. The block then holds the listed columns, and input is set.
func (s *summation) each(visit func(lo, rows int)) {
	width, listed, summed := len(s.columns), s.listed.Len(), s.summed.Len()
	for lo := 0; lo < s.states; lo += summationBlock {
		rows := min(summationBlock, s.states-lo)
		kernel.Parallel(rows, kernel.RowGrain(width), func(from, to int) {
			for r := from; r < to; r++ {
				s.listed.State(lo+r, s.block[r*width:r*width+listed])
				copy(s.input[r*summed:(r+1)*summed], s.summedB)
			}
		})
		if listed > 0 && summed > 0 {
			kernel.Gemm(false, false, rows, summed, listed, 1, s.block, width, s.summedW, summed, true, s.input, summed)
		}
		visit(lo, rows)
	}
}

// weigh sets the weights to the logarithms of the states' probabilities and returns log Z.
func (s *summation) weigh() float64 {
	width, listed, summed := len(s.columns), s.listed.Len(), s.summed.Len()
	field := make([]float64, min(s.states, summationBlock)*listed)
	s.each(func(lo, rows int) {
		if listed > 0 {
			kernel.Gemm(false, false, rows, listed, listed, 1, s.block, width, s.listedW, listed, false, field, listed)
		}
		kernel.Parallel(rows, kernel.RowGrain(width), func(from, to int) {
			for r := from; r < to; r++ {
				state := s.block[r*width : r*width+listed]
				s.weights[lo+r] = s.knownWeight + kernel.Dot(state, s.listedB) + kernel.Dot(state, field[r*listed:(r+1)*listed])/2
				if summed > 0 {
					s.weights[lo+r] += s.family().CGF(s.input[r*summed:(r+1)*summed], s.variance)
				}
			}
		})
	})
	logZ := make([]float64, 1)
	kernel.RowLogSumExp(logZ, s.weights, 1, s.states)
	for i := range s.weights {
		s.weights[i] -= logZ[0]
	}
	return logZ[0]
}

// family is that of the summed units.
func (s *summation) family() units.Family[float64] { return s.summed.Kind().F64 }

// expect sets the moments, and the energy and entropy, which are means, too.
func (s *summation) expect(e *Equilibrium) {
	width, listed, summed := len(s.columns), s.listed.Len(), s.summed.Len()
	mean, second := make([]float64, width), make([]float64, width*width)
	rows := min(s.states, summationBlock)
	weighted, entropy := make([]float64, rows*width), make([]float64, rows)
	s.each(func(lo, rows int) {
		kernel.Parallel(rows, kernel.RowGrain(width), func(from, to int) {
			for r := from; r < to; r++ {
				row, logP := s.block[r*width:(r+1)*width], s.weights[lo+r]
				p := math.Exp(logP)
				entropy[r] = -p * logP
				if summed > 0 {
					entropy[r] += p * s.entropy(row[listed:], s.input[r*summed:(r+1)*summed])
				}
				kernel.Scale(weighted[r*width:(r+1)*width], row, p)
			}
		})
		if e.Entropy += kernel.Sum(entropy[:rows]); width == 0 {
			return
		}
		kernel.Gemm(true, false, width, width, rows, 1, weighted, width, s.block, width, true, second, width)
		for r := range rows {
			kernel.Axpy(1, weighted[r*width:(r+1)*width], mean)
		}
	})
	s.scatter(e, mean, second)
	s.sameUnit(e)
	e.InternalEnergy = -kernel.Dot(s.b, e.Mean) - kernel.Dot(s.w, e.SecondMoment)/2
	for i, is := range s.gaussian {
		if is {
			e.InternalEnergy += e.SecondMoment[i*len(s.x)+i] / 2 * math.Exp(-s.logVariance[i])
		}
	}
}

// entropy sets mean to that of the summed units at their inputs I and returns their entropy Γ(I) − I·mean + E[U].
func (s *summation) entropy(mean, input []float64) float64 {
	s.family().Mean(mean, input, s.variance)
	h := s.family().CGF(input, s.variance) - kernel.Dot(input, mean)
	for i, column := range s.columns[len(s.columns)-len(mean):] {
		if s.gaussian[column] {
			h += (mean[i]*mean[i]*math.Exp(-s.variance[i]) + 1) / 2
		}
	}
	return h
}

// scatter puts moments of the listed and summed columns, in which the summed ones stand for their means, to those of all units.
func (s *summation) scatter(e *Equilibrium, mean, second []float64) {
	n, width := len(s.x), len(s.columns)
	copy(e.Mean, s.x)
	for k, i := range s.columns {
		e.Mean[i] = mean[k]
	}
	for i := range n {
		for j := range n {
			e.SecondMoment[i*n+j] = e.Mean[i] * e.Mean[j] // right where one of them is known
		}
	}
	for k, i := range s.columns {
		for l, j := range s.columns {
			e.SecondMoment[i*n+j] = second[k*width+l]
		}
	}
}

// sameUnit sets the second moments within a unit that is not known, which follow from its mean; given the others a real unit varies by Tσ².
func (s *summation) sameUnit(e *Equilibrium) {
	n, spin := len(s.x), s.machine.Columns("Spin")
	for _, u := range s.units {
		switch at := u.lo*n + u.lo; {
		case s.known[u.lo]:
		case spin[u.lo]:
			e.SecondMoment[at] = 1
		case s.gaussian[u.lo]:
			e.SecondMoment[at] += s.temperature * math.Exp(s.logVariance[u.lo])
		default:
			for i := u.lo; i < u.hi; i++ {
				clear(e.SecondMoment[i*n+u.lo : i*n+u.hi])
				e.SecondMoment[i*n+i] = e.Mean[i]
			}
		}
	}
}

func indices(mask []bool) (at []int) {
	for i, is := range mask {
		if is {
			at = append(at, i)
		}
	}
	return at
}

func gather(x []float64, at []int) []float64 {
	out := make([]float64, len(at))
	for k, i := range at {
		out[k] = x[i]
	}
	return out
}

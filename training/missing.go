package training

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// missing fills what is missing of the data, NaN, with draws from p(v_missing | v_observed), so that the cost has the gradient of
// −log p(v_observed):
//
//	−∇ log p(v_O) = E[∇F(v) | v_O] − E_model[∇F(v)].
//
// Each row of the data has a chain of its own, clamped at what is observed, which takes its steps when the row is visited and stays where it
// got to until the next visit.
type missing struct {
	gibbs sampling.Gibbs
	steps int
	kept  *tensor.Dense // (rows of the data, visible): where the chains stand
	start rng.Stream
	state sampling.State
	holes []bool // of the batch at hand
}

// maxMissingSteps bounds the steps of a visit: a draw's address has 48 bits for all of a run.
const maxMissingSteps = 1 << 16

func newMissing(m *layers.RBM, rows, steps int, seed uint64) *missing {
	return &missing{
		gibbs: sampling.Gibbs{Model: m, Seed: rng.New(seed, "missing "+m.Name()).Uint64(0)},
		steps: max(1, steps),
		kept:  tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(rows, m.Visible().Len())),
		start: rng.New(seed, "missing start "+m.Name()),
	}
}

// fill draws what is missing of a batch: of the rows of the data that x holds, at a training step.
func (s *missing) fill(x *tensor.Dense, rows []int, epoch int, step uint64) error {
	if x.Dtype() == tensor.Float32 {
		return fillBatch[float32](s, x, rows, epoch, step)
	}
	return fillBatch[float64](s, x, rows, epoch, step)
}

func fillBatch[T kernel.Float](s *missing, x *tensor.Dense, rows []int, epoch int, step uint64) error {
	data, n := op.Numbers[T](x), x.Shape()[1]
	if !markHoles(s, data) {
		return nil
	}
	p, err := layers.PlainOf[T](s.gibbs.Model)
	if err != nil {
		return err
	}
	drawn, kept := make([]T, n), op.Numbers[T](s.kept)
	for i, r := range rows {
		row, holes := data[i*n:(i+1)*n], s.holes[i*n:(i+1)*n]
		if column := s.gibbs.Model.Visible().SplitGroup(holes); column >= 0 {
			return fmt.Errorf("row %d of the data: of the OneHot group at column %d a part is missing, want all of it or none: %w", r, column, energy.ErrRange)
		}
		from := kept[r*n : (r+1)*n]
		if epoch == 0 { // the first visit: a draw without couplings
			p.Visible.Sample(drawn, p.B, p.VisibleLogVariance, 1, s.start.Row(r, 0))
			from = drawn
		}
		for j, hole := range holes {
			if hole {
				row[j] = from[j]
			}
		}
	}
	if s.state.Hidden == nil || s.state.Hidden.Shape()[0] != len(rows) {
		s.state.Hidden = tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(len(rows), s.gibbs.Model.Hidden().Len()))
	}
	for i := range s.holes {
		s.holes[i] = !s.holes[i]
	}
	s.gibbs.VisibleClamp = s.holes
	s.state.Visible, s.state.Step = x, step*uint64(s.steps)
	for range s.steps {
		if _, err := s.gibbs.Step(&s.state); err != nil {
			return err
		}
	}
	for i, r := range rows {
		copy(kept[r*n:(r+1)*n], data[i*n:(i+1)*n])
	}
	return nil
}

// markHoles sets s.holes to the places of NaN and reports whether there are any.
func markHoles[T kernel.Float](s *missing, data []T) (any bool) {
	if len(s.holes) < len(data) {
		s.holes = make([]bool, len(data))
	}
	s.holes = s.holes[:len(data)]
	for i, v := range data {
		s.holes[i] = v != v
		any = any || v != v
	}
	return any
}

// fillMeans puts the mean of what is observed of a column, over the rows given, into the places where it is missing; half a range where nothing is.
func (s *missing) fillMeans(x *tensor.Dense) error {
	filled, missing, err := s.gibbs.Model.Visible().Missing(x)
	if err != nil {
		return err
	}
	n := x.Shape()[1]
	sums, counts := make([]float64, n), make([]float64, n)
	numbers := floats(filled)
	for i, v := range numbers {
		if !missing[i] {
			sums[i%n] += v
			counts[i%n]++
		}
	}
	for i := range numbers {
		if missing[i] && counts[i%n] > 0 {
			numbers[i] = sums[i%n] / counts[i%n]
		}
	}
	setFloats(x, numbers)
	return nil
}

// settle fills the first rows of the data with where their chains stand, and returns the marks of what was missing, or nil where nothing was.
func settle[T kernel.Float](s *missing, v []T) []bool {
	holes, kept := holesOf(v), op.Numbers[T](s.kept)
	for i, hole := range holes {
		if hole {
			v[i] = kept[i]
		}
	}
	return holes
}

// holesOf marks NaN, or is nil where there is none.
func holesOf[T kernel.Float](v []T) []bool {
	var holes []bool
	for i, x := range v {
		if x != x {
			if holes == nil {
				holes = make([]bool, len(v))
			}
			holes[i] = true
		}
	}
	return holes
}

// monitoredTerms bounds the sum over what is missing of a row that a monitor takes.
const monitoredTerms = 1 << 8

// freeEnergies returns F of whole rows, or F(v_O) of rows with holes, whose places hold any numbers; nil where a row's sum has too many terms.
func freeEnergies[T kernel.Float](m *layers.RBM, p layers.Plain[T], v []T, holes []bool) ([]float64, error) {
	if holes == nil {
		return p.FreeEnergy(v, len(v)/p.VisibleLen), nil
	}
	sums := layers.ObservedModel(m, p)
	if !sums.Open(holes, monitoredTerms) {
		return nil, nil
	}
	return sums.FreeEnergy(v, holes)
}

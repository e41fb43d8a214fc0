package training

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Convention says what training takes grey values for. Likelihoods under different conventions do not compare, so every
// report names its own.
type Convention int

const (
	AsIs       Convention = iota // values as they are: a grey pixel is the mean of a Bernoulli unit
	Threshold                    // Bernoulli units are 1 above one half and 0 below
	Stochastic                   // Bernoulli units are drawn afresh each epoch, 1 with the given value as probability
)

// String names the convention as reports print it.
func (c Convention) String() string {
	switch c {
	case AsIs:
		return "grey values as they are"
	case Threshold:
		return "thresholded at 1/2"
	case Stochastic:
		return "sampled afresh each epoch"
	}
	return fmt.Sprintf("Convention(%d)", int(c))
}

// Source is rows to train on. Implement it for data that does not fit into memory; for tensors Fit makes one.
type Source interface {
	// Len is the number of rows, Width the number of columns.
	Len() int
	Width() int
	// Read writes the given rows, in order, into the contiguous rows of dst, as they are to be seen in an epoch. Epoch and rows
	// alone must determine the values.
	Read(dst *tensor.Dense, rows []int, epoch int) error
}

// tensorSource is a tensor under a convention.
type tensorSource struct {
	x          *tensor.Dense
	convention Convention
	binary     []bool // the columns that the convention is for
	draws      rng.Stream
	uniform    any // scratch of Read: a row of draws
}

// newTensorSource checks a tensor against the units that it is for.
func newTensorSource(x *tensor.Dense, units energy.Units, convention Convention, seed uint64) (*tensorSource, error) {
	if err := units.Check(x); err != nil {
		return nil, err
	}
	return newUncheckedSource(x, units, convention, seed)
}

// newHoledSource is newTensorSource for rows in which NaN is a missing value.
func newHoledSource(x *tensor.Dense, units energy.Units, convention Convention, seed uint64) (*tensorSource, error) {
	if _, _, err := units.Missing(x); err != nil {
		return nil, err
	}
	return newUncheckedSource(x, units, convention, seed)
}

func newUncheckedSource(x *tensor.Dense, units energy.Units, convention Convention, seed uint64) (*tensorSource, error) {
	if convention < AsIs || convention > Stochastic {
		return nil, fmt.Errorf("Convention is %v, want AsIs, Threshold or Stochastic: %w", convention, energy.ErrConfig)
	}
	if convention != AsIs && !slices.Contains(units.Families(), "Bernoulli") {
		return nil, fmt.Errorf("Convention %q cannot take effect on %v, want Bernoulli units: %w", convention, units, energy.ErrConfig)
	}
	return &tensorSource{x, convention, units.Columns("Bernoulli"), rng.New(seed, "binarise"), nil}, nil
}

func (s *tensorSource) Len() int   { return s.x.Shape()[0] }
func (s *tensorSource) Width() int { return s.x.Shape()[1] }

func (s *tensorSource) Read(dst *tensor.Dense, rows []int, epoch int) error {
	switch dst.Dtype() {
	case tensor.Float32:
		return readRows(s, dst.Float32s(), rows, epoch)
	case tensor.Float64:
		return readRows(s, dst.Float64s(), rows, epoch)
	}
	return fmt.Errorf("dtype %v: %w", dst.Dtype(), energy.ErrDtype)
}

func readRows[T kernel.Float](s *tensorSource, dst []T, rows []int, epoch int) error {
	n := s.Width()
	uniform, ok := s.uniform.([]T)
	if !ok && s.convention == Stochastic {
		uniform = make([]T, n)
		s.uniform = uniform
	}
	for i, r := range rows {
		row := dst[i*n : (i+1)*n]
		if s.x.Dtype() == tensor.Float32 {
			kernel.Convert(row, s.x.Float32s()[r*n:(r+1)*n])
		} else {
			kernel.Convert(row, s.x.Float64s()[r*n:(r+1)*n])
		}
		switch s.convention {
		case Threshold:
			for j, v := range row {
				if s.binary[j] && v == v { // NaN is a missing value
					row[j] = oneIf[T](v > 0.5)
				}
			}
		case Stochastic:
			rng.Uniform(s.draws.Row(r, uint64(epoch)), uniform)
			for j, v := range row {
				if s.binary[j] && v == v {
					row[j] = oneIf[T](uniform[j] < v)
				}
			}
		}
	}
	return nil
}

func oneIf[T kernel.Float](b bool) T {
	if b {
		return 1
	}
	return 0
}

// OneHot returns the (len(labels), classes) float32 tensor with a 1 at each row's label. Errors: ErrShape for no labels,
// ErrRange for a label outside 0 … classes−1.
func OneHot(labels []int, classes int) (*tensor.Dense, error) {
	if len(labels) == 0 || classes < 2 {
		return nil, fmt.Errorf("training: OneHot: %d labels of %d classes, want at least 1 label and 2 classes: %w", len(labels), classes, energy.ErrShape)
	}
	data := make([]float32, len(labels)*classes)
	for i, l := range labels {
		if l < 0 || l >= classes {
			return nil, fmt.Errorf("training: OneHot: label %d of row %d, want 0 to %d: %w", l, i, classes-1, energy.ErrRange)
		}
		data[i*classes+l] = 1
	}
	return tensor.New(tensor.WithShape(len(labels), classes), tensor.WithBacking(data)), nil
}

// checkWeights refuses row weights that are no weights.
func checkWeights(weights []float64, rows int) error {
	if weights == nil {
		return nil
	}
	if len(weights) != rows {
		return fmt.Errorf("%d Weights, want one a row (%d): %w", len(weights), rows, energy.ErrShape)
	}
	total := 0.0
	for i, w := range weights {
		if !(w >= 0) || w-w != 0 {
			return fmt.Errorf("weight %g of row %d, want a finite number of at least 0: %w", w, i, energy.ErrRange)
		}
		total += w
	}
	if total == 0 {
		return fmt.Errorf("all Weights are 0: %w", energy.ErrRange)
	}
	return nil
}

// checkSource returns what is wrong with a source for units under a convention.
func checkSource(s Source, convention Convention, u energy.Units) error {
	switch {
	case s == nil:
		return fmt.Errorf("no source of rows given: %w", energy.ErrConfig)
	case convention != AsIs && !isTensor(s):
		return fmt.Errorf("Convention %q cannot take effect on a source of your own, which decides what it reads: %w", convention, energy.ErrConfig)
	case s.Len() < 1 || s.Width() != u.Len():
		return fmt.Errorf("source of %d rows of %d columns, want at least one row of %d: %w", s.Len(), s.Width(), u.Len(), energy.ErrShape)
	}
	return nil
}

func isTensor(s Source) bool { _, ok := s.(*tensorSource); return ok }

// initBiasRows reads the first 10,000 rows, which InitBias looks at.
func initBiasRows(s Source, dtype tensor.Dtype) (*tensor.Dense, error) {
	rows := between(0, min(s.Len(), 10_000))
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(len(rows), s.Width()))
	return t, s.Read(t, rows, 0)
}

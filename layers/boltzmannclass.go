package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
)

// ClassProbabilities returns p(class | features), (rows, classes), of a machine that has one OneHot unit among its visible units, the class: the
// softmax over the classes k of −F(features, k). It is exact for machines that have a free energy; others are asked by sampling, with a
// sampling.BoltzmannCompletion of rows whose class is missing. Without hidden units it is logistic regression on the features.
//
// features are (rows, visible − classes) of the machine's dtype: the columns of all units but the class, in their order. Errors: ErrConfig unless
// there is one OneHot unit and another unit and a free energy, ErrDtype, and what the units' Check says of the features. Cost: classes free
// energies a row.
func (bm *Boltzmann) ClassProbabilities(features *tensor.Dense) (*tensor.Dense, error) {
	p, err := bm.classProbabilities(features)
	if err != nil {
		return nil, fmt.Errorf("layers: Boltzmann %q: ClassProbabilities: %w", bm.name, err)
	}
	return p, nil
}

func (bm *Boltzmann) classProbabilities(features *tensor.Dense) (*tensor.Dense, error) {
	first, classes, err := classColumns(bm.config.Visible)
	if err != nil {
		return nil, err
	}
	marks := make([]bool, bm.config.Visible.Len())
	for j := range marks {
		marks[j] = j < first || j >= first+classes
	}
	if err := bm.config.Visible.Select(marks).Check(features); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	if features.Dtype() != bm.Dtype() {
		return nil, fmt.Errorf("features of %v, want %v: %w", features.Dtype(), bm.Dtype(), energy.ErrDtype)
	}
	if bm.Dtype() == tensor.Float32 {
		return classesByFreeEnergy[float32](bm, features, first, classes)
	}
	return classesByFreeEnergy[float64](bm, features, first, classes)
}

func classesByFreeEnergy[T kernel.Float](bm *Boltzmann, features *tensor.Dense, first, classes int) (*tensor.Dense, error) {
	const block = 256 // rows at a time, each as often as there are classes
	rows, n := features.Shape()[0], bm.config.Visible.Len()
	x, p := op.Numbers[T](features), make([]T, rows*classes)
	for lo := 0; lo < rows; lo += block {
		hi := min(lo+block, rows)
		v := make([]T, (hi-lo)*classes*n)
		for i := range (hi - lo) * classes {
			row, from := v[i*n:(i+1)*n], x[(lo+i/classes)*(n-classes):]
			copy(row[:first], from)
			copy(row[first+classes:], from[first:n-classes])
			row[first+i%classes] = 1
		}
		f, err := plainFreeEnergy(bm, v, 1)
		if err != nil {
			return nil, err
		}
		for i := range f {
			f[i] = -f[i]
		}
		kernel.RowSoftmax(f, f, hi-lo, classes)
		kernel.Convert(p[lo*classes:], f)
	}
	return tensor.New(tensor.WithShape(rows, classes), tensor.WithBacking(p)), nil
}

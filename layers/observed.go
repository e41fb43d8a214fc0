package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/observed"
	"github.com/harmonium-go/harmonium/internal/op"
)

// ObservedFreeEnergy returns F(v_O) = −log ∫ dv_M Σ_h exp(−E(v,h)) of each row, in nats: what the observed units O of a row cost when its missing
// ones M, which are NaN, are summed out, so that p(v_O) = exp(−F(v_O))/Z with the Z of whole rows. x is (rows, visible) of the machine's dtype. It
// is exact and off the graph. Like Plain's, it leaves out the constant that a centered machine's FreeEnergy has. A row is open to
// it if
//
//   - its missing units have at most 2^16 joint states, or
//   - the hidden units have: then any number of units may be missing, real ones too,
//
// and a table of these states × hidden units has at most 2^22 numbers; any other is an ErrConfig. Errors besides: what Visible().Missing
// says of the rows, ErrDtype. Cost of a row: joint states × hidden units.
//
// Source: Z. Ghahramani, M. Jordan, "Supervised learning from incomplete data via an EM approach", NIPS 1993, for the principle.
func (r *RBM) ObservedFreeEnergy(x *tensor.Dense) ([]float64, error) {
	return r.observedNumbers("ObservedFreeEnergy", x, (*observed.Model[float32]).FreeEnergy, (*observed.Model[float64]).FreeEnergy)
}

// ObservedPseudoLikelihood returns Σ_{i ∈ O} log p(v_i | v_{O∖i}) of each row, nats: the pseudo-likelihood of the observed units with the missing
// ones, NaN, summed out. A OneHot group counts as one unit, and a real unit gives the logarithm of a density. Rows, errors and cost are those of ObservedFreeEnergy
// of rows that miss one unit more, times the number of units.
func (r *RBM) ObservedPseudoLikelihood(x *tensor.Dense) ([]float64, error) {
	return r.observedNumbers("ObservedPseudoLikelihood", x, (*observed.Model[float32]).PseudoLikelihood, (*observed.Model[float64]).PseudoLikelihood)
}

// MissingMeans returns the rows with E[v_M | v_O] in the places of what is missing, NaN: for binary units the probabilities of 1. Rows, errors and
// cost are those of ObservedFreeEnergy. sampling.Completion also answers for rows that it refuses.
func (r *RBM) MissingMeans(x *tensor.Dense) (*tensor.Dense, error) {
	filled, missing, err := r.missing(x)
	if err == nil {
		if r.Dtype() == tensor.Float32 {
			err = onObserved(r, func(m *observed.Model[float32]) error { return m.Means(filled.Float32s(), missing) })
		} else {
			err = onObserved(r, func(m *observed.Model[float64]) error { return m.Means(filled.Float64s(), missing) })
		}
	}
	if err != nil {
		return nil, fmt.Errorf("layers: RBM %q: MissingMeans: %w", r.name, err)
	}
	return filled, nil
}

// missing is Visible().Missing for rows of the machine's dtype.
func (r *RBM) missing(x *tensor.Dense) (*tensor.Dense, []bool, error) {
	filled, missing, err := r.Visible().Missing(x)
	if err == nil && x.Dtype() != r.Dtype() {
		err = fmt.Errorf("rows of %v, want %v: %w", x.Dtype(), r.Dtype(), energy.ErrDtype)
	}
	return filled, missing, err
}

func (r *RBM) observedNumbers(what string, x *tensor.Dense,
	single func(*observed.Model[float32], []float32, []bool) ([]float64, error),
	double func(*observed.Model[float64], []float64, []bool) ([]float64, error),
) (numbers []float64, err error) {
	filled, missing, err := r.missing(x)
	if err == nil {
		if r.Dtype() == tensor.Float32 {
			err = onObserved(r, func(m *observed.Model[float32]) (err error) {
				numbers, err = single(m, filled.Float32s(), missing)
				return err
			})
		} else {
			err = onObserved(r, func(m *observed.Model[float64]) (err error) {
				numbers, err = double(m, filled.Float64s(), missing)
				return err
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("layers: RBM %q: %s: %w", r.name, what, err)
	}
	return numbers, nil
}

func onObserved[T kernel.Float](r *RBM, f func(m *observed.Model[T]) error) error {
	p, err := PlainOf[T](r)
	if err != nil {
		return err
	}
	return f(ObservedModel(r, p))
}

// ObservedModel is an RBM's plain form with its units, for the library's own samplers.
func ObservedModel[T kernel.Float](r *RBM, p Plain[T]) *observed.Model[T] {
	return &observed.Model[T]{
		Visible: r.Visible(), Hidden: r.Hidden(), W: p.W, B: p.B, C: p.C,
		VisibleLogVariance: p.VisibleLogVariance, HiddenLogVariance: p.HiddenLogVariance,
	}
}

// ClassProbabilities returns p(class | features), (rows, classes), of an RBM that has one OneHot unit among its visible units, the class: the
// softmax over the classes k of
//
//	−F(features, k) = b_k + Γ_h(c + features·W + W_k) + what all classes have in common,
//
// exact for any number of hidden units of any family. features are (rows, visible − classes) of the machine's dtype: the columns of all units but
// the class, in their order, without missing values. Rows of features, and rows in which other units are missing too, are a matter of MissingMeans
// with NaN in their places. Errors: ErrConfig unless there is one OneHot unit and another unit, ErrDtype, and what the units' Check says of the features. Cost: a
// (rows×features)·(features×hidden) product, and classes × hidden terms a row.
//
// Source: H. Larochelle, Y. Bengio, "Classification using Discriminative Restricted Boltzmann Machines", ICML 2008, eq. 2.
func (r *RBM) ClassProbabilities(features *tensor.Dense) (*tensor.Dense, error) {
	fail := func(err error) (*tensor.Dense, error) {
		return nil, fmt.Errorf("layers: RBM %q: ClassProbabilities: %w", r.name, err)
	}
	first, classes, err := classColumns(r.Visible())
	if err != nil {
		return fail(err)
	}
	marks := make([]bool, r.Visible().Len())
	for j := range marks {
		marks[j] = j < first || j >= first+classes
	}
	if err := r.Visible().Select(marks).Check(features); err != nil {
		return fail(fmt.Errorf("features: %w", err))
	}
	if features.Dtype() != r.Dtype() {
		return fail(fmt.Errorf("features of %v, want %v: %w", features.Dtype(), r.Dtype(), energy.ErrDtype))
	}
	if r.Dtype() == tensor.Float32 {
		features, err = classProbabilities[float32](r, features, first, classes)
	} else {
		features, err = classProbabilities[float64](r, features, first, classes)
	}
	if err != nil {
		return fail(err)
	}
	return features, nil
}

// classColumns finds the only OneHot unit of the visible side.
func classColumns(visible energy.Units) (first, classes int, err error) {
	first = -1
	for j, is := range visible.Columns("OneHot") {
		switch {
		case !is:
		case first < 0:
			first, classes = j, 1
		case visible.UnitOf(j) == visible.UnitOf(first):
			classes++
		default:
			return 0, 0, fmt.Errorf("the visible units %v have several OneHot units, want one, the class (MissingMeans answers for any units): %w", visible, energy.ErrConfig)
		}
	}
	if first < 0 || classes == visible.Len() {
		return 0, 0, fmt.Errorf("the visible units are %v, want one OneHot unit, the class, beside others: %w", visible, energy.ErrConfig)
	}
	return first, classes, nil
}

func classProbabilities[T kernel.Float](r *RBM, features *tensor.Dense, first, classes int) (*tensor.Dense, error) {
	rows, n := features.Shape()[0], r.Visible().Len()
	x, v, missing := op.Numbers[T](features), make([]T, rows*n), make([]bool, rows*n)
	for i := range rows {
		row, from := v[i*n:(i+1)*n], x[i*(n-classes):(i+1)*(n-classes)]
		copy(row[:first], from[:first])
		copy(row[first+classes:], from[first:])
		for j := first; j < first+classes; j++ {
			missing[i*n+j] = true
		}
	}
	if err := onObserved(r, func(m *observed.Model[T]) error { return m.Means(v, missing) }); err != nil {
		return nil, err
	}
	p := make([]T, rows*classes)
	for i := range rows {
		copy(p[i*classes:(i+1)*classes], v[i*n+first:i*n+first+classes])
	}
	return tensor.New(tensor.WithShape(rows, classes), tensor.WithBacking(p)), nil
}

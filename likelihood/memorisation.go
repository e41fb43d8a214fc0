package likelihood

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Memorisation tells by nearest neighbours whether samples are copies of the rows that a model was trained on. With S the samples and T as many rows
// of data, d_ST(i) the distance of sample i from the nearest row and d_SS(i) that from the nearest other sample, an adversary that takes a point for
// what its nearest neighbour is has the accuracy
//
//	AA = ½ (mean 1[d_TS > d_TT] + mean 1[d_ST > d_SS])
//
// It is ½ where samples and data cannot be told apart, 1 where they lie apart, and near 0 where each sample sits on a row: memorised. Equal
// distances, which binary rows have often, count one half.
//
// Source: A. Yale et al., "Generation and evaluation of privacy preserving synthetic health data", Neurocomputing 416 (2020), eqs. 1 to 3.
type Memorisation struct {
	// Training and HeldOut are AA of the samples beside each set of rows.
	Training, HeldOut Adversary
	// PrivacyLoss is HeldOut − Training with its deviation: how much nearer the samples are to the rows that the model has seen. Around 0 nothing
	// was memorised.
	PrivacyLoss, Deviation float64
	// Points is how many rows of each set were used: distances to the nearest depend on it, so it is the same for all.
	Points int
}

// Adversary is the accuracy of the adversary with its two terms: how often the nearest neighbour of a row is a row, and that of a sample a sample.
// The deviation takes the points for independent.
type Adversary struct{ Accuracy, Rows, Samples, Deviation float64 }

// String writes the result for a person.
func (r Memorisation) String() string {
	z := quantile(0.95)
	return fmt.Sprintf("nearest-neighbour accuracy %.3f ± %.3f beside training rows, %.3f ± %.3f beside held-out rows, privacy loss %.3f ± %.3f (%d points each)",
		r.Training.Accuracy, z*r.Training.Deviation, r.HeldOut.Accuracy, z*r.HeldOut.Deviation, r.PrivacyLoss, z*r.Deviation, r.Points)
}

// Memorise compares samples of a model with the rows it was trained on and with others, all (rows, n) of one dtype, finite, two rows at least. It
// takes as many of each as the smallest set has, drawn from the seed. Distances are Euclidean. Errors: ErrShape, ErrDtype, ErrNotFinite,
// and ctx's error. Cost: five products (points×n)·(n×points).
func Memorise(ctx context.Context, samples, training, heldOut *tensor.Dense, seed uint64) (Memorisation, error) {
	var r Memorisation
	names, sets := []string{"samples", "training rows", "held-out rows"}, []*tensor.Dense{samples, training, heldOut}
	for i, x := range sets {
		if err := checkPoints(x, sets[0]); err != nil {
			return r, fmt.Errorf("likelihood: Memorise: %s: %w", names[i], err)
		}
	}
	r.Points = min(samples.Shape()[0], training.Shape()[0], heldOut.Shape()[0])
	draws := rng.New(seed, "memorisation")
	var points [3]cloud
	for i, x := range sets {
		points[i] = newCloud(x, draws.Perm(x.Shape()[0], uint64(i))[:r.Points])
	}
	inside, err := points[0].nearest(ctx, points[0], true)
	if err != nil {
		return r, err
	}
	for i, a := range []*Adversary{&r.Training, &r.HeldOut} {
		if *a, err = points[0].against(ctx, points[i+1], inside); err != nil {
			return r, err
		}
	}
	r.PrivacyLoss = r.HeldOut.Accuracy - r.Training.Accuracy
	r.Deviation = math.Hypot(r.HeldOut.Deviation, r.Training.Deviation)
	return r, nil
}

func checkPoints(x, first *tensor.Dense) error {
	switch {
	case x == nil:
		return fmt.Errorf("none given: %w", energy.ErrConfig)
	case x.Dims() != 2 || x.Shape()[0] < 2 || x.Shape()[1] != first.Shape()[1]:
		return fmt.Errorf("shape %v, want (rows, %d) with at least two rows: %w", x.Shape(), first.Shape()[1], energy.ErrShape)
	case x.RequiresIterator() || !x.DataOrder().IsRowMajor():
		return fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps: %w", energy.ErrShape)
	case x.Dtype() != tensor.Float32 && x.Dtype() != tensor.Float64 || x.Dtype() != first.Dtype():
		return fmt.Errorf("dtype %v, want float32 or float64 for all: %w", x.Dtype(), energy.ErrDtype)
	case x.Dtype() == tensor.Float32 && !kernel.AllFinite(x.Float32s()) || x.Dtype() == tensor.Float64 && !kernel.AllFinite(x.Float64s()):
		return fmt.Errorf("not all values are numbers: %w", energy.ErrNotFinite)
	}
	return nil
}

// cloud is points with their squared lengths.
type cloud struct {
	n, width int
	x        []float64
	squares  []float64
}

func newCloud(x *tensor.Dense, rows []int) cloud {
	c := cloud{len(rows), x.Shape()[1], make([]float64, len(rows)*x.Shape()[1]), make([]float64, len(rows))}
	for i, r := range rows {
		row := c.x[i*c.width : (i+1)*c.width]
		if x.Dtype() == tensor.Float32 {
			kernel.Convert(row, x.Float32s()[r*c.width:(r+1)*c.width])
		} else {
			kernel.Convert(row, x.Float64s()[r*c.width:(r+1)*c.width])
		}
		c.squares[i] = kernel.Dot(row, row)
	}
	return c
}

// nearest returns the squared distance of each point from the nearest of others, or where those are the points themselves from the nearest other.
func (c cloud) nearest(ctx context.Context, others cloud, themselves bool) ([]float64, error) {
	const block = 256
	least, products := make([]float64, c.n), make([]float64, block*others.n)
	for first := 0; first < c.n; first += block {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(block, c.n-first)
		kernel.Gemm(false, true, n, others.n, c.width, 1, c.x[first*c.width:], c.width, others.x, c.width, false, products, others.n)
		for i := range n {
			least[first+i] = math.Inf(1)
			for j, product := range products[i*others.n : (i+1)*others.n] {
				if !themselves || j != first+i {
					least[first+i] = min(least[first+i], c.squares[first+i]+others.squares[j]-2*product)
				}
			}
		}
	}
	return least, nil
}

// against plays the adversary with the points as samples, whose distances from each other are given, and rows.
func (c cloud) against(ctx context.Context, rows cloud, inside []float64) (Adversary, error) {
	var a Adversary
	across, err := c.nearest(ctx, rows, false)
	if err != nil {
		return a, err
	}
	back, err := rows.nearest(ctx, c, false)
	if err != nil {
		return a, err
	}
	among, err := rows.nearest(ctx, rows, true)
	if err != nil {
		return a, err
	}
	var deviationRows, deviationSamples float64
	a.Rows, deviationRows = shareFarther(back, among)
	a.Samples, deviationSamples = shareFarther(across, inside)
	a.Accuracy = (a.Rows + a.Samples) / 2
	a.Deviation = math.Hypot(deviationRows, deviationSamples) / 2
	return a, nil
}

// shareFarther is how often x lies above y, equal ones counting one half, with its standard error. Distances that rounding alone tells apart
// are equal.
func shareFarther(x, y []float64) (share, deviation float64) {
	votes := make([]float64, len(x))
	for i := range x {
		switch near := 1e-9 * (1 + math.Abs(x[i]) + math.Abs(y[i])); {
		case x[i] > y[i]+near:
			votes[i] = 1
		case x[i] >= y[i]-near:
			votes[i] = 0.5
		}
	}
	share, deviation = meanDeviation(votes)
	return share, deviation / math.Sqrt(float64(len(votes)))
}

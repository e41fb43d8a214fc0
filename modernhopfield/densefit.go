package modernhopfield

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/training"
)

// DenseFit trains dense classifiers of one degree by a recipe that needs no tuning for pictures such as those of MNIST: Adam with a
// learning rate that falls to 0 along half a cosine, every step followed by a projection to [−1, 1], and the cost DenseCost. In the first
// tenth of the epochs the rate is lower. Rates are low for another reason than precision: pictures have a background in common, large
// steps move all memories along it at once, and one that has left every input behind has no gradient and never comes back.
//
// Degrees up to 4 start from random memories at T = √Inputs/2, larger ones from rows of the data (Imprint) at T = 0.64·Inputs, as
// gradients of random memories vanish there. The source takes steps that are normalised for each memory instead, and a temperature that
// falls in the first 200 of its 3,000 epochs; Adam does what both are for, in a hundredth of the epochs.
//
// Source of the cost and the clipping: D. Krotov, J. J. Hopfield, NIPS 2016, appendix A.
type DenseFit struct {
	Degree   int     // n of the rectified power; 0 means 2
	Memories int     // 0 means 2000
	Epochs   int     // 0 means 30
	Batch    int     // rows a step; 0 means 100, or all rows if there are fewer
	Rate     float64 // of Adam, the largest; 0 means 0.006/n, and 0.008 for degrees above 4
	M        int     // half the exponent of the cost; 0 means 4, and 3 for degrees above 4
	Seed     uint64  // of the memories and the shuffles

	Progress io.Writer                  // a progress bar, when it is a terminal; nil for none
	Observe  func(training.Epoch) error // called after each epoch; an error stops the run
}

// Fit trains a classifier of a name on the rows of x, (rows, n) in [−1, 1], with labels in 0 … classes−1. When ctx ends it returns the
// classifier as far as it got, with an error. Errors are those of NewDenseClassifier, Imprint and training.Supervised.
func (f DenseFit) Fit(ctx context.Context, name string, x *tensor.Dense, labels []int, classes int) (*DenseClassifier, *training.Report, error) {
	fail := func(err error) (*DenseClassifier, *training.Report, error) {
		return nil, nil, fmt.Errorf("modernhopfield: DenseFit: %w", err)
	}
	f.complete()
	if x == nil || x.Dims() != 2 {
		return fail(fmt.Errorf("rows are no matrix, want (rows, columns): %w", energy.ErrShape))
	}
	inputs := x.Shape()[1]
	if err := energy.Spin(inputs).Check(x); err != nil {
		return fail(err)
	}
	targets, err := training.OneHot(labels, classes)
	if err != nil {
		return fail(err)
	}
	c := DenseClassifierConfig{
		Inputs: inputs, Classes: classes, Memories: f.Memories, Interaction: energy.RectifiedPower(f.Degree), Seed: f.Seed, Dtype: x.Dtype(),
	}
	if f.steep() {
		c.Temperature = 0.64 * float64(inputs)
	}
	net, err := NewDenseClassifier(name, c)
	if err != nil {
		return fail(err)
	}
	if f.steep() {
		if err := net.Imprint(x, labels, Imprint{Scale: 0.7, Noise: 0.05, Vote: 0.3, Seed: f.Seed}); err != nil {
			return fail(err)
		}
	}
	fit := training.Supervised{
		Solver: training.Box{Solver: training.Adam{Rate: f.Rate, Epsilon: 1e-12}, Bound: 1},
		Epochs: f.Epochs, Batch: f.Batch, Seed: f.Seed, Cost: DenseCost(f.M), Progress: f.Progress, Observe: f.Observe,
	}
	if f.Epochs > 1 {
		fit.Rate = f.rate
	}
	report, err := fit.Fit(ctx, net, x, targets)
	return net, report, err
}

// rate is the schedule: a square up and half a cosine down.
func (f *DenseFit) rate(epoch int) float64 {
	up := min(1, 10*float64(epoch+1)/float64(f.Epochs))
	return f.Rate * up * up * (1 + math.Cos(math.Pi*float64(epoch)/float64(f.Epochs))) / 2
}

func (f *DenseFit) steep() bool { return f.Degree > 4 }

func (f *DenseFit) complete() {
	f.Degree, f.Memories, f.Epochs = cmp.Or(f.Degree, 2), cmp.Or(f.Memories, 2000), cmp.Or(f.Epochs, 30)
	if f.steep() {
		f.Rate, f.M = cmp.Or(f.Rate, 0.008), cmp.Or(f.M, 3)
	} else {
		f.Rate, f.M = cmp.Or(f.Rate, 0.006/float64(f.Degree)), cmp.Or(f.M, 4)
	}
}

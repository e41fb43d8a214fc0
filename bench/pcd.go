package bench

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// pcdRows is the number of digits of MNIST.
const pcdRows = 60_000

// pcdEpoch is the whole of an epoch as a user calls it: a new machine, its graph, and every batch.
var pcdEpoch = Row{
	Name: "pcd_epoch", About: fmt.Sprintf("PCD-1, one epoch of %d rows, RBM %d×%d, batch %d, float32, a new machine included", pcdRows, visible, hidden, batch),
	Flops: pcdRows / batch * 5 * 2 * batch * visible * hidden, Tolerance: 0.02,
	New: func() (*Work, error) {
		data := bits(tensor.Float32, 5, pcdRows, visible)
		fit := training.Contrastive{Negative: sampling.PCD{Chains: batch}, Solver: training.SGD{Rate: 0.01}, Epochs: 1, Batch: batch}
		var model *layers.RBM
		return &Work{
			Step: func() (err error) {
				model, err = layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(visible), Hidden: energy.Bernoulli(hidden)})
				if err != nil {
					return err
				}
				_, err = fit.Fit(context.Background(), model, data)
				return err
			},
			Sum: func() float64 { return WeightedSum(model.Param("b").Float64s()) },
		}, nil
	},
}

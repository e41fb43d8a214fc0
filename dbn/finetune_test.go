package dbn_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// chained is the classifier that FineTune trains, by hand: machines, dropout between them, a linear layer.
func chained(d *dbn.DBN, dropout float64, seed uint64, classes int) (*layers.Sequential, *layers.Linear) {
	var all []layers.Layer
	for i, r := range d.RBMs() {
		if i > 0 && dropout > 0 {
			all = append(all, must(layers.NewDropout(fmt.Sprintf("net.dropout%d", i), dropout, seed)))
		}
		all = append(all, r)
	}
	if dropout > 0 {
		all = append(all, must(layers.NewDropout(fmt.Sprintf("net.dropout%d", len(d.RBMs())), dropout, seed)))
	}
	top := d.RBMs()[len(d.RBMs())-1]
	head := must(layers.NewLinear("net.head", layers.LinearConfig{In: top.Hidden().Len(), Out: classes, Seed: seed, Dtype: top.Dtype()}))
	return must(layers.NewSequential("net", append(all, head)...)), head
}

// FineTune is backpropagation through the machines' own layers, with dropout on every hidden layer, to the bit.
func TestFineTuneIsSupervisedTrainingOfTheStack(t *testing.T) {
	for _, dtype := range dtypes {
		for _, dropout := range []float64{0, 0.3} {
			data, labels := bars(dtype)
			config := dbn.Config{Sizes: []int{16, 8, 5}, Glorot: true, Centered: true, Seed: 3, Dtype: dtype}
			got, want := newStack(config), newStack(config)
			before := weights(got)
			report, err := got.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 4, Batch: 7, L2: 1e-3, Dropout: dropout, Seed: 6})
			require.NoError(t, err)

			model, head := chained(want, dropout, 6, 2)
			expected, err := training.Supervised{Solver: training.Adam{Rate: 1e-3}, Epochs: 4, Batch: 7, L2: 1e-3, Seed: 6}.
				Fit(context.Background(), model, data, must(training.OneHot(labels, 2)))
			require.NoError(t, err)
			require.Equal(t, history(expected), history(report))
			require.Equal(t, weights(want, head), weights(got))
			require.Equal(t, 2, got.Classes())

			// The very machines moved, all but what the classifier does not depend on.
			after := weights(got)
			for i, r := range got.RBMs() {
				require.NotEqual(t, before[r.Name()+".W"], r.Param("W").Float64s())
				require.NotEqual(t, before[r.Name()+".c"], after[r.Name()+".c"])
				require.Equal(t, before[r.Name()+".b"], after[r.Name()+".b"])
				require.Equal(t, want.RBMs()[i].Param("W").Float64s(), r.Param("W").Float64s())
			}
			require.NotEqual(t, after, func() map[string][]float64 {
				d := newStack(config)
				must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 4, Batch: 7, L2: 1e-3, Dropout: dropout + 0.2, Seed: 6}))
				return weights(d)
			}(), "dropout matters")
		}
	}
}

// A stack learns all 30 bars and stripes, to which no linear classifier is equal.
func TestFineTuneLearnsBarsAndStripes(t *testing.T) {
	data, labels := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: []int{16, 24, 12}, Glorot: true, Seed: 1})
	report, err := d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{
		Classes: 2, Epochs: 600, Solver: training.Adam{Rate: 0.02}, Seed: 1, Validation: data, ValidationLabels: labels,
	})
	require.NoError(t, err)
	require.Zero(t, wrong(must(d.Classify(data)), labels))
	require.Zero(t, report.Last().ValidationError)
	require.Greater(t, report.Epochs[0].ValidationError, 0.2)

	line := must(layers.NewLinear("line", layers.LinearConfig{In: 16, Out: 2, Seed: 1}))
	must(training.Supervised{Solver: training.Adam{Rate: 0.02}, Epochs: 600, Seed: 1}.
		Fit(context.Background(), line, data, must(training.OneHot(labels, 2))))
	require.NotZero(t, wrong(training.Classes(must(training.Predict(context.Background(), line, data))), labels))
}

// Pretrained and fine-tuned on 500 real digits, a stack learns them all, and tells other digits far better than chance.
func TestFineTuneLearnsDigits(t *testing.T) {
	data, labels := someDigits(t, 0, 500)
	held, heldLabels := someDigits(t, 500, 1000)
	d := newStack(dbn.Config{Sizes: []int{784, 64, 32}, Centered: true, Seed: 1})
	must(d.Pretrain(context.Background(), data, dbn.PretrainConfig{Epochs: 2, Batch: 50, Seed: 1}))
	report, err := d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{
		Classes: 10, Epochs: 20, Batch: 50, Solver: training.Adam{Rate: 0.01}, Seed: 1, Validation: held, ValidationLabels: heldLabels,
	})
	require.NoError(t, err)
	missed := wrong(must(d.Classify(held)), heldLabels)
	t.Logf("%d of 500 digits learned are wrong, %d of 500 others", wrong(must(d.Classify(data)), labels), missed)
	require.Zero(t, wrong(must(d.Classify(data)), labels))
	// Chance is 450 wrong with deviation 6.7.
	require.Less(t, missed, 200)
	require.InDelta(t, float64(missed)/500, report.Last().ValidationError, 1e-12)
}

// The metrics of the validation rows are those of Forward's logits without noise.
func TestValidationMetrics(t *testing.T) {
	data, labels := bars(tensor.Float64)
	d := newStack(dbn.Config{Sizes: []int{16, 8, 5}, Glorot: true, Seed: 3, Dtype: tensor.Float64})
	held, heldLabels := grey(tensor.Float32, 40, 16), make([]int, 40)
	for i := range heldLabels {
		heldLabels[i] = i % 2
	}
	report := must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{
		Classes: 2, Epochs: 3, Dropout: 0.5, Seed: 6, Validation: held, ValidationLabels: heldLabels,
	}))
	logits := numbers(must(training.Predict(context.Background(), d, held)))
	cost := 0.0
	for i, l := range heldLabels {
		cost += math.Log(math.Exp(logits[2*i])+math.Exp(logits[2*i+1])) - logits[2*i+l]
	}
	require.InDelta(t, cost/40, report.Last().ValidationCost, 1e-9)
	require.InDelta(t, float64(wrong(must(d.Classify(held)), heldLabels))/40, report.Last().ValidationError, 1e-12)
	require.Equal(t, must(d.Classify(held)), must(d.Classify(held)), "no noise in classifying")

	quiet := must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 1, Seed: 6}))
	require.True(t, math.IsNaN(quiet.Last().ValidationCost))
}

// A second FineTune goes on with the classifier; for another number of classes it starts another.
func TestSecondFineTune(t *testing.T) {
	data, labels := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: []int{16, 8}, Glorot: true, Seed: 3})
	require.Zero(t, d.Classes())
	require.Len(t, d.Params(), 3)
	tune := func(classes int) *layers.Param {
		must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: classes, Epochs: 1, Seed: 6}))
		require.Equal(t, classes, d.Classes())
		require.Len(t, d.Params(), 5)
		return d.Params()[3]
	}
	first := tune(2)
	values := first.Float64s()
	second := tune(2)
	require.Same(t, first, second)
	require.NotEqual(t, values, second.Float64s())

	third := tune(3)
	require.Equal(t, "net.head.W", third.Name())
	require.Equal(t, tensor.Shape{8, 3}, third.Value().Shape())
	require.NotSame(t, second, tune(2))
}

// The machines that RBMs returns are the stack's: what is set in one is seen by the other.
func TestRBMsShareTheirParameters(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{4, 3, 2}, Seed: 1})
	x := grey(tensor.Float32, 3, 4)
	before := numbers(must(d.Features(x)))
	rbms := d.RBMs()
	require.NoError(t, rbms[1].Param("c").Set([]float64{2, -2}))
	require.NotEqual(t, before, numbers(must(d.Features(x))))
	require.Equal(t, []float64{2, -2}, weights(d)["net.2.c"])
	rbms[0] = nil
	require.NotNil(t, d.RBMs()[0], "the list is a copy")
}

// A run that ends before its first step leaves the classifier as it was; one that was stopped later keeps what it learned.
func TestInterruptedFineTune(t *testing.T) {
	data, labels := bars(tensor.Float32)
	fresh := func() *dbn.DBN { return newStack(dbn.Config{Sizes: []int{16, 8}, Labels: 2, Glorot: true, Seed: 3}) }
	d := fresh()
	before := weights(d)
	report, err := d.FineTune(&mortal{Context: context.Background()}, data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 3, Seed: 6})
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, report)
	require.Zero(t, d.Classes(), "no classifier that was never trained")
	require.Equal(t, before, weights(d))

	d = fresh()
	report, err = d.FineTune(&mortal{Context: context.Background(), breaths: 4}, data, labels, dbn.FineTuneConfig{Classes: 2, Batch: 10, Epochs: 3, Seed: 6})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 4, report.Steps)
	require.Len(t, report.Epochs, 1)
	require.Equal(t, 2, d.Classes())
	require.NotEqual(t, before["net.1.W"], weights(d)["net.1.W"])
}

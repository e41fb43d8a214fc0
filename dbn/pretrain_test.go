package dbn_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// byHand is the fit that Pretrain makes of a layer with default settings.
func byHand(epochs int, seed uint64) training.Contrastive {
	return training.Contrastive{
		Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.05, Momentum: 0.9}, L2: 2e-4,
		Epochs: epochs, Batch: 7, Seed: seed, InitBias: true,
	}
}

// A stack with one hidden layer is its RBM, to the bit: as it starts, and as it is trained.
func TestOneLayerIsItsRBM(t *testing.T) {
	for _, dtype := range dtypes {
		for _, centered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/centered %v", dtype, centered), func(t *testing.T) {
				data, _ := bars(dtype)
				d := newStack(dbn.Config{Sizes: []int{16, 6}, Centered: centered, Seed: 3, Dtype: dtype})
				r := must(layers.NewRBM("net.1", layers.RBMConfig{
					Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(6), Centered: centered, Seed: 3, Dtype: dtype,
				}))
				require.Equal(t, weights(r), weights(d))

				got, err := d.Pretrain(context.Background(), data, dbn.PretrainConfig{Epochs: 5, Batch: 7, Seed: 2})
				require.NoError(t, err)
				want, err := byHand(5, 2).Fit(context.Background(), r, data)
				require.NoError(t, err)
				require.Len(t, got, 1)
				require.Equal(t, history(want), history(got[0]))
				require.Equal(t, weights(r), weights(d))

				_, err = byHand(1, 3).Fit(context.Background(), r, data)
				require.NoError(t, err)
				require.NotEqual(t, weights(r), weights(d), "another epoch is another machine")
			})
		}
	}
}

// means returns E[h|v] of each row, straight from the machine.
func means(r *layers.RBM, v *tensor.Dense) *tensor.Dense {
	rows := v.Shape()[0]
	h := tensor.New(tensor.Of(r.Dtype()), tensor.WithShape(rows, r.Hidden().Len()))
	if r.Dtype() == tensor.Float32 {
		must(layers.PlainOf[float32](r)).HiddenMean(h.Float32s(), v.Float32s(), rows)
	} else {
		must(layers.PlainOf[float64](r)).HiddenMean(h.Float64s(), v.Float64s(), rows)
	}
	return h
}

// backMeans returns E[v|h] of each row.
func backMeans(r *layers.RBM, h *tensor.Dense) *tensor.Dense {
	rows := h.Shape()[0]
	v := tensor.New(tensor.Of(r.Dtype()), tensor.WithShape(rows, r.Visible().Len()))
	if r.Dtype() == tensor.Float32 {
		must(layers.PlainOf[float32](r)).VisibleMean(v.Float32s(), h.Float32s(), rows)
	} else {
		must(layers.PlainOf[float64](r)).VisibleMean(v.Float64s(), h.Float64s(), rows)
	}
	return v
}

// The second layer sees exactly the first one's means of the data, or with Samples a fresh draw of them each epoch.
func TestGreedyPretrainingIsOneFitOnTheMeansOfAnother(t *testing.T) {
	for _, dtype := range dtypes {
		trained := map[bool]map[string][]float64{}
		for _, samples := range []bool{false, true} {
			data, _ := bars(dtype)
			d := newStack(dbn.Config{Sizes: []int{16, 8, 5}, Seed: 3, Dtype: dtype})
			one := must(layers.NewRBM("net.1", layers.RBMConfig{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(8), Seed: 3, Dtype: dtype}))
			two := must(layers.NewRBM("net.2", layers.RBMConfig{Visible: energy.Bernoulli(8), Hidden: energy.Bernoulli(5), Seed: 3, Dtype: dtype}))

			reports, err := d.Pretrain(context.Background(), data, dbn.PretrainConfig{Epochs: 4, Batch: 7, Seed: 2, Samples: samples})
			require.NoError(t, err)
			require.Len(t, reports, 2)
			require.Equal(t, training.AsIs, reports[0].Convention)

			must(byHand(4, 2).Fit(context.Background(), one, data))
			fit := byHand(4, 2)
			if samples {
				fit.Convention = training.Stochastic
			}
			report := must(fit.Fit(context.Background(), two, means(one, data)))
			require.Equal(t, history(report), history(reports[1]))
			require.Equal(t, weights(one, two), weights(d))
			trained[samples] = weights(d)
		}
		require.Equal(t, trained[false]["net.1.W"], trained[true]["net.1.W"])
		require.NotEqual(t, trained[false]["net.2.W"], trained[true]["net.2.W"])
	}
}

// What a layer sees is settled before it is trained: what happens below meanwhile does not reach it.
func TestMeansAreComputedOnceALayer(t *testing.T) {
	data, _ := bars(tensor.Float64)
	train := func(observe func(d *dbn.DBN, layer int)) map[string][]float64 {
		d := newStack(dbn.Config{Sizes: []int{16, 8, 5}, Seed: 3, Dtype: tensor.Float64})
		must(d.Pretrain(context.Background(), data, dbn.PretrainConfig{
			Epochs: 3, Seed: 2, Samples: true, Batch: 30,
			Observe: func(layer int, _ training.Epoch) error {
				observe(d, layer)
				return nil
			},
		}))
		return weights(d.RBMs()[1])
	}
	want := train(func(*dbn.DBN, int) {})
	spoil := func(in int) func(d *dbn.DBN, layer int) {
		return func(d *dbn.DBN, layer int) {
			if layer == in {
				scale(d.RBMs()[0])
			}
		}
	}
	require.Equal(t, want, train(spoil(2)), "spoiled while the second layer is trained")
	require.NotEqual(t, want, train(spoil(1)), "spoiled before")
}

// Fit, Observe, Convention and the settings reach the layers that they are for.
func TestSettingsOfALayersFit(t *testing.T) {
	data, _ := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: []int{16, 4, 3, 2}, Seed: 1})
	var fits []training.Contrastive
	var seen []string
	reports, err := d.Pretrain(context.Background(), data, dbn.PretrainConfig{
		Epochs: 2, Negative: sampling.PCD{Chains: 5}, Solver: training.Adam{Rate: 0.01}, Batch: 10, Seed: 9, Samples: true, Convention: training.Threshold,
		Fit: func(layer int, fit *training.Contrastive) {
			if layer == 3 {
				fit.Epochs = 1
			}
			fits = append(fits, *fit)
		},
		Observe: func(layer int, e training.Epoch) error {
			seen = append(seen, fmt.Sprint(layer, e.Epoch))
			return nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"1 1", "1 2", "2 1", "2 2", "3 1"}, seen)
	require.Len(t, reports, 3)
	for i, fit := range fits {
		require.Equal(t, sampling.PCD{Chains: 5}, fit.Negative)
		require.Equal(t, training.Adam{Rate: 0.01}, fit.Solver)
		require.Zero(t, fit.L2, "only the default solver comes with a decay")
		require.True(t, fit.InitBias)
		require.EqualValues(t, 9, fit.Seed)
		require.Equal(t, 10, fit.Batch)
		require.Equal(t, []training.Convention{training.Threshold, training.Stochastic, training.Stochastic}[i], reports[i].Convention)
	}
}

// What the data's grey values are taken for is of no concern to the means above them.
func TestConventionIsForTheFirstLayer(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{16, 4, 3}, Seed: 1})
	reports := must(d.Pretrain(context.Background(), grey(tensor.Float32, 20, 16), dbn.PretrainConfig{Epochs: 1, Seed: 1, Convention: training.Threshold}))
	require.Equal(t, training.Threshold, reports[0].Convention)
	require.Equal(t, training.AsIs, reports[1].Convention)
}

// An observer's error ends the run and is told, with the reports of the layers so far.
func TestAnObserverStopsPretraining(t *testing.T) {
	data, _ := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: []int{16, 4, 3, 2}, Seed: 1})
	top := weights(d.RBMs()[2])
	enough := fmt.Errorf("enough")
	reports, err := d.Pretrain(context.Background(), data, dbn.PretrainConfig{Epochs: 3, Seed: 1, Observe: func(layer int, e training.Epoch) error {
		if layer == 2 && e.Epoch == 2 {
			return enough
		}
		return nil
	}})
	require.ErrorIs(t, err, enough)
	require.ErrorContains(t, err, `dbn: DBN "net": Pretrain: layer 2: training: Contrastive: RBM "net.2": the observer stopped the run after epoch 2`)
	require.Len(t, reports, 2)
	require.Len(t, reports[0].Epochs, 3)
	require.Len(t, reports[1].Epochs, 2)
	require.Equal(t, top, weights(d.RBMs()[2]))
}

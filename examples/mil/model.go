package main

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// settings are what is chosen by cross-validation among the training bags: a part of what the paper searches.
type settings struct {
	width   int     // units of the layer of features
	beta    float64 // inverse temperature of the associations
	dropout float64 // of the associations
}

var candidates = []settings{{64, 0.1, 0}, {64, 1, 0}, {64, 0.1, 0.5}, {64, 1, 0.5}}

// networks are trained from different weights on the same bags, and their scores added up: with 180 bags the weights that one
// begins with decide as much as the settings.
const networks = 3

func (s settings) String() string {
	return fmt.Sprintf("width %d, β %g, dropout %g", s.width, s.beta, s.dropout)
}

// newModel pools features of the instances: linear, rectified; the association of a state pattern of 8 heads of 16 columns with the
// bag and a null pattern, rectified; linear.
func newModel(input int, s settings, seed uint64) (*layers.Sequential, error) {
	features, err := layers.NewLinear("features", layers.LinearConfig{In: input, Out: s.width, Seed: seed})
	if err != nil {
		return nil, err
	}
	pooling, err := modernhopfield.NewPooling("pooling", modernhopfield.PoolingConfig{Config: modernhopfield.Config{
		Input: s.width, Heads: 8, Hidden: 16, Beta: s.beta, Dropout: s.dropout, Activation: "relu", NullPattern: true, Seed: seed,
	}})
	if err != nil {
		return nil, err
	}
	head, err := layers.NewLinear("head", layers.LinearConfig{In: s.width, Out: 2, Seed: seed})
	if err != nil {
		return nil, err
	}
	return layers.NewSequential("model", features, layers.ReLU(), pooling, head)
}

// fit trains networks on bags and returns the scores that they give to others together: the logits of label 1 above those of label
// 0. Features are scaled by what the training bags are.
func (t *task) fit(ctx context.Context, train, held *dataset.Bags, s settings, seed uint64) ([]float64, error) {
	scaling := dataset.NewScaling(train.Instances, train.Width)
	scaling.Apply(train.Instances)
	scaling.Apply(held.Instances)
	scores := make([]float64, held.Len())
	for i := range networks {
		logits, err := t.fitOne(ctx, train, held, s, seed+uint64(i)<<32)
		if err != nil {
			return nil, err
		}
		x := logits.Data().([]float32)
		for k := range scores {
			scores[k] += float64(x[2*k+1]) - float64(x[2*k])
		}
	}
	return scores, nil
}

// fitOne trains a network and returns the logits that it gives, (bags, 2).
func (t *task) fitOne(ctx context.Context, train, held *dataset.Bags, s settings, seed uint64) (*tensor.Dense, error) {
	model, err := newModel(train.Width, s, seed)
	if err != nil {
		return nil, err
	}
	targets, err := training.OneHot(train.Labels, 2)
	if err != nil {
		return nil, err
	}
	const rate = 1e-3
	_, err = training.Supervised{
		Solver: training.AdamW{Rate: rate, Decay: 0.1}, Rate: training.Linear(rate, 0, t.epochs), Epochs: t.epochs, Batch: min(16, train.Len()), ClipNorm: 1, Seed: seed,
	}.FitBags(ctx, model, training.Bags{Rows: train.Tensor(), Lengths: train.Lengths}, targets)
	if err != nil {
		return nil, err
	}
	return training.PredictBags(ctx, model, training.Bags{Rows: held.Tensor(), Lengths: held.Lengths})
}

// choose returns the candidate with the largest mean area under the curve of bags, when each inner fold of them is held out once.
func (t *task) choose(ctx context.Context, bags *dataset.Bags, seed uint64) (settings, error) {
	folds, err := evaluate.Folds(bags.Labels, t.inner, seed)
	if err != nil {
		return settings{}, err
	}
	best, largest := candidates[0], 0.0
	for _, s := range candidates {
		var areas []float64
		for i, fold := range folds {
			held := bags.Select(fold)
			scores, err := t.fit(ctx, bags.Select(evaluate.Others(folds, i)), held, s, seed+uint64(i))
			if err != nil {
				return settings{}, err
			}
			areas = append(areas, evaluate.AUC(scores, held.Labels))
		}
		if mean, _ := evaluate.MeanDeviation(areas); mean > largest {
			best, largest = s, mean
		}
	}
	return best, nil
}

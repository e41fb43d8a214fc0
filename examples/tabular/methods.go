package main

import (
	"context"
	"slices"

	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// method is a way to classify the rows that a fold holds out.
type method struct {
	name     string
	classify func(ctx context.Context, t *task, f fold) ([]int, error)
}

var methods = []method{
	{"majority", majority}, {"neighbours", neighbours}, {"logistic", logistic}, {"lookup", stored}, {"lookup, trained", trained},
}

func majority(_ context.Context, _ *task, f fold) ([]int, error) {
	return slices.Repeat([]int{evaluate.Majority(f.train.Labels)}, f.held.Len()), nil
}

// neighbours chooses how many neighbours vote by cross-validation among the training rows.
func neighbours(_ context.Context, t *task, f fold) ([]int, error) {
	k, err := evaluate.ChooseK(f.train.Features, f.train.Width, f.train.Labels, []int{1, 3, 5, 7, 9, 15, 25}, t.innerFolds, f.seed)
	if err != nil {
		return nil, err
	}
	return evaluate.NewNeighbours(f.train.Features, f.train.Width, f.train.Labels).Classify(f.held.Features, []int{k})[0], nil
}

// logistic chooses its penalty by cross-validation among the training rows.
func logistic(ctx context.Context, t *task, f fold) ([]int, error) {
	const rate = 0.05
	return choose(t, f, []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1}, func(f fold, l2 float64) ([]int, error) {
		model, err := layers.NewLinear("logistic", layers.LinearConfig{In: f.train.Width, Out: len(f.train.Classes), Seed: f.seed})
		if err != nil {
			return nil, err
		}
		targets, err := training.OneHot(f.train.Labels, len(f.train.Classes))
		if err != nil {
			return nil, err
		}
		_, err = training.Supervised{
			Solver: training.Adam{Rate: rate}, Rate: training.Linear(rate, 0, t.epochs), Epochs: t.epochs, Batch: min(32, f.train.Len()), L2: l2, Seed: f.seed,
		}.Fit(ctx, model, f.train.Tensor(), targets)
		if err != nil {
			return nil, err
		}
		return classify(ctx, model, f.held)
	})
}

// stored looks rows up among the training rows as they are; β is chosen by cross-validation among these.
func stored(ctx context.Context, t *task, f fold) ([]int, error) {
	return choose(t, f, betas(f.train), func(f fold, beta float64) ([]int, error) {
		l, err := newLookup(f.train, beta, false, f.seed)
		if err != nil {
			return nil, err
		}
		return classify(ctx, l, f.held)
	})
}

// trained is stored after training, with β chosen by what comes out of that.
func trained(ctx context.Context, t *task, f fold) ([]int, error) {
	all := betas(f.train)
	return choose(t, f, []float64{all[1], all[3], all[5]}, func(f fold, beta float64) ([]int, error) {
		l, err := newLookup(f.train, beta, true, f.seed)
		if err != nil {
			return nil, err
		}
		if err := trainLookup(ctx, l, f.train, t.epochs, f.seed); err != nil {
			return nil, err
		}
		return classify(ctx, l, f.held)
	})
}

// choose classifies the held-out rows at that setting which classifies most of the training rows rightly when each inner fold of
// them is held out once; the first of equally good ones.
func choose(t *task, f fold, settings []float64, classify func(f fold, setting float64) ([]int, error)) ([]int, error) {
	parts, err := evaluate.Folds(f.train.Labels, t.innerFolds, f.seed)
	if err != nil {
		return nil, err
	}
	right := make([]int, len(settings))
	for i, part := range parts {
		inner := fold{train: f.train.Select(evaluate.Others(parts, i)), held: f.train.Select(part), seed: f.seed}
		for k, s := range settings {
			got, err := classify(inner, s)
			if err != nil {
				return nil, err
			}
			right[k] += evaluate.Correct(got, inner.held.Labels)
		}
	}
	return classify(f, settings[slices.Index(right, slices.Max(right))])
}

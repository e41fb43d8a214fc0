package main

import (
	"context"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// sharpness is the logit that a stored row has for its class before training.
const sharpness = 8

// newLookup stores the training rows as patterns and their classes as targets, and projects nothing:
//
//	logits(x) = Σ_j p_j target_j      p = softmax(−β|x − row_j|²)      target_j = sharpness · one-hot class of row j
//
// Its classes are votes of all rows, weighted by a Gaussian kernel of the distance: the estimate of Nadaraya and Watson (1964).
func newLookup(t *dataset.Table, beta float64, learned bool, seed uint64) (*modernhopfield.Lookup, error) {
	targets, err := training.OneHot(t.Labels, len(t.Classes))
	if err != nil {
		return nil, err
	}
	for i, y := range targets.Data().([]float32) {
		targets.Data().([]float32)[i] = sharpness * y
	}
	return modernhopfield.NewLookup("lookup", modernhopfield.LookupConfig{
		Config: modernhopfield.Config{
			Input: t.Width, Projection: len(t.Classes), Similarity: energy.Euclidean, Beta: beta, LearnBeta: learned,
			StoredStatic: true, StateStatic: true, ProjectionStatic: true, NoOutput: true, Seed: seed,
		},
		Separated: true, Patterns: t.Tensor(), Targets: targets,
	})
}

// betas are the candidates c/columns for β. Two rows of scaled columns have a mean squared distance of 2·columns: a stored row that
// far away has the score −2c.
func betas(t *dataset.Table) []float64 {
	var all []float64
	for _, c := range []float64{0.5, 1, 2, 4, 8, 16, 32} {
		all = append(all, c/float64(t.Width))
	}
	return all
}

// classify returns the classes that a model gives to rows.
func classify(ctx context.Context, model layers.Layer, t *dataset.Table) ([]int, error) {
	logits, err := training.Predict(ctx, model, t.Tensor())
	if err != nil {
		return nil, err
	}
	return training.Classes(logits), nil
}

// trainLookup moves the stored patterns, their targets and β down the cross-entropy of the training rows, each of which looks itself up
// among all the others: with itself among them it would have nothing to learn. So neighbours are learned in Goldberger et al.,
// "Neighbourhood components analysis", NIPS 2004, there by the metric and here by what is stored.
//
// It is a loop of the user's own, since the mask depends on the rows of the batch: build the cost, take the gradient, and let a
// machine run and a solver step.
func trainLookup(ctx context.Context, l *modernhopfield.Lookup, t *dataset.Table, epochs int, seed uint64) error {
	const rate = 0.01
	rows, classes := t.Len(), len(t.Classes)
	batch := min(32, rows)
	g := G.NewGraph()
	input := func(name string, columns int) (*G.Node, []float32) {
		values := make([]float32, batch*columns)
		return G.NewMatrix(g, tensor.Float32, G.WithName(name), G.WithShape(batch, columns),
			G.WithValue(tensor.New(tensor.WithShape(batch, columns), tensor.WithBacking(values)))), values
	}
	x, xs := input("x", t.Width)
	y, ys := input("y", classes)
	itself, mask := input("itself", rows)
	logits, err := l.Associate(x, modernhopfield.Masks{Forbidden: itself})
	if err != nil {
		return err
	}
	cost, err := layers.CrossEntropy(logits, y)
	if err != nil {
		return err
	}
	wrt := layers.Wrt(cost, l)
	if _, err := G.Grad(cost, wrt...); err != nil {
		return err
	}
	vm, err := machine.New(g, machine.Config{Outputs: []*G.Node{cost}, Wrt: wrt})
	if err != nil {
		return err
	}
	defer vm.Close()
	solver, err := training.AdamW{Rate: rate, Decay: 1e-4}.New()
	if err != nil {
		return err
	}
	falling := training.Linear(rate, 0, epochs)
	r := rand.New(rand.NewPCG(seed, 0))
	for epoch := range epochs {
		if err := solver.SetRate(falling(epoch)); err != nil {
			return err
		}
		order := r.Perm(rows)
		for ; len(order) >= batch; order = order[batch:] { // the rows of a short last batch come in another epoch
			if ctx.Err() != nil {
				return ctx.Err()
			}
			clear(ys)
			clear(mask)
			for i, row := range order[:batch] {
				copy(xs[i*t.Width:], t.Row(row))
				ys[i*classes+t.Labels[row]] = 1
				mask[i*rows+row] = 1
			}
			if err := vm.RunAll(); err != nil {
				return err
			}
			if err := solver.Step(G.NodesToValueGrads(wrt)); err != nil {
				return err
			}
		}
	}
	return nil
}

package training_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// Three bits that are always equal, of which each row misses one. The machine learns the rule from what is there, and fills in what is not.
func ExampleContrastive_missing() {
	nan := math.NaN()
	rows := tensor.New(tensor.WithShape(6, 3), tensor.WithBacking([]float64{
		nan, 1, 1,
		1, nan, 1,
		1, 1, nan,
		nan, 0, 0,
		0, nan, 0,
		0, 0, nan,
	}))
	rbm, err := layers.NewRBM("equal", layers.RBMConfig{
		Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(2), Seed: 1, Dtype: tensor.Float64,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = training.Contrastive{
		Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.05}, Epochs: 500, Seed: 1,
		Missing: true,
	}.Fit(context.Background(), rbm, rows)
	if err != nil {
		log.Fatal(err)
	}
	asked := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, nan, nan, nan, nan, 0}))
	completed, err := sampling.Completion{Model: rbm}.Means(context.Background(), asked)
	if err != nil {
		log.Fatal(err)
	}
	p := completed.Mean.Float64s()
	fmt.Printf("%.0f %.0f %.0f\n%.0f %.0f %.0f\n", p[0], p[1], p[2], p[3], p[4], p[5])
	// Output:
	// 1 1 1
	// 0 0 0
}

// A one-hot class beside the features: what is learned together answers for either given the other.
func ExampleContrastive_class() {
	rows := tensor.New(tensor.WithShape(4, 6), tensor.WithBacking([]float32{
		1, 1, 0, 0 /* features */, 1, 0, // class
		1, 0, 0, 0, 1, 0,
		0, 0, 1, 1, 0, 1,
		0, 0, 0, 1, 0, 1,
	}))
	rbm, err := layers.NewRBM("classes", layers.RBMConfig{
		Visible: energy.Join(energy.Bernoulli(4), energy.OneHot(1, 2)), Hidden: energy.Bernoulli(3), Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = training.Contrastive{Negative: sampling.PCD{}, Solver: training.Adam{Rate: 0.02}, Epochs: 500, Seed: 1}.Fit(context.Background(), rbm, rows)
	if err != nil {
		log.Fatal(err)
	}
	features := tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float32{1, 1, 0, 0, 0, 0, 1, 0}))
	p, err := rbm.ClassProbabilities(features)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(training.Classes(p))
	// Output:
	// [0 1]
}

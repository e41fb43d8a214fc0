package training_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// A machine learns that its visible units come in equal pairs.
func ExampleContrastive() {
	pairs := tensor.New(tensor.WithShape(4, 4), tensor.WithBacking([]float32{
		0, 0, 0, 0,
		0, 0, 1, 1,
		1, 1, 0, 0,
		1, 1, 1, 1,
	}))
	rbm, err := layers.NewRBM("pairs", layers.RBMConfig{
		Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(4), Seed: 1, Centered: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	report, err := training.Contrastive{
		Negative: sampling.PCD{Steps: 5, Chains: 100},
		Solver:   training.Adam{Rate: 0.05},
		Epochs:   300, Seed: 1,
	}.Fit(context.Background(), rbm, pairs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("epoch %d, reconstruction error %.1f\n", report.Last().Epoch, report.Last().ReconstructionError)
	// Output:
	// epoch 300, reconstruction error 0.0
}

// Bars and stripes are many modes with nothing between them: what the chains of CD and PCD do not leave, replicas do by way of hotter
// ones. Most of what the machine makes are bars or stripes then.
func ExampleContrastive_tempering() {
	patterns := map[string]bool{}
	var pixels []float32
	for mask := range 8 { // a bit for each line of 3×3
		var bars, stripes []float32
		for i := range 9 {
			bars = append(bars, float32(mask>>(i/3)&1))
			stripes = append(stripes, float32(mask>>(i%3)&1))
		}
		pixels = append(append(pixels, bars...), stripes...)
		patterns[fmt.Sprint(bars)], patterns[fmt.Sprint(stripes)] = true, true
	}
	rbm, err := layers.NewRBM("bars", layers.RBMConfig{
		Visible: energy.Bernoulli(9), Hidden: energy.Bernoulli(12), Seed: 1, InitDeviation: 0.1, Centered: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = training.Contrastive{
		Negative: sampling.Tempering{Chains: 50, Replicas: 5},
		Solver:   training.SGD{Rate: 0.2}, Rate: training.Linear(0.2, 0.002, 3000),
		Epochs: 3000, Seed: 1,
	}.Fit(context.Background(), rbm, tensor.New(tensor.WithShape(16, 9), tensor.WithBacking(pixels)))
	if err != nil {
		log.Fatal(err)
	}

	state, err := sampling.RandomState(rbm, 1000, 1)
	if err != nil {
		log.Fatal(err)
	}
	tempering := &sampling.ParallelTempering{Model: rbm, Seed: 1, Replicas: 5}
	if _, err := sampling.Run(context.Background(), tempering, state, sampling.Schedule{BurnIn: 100}); err != nil {
		log.Fatal(err)
	}
	good, seen, all := 0, map[string]bool{}, state.Visible.Data().([]float32)
	for i := range 1000 {
		if row := fmt.Sprint(all[i*9 : (i+1)*9]); patterns[row] {
			good++
			seen[row] = true
		}
	}
	fmt.Printf("%d patterns seen, samples that are one: more than 85%%: %t\n", len(seen), good > 850)
	// Output:
	// 14 patterns seen, samples that are one: more than 85%: true
}

// Of three spins an even number is up. Their means and correlations are all 0, so a machine without hidden units can do no better than the uniform
// distribution over all eight states, which is ln 2 = 0.69 nats away; one hidden unit is enough.
func ExampleBoltzmann() {
	even := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float32{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}))
	for _, hidden := range []energy.Units{{}, energy.Spin(1)} {
		machine, err := layers.NewBoltzmann("even", layers.BoltzmannConfig{Visible: energy.Spin(3), Hidden: hidden, Seed: 1, InitDeviation: 0.5})
		if err != nil {
			log.Fatal(err)
		}
		if _, err := (training.Boltzmann{
			Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.05}, Epochs: 1500, Seed: 1,
		}).Fit(context.Background(), machine, even); err != nil {
			log.Fatal(err)
		}
		logP, err := machine.LogProbability(1, even)
		if err != nil {
			log.Fatal(err)
		}
		divergence := -math.Log(4)
		for _, l := range logP {
			divergence -= l / 4
		}
		fmt.Printf("%d hidden units: %.2f nats from the uniform distribution over the four\n", hidden.Len(), divergence)
	}
	// Output:
	// 0 hidden units: 0.69 nats from the uniform distribution over the four
	// 1 hidden units: 0.00 nats from the uniform distribution over the four
}

// Exclusive or, by a net of two layers.
func ExampleSupervised() {
	x := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))
	y, err := training.OneHot([]int{0, 1, 1, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	one, err := layers.NewLinear("one", layers.LinearConfig{In: 2, Out: 8, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	two, err := layers.NewLinear("two", layers.LinearConfig{In: 8, Out: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	net, err := layers.NewSequential("net", one, layers.Tanh(), two)
	if err != nil {
		log.Fatal(err)
	}
	report, err := training.Supervised{
		Solver: training.Adam{Rate: 0.05},
		Epochs: 200, Seed: 1,
	}.Fit(context.Background(), net, x, y)
	if err != nil {
		log.Fatal(err)
	}
	logits, err := training.Predict(context.Background(), net, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("cost %.1f nats a row, classes %v\n", report.Last().Cost, training.Classes(logits))
	// Output:
	// cost 0.0 nats a row, classes [0 1 1 0]
}

// A bag is of class 1 if any of its instances is the pair (1, 1). Learned state patterns find it, in bags of any length.
func ExampleSupervised_FitBags() {
	bags := training.Bags{
		Rows: tensor.New(tensor.WithShape(11, 2), tensor.WithBacking([]float32{
			0, 1,
			1, 0, 1, 1, 0, 0,
			1, 1,
			0, 0, 1, 0, 0, 1, 1, 0,
			1, 1, 0, 1,
		})),
		Lengths: []int{1, 3, 1, 4, 2, 0},
	}
	y, err := training.OneHot([]int{0, 1, 1, 0, 1, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	in, err := layers.NewLinear("in", layers.LinearConfig{In: 2, Out: 8, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := modernhopfield.NewPooling("pool", modernhopfield.PoolingConfig{Config: modernhopfield.Config{Input: 8, Seed: 1}})
	if err != nil {
		log.Fatal(err)
	}
	out, err := layers.NewLinear("out", layers.LinearConfig{In: 8, Out: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	net, err := layers.NewSequential("net", in, layers.ReLU(), pool, out)
	if err != nil {
		log.Fatal(err)
	}
	report, err := training.Supervised{
		Solver: training.Adam{Rate: 0.02},
		Epochs: 200, Batch: 3, Seed: 1, ClipNorm: 1,
	}.FitBags(context.Background(), net, bags, y)
	if err != nil {
		log.Fatal(err)
	}
	logits, err := training.PredictBags(context.Background(), net, bags)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("cost %.1f nats a bag, classes %v\n", report.Last().Cost, training.Classes(logits))
	// Output:
	// cost 0.0 nats a bag, classes [0 1 1 0 1 0]
}

// A Boltzmann machine of three spins is fitted to rows in which the first two agree, by its pseudo-likelihood: no partition function, no
// samples.
func ExampleObjective() {
	m, err := layers.NewBoltzmann("spins", layers.BoltzmannConfig{Visible: energy.Spin(3), Dtype: tensor.Float64})
	if err != nil {
		log.Fatal(err)
	}
	rows := tensor.New(tensor.WithShape(5, 3), tensor.WithBacking([]float64{
		+1, +1, +1,
		+1, +1, -1,
		-1, -1, +1,
		-1, -1, -1,
		-1, +1, +1, // but for this one
	}))
	fit := training.Objective{Of: m.PseudoLikelihood, Maximize: true, Solver: training.SGD{Rate: 0.2}, Epochs: 200, L2: 0.05}
	report, err := fit.Fit(context.Background(), m, rows)
	if err != nil {
		log.Fatal(err)
	}
	w := m.Param("W").Float64s()
	fmt.Printf("w₁₂ = %.2f, w₁₃ = %.2f, w₂₃ = %.2f\n", w[0*3+1], w[0*3+2], w[1*3+2])
	fmt.Printf("cost %.2f, at first %.2f nats a row\n", report.Last().Cost, report.Epochs[0].Cost)
	// Output:
	// w₁₂ = 1.22, w₁₃ = -0.56, w₂₃ = 0.56
	// cost 1.31, at first 2.09 nats a row
}

package dbn_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// barsAndStripes returns the 2·2ⁿ − 2 pictures of n×n pixels whose columns (class 0) or rows (class 1) are each wholly on or off.
func barsAndStripes(n int) (pictures *tensor.Dense, classes []int) {
	var pixels []float64
	for i, row := range dataset.BarsAndStripes(n, false) {
		pixels = append(pixels, row...)
		classes = append(classes, i>>n)
	}
	return tensor.New(tensor.WithShape(len(classes), n*n), tensor.WithBacking(pixels)), classes
}

// A stack is pretrained layer by layer, becomes a classifier, and has learned every picture.
func Example() {
	ctx := context.Background()
	pictures, classes := barsAndStripes(4)

	net, err := dbn.New("net", dbn.Config{Sizes: []int{16, 24, 12}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := net.Pretrain(ctx, pictures, dbn.PretrainConfig{Epochs: 100, Seed: 1, Progress: os.Stderr}); err != nil {
		log.Fatal(err)
	}
	_, err = net.FineTune(ctx, pictures, classes, dbn.FineTuneConfig{
		Classes: 2, Epochs: 300, Solver: training.Adam{Rate: 0.02}, Seed: 1, Progress: os.Stderr,
	})
	if err != nil {
		log.Fatal(err)
	}

	got, err := net.Classify(pictures)
	if err != nil {
		log.Fatal(err)
	}
	wrong := 0
	for i := range got {
		if got[i] != classes[i] {
			wrong++
		}
	}
	features, err := net.Features(pictures)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d pictures wrong, features %v\n", wrong, len(got), features.Shape())
	// Output: 0 of 30 pictures wrong, features (30, 12)
}

// A stack with a class group classifies by free energy, with no classifier, and generates pictures of a class.
func Example_labels() {
	ctx := context.Background()
	pictures, classes := barsAndStripes(3)

	net, err := dbn.New("net", dbn.Config{Sizes: []int{9, 20}, Labels: 2, Centered: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	_, err = net.Pretrain(ctx, pictures, dbn.PretrainConfig{
		Epochs: 200, Labels: classes, Negative: sampling.Exact{}, Solver: training.Adam{Rate: 0.03}, Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}

	got, err := net.Classify(pictures)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got)
	stripes, err := net.Generate(ctx, 2, dbn.GenerateConfig{Labels: []int{1, 1}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stripes.Shape())
	// Output:
	// [0 0 0 0 0 0 0 0 1 1 1 1 1 1]
	// (2, 9)
}

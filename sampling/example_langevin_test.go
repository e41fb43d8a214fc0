package sampling_test

import (
	"context"
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
)

// An energy of the user's own, (x² − 1)² with Gorgonia's ops: its two modes are found by chains that start between them.
func ExampleLangevin() {
	e := energy.Func(func(x *G.Node) (*G.Node, error) {
		a := G.Must(G.Sub(G.Must(G.Square(x)), G.NewConstant(float32(1))))
		return G.Sum(G.Must(G.Square(a)), 1)
	})
	chains := &sampling.State{Visible: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(200, 1))}
	kernel := &sampling.Langevin{Energy: e, StepSize: 0.01, Seed: 1}
	moments := sampling.Moments{Pairs: true}
	_, err := sampling.Run(context.Background(), kernel, chains, sampling.Schedule{BurnIn: 500, Samples: 100, Thin: 10}, &moments)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("E[x²] = %.2f\n", moments.VisiblePairs()[0]) // 0.83 by integration
	left := 0
	for _, x := range chains.Visible.Float32s() {
		if x < 0 {
			left++
		}
	}
	fmt.Println(left, "of 200 chains are on the left")
	// Output:
	// E[x²] = 0.82
	// 99 of 200 chains are on the left
}

// HMC finds its step size while it burns in.
func ExampleTuneStepSize() {
	e := energy.Func(func(x *G.Node) (*G.Node, error) { // a normal distribution of variance 1/5
		return G.Sum(G.Must(G.Mul(G.NewConstant(float32(2.5)), G.Must(G.Square(x)))), 1)
	})
	chains := &sampling.State{Visible: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(300, 10))}
	kernel := &sampling.HMC{Energy: e, StepSize: 0.01, Seed: 1}
	if _, err := sampling.TuneStepSize(context.Background(), kernel, chains, 200, 0.8); err != nil {
		log.Fatal(err)
	}
	info, err := sampling.Run(context.Background(), kernel, chains, sampling.Schedule{BurnIn: 100})
	if err != nil {
		log.Fatal(err)
	}
	sum := 0.0
	for _, x := range chains.Visible.Float32s() {
		sum += float64(x * x)
	}
	fmt.Printf("accepted %.1f, variance %.1f\n", info.Acceptance(), sum/3000)
	// Output:
	// accepted 0.8, variance 0.2
}

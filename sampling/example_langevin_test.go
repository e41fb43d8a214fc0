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

// An energy of the user's own, (x² − 1)² with Gorgonia's ops, whose distribution has two modes at ±1: 500 chains that start at 0 find both.
func ExampleLangevin() {
	e := energy.Func(func(x *G.Node) (*G.Node, error) {
		one := G.NewConstant(float32(1))
		well := G.Must(G.Square(G.Must(G.Sub(G.Must(G.Square(x)), one))))
		return G.Sum(well, 1)
	})
	chains := &sampling.State{Visible: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(500, 1))}
	kernel := &sampling.Langevin{Energy: e, StepSize: 0.01, Seed: 1}
	if _, err := sampling.Run(context.Background(), kernel, chains, sampling.Schedule{BurnIn: 500}); err != nil {
		log.Fatal(err)
	}

	var left, right int
	for _, x := range chains.Visible.Float32s() {
		switch {
		case x < -0.5:
			left++
		case x > 0.5:
			right++
		}
	}
	fmt.Println(left, "left and", right, "right of the middle")
	// Output:
	// 196 left and 189 right of the middle
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

package sampling_test

import (
	"context"
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// A machine of one hidden state for each of three letters completes the letter whose upper row is held.
func ExampleGibbs() {
	letters := []string{"###.#..#.", "#..#..###", "#.#.#.#.#"} // T, L and X, 3×3
	m, err := layers.NewRBM("letters", layers.RBMConfig{Visible: energy.Spin(9), Hidden: energy.OneHot(1, 3)})
	if err != nil {
		log.Fatal(err)
	}
	w := make([]float64, 9*3)
	for k, letter := range letters {
		for i, pixel := range letter {
			w[i*3+k] = 4
			if pixel == '.' {
				w[i*3+k] = -4
			}
		}
	}
	if err := m.Param("W").Set(w); err != nil {
		log.Fatal(err)
	}

	start := tensor.New(tensor.WithShape(2, 9), tensor.WithBacking([]float32{
		+1, -1, -1, 0, 0, 0, 0, 0, 0, // the upper row of L
		+1, -1, +1, 0, 0, 0, 0, 0, 0, // and of X
	}))
	state, err := sampling.NewState(m, start)
	if err != nil {
		log.Fatal(err)
	}
	gibbs := sampling.Gibbs{Model: m, Seed: 1, VisibleClamp: []bool{true, true, true, false, false, false, false, false, false}}
	if _, err := sampling.Run(context.Background(), &gibbs, state, sampling.Schedule{BurnIn: 20}); err != nil {
		log.Fatal(err)
	}
	pixels := state.Visible.Data().([]float32)
	for y := range 3 {
		for chain := range 2 {
			for x := range 3 {
				if pixels[chain*9+y*3+x] > 0 {
					fmt.Print("#")
				} else {
					fmt.Print(".")
				}
			}
			fmt.Print("  ")
		}
		fmt.Println("|")
	}
	// Output:
	// #..  #.#  |
	// #..  .#.  |
	// ###  #.#  |
}

// The exact phase gives all visible states with their probabilities; this machine has one hidden unit that likes both visible
// units to be on.
func ExampleExact() {
	m, err := layers.NewRBM("pair", layers.RBMConfig{Visible: energy.Bernoulli(2), Hidden: energy.Bernoulli(1), Dtype: tensor.Float64})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Param("W").Set([]float64{2, 2}); err != nil {
		log.Fatal(err)
	}
	phase, err := sampling.Exact{}.Start(m, 0)
	if err != nil {
		log.Fatal(err)
	}
	states, p, err := phase.Next(nil, nil, 0)
	if err != nil {
		log.Fatal(err)
	}
	v := states.Data().([]float64)
	for i, p := range p {
		fmt.Printf("p(%v) = %.3f\n", v[2*i:2*i+2], p)
	}
	// Output:
	// p([0 0]) = 0.027
	// p([0 1]) = 0.113
	// p([1 0]) = 0.113
	// p([1 1]) = 0.748
}

// The chains of PCD go on from update to update, however many rows a batch has.
func ExamplePCD() {
	m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(4), Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	negative := sampling.PCD{Steps: 5, Chains: 20}
	phase, err := negative.Start(m, 1)
	if err != nil {
		log.Fatal(err)
	}
	rows, weights, err := phase.Next(nil, nil, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(negative)
	fmt.Println(rows.Shape(), len(weights))
	// Output:
	// PCD-5 with 20 chains
	// (20, 6) 20
}

// A run is watched by observers: moments come with standard errors, and a trace tells how long the chains remember.
func ExampleRun() {
	m, err := layers.NewRBM("pair", layers.RBMConfig{Visible: energy.Bernoulli(2), Hidden: energy.Bernoulli(1), Dtype: tensor.Float64})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Param("W").Set([]float64{2, 2}); err != nil {
		log.Fatal(err)
	}
	state, err := sampling.RandomState(m, 100, 1)
	if err != nil {
		log.Fatal(err)
	}
	moments, trace := &sampling.Moments{}, &sampling.Trace{Of: sampling.EnergyOf(m)}
	schedule := sampling.Schedule{BurnIn: 20, Samples: 1000}
	if _, err := sampling.Run(context.Background(), &sampling.Gibbs{Model: m, Seed: 1}, state, schedule, moments, trace); err != nil {
		log.Fatal(err)
	}
	tau, _, err := sampling.AutocorrelationTime(trace.Chains())
	if err != nil {
		log.Fatal(err)
	}
	rHat, err := sampling.RHat(trace.Chains())
	if err != nil {
		log.Fatal(err)
	}
	v := moments.Visible()
	fmt.Printf("E[v₁] = %.3f ± %.3f, exactly 0.861\n", v.Mean[0], v.StandardError[0]) // 0.113 + 0.748 of the example of Exact
	fmt.Printf("τ = %.1f steps, R̂ = %.2f\n", tau, rHat)
	// Output:
	// E[v₁] = 0.860 ± 0.001, exactly 0.861
	// τ = 1.5 steps, R̂ = 1.00
}

// A machine of two modes, all spins up and all down, that Gibbs sampling does not leave: replicas at higher temperatures carry chains
// across. All chains start with all spins up; in the model's distribution 62 in 100 have.
func ExampleParallelTempering() {
	m, err := layers.NewRBM("modes", layers.RBMConfig{Visible: energy.Spin(8), Hidden: energy.Spin(1)})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Param("W").Set([]float64{2, 2, 2, 2, 2, 2, 2, 2}); err != nil {
		log.Fatal(err)
	}
	if err := m.Param("c").Set([]float64{0.25}); err != nil {
		log.Fatal(err)
	}
	up := func(kernel sampling.Kernel, state *sampling.State) (share float64) {
		if _, err := sampling.Run(context.Background(), kernel, state, sampling.Schedule{BurnIn: 100}); err != nil {
			log.Fatal(err)
		}
		for _, h := range state.Hidden.Data().([]float32) {
			if h > 0 {
				share += 1 / float64(len(state.Hidden.Data().([]float32)))
			}
		}
		return share
	}
	start := func() *sampling.State {
		ones := make([]float32, 1000*8)
		for i := range ones {
			ones[i] = 1
		}
		state, err := sampling.NewState(m, tensor.New(tensor.WithShape(1000, 8), tensor.WithBacking(ones)))
		if err != nil {
			log.Fatal(err)
		}
		return state
	}
	fmt.Printf("Gibbs: %.1f\n", up(&sampling.Gibbs{Model: m, Seed: 1}, start()))

	tempering, state := &sampling.ParallelTempering{Model: m, Seed: 1}, start()
	if _, err := tempering.Tune(context.Background(), state, 0.5, 200); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("tempering on a ladder of %d rungs: %.1f\n", len(tempering.Betas), up(tempering, state))
	// Output:
	// Gibbs: 1.0
	// tempering on a ladder of 5 rungs: 0.6
}

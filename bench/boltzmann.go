package bench

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

const (
	boltzmannUnits  = 1000
	boltzmannSweeps = 20 // of the row's 1,000, in one step
	latticeSide     = 1000
	latticeSweeps   = 5
)

// boltzmannRows sample fully visible Boltzmann machines unit by unit.
var boltzmannRows = []Row{
	{
		Name: "boltzmann", About: fmt.Sprintf("%d single-site Gibbs sweeps of %d chains, Boltzmann machine of %d units all coupled, float32", boltzmannSweeps, batch, boltzmannUnits),
		Tolerance: 0.03, New: denseBoltzmann,
	},
	{
		Name: "lattice", About: fmt.Sprintf("%d Gibbs sweeps of an Ising model on %d×%d spins in a field, float32", latticeSweeps, latticeSide, latticeSide),
		Tolerance: 0.01, New: lattice,
	},
}

func denseBoltzmann() (*Work, error) {
	const n = boltzmannUnits
	model, err := layers.NewBoltzmann("boltzmann", layers.BoltzmannConfig{Visible: energy.Bernoulli(n)})
	if err != nil {
		return nil, err
	}
	w, b := numbers(40, 0.1, n*n), numbers(41, 0.1, n)
	for i := range n {
		b[i]--
		w[i*n+i] = 0
		for j := range i {
			w[i*n+j] = w[j*n+i]
		}
	}
	for name, values := range map[string][]float64{"W": w, "b": b} {
		if err := model.Param(name).Set(values); err != nil {
			return nil, err
		}
	}
	state := &sampling.State{Visible: bits(tensor.Float32, 5, batch, n)}
	chain := &sampling.SingleSite{Model: model, Seed: 1, Sweeps: boltzmannSweeps}
	return &Work{
		Step: func() error {
			_, err := chain.Step(state)
			return err
		},
		Sum: func() float64 { return WeightedSum(state.Visible.Float32s()) },
	}, nil
}

func lattice() (*Work, error) {
	ising, err := associative.Lattice{Sides: []int{latticeSide, latticeSide}, Periodic: true, Field: 0.1}.Ising()
	if err != nil {
		return nil, err
	}
	model, err := ising.Boltzmann("lattice", tensor.Float32)
	if err != nil {
		return nil, err
	}
	state := &sampling.State{Visible: bits(tensor.Float32, 5, 1, latticeSide*latticeSide)}
	for i, x := range state.Visible.Float32s() {
		state.Visible.Float32s()[i] = 2*x - 1
	}
	chain := &sampling.ColourBlocks{Model: model, Seed: 1, Temperature: 2.5}
	return &Work{
		Step: func() error {
			_, err := sampling.Run(context.Background(), chain, state, sampling.Schedule{BurnIn: latticeSweeps})
			return err
		},
		Sum: func() float64 { return sumOfOnes(state.Visible) },
	}, nil
}

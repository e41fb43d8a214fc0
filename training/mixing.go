package training

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/sampling"
)

// mixingEvery is how many steps of the chains of a negative phase there are to a measurement of their mixing time, which takes 100: so it
// costs a tenth of what the chains do, or less.
const mixingEvery = 1000

// mixing watches over the persistent chains of a fit.
type mixing struct {
	epochs int    // that have been counted
	steps  uint64 // of the chains in them
}

// measureMixing sets the mixing time of the chains at the end of an epoch, in which they have passed a multiple of mixingEvery steps.
//
// The chains are said to be out of equilibrium where the steps between two updates are fewer than the mixing time (Decelle et al. 2021), by
// a larger factor than chance would have it: 1 and twice the relative standard error.
//
// Source: A. Decelle, C. Furtlehner, B. Seoane, "Equilibrium and Non-Equilibrium Regimes in the Learning of Restricted Boltzmann
// Machines", NeurIPS 2021, which compares these two numbers.
func (f *contrastiveFit) measureMixing(e *Epoch) error {
	phase, ok := f.phase.(sampling.Persistent)
	if !ok {
		return nil
	}
	updates := e.Step / uint64(e.Epoch) // of each epoch
	before := f.mixing.steps
	for ; f.mixing.epochs < e.Epoch; f.mixing.epochs++ { // several after a resume
		before = f.mixing.steps
		k := phase.StepsPerUpdate()
		if f.Steps != nil {
			k = int(math.Round(f.Steps(f.mixing.epochs)))
		}
		f.mixing.steps += updates * uint64(k)
	}
	if before/mixingEvery == f.mixing.steps/mixingEvery {
		return nil
	}
	tau, deviation, err := phase.MixingTime(rng.New(f.Seed, "mixing time "+f.model.Name()).Uint64(uint64(e.Epoch)))
	if err != nil {
		return err
	}
	e.MixingTime, e.StepsPerUpdate = tau, phase.StepsPerUpdate()
	e.OutOfEquilibrium = math.IsInf(tau, 1) || tau/(1+2*deviation/tau) > float64(e.StepsPerUpdate)
	return nil
}

package sampling_test

import (
	"testing"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

func BenchmarkGradientKernels(b *testing.B) {
	rbm, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(784), Hidden: energy.Bernoulli(500), Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for name, kernel := range gradientKernels(rbm.FreeEnergy, rbm.Visible(), nil) {
		b.Run(name+"/v=784/h=500/chains=100", func(b *testing.B) {
			k, s := kernel(1), &sampling.State{Visible: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(100, 784))}
			if _, err := k.Step(s); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Step(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

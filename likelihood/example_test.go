package likelihood_test

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/likelihood"
)

// A machine as it is made, whose pixels are nearly independent and on half the time: log p is close to −16 log 2 = −11.09 for any row. Its
// hidden side is small enough to be enumerated, which is therefore done.
func ExampleCertify() {
	rbm, err := layers.NewRBM("pixels", layers.RBMConfig{Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(8), Seed: 1})
	if err != nil {
		panic(err)
	}
	pixels := make([]float32, 32) // a row of zeros, and one of ones
	for i := range 16 {
		pixels[16+i] = 1
	}
	rows := tensor.New(tensor.WithShape(2, 16), tensor.WithBacking(pixels))

	bound, err := likelihood.Certify(context.Background(), rbm, rows, likelihood.Config{Seed: 1})
	fmt.Println(bound, err)

	// What Certify does where no side can be enumerated.
	bound, err = likelihood.Certify(context.Background(), rbm, rows, likelihood.Config{Seed: 1, MaxStates: -1})
	fmt.Println(bound, err)
	// Output:
	// -11.09 nats a row (exact, hidden side enumerated; 2 rows, values as they are) <nil>
	// -11.09 ± 0.02 nats a row (AIS below, reverse AIS above, 95 %; 2 rows, values as they are) <nil>
}

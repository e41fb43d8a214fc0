package samplertest_test

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// heatBath draws one spin of a row of ferromagnetic spins given its neighbours, at a temperature.
type heatBath struct {
	Seed        uint64
	Temperature float64
}

func rowEnergy(x []float64) (e float64) {
	for j := range len(x) - 1 {
		e -= x[j] * x[j+1]
	}
	return e
}

func (h heatBath) Step(s *sampling.State) (sampling.Info, error) {
	v, n := s.Visible.Float32s(), s.Visible.Shape()[1]
	for i := range len(v) / n {
		r := rand.New(rand.NewPCG(h.Seed, s.Step<<32|uint64(i))) // draws are a function of seed, step and chain
		x, j := v[i*n:(i+1)*n], r.IntN(n)
		var field float32
		if j > 0 {
			field += x[j-1]
		}
		if j < n-1 {
			field += x[j+1]
		}
		up := 1 / (1 + math.Exp(-2*float64(field)/h.Temperature))
		if x[j] = -1; r.Float64() < up {
			x[j] = 1
		}
	}
	s.Step++
	return sampling.Info{}, nil
}

// A kernel of one's own is put to the test, and so is a twin of it with the wrong temperature.
func Example() {
	target, err := samplertest.Enumerate(energy.Spin(5), rowEnergy, 1.5)
	if err != nil {
		log.Fatal(err)
	}
	kernel := func(seed uint64) sampling.Kernel { return heatBath{Seed: seed, Temperature: 1.5} }
	fmt.Println(samplertest.Stationary(target, kernel, samplertest.Config{}))
	fmt.Println(samplertest.Reproducible(target, kernel, samplertest.Config{}))
	fmt.Println(samplertest.Converges(target, kernel, []float64{1, 1, 1, 1, 1}, samplertest.Config{Steps: []int{150}}))

	twin := func(seed uint64) sampling.Kernel { return heatBath{Seed: seed, Temperature: 1} }
	fmt.Println(samplertest.Stationary(target, twin, samplertest.Config{}) != nil)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// true
}

package associative

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Noisy returns a copy of states, (B, n) of −1 and 1, in which every unit is turned over with a probability: what a memory is shown to see
// whether it recalls. Draws are of the seed and the row. Errors: ErrShape, ErrDtype, ErrNotFinite; ErrRange, also for a probability
// outside 0 to 1.
func Noisy(seed uint64, states *tensor.Dense, probability float64) (*tensor.Dense, error) {
	x, n, err := matrix.Spins(states, 0)
	if err != nil {
		return nil, fmt.Errorf("associative: Noisy: states: %w", err)
	}
	if !(probability >= 0 && probability <= 1) {
		return nil, fmt.Errorf("associative: Noisy: probability is %g, want 0 to 1: %w", probability, energy.ErrRange)
	}
	noisy, draws := make([]float64, len(x)), rng.New(seed, "associative noise")
	for row := range len(x) / n {
		u := noisy[row*n : (row+1)*n]
		rng.Uniform(draws.Row(row, 0), u)
		for i, v := range x[row*n : (row+1)*n] {
			if u[i] < probability {
				v = -v
			}
			u[i] = v
		}
	}
	return matrix.Tensor(states.Dtype(), noisy, len(x)/n, n), nil
}

// drawSpins draws spins that are −1 or 1 with equal probability.
func drawSpins(row rng.Row, dst []float64) {
	rng.Uniform(row, dst)
	for i, u := range dst {
		dst[i] = math.Copysign(1, u-0.5)
	}
}

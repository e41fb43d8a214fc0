package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// patterns are stored patterns in float64, in which the theory is computed whatever the precision of the memory.
type patterns struct {
	n, d    int
	x       []float64 // (n, d)
	largest float64   // M = max |x_i|
}

// newPatterns reads a contiguous (N, d) tensor of finite float32 or float64 numbers.
func newPatterns(t *tensor.Dense) (*patterns, error) {
	x, d, err := matrix.Of(t, 0)
	if err != nil {
		return nil, fmt.Errorf("patterns: %w", err)
	}
	p := &patterns{n: len(x) / d, d: d, x: x}
	for i := range p.n {
		p.largest = max(p.largest, norm(p.row(i)))
	}
	return p, nil
}

func (p *patterns) row(i int) []float64 { return p.x[i*p.d : (i+1)*p.d] }

// checkBeta says what is wrong with an inverse temperature.
func checkBeta(beta float64) error {
	if !(beta > 0) || math.IsInf(beta, 0) {
		return fmt.Errorf("β is %g, want a number above 0: %w", beta, energy.ErrConfig)
	}
	return nil
}

func norm(x []float64) float64 { return math.Sqrt(kernel.Dot(x, x)) }

// distance is |x − y|, from the differences themselves: the squares of close patterns would cancel.
func distance[T, S kernel.Float](x []T, y []S) float64 {
	var sum float64
	for i, v := range x {
		d := float64(v) - float64(y[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

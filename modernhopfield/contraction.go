package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// ContractionConstant returns
//
//	k = β m_max²,   m_max = max_i |x_i − mean|,
//
// for stored patterns of shape (N, d). The Jacobian of an update is β times a covariance of the patterns, so its norm is nowhere
// above k. If k < 1, a memory with softmax has one fixed point, near the mean of all patterns, and every state converges to it,
// each update bringing it nearer by the factor k: that memory can only average. Cost: N·d.
//
// Source: Ramsauer et al. 2021, lemma A3.
func ContractionConstant(patterns *tensor.Dense, beta float64) (float64, error) {
	p, err := newPatterns(patterns)
	if err == nil {
		err = checkBeta(beta)
	}
	if err != nil {
		return 0, fmt.Errorf("modernhopfield: ContractionConstant: %w", err)
	}
	mean := make([]float64, p.d)
	p.mean(mean, nil)
	return beta * math.Pow(p.spread(mean, nil), 2), nil
}

// mean sets dst to the mean of some patterns, or of all where members is nil.
func (p *patterns) mean(dst []float64, members []int) {
	clear(dst)
	count := 0
	p.each(members, func(x []float64) {
		kernel.Axpy(1, x, dst)
		count++
	})
	kernel.Scale(dst, dst, 1/float64(count))
}

// spread is the largest distance of some patterns from a centre.
func (p *patterns) spread(centre []float64, members []int) (largest float64) {
	p.each(members, func(x []float64) { largest = max(largest, distance(x, centre)) })
	return largest
}

func (p *patterns) each(members []int, visit func(x []float64)) {
	if members == nil {
		for i := range p.n {
			visit(p.row(i))
		}
	}
	for _, i := range members {
		visit(p.row(i))
	}
}

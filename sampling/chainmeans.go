package sampling

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// chainMeans is the means of each chain, for rows with as many chains each.
type chainMeans struct {
	chains, n, samples int
	sums               []float64
}

func newChainMeans(rows, chains, n int) *chainMeans {
	return &chainMeans{chains: chains, n: n, sums: make([]float64, rows*chains*n)}
}

func (m *chainMeans) Observe(s *State) error {
	m.samples++
	if s.Visible.Dtype() == tensor.Float32 {
		addTo(m.sums, s.Visible.Float32s())
	} else {
		addTo(m.sums, s.Visible.Float64s())
	}
	return nil
}

func addTo[T kernel.Float](sums []float64, x []T) {
	for i, v := range x {
		sums[i] += float64(v)
	}
}

// of is the mean of a column over the chains of a row, and its standard error.
func (m *chainMeans) of(row, column int) (mean, deviation float64) {
	at := func(i int) float64 { return m.sums[(row*m.chains+i)*m.n+column] / float64(m.samples) }
	for i := range m.chains {
		mean += at(i) / float64(m.chains)
	}
	for i := range m.chains {
		deviation += (at(i) - mean) * (at(i) - mean)
	}
	return mean, math.Sqrt(deviation / float64(m.chains*(m.chains-1)))
}

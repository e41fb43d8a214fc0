package bench

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// sampleRows and sampleUnits make a million units.
const sampleRows, sampleUnits = 1000, 1000

var sampleRow = Row{
	Name: "sample", About: "bias, sigmoid and Bernoulli draw of 1,000,000 units, float32", Tolerance: 0.01,
	New: func() (*Work, error) {
		in, bias := make([]float32, sampleRows*sampleUnits), make([]float32, sampleUnits)
		Fill(in, 1, 4)
		Fill(bias, 2, 4)
		out := make([]float32, len(in))
		draws, step := rng.New(1, "bench"), uint64(0)
		rows := func(lo, hi int) {
			for i := lo; i < hi; i++ {
				row := out[i*sampleUnits : (i+1)*sampleUnits]
				rng.Binary(draws.Row(i, step), row, in[i*sampleUnits:], bias, 1, 0)
			}
		}
		return &Work{
			Step: func() error {
				step++
				kernel.Parallel(sampleRows, kernel.RowGrain(sampleUnits), rows)
				return nil
			},
			Sum: func() float64 { return WeightedSum(out) },
		}, nil
	},
}

package bench

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
)

// sampleRows and sampleUnits make a million units.
const sampleRows, sampleUnits = 1000, 1000

var sampleRow = Row{
	Name: "sample", About: "bias, sigmoid and Bernoulli draw of 1,000,000 units, float32", Tolerance: 0.01,
	New: func() (*Work, error) {
		in, bias := make([]float32, sampleRows*sampleUnits), make([]float32, sampleUnits)
		Fill(in, 1, 4)
		Fill(bias, 2, 4)
		out, inputs := make([]float32, len(in)), make([]float32, len(in))
		draws, family, step := rng.New(1, "bench"), units.In[float32](units.Bernoulli), uint64(0)
		rows := func(lo, hi int) {
			sum := inputs[lo*sampleUnits : (lo+1)*sampleUnits] // of this worker alone
			for i := lo; i < hi; i++ {
				copy(sum, in[i*sampleUnits:])
				kernel.Axpy(1, bias, sum)
				family.Sample(out[i*sampleUnits:(i+1)*sampleUnits], sum, nil, 1, draws.Row(i, step))
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

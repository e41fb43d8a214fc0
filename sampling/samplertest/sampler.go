package samplertest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

var _ Target = Sampler{}

// Sampler is a distribution that can be drawn from exactly: of real numbers, or of any kind. Its Check draws as many rows anew and
// compares the two samples in one number at a time, by the two-sample Kolmogorov–Smirnov test: each column, standardized sums
// of all columns with random signs, the sum of their squares, and the Statistics. At least 458 rows are needed.
type Sampler struct {
	// Sample returns one exact draw, a new row.
	Sample func(r *rand.Rand) []float64
	// Statistics are further numbers to look at, such as the energy, or what tells one mode from another. They must not keep x.
	Statistics []func(x []float64) float64
}

// Draw satisfies Target.
func (s Sampler) Draw(r *rand.Rand) []float64 { return s.Sample(r) }

// signedSums is how many directions beside the axes a Sampler looks along.
const signedSums = 8

// Check satisfies Target.
func (s Sampler) Check(rows [][]float64, alpha float64) error {
	if len(rows) == 0 {
		return fmt.Errorf("samplertest: Sampler: Check: no rows given: %w", energy.ErrShape)
	}
	r := rand.New(rand.NewPCG(0x5A3B1E, 7))
	reference := make([][]float64, len(rows))
	for i := range reference {
		reference[i] = s.Sample(r)
		if len(reference[i]) != len(rows[i]) {
			return fmt.Errorf("samplertest: Sampler: Check: row %d has %d columns, want %d as the draws have: %w", i, len(rows[i]), len(reference[i]), energy.ErrShape)
		}
	}
	n := len(rows[0])
	type statistic struct {
		name string
		of   func(x []float64) float64
	}
	var all []statistic
	mean, deviation := moments(reference)
	standard := func(x []float64, j int) float64 { return (x[j] - mean[j]) / deviation[j] }
	for j := range n {
		all = append(all, statistic{fmt.Sprintf("column %d", j), func(x []float64) float64 { return x[j] }})
	}
	if n > 1 {
		for range signedSums {
			signs := make([]float64, n)
			for j := range signs {
				signs[j] = float64(1 - 2*r.IntN(2))
			}
			all = append(all, statistic{fmt.Sprintf("sum with signs %v", signs), func(x []float64) (sum float64) {
				for j, sign := range signs {
					sum += sign * standard(x, j)
				}
				return sum
			}})
		}
	}
	all = append(all, statistic{"sum of squares", func(x []float64) (sum float64) {
		for j := range x {
			sum += standard(x, j) * standard(x, j)
		}
		return sum
	}})
	for i, f := range s.Statistics {
		all = append(all, statistic{fmt.Sprintf("statistic %d", i), f})
	}
	for _, f := range all {
		of := func(rows [][]float64) []float64 {
			values := make([]float64, len(rows))
			for i, x := range rows {
				values[i] = f.of(x)
			}
			return values
		}
		if err := stattest.TwoSamples(of(rows), of(reference), alpha/float64(len(all))); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// moments are the mean and the standard deviation of each column; 1 for the deviation of one that is constant.
func moments(rows [][]float64) (mean, deviation []float64) {
	n := float64(len(rows))
	mean, deviation = make([]float64, len(rows[0])), make([]float64, len(rows[0]))
	for _, x := range rows {
		for j, v := range x {
			mean[j] += v / n
		}
	}
	for _, x := range rows {
		for j, v := range x {
			deviation[j] += (v - mean[j]) * (v - mean[j]) / n
		}
	}
	for j, v := range deviation {
		deviation[j] = math.Sqrt(v)
		if v == 0 {
			deviation[j] = 1
		}
	}
	return mean, deviation
}

package likelihood

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Score is a number with its standard error over the rows that it is a mean of.
type Score struct {
	Name             string
	Value, Deviation float64
	Rows             int
	Convention       Convention
}

// Interval is the confidence interval Value ± z·Deviation, z the normal quantile: where other rows of the same kind would put the mean.
func (s Score) Interval(confidence float64) (low, high float64) {
	z := quantile(confidence)
	return s.Value - z*s.Deviation, s.Value + z*s.Deviation
}

// String writes the score for a person: pseudo-likelihood -72.31 ± 0.42 nats a row (10000 rows, thresholded at 1/2).
func (s Score) String() string {
	return fmt.Sprintf("%s %.2f ± %.2f nats a row (%d rows, %v)", s.Name, s.Value, quantile(0.95)*s.Deviation, s.Rows, s.Convention)
}

// newScore is the score of the mean of numbers, one a row.
func newScore(name string, x []float64, c Convention) Score {
	m, d := meanDeviation(x)
	return Score{name, m, d / math.Sqrt(float64(len(x))), len(x), c}
}

func mean(x []float64) float64 { return kernel.Total(x) / float64(len(x)) }

// meanDeviation is the mean of numbers and their standard deviation over n − 1.
func meanDeviation(x []float64) (m, deviation float64) {
	m = mean(x)
	return m, math.Sqrt(kernel.SumSquares(x, m) / float64(len(x)-1))
}

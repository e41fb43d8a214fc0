package likelihood

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Estimate is an estimate of log Z, in nats.
type Estimate struct {
	// Method is AIS, reverse AIS or BAR.
	Method string
	// LogZ estimates log Z, Deviation is its standard error by the delta method.
	LogZ, Deviation float64
	// LogWeights holds log Z₀ + log w of each chain, each an estimate of log Z by itself. BAR has none.
	LogWeights []float64
	// Effective is the effective number of chains, (Σw)²/Σw²: the others carry no weight. For reverse AIS it is that of 1/w, for BAR
	// the number of chains times the overlap of the forward and the reverse weights, which is 1 where they are alike.
	Effective float64
	// Chains and Temperatures say how it was made.
	Chains, Temperatures int
}

// Interval is the confidence interval LogZ ± z·Deviation, z the normal quantile. It is short where few chains carry all the weight: see
// Effective, and Markov for a bound that does not trust the weights.
func (e Estimate) Interval(confidence float64) (low, high float64) {
	z := quantile(confidence)
	return e.LogZ - z*e.Deviation, e.LogZ + z*e.Deviation
}

// String writes the estimate for a person: 451.28 ± 0.18 nats (AIS, 100 chains of 10000 temperatures, 63 effective).
func (e Estimate) String() string {
	return fmt.Sprintf("%.2f ± %.2f nats (%s, %d chains of %d temperatures, %.0f effective)",
		e.LogZ, quantile(0.95)*e.Deviation, e.Method, e.Chains, e.Temperatures, e.Effective)
}

// quantile is z of a two-sided interval.
func quantile(confidence float64) float64 { return math.Sqrt2 * math.Erfinv(confidence) }

// newEstimate is the logarithm of the mean of exp(sign·x), times sign. Delta method: the variance of log Ŵ is Var(w)/(n·Ŵ²).
func newEstimate(method string, sign float64, x []float64, temperatures int) (Estimate, error) {
	e := Estimate{Method: method, LogWeights: x, Chains: len(x), Temperatures: temperatures}
	if !kernel.AllFinite(x) {
		return e, fmt.Errorf("%s: log-weights: %w", method, energy.ErrNotFinite)
	}
	signed := make([]float64, len(x))
	kernel.Scale(signed, x, sign)
	top := kernel.Max(signed)
	first, second := kernel.SumExp(signed, top), 0.0
	for _, s := range signed {
		w := math.Exp(s - top)
		second += w * w
	}
	n := float64(len(x))
	e.LogZ = sign * (top + math.Log(first/n))
	e.Effective = first * first / second
	if n > 1 {
		e.Deviation = math.Sqrt(max(0, n/e.Effective-1) / (n - 1))
	} else {
		e.Deviation = math.Inf(1)
	}
	return e, nil
}

// logSumExp is log Σ exp(x).
func logSumExp(x []float64) float64 {
	top := kernel.Max(x)
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	return top + math.Log(kernel.SumExp(x, top))
}

package experiment

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/harmonium-go/harmonium/internal/evaluate"
)

// Estimate is a measured number with its interval of 95 %.
type Estimate struct{ Value, Low, High float64 }

// String is the number and its interval: "0.947 (0.941 to 0.953)".
func (e Estimate) String() string { return e.format("%.3f", 1) }

// percent is the number and its interval in per cent: "94.7 (94.1 to 95.3)".
func (e Estimate) percent() string { return e.format("%.1f", 100) }

func (e Estimate) format(verb string, factor float64) string {
	return fmt.Sprintf(verb+" ("+verb+" to "+verb+")", factor*e.Value, factor*e.Low, factor*e.High)
}

// scaled is the estimate of a multiple, by a factor above 0.
func (e Estimate) scaled(factor float64) Estimate {
	return Estimate{factor * e.Value, factor * e.Low, factor * e.High}
}

// meanOf estimates the mean of independent values, two or more: Student's interval.
func meanOf(values []float64) Estimate {
	mean, deviation := evaluate.MeanDeviation(values)
	reach := quantile(len(values)) * deviation / math.Sqrt(float64(len(values)))
	return Estimate{mean, mean - reach, mean + reach}
}

// shareOf estimates a share of which independent sets, two or more, have these: Wilson's interval for as many trials as independent ones
// would be worth. Shares between 0 and 1 whose mean is p vary by p(1−p) at most, so that a set is worth a trial or more.
//
// Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927); L. Kish, "Survey Sampling"
// (1965), section 8.2, for the effective number of trials.
func shareOf(shares []float64) Estimate {
	sets := float64(len(shares))
	mean, deviation := evaluate.MeanDeviation(shares)
	mean = min(max(mean, 0), 1)
	trials := sets
	if deviation > 0 {
		trials = max(sets, sets*mean*(1-mean)/(deviation*deviation))
	}
	low, high := evaluate.WilsonShare(mean, trials, quantile(len(shares)))
	return Estimate{mean, low, high}
}

// quantile is Student's at 97.5 %, for the mean of so many values.
func quantile(values int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(values - 1)}.Quantile(0.975)
}

package training

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Epoch is what is known at the end of an epoch. What was not measured is NaN.
type Epoch struct {
	Epoch int     // from 1
	Step  uint64  // updates since the beginning of the run
	Rate  float64 // the learning rate
	Cost  float64 // mean over the batches, penalties included; of a contrastive fit it is no likelihood and need not fall

	// The three measures of a contrastive fit look at the first 1,000 rows, each counted once. Of rows with missing values they are about what is
	// observed: the reconstruction error given what the chains of the missing units drew last, the other two with these units summed out, NaN
	// where that is more than 256 terms for some row.
	ReconstructionError float64 // contrastive: mean over rows of Σ_j (v_j − E[v_j | E[h|v]])²
	PseudoLikelihood    float64 // contrastive, binary rows only: mean stochastic log-pseudo-likelihood, nats a row
	FreeEnergyGap       float64 // contrastive with Validation: mean F(validation) − mean F(training); grows with overfitting

	// What the chains of a persistent negative phase such as sampling.PCD are like, measured at the end of the epochs in which they pass
	// a multiple of 1,000 steps. Copies of the chains make 100 steps then, of which nothing else depends.
	MixingTime       float64 // autocorrelation time of the chains in Gibbs steps, see sampling.Persistent; +Inf where it is beyond measure
	StepsPerUpdate   int     // what the chains make between two updates; 0 where the mixing time was not measured
	OutOfEquilibrium bool    // whether that is fewer than the mixing time (Decelle et al. 2021): then what is learned depends on it

	ValidationCost  float64 // supervised, or of an objective, with validation rows: mean cost without noise or penalties
	ValidationError float64 // supervised with validation rows and several target columns: share of rows whose largest output is not the largest target

	Elapsed time.Duration // since the epoch began (or was resumed)
}

// String is one line for a person: what was measured, and nothing else.
func (e Epoch) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d", e.Epoch)
	for _, m := range []struct {
		name, format string
		value        float64
	}{
		{"cost", "%.4g", e.Cost},
		{"reconstruction error", "%.3f", e.ReconstructionError},
		{"pseudo-likelihood", "%.2f nats", e.PseudoLikelihood},
		{"free-energy gap", "%.2f nats", e.FreeEnergyGap},
		{"validation cost", "%.4f", e.ValidationCost},
		{"validation error", "%.2f%%", 100 * e.ValidationError},
	} {
		if !math.IsNaN(m.value) {
			fmt.Fprintf(&b, ", %s "+m.format, m.name, m.value)
		}
	}
	b.WriteString(e.mixing())
	fmt.Fprintf(&b, ", %s", e.Elapsed.Round(10*time.Millisecond))
	return b.String()
}

// mixing says how the chains mix.
func (e Epoch) mixing() string {
	var text string
	switch {
	case math.IsNaN(e.MixingTime) || e.StepsPerUpdate == 0:
		return ""
	case math.IsInf(e.MixingTime, 1):
		text = ", mixing time beyond measure"
	case e.MixingTime < 9.95:
		text = fmt.Sprintf(", mixing time %.1f steps", e.MixingTime)
	default:
		text = fmt.Sprintf(", mixing time %.0f steps", e.MixingTime)
	}
	if e.OutOfEquilibrium {
		text += fmt.Sprintf(" (out of equilibrium: %d between updates)", e.StepsPerUpdate)
	}
	return text
}

// Report is the history of a fit.
type Report struct {
	Epochs     []Epoch
	Steps      uint64     // updates made, those before a resume included
	Convention Convention // what the numbers were measured on
	Resumed    bool       // whether the run went on from a checkpoint
}

// Last returns the last epoch, or a zero one.
func (r *Report) Last() Epoch {
	if len(r.Epochs) == 0 {
		return Epoch{}
	}
	return r.Epochs[len(r.Epochs)-1]
}

// String names the last epoch and the data convention.
func (r *Report) String() string {
	if len(r.Epochs) == 0 {
		return fmt.Sprintf("no epoch finished, %d steps (%v)", r.Steps, r.Convention)
	}
	return fmt.Sprintf("%v (%v)", r.Last(), r.Convention)
}

// numbers and fromNumbers carry an epoch through a checkpoint, NaNs included.
func (e Epoch) numbers() []float64 {
	out := 0.0
	if e.OutOfEquilibrium {
		out = 1
	}
	return []float64{float64(e.Epoch), float64(e.Step), e.Rate, e.Cost, e.ReconstructionError, e.PseudoLikelihood,
		e.FreeEnergyGap, e.MixingTime, float64(e.StepsPerUpdate), out, e.ValidationCost, e.ValidationError, float64(e.Elapsed)}
}

func fromNumbers(x []float64) Epoch {
	return Epoch{int(x[0]), uint64(x[1]), x[2], x[3], x[4], x[5], x[6], x[7], int(x[8]), x[9] == 1, x[10], x[11], time.Duration(x[12])}
}

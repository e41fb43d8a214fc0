package likelihood

import (
	"fmt"
	"strings"
)

// Bound is how good a model is on some rows: a log-likelihood in nats a row between two bounds, and how far they can be trusted.
type Bound struct {
	// LogLikelihood is the mean of log p(v) = −F(v) − log Z over the rows, Lower and Upper bound it. They tell how well log Z is known; how much
	// other rows would give is not in them.
	LogLikelihood, Lower, Upper float64
	// LogZ, LogZLower and LogZUpper are log Z in the same way, and FreeEnergy is the mean of F over the rows.
	LogZ, LogZLower, LogZUpper float64
	FreeEnergy                 float64

	// Certified tells that the bounds are exact, or that they agree to Tolerance and nothing speaks against them. Reason says what does.
	Certified bool
	Reason    string

	// Method says how log Z was found, and Convention what grey values were taken for.
	Method     string
	Convention Convention
	// Confidence is that of the interval, Tolerance what was asked for.
	Confidence, Tolerance float64
	// Rows of data; Chains and Temperatures of the last ladder, 0 for an exact result.
	Rows, Chains, Temperatures int

	// Forward is AIS from the base; FromData and FromTempered are reverse AIS from chains that started at data and from tempered chains;
	// Bridge joins all of them. They are empty where that was not run.
	Forward, FromData, FromTempered, Bridge Estimate
}

// String writes the bound for a person:
//
//	-84.90 ± 0.21 nats a row (AIS below, reverse AIS above, 95 %; 10000 rows, thresholded at 1/2)
//	not certified: between -86.31 and -81.02 nats a row (…): the bounds are 5.29 nats apart at 65536 temperatures, want 0.5
func (b Bound) String() string {
	var s strings.Builder
	switch {
	case !b.Certified:
		fmt.Fprintf(&s, "not certified: between %.2f and %.2f nats a row", b.Lower, b.Upper)
	case b.Lower == b.Upper:
		fmt.Fprintf(&s, "%.2f nats a row", b.LogLikelihood)
	default:
		fmt.Fprintf(&s, "%.2f ± %.2f nats a row", b.LogLikelihood, max(b.Upper-b.LogLikelihood, b.LogLikelihood-b.Lower))
	}
	fmt.Fprintf(&s, " (%s", b.Method)
	if b.Lower != b.Upper {
		fmt.Fprintf(&s, ", %g %%", 100*b.Confidence)
	}
	fmt.Fprintf(&s, "; %d rows, %v)", b.Rows, b.Convention)
	if b.Reason != "" {
		fmt.Fprintf(&s, ": %s", b.Reason)
	}
	return s.String()
}

func (b *Bound) setLogZ(low, middle, high float64) {
	b.LogZLower, b.LogZ, b.LogZUpper = low, middle, high
	b.Lower, b.LogLikelihood, b.Upper = -b.FreeEnergy-high, -b.FreeEnergy-middle, -b.FreeEnergy-low
}

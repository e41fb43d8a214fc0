package likelihood

import (
	"fmt"
	"math"
	"strings"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// evidence is what one ladder has found.
type evidence struct {
	forward, wide, fromData, fromTempered Estimate
	tempered                              bool // whether wide and fromTempered are there
}

// bounds are the ends of the intervals: below by the forward, above by the reverse chains.
func (e evidence) bounds(c Config) (low, high float64) {
	low, _ = e.forward.Interval(c.Confidence)
	n := float64(e.fromData.Chains)
	_, high = e.fromData.Interval(c.Confidence)
	if e.tempered {
		_, h := e.fromTempered.Interval(c.Confidence)
		high, n = max(high, h), 2*n
	}
	high -= math.Log(1-c.Confidence) / n
	return low, high
}

func (e evidence) gap(c Config) float64 {
	low, high := e.bounds(c)
	return high - low
}

// judge fills in a bound and decides whether to certify it.
func (e evidence) judge(c Config, b *Bound) error {
	reverse := Estimate{LogWeights: e.fromData.LogWeights, Temperatures: e.forward.Temperatures}
	if e.tempered {
		reverse.LogWeights = append(append([]float64(nil), reverse.LogWeights...), e.fromTempered.LogWeights...)
	}
	var err error
	if b.Bridge, err = BAR(e.forward, reverse); err != nil {
		return err
	}
	b.Forward, b.FromData, b.FromTempered = e.forward, e.fromData, e.fromTempered
	low, high := e.bounds(c)
	b.setLogZ(low, b.Bridge.LogZ, high)
	b.Reason = strings.Join(e.doubts(c), "; ")
	b.Certified = b.Reason == ""
	return nil
}

// doubts are what speaks against a certificate.
func (e evidence) doubts(c Config) []string {
	var all []string
	doubt := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if gap := e.gap(c); !(gap <= c.Tolerance) {
		doubt("the bounds are %.2f nats apart at %d temperatures, want %.3g", gap, e.forward.Temperatures, c.Tolerance)
	}
	if !e.tempered {
		return all
	}
	// Means of log-weights, which one chain in the right mode does not sway as it sways a mean of weights.
	meanD, sdD := meanDeviation(e.fromData.LogWeights)
	meanT, sdT := meanDeviation(e.fromTempered.LogWeights)
	n := float64(len(e.fromData.LogWeights))
	if d := math.Abs(meanD - meanT); d > max(c.Tolerance/2, 4*math.Sqrt((sdD*sdD+sdT*sdT)/n)) {
		doubt("reverse runs from data and from tempered chains disagree by %.2f nats", d)
	}
	_, sdF := meanDeviation(e.forward.LogWeights)
	beyond := max(kernel.Max(e.fromData.LogWeights), kernel.Max(e.fromTempered.LogWeights)) - kernel.Max(e.forward.LogWeights)
	if beyond > sdF*sdF+3*sdF+0.1 {
		doubt("reverse chains come from where no forward chain gets, %.2f nats beyond", beyond)
	}
	_, high := e.bounds(c)
	if w := e.wide.LogZ - 3*e.wide.Deviation; w > high {
		doubt("AIS from a base of zeros finds %.2f nats more", w-high)
	}
	return all
}

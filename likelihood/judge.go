package likelihood

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// evidence is what one ladder has found. Without tempered chains it is preliminary: fromTempered, fromZeros and fromDeep are empty.
type evidence struct {
	forward, fromZeros, fromDeep Estimate // AIS from the fitted base, and from others
	fromData, fromTempered       Estimate // reverse AIS
}

func (e evidence) whole() bool { return e.fromTempered.Chains > 0 }

// reverse lists the reverse runs that there are.
func (e evidence) reverse() []Estimate {
	if e.whole() {
		return []Estimate{e.fromData, e.fromTempered}
	}
	return []Estimate{e.fromData}
}

// bounds are the lower end of the forward chains' interval and the highest upper end of the reverse ones', with what those may have missed.
func (e evidence) bounds(c Config) (low, high float64) {
	low, _ = e.forward.Interval(c.Confidence)
	high, chains := math.Inf(-1), 0
	for _, r := range e.reverse() {
		_, h := r.Interval(c.Confidence)
		high = max(high, h)
		chains += r.Chains
	}
	return low, high - math.Log(1-c.Confidence)/float64(chains)
}

// judge fills in a bound and decides whether to certify it.
func (e evidence) judge(c Config, b *Bound) error {
	both := e.fromData
	both.LogWeights = slices.Concat(e.fromData.LogWeights, e.fromTempered.LogWeights)
	var err error
	if b.Bridge, err = BAR(e.forward, both); err != nil {
		return err
	}
	b.Forward, b.FromData, b.FromTempered = e.forward, e.fromData, e.fromTempered
	b.Temperatures, b.Chains = e.forward.Temperatures, e.forward.Chains
	low, high := e.bounds(c)
	doubts := e.doubts(c)
	if len(doubts) == 0 && !(low <= b.Bridge.LogZ && b.Bridge.LogZ <= high) {
		doubts = append(doubts, fmt.Sprintf("the bridge between both directions, %.2f, is not between their bounds", b.Bridge.LogZ))
	}
	b.setLogZ(min(low, b.Bridge.LogZ), b.Bridge.LogZ, max(high, b.Bridge.LogZ))
	b.Reason, b.Certified = strings.Join(doubts, "; "), len(doubts) == 0 && e.whole()
	return nil
}

// minShare is the share of the chains that must carry weight. The weights of chains whose log-weights have the deviation 1.27 do: beyond that the
// delta method's interval is too short too often.
const minShare = 0.2

// doubts are what speaks against a certificate.
func (e evidence) doubts(c Config) []string {
	var all []string
	doubt := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	low, high := e.bounds(c)
	switch gap := high - low; {
	case !(gap <= c.Tolerance):
		doubt("the bounds are %.2f nats apart at %d temperatures, want %.3g", gap, e.forward.Temperatures, c.Tolerance)
	case gap < 0:
		doubt("the lower bound is %.2f nats above the upper one", -gap)
	}
	for _, x := range append(e.reverse(), e.forward) {
		if x.Effective < minShare*float64(x.Chains) {
			doubt("%.0f of %d chains of %s carry the weight, want %.0f", x.Effective, x.Chains, x.Method, minShare*float64(x.Chains))
		}
	}
	if !e.whole() {
		return all
	}
	if d, limit := e.disagreement(c); d > limit {
		doubt("reverse runs from data and from tempered chains disagree by %.2f nats", d)
	}
	if beyond, limit := e.beyond(); beyond > limit {
		doubt("a reverse chain comes from where the base does not lead, %.2f nats beyond all forward ones", beyond)
	}
	for _, other := range []Estimate{e.fromZeros, e.fromDeep} {
		if more := other.LogZ - 3*other.Deviation - high; more > 0 {
			doubt("%s finds %.2f nats more", other.Method, more)
		}
	}
	return all
}

// disagreement is how far the mean log-weights of the two kinds of reverse chains are apart, and how far they may be: half the tolerance, or what
// chance does to them. The mean of 1/w itself, which the estimates are made of, is that of the chains with the lowest log-weights: chains
// elsewhere hardly change it, however wrong they show it to be.
func (e evidence) disagreement(c Config) (distance, limit float64) {
	dataMean, dataDeviation := meanDeviation(e.fromData.LogWeights)
	otherMean, otherDeviation := meanDeviation(e.fromTempered.LogWeights)
	chance := math.Hypot(dataDeviation, otherDeviation) / math.Sqrt(float64(e.fromData.Chains))
	return math.Abs(dataMean - otherMean), max(c.Tolerance/2, 4*chance)
}

// beyond is how far the highest log-weight of the reverse chains lies above that of the forward chains, and how far it may: with log-weights of
// a normal distribution of deviation σ those of the reverse chains have the same and a mean higher by σ², and the difference of two maxima of a
// hundred deviates by 0.6σ. Three σ and a little is where a mode that the base does not lead to begins.
func (e evidence) beyond() (distance, limit float64) {
	highest := math.Inf(-1)
	for _, r := range e.reverse() {
		highest = max(highest, kernel.Max(r.LogWeights))
	}
	_, sigma := meanDeviation(e.forward.LogWeights)
	return highest - kernel.Max(e.forward.LogWeights), sigma*sigma + 3*sigma + 0.1
}

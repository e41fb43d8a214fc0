package likelihood

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// BAR estimates log Z from an AIS and a reverse AIS along the same ladder: bridge sampling between their chains, the estimate of smallest
// variance that can be made of both (Bennett's acceptance ratio). With x the log-weights log Z₀ + log w of n_F forward and n_R reverse chains, log Z
// is the root of
//
//	Σ_F σ(x − log Z + log n_R/n_F) = Σ_R σ(log Z − x − log n_R/n_F)
//
// and its variance is 1/Σσ(1−σ) − 1/n_F − 1/n_R, the sum over all chains. It is an ErrConfig unless both have chains and as many temperatures;
// that the ladder, the base and the model were the same is for the caller to see to.
//
// Sources: C. H. Bennett, J. Comput. Phys. 22 (1976), eq. 12; M. Shirts et al., Phys. Rev. Lett. 91, 140601 (2003), eqs. 7 and 8.
func BAR(forward, reverse Estimate) (Estimate, error) {
	f, r := forward.LogWeights, reverse.LogWeights
	switch {
	case len(f) == 0 || len(r) == 0:
		return Estimate{}, fmt.Errorf("likelihood: BAR: %d forward and %d reverse chains, want at least one each: %w", len(f), len(r), energy.ErrConfig)
	case forward.Temperatures != reverse.Temperatures:
		return Estimate{}, fmt.Errorf("likelihood: BAR: forward chains of %d temperatures and reverse chains of %d, want one ladder: %w", forward.Temperatures, reverse.Temperatures, energy.ErrConfig)
	case !kernel.AllFinite(f) || !kernel.AllFinite(r):
		return Estimate{}, fmt.Errorf("likelihood: BAR: log-weights: %w", energy.ErrNotFinite)
	}
	shift := math.Log(float64(len(r)) / float64(len(f)))
	low, high := min(kernel.Min(f), kernel.Min(r))-math.Abs(shift)-1, max(kernel.Max(f), kernel.Max(r))+math.Abs(shift)+1
	for range 200 { // the left side falls and the right side rises in log Z
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		excess := 0.0
		for _, x := range f {
			excess += sigmoid(x - middle + shift)
		}
		for _, x := range r {
			excess -= sigmoid(middle - x - shift)
		}
		if excess > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	e := Estimate{Method: "BAR", LogZ: low + (high-low)/2, Chains: len(f) + len(r), Temperatures: forward.Temperatures}
	information := 0.0
	for _, side := range [][]float64{f, r} {
		for _, x := range side {
			y := x - e.LogZ + shift
			information += sigmoid(y) * sigmoid(-y)
		}
	}
	nf, nr := float64(len(f)), float64(len(r))
	e.Deviation = math.Sqrt(max(0, 1/information-1/nf-1/nr))
	e.Effective = (nf + nr) * information * (1/nf + 1/nr) // information is n_F·n_R/(n_F+n_R) where the weights are all alike
	return e, nil
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Metastable describes a group of similar stored patterns around which a memory may average.
type Metastable struct {
	Center     []float64 // the mean m of the group
	Spread     float64   // m_max, the largest distance of its members from there
	Separation float64   // Δ_m = m·m − max m·x_j over the patterns outside the group; +Inf if there are none
	Radius     float64   // 1/(β m_max), of the ball around the centre that Proved is about
	Proved     bool      // the ball is proved to be mapped into itself, so that it has a fixed point
}

// MetastableState looks at the group of the stored patterns, of shape (N, d), that have the given indices, under the softmax
// at inverse temperature beta. The group is proved to have a fixed point of its own, a metastable state, if β m_max² ≤ 1 and
//
//	Δ_m ≥ 2M/(β m_max) − ln[(1 − β m_max²) / (2β(N−l) M max(m_max, 2M))] / β,
//
// l being the number of members. Then an update maps the ball of radius 1/(β m_max) around the mean of the group into itself. Cost:
// N·d.
//
// Source: Ramsauer et al. 2021, lemma A12.
func MetastableState(patterns *tensor.Dense, members []int, beta float64) (*Metastable, error) {
	fail := func(err error) (*Metastable, error) {
		return nil, fmt.Errorf("modernhopfield: MetastableState: %w", err)
	}
	p, err := newPatterns(patterns)
	if err != nil {
		return fail(err)
	}
	if err := checkBeta(beta); err != nil {
		return fail(err)
	}
	inside, err := checkIndices(members, p.n)
	if err != nil {
		return fail(err)
	}
	s := &Metastable{Center: make([]float64, p.d), Separation: math.Inf(1)}
	p.mean(s.Center, members)
	s.Spread = p.spread(s.Center, members)
	s.Radius = 1 / (beta * s.Spread)
	within := kernel.Dot(s.Center, s.Center)
	for j := range p.n {
		if !inside[j] {
			s.Separation = min(s.Separation, within-kernel.Dot(s.Center, p.row(j)))
		}
	}
	contraction := beta * s.Spread * s.Spread
	outside := float64(p.n - len(members))
	switch {
	case s.Spread == 0: // a pattern, or copies of it: the condition for patterns says more
		s.Proved = outside == 0
	case outside == 0:
		s.Proved = contraction <= 1
	default:
		m := p.largest
		need := 2*m/(beta*s.Spread) - math.Log((1-contraction)/(2*beta*outside*m*max(s.Spread, 2*m)))/beta
		s.Proved = contraction <= 1 && s.Separation >= need
	}
	return s, nil
}

// checkIndices makes a set of a list of different patterns out of n, or says what is wrong with it.
func checkIndices(at []int, n int) (map[int]bool, error) {
	if len(at) == 0 {
		return nil, fmt.Errorf("no patterns named: %w", energy.ErrConfig)
	}
	set := make(map[int]bool, len(at))
	for _, i := range at {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("pattern %d of %d: %w", i, n, energy.ErrRange)
		}
		if set[i] {
			return nil, fmt.Errorf("pattern %d is named twice: %w", i, energy.ErrConfig)
		}
		set[i] = true
	}
	return set, nil
}

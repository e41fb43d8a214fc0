package likelihood

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// ladder is a way to lay any number of temperatures between 0 and 1: between two neighbouring edges, which are βs from 0 to 1, lies a
// share of them, evenly.
type ladder struct{ edges, shares []float64 }

// even is the ladder that lays them evenly.
func even() ladder { return ladder{[]float64{0, 1}, []float64{1}} }

// betas returns n + 1 inverse temperatures that rise from 0 to 1.
func (l ladder) betas(n int) []float64 {
	betas := make([]float64, n+1)
	part, below := 0, 0.0 // the part that a β lies in, and the shares below it
	for k := 1; k < n; k++ {
		q := float64(k) / float64(n)
		for part < len(l.shares)-1 && q > below+l.shares[part] {
			below += l.shares[part]
			part++
		}
		along := min(1, (q-below)/l.shares[part])
		betas[k] = l.edges[part] + along*(l.edges[part+1]-l.edges[part])
	}
	betas[n] = 1
	return betas
}

// keptShare is the share of the temperatures that adapted lays as they lay before, so that no part is left empty on the word of chains that
// may not have seen what happens there.
const keptShare = 0.25

// adapted returns the ladder for chains like those that went up it and left marks on their way. In the part of the way between two marks they
// added numbers of variance V over the chains, in s steps. Over n steps it will be V·s/n, for chains that stay close to equilibrium, so the
// sum over the parts is smallest at n ∝ √(V·s): where the model changes fast, or is slow to follow the temperature, there are many.
//
// Source: R. Neal, "Annealed importance sampling", Stat. Comput. 11 (2001), section 4, for V·s/n.
func (l ladder) adapted(marks []mark) ladder {
	if len(marks) < 2 || len(marks[0].logWeights) < 2 {
		return l
	}
	next := ladder{edges: make([]float64, len(marks)+1), shares: make([]float64, len(marks))}
	total, before := 0.0, make([]float64, len(marks))
	last := mark{logWeights: make([]float64, len(marks[0].logWeights))}
	added := make([]float64, len(last.logWeights))
	for k, m := range marks {
		kernel.Subtract(added, m.logWeights, last.logWeights)
		_, deviation := meanDeviation(added)
		steps := float64(m.steps - last.steps)
		next.edges[k+1], before[k] = m.beta, steps/float64(marks[len(marks)-1].steps)
		next.shares[k] = deviation * math.Sqrt(steps)
		total += next.shares[k]
		last = m
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return l
	}
	for k, s := range next.shares {
		next.shares[k] = (1-keptShare)*s/total + keptShare*before[k]
	}
	return next
}

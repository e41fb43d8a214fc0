package modernhopfield

import (
	"math"
	"slices"
)

// denseSearch is the state of one row under recall.
type denseSearch struct {
	m     *DenseMemory
	state []uint8
	agree []int32 // with each pattern, the units in which it agrees with the state

	distances []int
	counts    []int // changes of the number of patterns at each agreement
}

func (m *DenseMemory) newDenseSearch() *denseSearch {
	return &denseSearch{m: m, agree: make([]int32, m.patterns), distances: make([]int, m.patterns), counts: make([]int, m.units+1)}
}

// begin takes a state; row i of the packed states is the same.
func (s *denseSearch) begin(state []uint8, packed []uint64, i int) {
	s.state = state
	s.m.hammings(s.distances, packed, i)
	for mu, d := range s.distances {
		s.agree[mu] = int32(s.m.units - d)
	}
}

func (s *denseSearch) column(i int) []uint8 {
	return s.m.columns[i*s.m.patterns : (i+1)*s.m.patterns]
}

// gains reports whether a flip of unit i lowers the energy. Krotov & Hopfield's rule, eq. 3, gives the unit the sign of
// Σ_μ F(ξ_μi + rest) − F(−ξ_μi + rest): that is a flip where it lowers E, and a tie keeps the unit as it is.
func (s *denseSearch) gains(i int) bool {
	same := 1 - s.state[i] // same ^ column is 1 where state and pattern agree
	if s.m.gains != nil {
		sum := int64(0)
		for mu, c := range s.column(i) {
			sum += s.m.gains[2*s.agree[mu]+int32(c^same)]
		}
		return sum > 0
	}
	clear(s.counts)
	for mu, c := range s.column(i) {
		a := s.agree[mu]
		s.counts[a]--
		s.counts[a+1-2*int32(c^same)]++
	}
	return s.relative() > 0
}

// relative returns Σ_a counts_a F(2a − N), divided by what makes its largest term ±counts_a. Terms of one magnitude are added as whole
// numbers first, so that what cancels cancels exactly.
func (s *denseSearch) relative() float64 {
	f, n := s.m.interaction, s.m.units
	if f.Exponential() {
		top := n
		for top > 0 && s.counts[top] == 0 {
			top--
		}
		sum := 0.0
		for a := top; a >= 0; a-- {
			if s.counts[a] != 0 {
				sum += float64(s.counts[a]) * math.Exp(float64(2*(a-top)))
			}
		}
		return sum
	}
	sum, top := 0.0, 0
	for a := n; 2*a > n; a-- {
		count := s.counts[a]
		if !f.Rectified() {
			if f.Degree()%2 == 0 {
				count += s.counts[n-a]
			} else {
				count -= s.counts[n-a]
			}
		}
		if count == 0 {
			continue
		}
		if top == 0 {
			top = 2*a - n
		}
		sum += float64(count) * math.Pow(float64(2*a-n)/float64(top), float64(f.Degree()))
	}
	return sum
}

func (s *denseSearch) flip(i int) {
	same := 1 - s.state[i]
	for mu, c := range s.column(i) {
		s.agree[mu] += 1 - 2*int32(c^same)
	}
	s.state[i] ^= 1
}

func (s *denseSearch) energy() float64 {
	if s.m.interaction.Exponential() {
		top := slices.Max(s.agree)
		sum := 0.0
		for _, a := range s.agree {
			sum += math.Exp(float64(2 * (a - top)))
		}
		return -(float64(2*int(top)-s.m.units) + math.Log(sum))
	}
	if s.m.powers != nil {
		sum := int64(0)
		for _, a := range s.agree {
			sum += s.m.powers[a]
		}
		return float64(-sum)
	}
	sum := 0.0
	for _, a := range s.agree {
		sum += s.m.interaction.At(float64(2*int(a) - s.m.units))
	}
	return 0 - sum // not −0
}

package associative

import (
	"fmt"
	"math"
)

// byHand makes one of the networks below of w_ij for i < j, row by row.
func byHand(bias []float64, upper ...float64) *Hopfield {
	n := len(bias)
	m := make([]float64, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			m[i*n+j], m[j*n+i] = upper[0], upper[0]
			upper = upper[1:]
		}
	}
	return written(m, HopfieldConfig{Bias: bias})
}

// written makes a network of couplings that stand in this file.
func written(m []float64, config HopfieldConfig) *Hopfield {
	h, err := newHopfield(m, int(math.Sqrt(float64(len(m)))), 1, config)
	if err != nil {
		panic(fmt.Sprintf("associative: a network written by hand: %v", err))
	}
	return h
}

// FlipFlop returns two units that inhibit each other, and its stable states: one unit is on and the other off.
//
//	w = −1        b = 0        h_1 = −x_2        h_2 = −x_1
//
// A unit is at rest where it differs from the other. What the network was last set to, it keeps: a memory of one bit.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 13.
func FlipFlop() (net *Hopfield, rows [][]float64) {
	return byHand([]float64{0, 0}, -1), [][]float64{{-1, 1}, {1, -1}}
}

// Or returns three units whose stable states are the rows of x_3 = x_1 ∨ x_2, −1 for false and 1 for true.
//
//	w_12 = −1    w_13 = w_23 = 2    b = (−1, −1, 1)
//	h_1 = −x_2 + 2x_3 − 1        h_2 = −x_1 + 2x_3 − 1        h_3 = 2x_1 + 2x_2 + 1
//
// h_3 has the sign of x_1 ∨ x_2: a recall with the first two units clamped computes it, and no state but the rows is stable. In the row
// (−1, −1, −1) the fields are −2, −2 and −3; in (−1, 1, 1) they are 0, 2 and 1; in (1, 1, 1) they are 0, 0 and 5. The zeros have to be: the
// last two rows differ in the first unit alone, which has no share in its own field, so that one field holds it at −1 in one row and at 1
// in the other. So Ties must be Keep, and no couplings of three units store the rows of OR strictly.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 13, for the idea; the couplings are found by search.
func Or() (net *Hopfield, rows [][]float64) {
	return byHand([]float64{-1, -1, 1}, -1, 2, 2), [][]float64{{-1, -1, -1}, {-1, 1, 1}, {1, -1, 1}, {1, 1, 1}}
}

// XOr returns four units whose stable states are the rows of x_3 = x_1 ⊕ x_2, −1 for false and 1 for true, with the hidden unit
// x_4 = x_1 ∧ x_2.
//
//	w_12 = −2    w_13 = w_23 = 1    w_14 = w_24 = 3    w_34 = −2    b = (1, 1, −1, −3)
//	h_1 = −2x_2 + x_3 + 3x_4 + 1        h_3 = x_1 + x_2 − 2x_4 − 1
//	h_2 = −2x_1 + x_3 + 3x_4 + 1        h_4 = 3x_1 + 3x_2 − 2x_3 − 3
//
// h_4 has the sign of x_1 ∧ x_2 whatever x_3 is, and with that x_4 the sign of h_3 is that of x_1 ⊕ x_2: a recall with the first two units
// clamped computes both, whatever they begin with and in whatever order, and no state but the rows is stable. In the rows each field has
// the sign of its unit and at least the size 1, so that they are stable whatever ties do.
//
// Three units cannot do it, with Keep or with Minus. The rows are the four states with x_1 x_2 x_3 = −1. In them each unit, and each
// product of two, is −1 twice and 1 twice. So for any couplings without a diagonal, symmetric or not, and for each unit i, the sum of
// x_i h_i over the rows is 0. No x_i h_i may be below 0 in a stable state, hence all are 0. Under Minus a unit that is 1 is then not at
// rest. Under Keep: as the other two units take all four values in the rows, a field that is 0 in each has no couplings and no bias, and a
// network without any has all eight states stable.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 13, for the idea; the couplings are found by search.
func XOr() (net *Hopfield, rows [][]float64) {
	return byHand([]float64{1, 1, -1, -3}, -2, 1, 3, 1, 3, -2),
		[][]float64{{-1, -1, -1, -1}, {-1, 1, 1, -1}, {1, -1, 1, -1}, {1, 1, -1, 1}}
}

// SelfInhibited returns three units of which the first inhibits itself: what goes wrong where the diagonal is not 0, which SelfCoupling
// permits.
//
//	w_11 = −3    w_12 = w_13 = 1    w_23 = 2    b = 0        h_1 = −3x_1 + x_2 + x_3
//
// The first unit never agrees with its field, since |x_2 + x_3| ≤ 2 < 3: no state is stable, and it changes in every sweep for ever. A
// flip of unit i to the side of its field changes the energy by −2|h_i| − 2w_ii, so that w_ii < 0 lets it rise where |h_i| < −w_ii: from
// (1, 1, 1) to (−1, 1, 1) it goes from −2.5 to 1.5, and back with the next flip.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 13, for the idea.
func SelfInhibited() *Hopfield {
	return written([]float64{-3, 1, 1, 1, 0, 2, 1, 2, 0}, HopfieldConfig{SelfCoupling: true})
}

// AsymmetricPair returns two units of which the first is drawn away from the second, and the second to the first: what goes wrong where
// W is not symmetric, which Asymmetric permits.
//
//	w_12 = 1    w_21 = −1    b = 0        h_1 = −x_2    h_2 = x_1
//
// Of two units one always disagrees with its field. Both at once, or one after the other, they go through all four states for ever:
// (1, 1), (−1, 1), (−1, −1), (1, −1). A synchronous sweep is one step of that and the cycle has four; a sweep in order is two, and it has
// two. xᵀWx = 0, so that the energy says nothing.
//
// Source: R. Rojas, "Neural Networks: A Systematic Introduction" (1996), chapter 13, for the idea.
func AsymmetricPair() *Hopfield {
	return written([]float64{0, 1, -1, 0}, HopfieldConfig{Asymmetric: true})
}

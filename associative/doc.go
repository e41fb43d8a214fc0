// Package associative holds the classical associative memories.
//
//   - Hopfield networks (Hopfield): made of couplings by NewHopfield, or of patterns by a Rule; Recall follows the fields by Asynchronous,
//     Synchronous, Block, Gibbs or Annealing dynamics, with units clamped where they are known.
//   - Rules: Hebb, Eigenvector, Projection, Storkey; Perceptron and MinOverlap, which say what can be stored at all; Valleys, MPF and Unrolled,
//     which descend a cost; Unlearning; Padded, which adds hidden units.
//   - PackedHopfield: Hebb networks of a million units, as bits.
//   - Linear associators (Linear) by Correlation, Pseudoinverse and LinearDescent, the eigenvector automaton PowerMethod, and the bidirectional
//     memory BAM.
//   - Networks by hand (FlipFlop, Or, XOr and two that never rest), and Ising models on graphs and lattices, which are Hopfield networks
//     under another name.
//
// Package experiment below it measures them: basins of attraction, spurious states, capacity.
//
// # Conventions
//
// Patterns are the rows of a batch, (P, n). Units are bipolar, −1 and 1, unless a network says that they are binary, 0 and 1. The energy of a
// Hopfield network of n units is
//
//	E(x) = −½ xᵀWx − bᵀx
//
// that of energy.Quadratic; a threshold θ_i is a bias −θ_i. Fields are xW + b, so w_ji is what unit j does to unit i. Hebb's W has the factor
// 1/n and no diagonal; linear associators have neither the one nor lack the other, as is usual.
//
// Everything is computed in float64, and by whole numbers where a rule's couplings are: a field of 0 is then 0, and a tie is a tie. Tensors
// may be float32 or float64; answers have the dtype of the question. Seeds are passed in, and results do not depend on the number of processors.
//
// To put a network into a larger one that is trained as a whole, see layers.Hopfield, (*Hopfield).Layer and FromLayer.
package associative

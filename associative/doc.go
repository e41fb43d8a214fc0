// Package associative holds the classical associative memories.
//
//   - Hopfield networks (Hopfield): NewHopfield makes one of couplings, a Rule of patterns. Recall lets states follow their fields by Dynamics:
//     Asynchronous, Synchronous, Block, Gibbs or Annealing, with units clamped where they are known. Save and LoadHopfield are for files.
//     Noisy spoils states, to see what is recalled.
//   - Rules: Hebb, Eigenvector, Projection, Storkey; Perceptron and MinOverlap, whose Separate says whether patterns can be stored at all;
//     Valleys, MPF and Unrolled, which descend a cost; Unlearning; Padded, which adds hidden units. Projection is the first to try.
//   - PackedHopfield: Hebb's networks of up to a million units and more, as bits (PackedSpins).
//   - Linear associators (Linear) by Correlation, Pseudoinverse and LinearDescent, and the eigenvector automaton PowerMethod.
//   - The bidirectional memory BAM, made by NewBAM or, of what Correlation or Bidirectional learn, by Linear.BAM.
//   - Networks by hand: FlipFlop, Or, XOr, and two that never come to rest, SelfInhibited and AsymmetricPair.
//   - Ising models (Ising) on graphs and on a Lattice, which are Hopfield networks under another name, with exact averages of small ones.
//
// Package experiment below it measures them: basins of attraction, spurious states, capacity. docs/associative.md compares the rules.
//
// # Conventions
//
// Patterns are the rows of a batch, (P, n). Units are bipolar, −1 and 1, unless a network says that they are binary, 0 and 1. The energy of a
// Hopfield network of n units is
//
//	E(x) = −½ xᵀWx − bᵀx
//
// that of energy.Quadratic; a threshold θ_i is a bias −θ_i. Fields are xW + b, so w_ji is what unit j does to unit i. As is usual, W of the
// rules has no diagonal, and Hebb's the factor 1/n; that of the linear associators keeps its diagonal, and has no factor.
//
// A sweep updates every unit once. A state is stable that no unit would leave; recall says that it ended in one by a Cycle of 1. What a unit
// does whose field is 0 is the network's Ties.
//
// Everything is computed in float64, and in whole numbers where a rule's couplings are whole but for a factor: a field that is 0 then comes
// out as 0. Tensors may be float32 or float64, and answers have the dtype of the states or patterns given. Seeds are passed in, and results
// do not depend on the number of processors.
//
// To put a network into a larger one that is trained as a whole, see layers.Hopfield, (*Hopfield).Layer and FromLayer.
package associative

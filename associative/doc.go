// Package associative holds the classical associative memories: linear associators, the bidirectional associative memory, and
// Hopfield networks with their learning rules and recall dynamics. Package experiment below it measures them.
//
// Patterns are the rows of a batch, (P, n). Units are bipolar, −1 and 1, unless a network says that they are binary, 0 and 1.
// The energy of a Hopfield network of n units is
//
//	E(x) = −½ xᵀWx − bᵀx
//
// that of energy.Quadratic; a threshold θ_i is a bias −θ_i. Everything is computed in float64, and by whole numbers where a rule's
// couplings are: a field of 0 is then 0, and a tie is a tie. Tensors may be float32 or float64; answers have the dtype of the question.
package associative

// Package modernhopfield holds modern Hopfield networks, the continuous ones and the dense associative memories of spins: as layers of
// networks that are trained, as memories that retrieve with nothing in the way, and with the theory of what they store.
//
// # The energy and its update
//
// A state ξ of d numbers meets stored patterns x_1 … x_N, of which M = max |x_i| is the largest norm. With the scores z_i = β·sim(ξ, x_i) and
// a separation function p, the gradient of a convex Ω*,
//
//	E(ξ) = ½|ξ|² − Ω*(z)/β + const        f(ξ) = Σ_i p_i(z) x_i = ξ − ∂E/∂ξ        (for the dot product)
//
// An update ξ ← f(ξ) never raises E. With the softmax Ω*(z) = log Σ exp z_i, and the update is the attention of a transformer with
// the states for queries, the patterns for keys and, in a last association, something else for values. Other separation functions
// (package energy: Entmax, Sparsemax, Normmax, TopK, Subsets) give weights of exactly 0. The similarity is the dot product, the cosine,
// −|ξ − x|² or −Σ|ξ_d − x_d|.
//
// # Symbols and signs
//
//	β        inverse temperature, above 0: the larger, the fewer patterns a state retrieves
//	R, Y, Z  states (queries), stored patterns (keys), and what values are projected from
//	N        bags in a batch, or patterns in a memory
//	L, S     states and stored patterns of a bag
//	H        heads, associations side by side; head h has the columns hD to hD+D−1
//	D, P     widths of the Hopfield space and of the values, of each head
//
// p(ξ) ∝ exp(−βE(ξ)). Energies are in nats over β. Every shape has the batch first.
//
// # The layers
//
//	Hopfield   states retrieve from stored patterns, both given; or a set of patterns from itself
//	Pooling    learned states retrieve from a bag: one row a bag, of any length
//	Lookup     states retrieve from learned patterns: a table, which may start as a training set with its labels
//	Encoder    a transformer block: association with itself, then a feedforward part
//	Decoder    a transformer block that also associates with a memory
//
// Config has what all of them have in common. Its zero value, with Input, is the reference implementation's: normalised inputs, four
// projections, β = 1/√D, no updates before the association that is read out. RetrievalConfig is the other end: nothing is projected.
//
// A batch is (N, T, F), bags of one length; (T, F) is a single bag; bags of different lengths lie one behind the other in (R, F), with
// a vector of lengths (…Bags methods). Masks, nodes too, keep states from patterns. What nothing is left for retrieves zeros, never
// NaN; a null or bias pattern, which no mask hides, is then all that is left. In a batch every bag, and every state, has the bits
// that it has alone.
//
// Gradient flows through every update to states, stored patterns, values, weights and, where they are learned, log β and log(α−1). It
// does not flow to masks and lengths. With Implicit it is that of the fixed point: none to the start, and no memory for the steps.
//
// Layers belong to graph building and hold no graph; see package layers for how parameters are bound, saved and loaded. Dropout has a
// step, as there. The L×S scores are never held: memory grows with L + S, so that a bag may have hundreds of thousands of patterns.
//
// Files: config.go, validate.go, updates.go (what a layer is); bags.go, masks.go (what comes in); norm.go, project.go (into the
// Hopfield space); associator.go (the association); hopfield.go, pooling.go, lookup.go, block.go, encoder.go, decoder.go (the layers);
// inspect.go (weights, energies, values); file.go (model files, docs/format.md).
//
// # The memory
//
// Memory stores patterns, with values or labels of their own if wanted, and retrieves off the graph: for each state the updates taken,
// the residual, and a bound on the distance to the fixed point that is +Inf unless a contraction is proved. See memory.go, store.go, edit.go, retrieve.go,
// certify.go, association.go.
//
// # The theory
//
// What is proved of a set of patterns and a β under the softmax: Separation, Storable, RetrievalBound, UpdateBound, FixedPointBound,
// BetaFor, ContractionConstant, MetastableState; ExactlyStored for the other separation functions; Capacity of random patterns, and MeasureCapacity of
// what holds in truth. Regimes tells how many patterns the weights of a state, or of a trained head, average over. Mixture is the network as
// the distribution exp(−βE), a mixture of Gaussians: exact log Z, exact samples, and the Gaussian-visible RBM with one one-hot hidden group
// that it is.
//
// # Dense associative memories
//
// DenseMemory keeps patterns of spins under the energy −Σ_μ F(ξ_μ·σ), F a power, a rectified power or the exponential, and recalls
// unit by unit or all at once. DenseClassifier is its dual, a one-step classifier trained by backpropagation.
//
// # The bridge to harmoniums
//
// FactorPatterns makes the Spin–Gaussian RBM of a classical Hopfield network, whose weights can start the training of one;
// PatternSearch goes back.
//
// # Limits
//
//   - Masks other than padding want bags of equal length, and Association and its like hold N·H·L·S numbers.
//   - An energy is known for the dot product and the negative squared distance alone.
//   - Implicit gradients want one of these similarities, and a tolerance; they take float64 for more than some five digits.
//   - Energy has no gradient with regard to a learned α.
//
// Sources: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021; D. Krotov, J. Hopfield, "Dense Associative Memory for Pattern
// Recognition", NeurIPS 2016; M. Demircigil et al., J. Stat. Phys. 168 (2017); S. dos Santos et al., "Sparse and Structured Hopfield
// Networks", ICML 2024; M. Smart, A. Zilman, ICLR 2021.
package modernhopfield

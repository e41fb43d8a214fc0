// Package association computes what queries retrieve from stored patterns, on slices: for query i, in each head,
//
//	z_ij = β·sim(q_i, k_j) + mask_ij,   p_i = separation(z_i),   out_i = Σ_j p_ij v_j
//
// with its gradients, its repetition as the update of a state, and the convex conjugate Ω*(z_i) that is its energy. Ops wrap it
// for Gorgonia (internal/op), and memories call it as it is.
//
// # Shapes
//
// Bags lie one behind the other: queries (ΣL, H·D), keys (ΣS, H·D), values (ΣS, H·E), a head having D or E columns in a row.
// Every query of a bag sees the stored patterns of that bag. A task is one head of one bag.
//
// # Memory and order
//
// The scores of a task are never held: the work is cut into blocks of stored patterns and chunks of queries, so that the scores of
// a chunk for a block stay in the cache of a core, and what the blocks give is merged in their order. What is kept of a query is
// a few numbers (its log-sum-exp, or its threshold) by which the weights of a block are made again, forward and backward. Extra
// memory is proportional to the queries, not to queries × stored (and for Cosine and Euclidean a number or two a stored pattern); where the threshold takes several passes, the scores are
// computed in each. The number of stored patterns alone decides where the cuts are, so a row has the bits that it would have
// alone, and no bit depends on the number of cores.
//
// # What is not finite
//
// A score of −Inf has weight 0. A query that sees no other score retrieves 0, has a conjugate of −Inf, and no gradient flows through
// it: that is what masked rows and empty bags come to. NaN stays NaN.
package association

package association

// Kind is a family of separation functions.
type Kind int

// The families. The zero value is the softmax.
const (
	Softmax Kind = iota
	Entmax       // of Tsallis entropies; sparsemax is that of α = 2
	Normmax      // of the γ-norm
	TopK         // a softmax over the k largest scores
	Subsets      // k-subsets: Σ p = k, 0 ≤ p ≤ 1
)

// Rule is a separation function: what makes weights of the scores of a query.
type Rule struct {
	Kind  Kind
	Alpha float64 // the α of Entmax, unless the batch brings one a head, or the γ of Normmax; above 1
	K     int     // of TopK and Subsets, at least 1
}

// Similarity is what a score measures between a query and a key.
type Similarity int

// The similarities. The zero value is the dot product.
const (
	Dot       Similarity = iota // q·k
	Cosine                      // q·k / |q||k|, and 0 where one of them is 0
	Euclidean                   // −|q − k|²
	Manhattan                   // −Σ |q_d − k_d|
)

package energy

import (
	"fmt"

	"github.com/harmonium-go/harmonium/internal/association"
)

// Similarity is what a score of an associative memory measures between a state q and a stored pattern k. Its text, as it stands in
// model files, is the name of its constant in small letters.
type Similarity int

// The similarities. The zero value is the dot product.
const (
	Dot       = Similarity(association.Dot)       // q·k
	Cosine    = Similarity(association.Cosine)    // q·k / |q||k|, and 0 where one of them is 0
	Euclidean = Similarity(association.Euclidean) // −|q − k|²
	Manhattan = Similarity(association.Manhattan) // −Σ |q_d − k_d|
)

var similarities = [...]string{"dot", "cosine", "euclidean", "manhattan"}

// Validate returns an ErrConfig for a number that is no similarity.
func (s Similarity) Validate() error {
	if s < 0 || int(s) >= len(similarities) {
		return fmt.Errorf("%v, want Dot, Cosine, Euclidean or Manhattan: %w", s, ErrConfig)
	}
	return nil
}

// String is the name in small letters.
func (s Similarity) String() string {
	if s < 0 || int(s) >= len(similarities) {
		return fmt.Sprintf("Similarity(%d)", int(s))
	}
	return similarities[s]
}

// MarshalText writes the name.
func (s Similarity) MarshalText() ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads a name.
func (s *Similarity) UnmarshalText(text []byte) error {
	for i, name := range similarities {
		if name == string(text) {
			*s = Similarity(i)
			return nil
		}
	}
	return fmt.Errorf("similarity %q, want one of %v: %w", text, similarities, ErrConfig)
}

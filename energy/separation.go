package energy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/internal/association"
)

// Separation is a separation function of associative memories: what makes weights p of a query's scores z, one for each stored
// pattern. Each is the gradient of a convex function, p = ∂Ω*(z)/∂z with Ω*(z) = max_p pᵀz − Ω(p), so that a memory with it
// descends an energy:
//
//	Softmax      p_i ∝ exp z_i                                          Ω(p) = Σ p log p
//	Entmax(α)    p_i = [(α−1)z_i − τ]₊^(1/(α−1)), Σ p = 1               Ω(p) = Σ (p^α − p) / (α(α−1))
//	Normmax(γ)   p_i ∝ [z_i − τ]₊^(1/(γ−1)), Σ [z_i − τ]₊^(γ/(γ−1)) = 1  Ω(p) = ‖p‖_γ − 1
//	TopK(k)      a softmax over the k largest scores, 0 elsewhere        Ω(p) = Σ p log p, at most k weights not 0
//	Subsets(k)   p_i = min(1, [z_i − τ]₊), Σ p = k                       Ω(p) = ½‖p‖²
//
// All of them but the softmax give weights of exactly 0. The zero value is the softmax.
//
// Sources: A. Martins, R. Astudillo, ICML 2016 (sparsemax); B. Peters, V. Niculae, A. Martins, ACL 2019 (α-entmax); G. Correia,
// V. Niculae, A. Martins, EMNLP 2019 (learned α); M. Blondel, A. Martins, V. Niculae, JMLR 21 (2020) (norm entropies);
// V. Niculae et al., ICML 2018 (SparseMAP); S. dos Santos et al., "Sparse and Structured Hopfield Networks", ICML 2024.
type Separation struct{ s separation }

// separation is the description as it stands in model files.
type separation struct {
	Name    string  `json:"name,omitempty"`
	Alpha   float64 `json:"alpha,omitempty"`
	K       int     `json:"k,omitempty"`
	Learned bool    `json:"learned,omitempty"`
}

// Softmax returns p_i = exp z_i / Σ exp z_j.
func Softmax() Separation { return Separation{} }

// Sparsemax returns the projection of the scores on the simplex, Entmax(2).
func Sparsemax() Separation { return Entmax(2) }

// Entmax returns the α-entmax, α > 1: the larger α, the sparser the weights.
func Entmax(alpha float64) Separation { return Separation{separation{Name: "entmax", Alpha: alpha}} }

// LearnedEntmax returns an α-entmax whose α is learned, one a head, and starts at the given value above 1. Only layers with
// parameters take it.
func LearnedEntmax(alpha float64) Separation {
	return Separation{separation{Name: "entmax", Alpha: alpha, Learned: true}}
}

// Normmax returns the γ-normmax, γ > 1: the larger γ, the more alike are the weights that are not 0.
func Normmax(gamma float64) Separation { return Separation{separation{Name: "normmax", Alpha: gamma}} }

// TopK returns the softmax over the k ≥ 1 largest scores; of equal ones the first are taken.
func TopK(k int) Separation { return Separation{separation{Name: "topk", K: k}} }

// Subsets returns the weights of k-subsets, k ≥ 1: they sum to k, none is above 1. Where there are at most k patterns all have
// weight 1.
func Subsets(k int) Separation { return Separation{separation{Name: "subsets", K: k}} }

// Validate returns an ErrConfig that says what is wrong, or nil.
func (s Separation) Validate() error {
	alpha, k := s.s.Alpha, s.s.K
	switch s.s.Name {
	case "":
		if s.s != (separation{}) {
			return fmt.Errorf("%v has settings that it does not know: %w", s, ErrConfig)
		}
	case "entmax", "normmax":
		if !(alpha > 1) || math.IsInf(alpha, 0) {
			return fmt.Errorf("%v: want a number above 1: %w", s, ErrConfig)
		}
		if k != 0 || s.s.Learned && s.s.Name != "entmax" {
			return fmt.Errorf("%v has settings that it does not know: %w", s, ErrConfig)
		}
	case "topk", "subsets":
		if k < 1 || alpha != 0 || s.s.Learned {
			return fmt.Errorf("%v: want at least 1, and nothing else: %w", s, ErrConfig)
		}
	default:
		return fmt.Errorf("separation function %q is not known: %w", s.s.Name, ErrConfig)
	}
	return nil
}

// String describes the function as it is written in Go: Entmax(1.5).
func (s Separation) String() string {
	switch s.s.Name {
	case "":
		return "Softmax()"
	case "entmax":
		if s.s.Learned {
			return fmt.Sprintf("LearnedEntmax(%g)", s.s.Alpha)
		}
		return fmt.Sprintf("Entmax(%g)", s.s.Alpha)
	case "normmax":
		return fmt.Sprintf("Normmax(%g)", s.s.Alpha)
	case "topk":
		return fmt.Sprintf("TopK(%d)", s.s.K)
	case "subsets":
		return fmt.Sprintf("Subsets(%d)", s.s.K)
	}
	return s.s.Name
}

// Learned reports whether the function has an α that is learned.
func (s Separation) Learned() bool { return s.s.Learned }

// Margin is the least m for which z_i − max_{j≠i} z_j ≥ m gives weight 1 to i and exactly 0 to all others: 1/(α−1) for the
// entmax, 1 for normmax and k = 1 subsets, 0 for TopK(1) (of equal scores the first counts as the larger), and +Inf for the
// softmax and for more than one pattern.
func (s Separation) Margin() float64 {
	switch {
	case s.s.Name == "entmax":
		return 1 / (s.s.Alpha - 1)
	case s.s.Name == "normmax", s.s.Name == "subsets" && s.s.K == 1:
		return 1
	case s.s.Name == "topk" && s.s.K == 1:
		return 0
	}
	return math.Inf(1)
}

// Rule is the arithmetic of the function, for the library's own associations.
func (s Separation) Rule() association.Rule {
	kinds := map[string]association.Kind{
		"entmax": association.Entmax, "normmax": association.Normmax, "topk": association.TopK, "subsets": association.Subsets,
	}
	return association.Rule{Kind: kinds[s.s.Name], Alpha: s.s.Alpha, K: s.s.K}
}

// MarshalJSON writes the description as it stands in model files.
func (s Separation) MarshalJSON() ([]byte, error) { return json.Marshal(s.s) }

// UnmarshalJSON reads a description and validates it.
func (s *Separation) UnmarshalJSON(data []byte) error {
	var read Separation
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // an unknown key would be a setting that silently takes no effect
	if err := d.Decode(&read.s); err != nil {
		return err
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*s = read
	return nil
}
